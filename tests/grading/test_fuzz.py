"""A small slice of the fuzzing, and the vectorised text reader against the strict one; `fuzz_grade.py` runs 100,000."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.grading import fuzz_grade
from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.grading.submissions.alignment import KeyShape
from tf1_models.grading.submissions.reading import read_predictions


def test_three_thousand_mutated_files_are_refused_or_read_right() -> None:
    """No crash, and nothing accepted that an independent reader reads differently."""
    counts = fuzz_grade.fuzz(3_000, seed=20260101, stop=time.monotonic() + 20)
    assert counts["cases"] >= 1_000
    assert counts["accepted"] > 20 and counts["refused"] > 500


def test_the_oracle_notices_a_wrong_score(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fuzzing can fail: a reader that shifts one answer is caught."""

    def wrong(data: bytes, form: str, key: KeyShape) -> fuzz_grade.Reading:
        reading = read_predictions(data, form, key)
        if reading.predicted is not None:
            reading.predicted = np.roll(reading.predicted, 1)
        return reading

    monkeypatch.setattr(fuzz_grade, "read_predictions", wrong)
    with pytest.raises(AssertionError):
        fuzz_grade.fuzz(200, seed=1)


def test_fast_and_strict_text_readers_agree_on_well_formed_and_odd_files() -> None:
    """Same rows, ids, problems and notes, whatever the reader."""
    random = np.random.RandomState(0)
    for case in range(300):
        n = int(random.randint(1, 30))
        words = [str(random.choice([str(k), CIFAR10_CLASSES[k]])) for k in random.randint(0, 10, n)]
        if case % 3 == 1:
            words[random.randint(0, n)] = str(
                random.choice(["10", "cat ", "3.0", "", "automobile", "Cat", "truckk", "é"])
            )
        ids = random.permutation(n) + random.randint(0, 2)
        one = [f"{i},{word}" if case % 2 else word for i, word in zip(ids, words)]
        head = ["id,label" if case % 2 else "label"] if case % 5 else []
        fuzz_grade.check_text(("\n".join(head + one) + "\n" * int(random.randint(0, 3))).encode("utf-8"))

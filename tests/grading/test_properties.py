"""Properties that hold for any input; hypothesis looks for one that breaks them."""

from __future__ import annotations

from typing import Any, List

import pytest

from tests.grading import fuzz_grade
from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.grading.submissions.alignment import KeyShape
from tf1_models.grading.submissions.reading import read_predictions

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies
QUICK = hypothesis.settings(max_examples=150, deadline=None, derandomize=True, database=None)
classes = st.lists(st.integers(0, 9), min_size=1, max_size=60)


@QUICK
@hypothesis.given(classes, st.booleans(), st.booleans(), st.integers(0, 1), st.randoms(use_true_random=False))
def test_rows_in_any_order_give_the_same_predictions(
    ids: List[int], names: bool, header: bool, base: int, shuffle: Any
) -> None:
    """Row order is irrelevant where rows carry ids, whatever the header, the base and the spelling."""
    rows = [f"{i + base},{CIFAR10_CLASSES[k] if names else k}" for i, k in enumerate(ids)]
    shuffle.shuffle(rows)
    text = "\n".join((["id,label"] if header else []) + rows)
    found = read_predictions(text.encode(), ".csv", KeyShape(len(ids)))
    assert found.predicted is not None and found.predicted.tolist() == ids


@QUICK
@hypothesis.given(st.binary(max_size=300), st.sampled_from([".npy", ".npz", ".csv", ".txt", ".json", ""]))
def test_any_bytes_end_in_predictions_or_reasons(data: bytes, form: str) -> None:
    """Never an exception, never both, never neither."""
    found = read_predictions(data, form, KeyShape(3))
    assert (found.predicted is None) == bool(found.findings.problems())
    assert all(text.isprintable() for text in found.findings.problems() + found.findings.notes())


@QUICK
@hypothesis.given(st.text(max_size=120), st.booleans())
def test_any_text_reads_alike_fast_and_strict(text: str, with_ids: bool) -> None:
    """Also when it is no label file at all."""
    fuzz_grade.check_text((("0," if with_ids else "") + text).encode("utf-8"))


@QUICK
@hypothesis.given(classes, st.data())
def test_one_bad_label_makes_exactly_its_line_a_problem(ids: List[int], data: Any) -> None:
    """The line number is the text editor's."""
    at = data.draw(st.integers(0, len(ids) - 1))
    rows = [str(k) for k in ids]
    rows[at] = "99"
    found = read_predictions(("label\n" + "\n".join(rows)).encode(), ".csv", KeyShape(len(ids)))
    assert found.findings.problems() == [f"line {at + 2}: '99' is out of range: class ids are 0 to 9, one digit"]

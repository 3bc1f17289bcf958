"""Identical and near-identical files are pointed out; independent ones are not; the cost stays linear."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List

import numpy as np

from tests.grading import builders as b
from tf1_models import grade
from tf1_models.grading.statistics import duplicates
from tf1_models.grading.statistics.duplicates import Signer, near_pairs

HandIn = Callable[[Dict[str, Any]], str]
LABELS = np.random.RandomState(0).randint(0, 10, 5000).astype(np.uint8)


def hard_images(seed: int, skill: float) -> np.ndarray:
    """A model as real ones are: it errs where images are hard, and mostly with the confusion that everybody makes."""
    hard = np.random.RandomState(7).rand(len(LABELS))
    usual = (LABELS + np.random.RandomState(8).randint(1, 10, len(LABELS))) % 10
    random = np.random.RandomState(seed)
    wrong = random.rand(len(LABELS)) * hard > skill
    other = (LABELS + random.randint(1, 10, len(LABELS))) % 10
    return np.where(wrong, np.where(random.rand(len(LABELS)) < 0.7, usual, other), LABELS).astype(np.uint8)


def pairs(predictions: "List[np.ndarray]") -> "List[Dict[str, Any]]":
    signer = Signer(LABELS)
    return near_pairs(LABELS, predictions, [signer.signature(p) for p in predictions])


def changed(predicted: np.ndarray, rows: int, seed: int) -> np.ndarray:
    """A copy with some answers replaced, as a copier who covers tracks would do."""
    random = np.random.RandomState(seed)
    copy = predicted.copy()
    at = random.choice(len(copy), rows, replace=False)
    copy[at] = random.randint(0, 10, rows)
    return copy


def test_independent_models_are_not_called_alike() -> None:
    """Sixty models that err on the same hard images: none of 1,770 pairs."""
    assert pairs([hard_images(seed, 0.45 + 0.004 * seed) for seed in range(60)]) == []


def test_disguised_copies_are_found_among_independent_models() -> None:
    """1 to 3 % of the answers replaced: all twenty found, with the figures that show it, and nothing else."""
    models = [hard_images(seed, 0.5) for seed in range(40)]
    copies = [changed(models[i], int(len(LABELS) * (0.01 + 0.001 * i)), 100 + i) for i in range(20)]
    found = pairs(models + copies)
    assert sorted((pair["first"], pair["second"]) for pair in found) == [(i, 40 + i) for i in range(20)]
    for pair in found:
        assert pair["shared_wrong"] >= 0.75
        assert pair["agreement"] > pair["agreement_if_independent"] + 0.1


def test_the_reported_similarity_is_exact() -> None:
    """Against sets."""
    one = hard_images(1, 0.5)
    two = changed(one, 100, 2)
    found = pairs([one, two])[0]
    wrong = [{(i, int(k)) for i, k in enumerate(p) if k != LABELS[i]} for p in (one, two)]
    assert found["shared_wrong"] == len(wrong[0] & wrong[1]) / len(wrong[0] | wrong[1])
    assert found["agreement"] == float((one == two).mean())


def test_three_quarters_of_the_wrong_answers_are_the_threshold(monkeypatch: Any) -> None:
    """By hand: 100 wrong answers in the union, 74, 75 and 76 of them shared; right by chance is told too."""
    monkeypatch.setattr(duplicates, "_candidates", lambda signatures: [(0, 1)])
    for shared, reported in ((74, False), (75, True), (76, True)):
        one, two = LABELS.copy(), LABELS.copy()
        one[:90] = (LABELS[:90] + 1) % 10
        two[:shared], two[90:100] = one[:shared], (LABELS[90:100] + 1) % 10
        found = near_pairs(LABELS, [one, two], [None, None])
        assert bool(found) is reported
        if found:
            right = 1 - 90 / 5000, 1 - (shared + 10) / 5000
            by_chance = right[0] * right[1] + (1 - right[0]) * (1 - right[1]) / 9
            assert abs(found[0]["agreement_if_independent"] - by_chance) < 1e-12
            assert found[0]["shared_wrong"] == shared / 100


def test_nearly_perfect_files_are_not_accused() -> None:
    """A handful of shared mistakes on mislabelled images proves nothing."""
    predicted = LABELS.copy()
    predicted[:20] = (predicted[:20] + 1) % 10
    assert pairs([predicted, changed(predicted, 0, 1)]) == []
    assert Signer(LABELS).signature(LABELS.copy()) is None


def test_a_class_of_copies_stays_bounded() -> None:
    """Four hundred near copies of one file: bounded comparisons, no quadratic explosion."""
    one = hard_images(1, 0.5)
    start = time.monotonic()
    found = pairs([changed(one, 20, seed) for seed in range(400)])
    assert time.monotonic() - start < 20
    assert len({i for pair in found for i in (pair["first"], pair["second"])}) == 400


def test_the_record_names_them_across_forms(key: str, labels: np.ndarray, hand_in: HandIn) -> None:
    """The same predictions as ids, names and scores; the same bytes; one student's own repeats are no copies."""
    predicted = b.noisy(labels, 0.5, 1)
    close = predicted.copy()
    wrong = np.flatnonzero(predicted != labels)
    close[wrong[0]] = labels[wrong[0]]
    folder = hand_in(
        {
            "a.npy": b.npy(predicted),
            "b.csv": b.csv_ids(predicted.tolist(), names=True, start=1),
            "c.npy": b.npy(np.eye(10)[predicted]),
            "d1.npy": b.npy(labels),
            "d2.npy": b.npy(labels),
            "near.npy": b.npy(close),
            "kim_1_10_r.npy": b.npy(b.noisy(labels, 0.6, 5)),
            "kim_1_11_r.npy": b.npy(b.noisy(labels, 0.6, 5)),
        }
    )
    record = grade.grade(key, folder)
    assert record["identical"] == [
        {"files": ["a.npy", "b.csv", "c.npy"], "same_bytes": False},
        {"files": ["d1.npy", "d2.npy"], "same_bytes": True},
    ]
    assert [pair["files"] for pair in record["near_identical"]] == [["a.npy", "near.npy"]]
    assert grade.grade(key, folder, near_duplicates=False)["near_identical"] == []

"""Scores against scikit-learn, and the traps: absent classes, bad ids, batch independence."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from tf1_models import metrics
from tf1_models.errors import InputError

LABELS = list(range(10))


def test_agrees_with_scikit_learn_on_random_labels() -> None:
    rng = np.random.RandomState(0)
    for case in range(300):
        n = int(rng.randint(1, 80))
        classes = int(rng.randint(1, 11))  # few classes: some are absent from truth, prediction or both
        truth, predicted = rng.randint(0, classes, n), rng.randint(0, 10 if case % 2 else classes, n)
        ours = metrics.scores(truth, predicted)
        precision, recall, f1, support = precision_recall_fscore_support(
            truth, predicted, labels=LABELS, zero_division=0
        )
        assert abs(ours["accuracy"] - accuracy_score(truth, predicted)) <= 1e-12
        macro = f1_score(truth, predicted, labels=LABELS, average="macro", zero_division=0)
        assert abs(ours["macro_f1"] - macro) <= 1e-12
        weighted = f1_score(truth, predicted, labels=LABELS, average="weighted", zero_division=0)
        assert abs(ours["weighted_f1"] - weighted) <= 1e-12
        assert ours["confusion_matrix"] == confusion_matrix(truth, predicted, labels=LABELS).tolist()
        for key, theirs in (("precision", precision), ("recall", recall), ("f1", f1), ("support", support)):
            assert np.allclose([row[key] for row in ours["per_class"]], theirs, rtol=0, atol=1e-12)
        assert ours["n"] == n


def test_an_absent_class_counts_zero_in_the_macro_mean() -> None:
    truth = np.array([0, 0, 1, 1])
    assert metrics.scores(truth, truth)["macro_f1"] == pytest.approx(0.2)  # 2 classes of 10
    assert metrics.scores(truth, truth)["weighted_f1"] == 1.0


@pytest.mark.parametrize(
    "truth, predicted, words",
    [
        ([0, 1], [0], "truth has 2 labels, predicted has 1"),
        ([0, 10], [0, 1], "class ids 0 to 9; got 0 to 10"),
        ([0, 1], [-1, 1], "class ids 0 to 9; got -1 to 1"),
        ([0, 1], [0.0, 1.0], "must be integer class ids"),
        ([], [], "must be integer class ids"),
        (np.zeros(0, int), np.zeros(0, int), "no images to score"),
        (np.eye(10, dtype=int), np.zeros(10, int), "one class id per image"),
    ],
)
def test_bad_ids_are_refused(truth: object, predicted: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        metrics.scores(truth, predicted)


def test_column_vectors_are_read() -> None:
    truth = np.arange(10)
    assert metrics.scores(truth[:, None], truth)["macro_f1"] == 1.0

"""Scores against scikit-learn, on random label pairs of every kind."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import pytest

from tf1_models import metrics
from tf1_models.grading.statistics.bootstrap import metric_of_tables

sklearn_metrics = pytest.importorskip("sklearn.metrics")
CASES = 10_000


def random_case(random: np.random.RandomState) -> "Tuple[np.ndarray, np.ndarray]":
    """(truth, predicted): small and skewed, so that most cases lack a class on one side or both."""
    n = int(random.randint(1, 60))
    used = random.choice(10, size=random.randint(1, 11), replace=False)
    truth = random.choice(used, n)
    return truth, np.where(random.rand(n) < random.rand(), truth, random.randint(0, 10, n))


@pytest.mark.filterwarnings("ignore")
def test_ten_thousand_random_cases_agree_with_scikit_learn() -> None:
    """Precision, recall, F1 and support of every class, and the averages, agree to 1e-12.

    scikit-learn sees all cases in one call, as 100,000 classes of which ten belong to each case: its per-class figures
    are the same, and ten thousand calls would take half a minute. Every hundredth case is also called by itself.
    """
    random = np.random.RandomState(0)
    cases = [random_case(random) for _ in range(CASES)]
    truth = np.concatenate([10 * i + t for i, (t, _) in enumerate(cases)])
    predicted = np.concatenate([10 * i + p for i, (_, p) in enumerate(cases)])
    theirs = sklearn_metrics.precision_recall_fscore_support(
        truth, predicted, labels=np.arange(10 * CASES), average=None, zero_division=0
    )
    per_class = np.array(theirs, dtype=np.float64).reshape(4, CASES, 10)
    worst = 0.0
    for i, (t, p) in enumerate(cases):
        ours = metrics.scores(t, p)
        mine = np.array([[one[f] for f in ("precision", "recall", "f1", "support")] for one in ours["per_class"]]).T
        f1, support = per_class[2, i], per_class[3, i]
        averages = [f1.mean(), (f1 * support).sum() / len(t), float((t == p).mean())]
        if i % 100 == 0:
            averages = [
                sklearn_metrics.f1_score(t, p, labels=list(range(10)), average=average, zero_division=0)
                for average in ("macro", "weighted")
            ] + [sklearn_metrics.accuracy_score(t, p)]
        found = [ours["macro_f1"], ours["weighted_f1"], ours["accuracy"]]
        worst = max(
            worst, float(np.abs(mine - per_class[:, i]).max()), float(np.abs(np.subtract(found, averages)).max())
        )
    assert worst <= 1e-12


def test_many_tables_at_once_give_the_same_scores_as_one() -> None:
    """The bootstrap's vectorised scores are the metrics module's."""
    random = np.random.RandomState(1)
    tables = np.array(
        [metrics.confusion_matrix(random.randint(0, 10, 50), random.randint(0, 9, 50)) for _ in range(50)]
    )
    for metric in ("macro_f1", "weighted_f1", "accuracy"):
        expected = [metrics.from_confusion(table)[metric] for table in tables]
        np.testing.assert_allclose(metric_of_tables(tables, metric), expected, rtol=0, atol=1e-14)

"""Are two submissions different? Exact McNemar for accuracy, a paired randomisation test for F1."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np

from tf1_models.classes import N_CLASSES
from tf1_models.grading.statistics.bootstrap import METRICS, metric_of_tables

ALPHA = 0.05
_CELLS = N_CLASSES * N_CLASSES
_BATCH = 500  # draws at once: [500, 900] counts


def mcnemar(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> Dict[str, Any]:
    """Exact two-sided McNemar test: among the images that only one got right, is it a fair coin?

    Args:
        truth, first, second: uint8 [n].

    Returns:
        JSON-ready dict: `only_first`, `only_second` (right by that one alone) and `p`.
    """
    b = int(np.count_nonzero((first == truth) & (second != truth)))
    c = int(np.count_nonzero((first != truth) & (second == truth)))
    n, k = b + c, min(b, c)
    if n == 0:
        return {"only_first": b, "only_second": c, "p": 1.0}
    # log C(n, i) by its recurrence; the sum of the lower tail of Binomial(n, 1/2), doubled
    steps = np.log(np.arange(n, n - k, -1, dtype=np.float64)) - np.log(np.arange(1, k + 1, dtype=np.float64))
    logs = np.concatenate([[0.0], np.cumsum(steps)]) - n * np.log(2.0)
    top = float(logs.max())
    tail = float(np.exp(top) * np.exp(logs - top).sum())
    return {"only_first": b, "only_second": c, "p": float(min(1.0, 2.0 * tail))}


def randomisation(
    truth: np.ndarray, first: np.ndarray, second: np.ndarray, metric: str, draws: int, seed: int
) -> Dict[str, Any]:
    """Paired randomisation test: swap the two answers of each image by a coin, and see how often the difference is as
    large as the one found. Swapping m equal rows is one Binomial(m, 1/2) draw, so rows are never touched.

    Args:
        truth, first, second: uint8 [n].
        metric: One of `METRICS`.
        draws: Random swaps of the whole split.
        seed: Of its own RandomState.

    Returns:
        JSON-ready dict: `difference` (first minus second) and `p` (with the +1 of Davison and Hinkley: never 0).
    """
    true, a, b = (values.astype(np.int64) for values in (truth, first, second))
    joint = np.bincount((true * N_CLASSES + a) * N_CLASSES + b, minlength=_CELLS * N_CLASSES)
    cells = np.flatnonzero(joint)
    t, p, q = cells // _CELLS, cells // N_CLASSES % N_CLASSES, cells % N_CLASSES
    counts = joint[cells]
    base_a, base_b = np.zeros(_CELLS, np.int64), np.zeros(_CELLS, np.int64)
    np.add.at(base_a, t * N_CLASSES + p, counts)
    np.add.at(base_b, t * N_CLASSES + q, counts)
    observed = _difference(base_a[None, :], base_b[None, :], metric)[0]
    mixed = p != q
    counts, at_p, at_q = counts[mixed], (t * N_CLASSES + p)[mixed], (t * N_CLASSES + q)[mixed]
    # what one swapped row of a cell does to the first table: out of (t, p), into (t, q); the second's inverse
    move = np.zeros((counts.size, _CELLS))
    move[np.arange(counts.size), at_p] = -1.0
    move[np.arange(counts.size), at_q] = 1.0
    random, as_large = np.random.RandomState(seed), 0
    for start in range(0, draws, _BATCH):
        size = min(_BATCH, draws - start)
        moved = random.binomial(counts, 0.5, size=(size, counts.size)).astype(np.float64).dot(move)
        differences = _difference(base_a + moved, base_b - moved, metric)
        as_large += int(np.count_nonzero(np.abs(differences) >= abs(observed) - 1e-12))
    return {"difference": float(observed), "p": (as_large + 1) / (draws + 1)}


def _difference(a: np.ndarray, b: np.ndarray, metric: str) -> np.ndarray:
    shape = (-1, N_CLASSES, N_CLASSES)
    return metric_of_tables(a.reshape(shape), metric) - metric_of_tables(b.reshape(shape), metric)


def compare(truth: np.ndarray, first: np.ndarray, second: np.ndarray, draws: int, seed: int) -> Dict[str, Any]:
    """All paired tests of two submissions.

    Returns:
        JSON-ready dict: per metric `difference`, `p`, `significant` (p < 0.05) and `test`.
    """
    result: Dict[str, Any] = {}
    for metric in METRICS:
        if metric == "accuracy":
            found = mcnemar(truth, first, second)
            difference = (found["only_first"] - found["only_second"]) / len(truth)
            found = {"difference": difference, "test": "exact McNemar", **found}
        else:
            found = randomisation(truth, first, second, metric, draws, seed)
            found["test"] = f"paired randomisation, {draws} draws"
        found["significant"] = bool(found["p"] < ALPHA)
        result[metric] = found
    return result

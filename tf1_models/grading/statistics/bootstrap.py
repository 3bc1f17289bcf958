"""How far a score would move with other test images: bootstrap over the confusion table, and its cheap linear twin."""

from __future__ import annotations

from typing import Dict, List, Tuple

import numpy as np

from tf1_models.classes import N_CLASSES

METRICS = ("macro_f1", "weighted_f1", "accuracy")
LEVEL = 0.95


def metric_of_tables(tables: np.ndarray, metric: str) -> np.ndarray:
    """One metric of many confusion tables at once; `metrics.from_confusion` for each (tested).

    Args:
        tables: float64 or int64 [draws, 10, 10], row = true class.
        metric: One of `METRICS`.

    Returns:
        float64 [draws].
    """
    hits = np.diagonal(tables, axis1=1, axis2=2).astype(np.float64)
    support, called = tables.sum(axis=2).astype(np.float64), tables.sum(axis=1).astype(np.float64)
    total = support.sum(axis=1)
    if metric == "accuracy":
        return hits.sum(axis=1) / total
    f1 = 2.0 * hits / np.maximum(support + called, 1.0)
    return f1.mean(axis=1) if metric == "macro_f1" else (f1 * support).sum(axis=1) / total


def intervals(matrix: np.ndarray, draws: int, seed: int) -> Dict[str, List[float]]:
    """95 % bootstrap percentile intervals of the three metrics.

    Resampling the n rows with replacement is a multinomial draw over the 100 cells of the table: the same
    distribution, without touching 10,000 rows a thousand times.

    Args:
        matrix: int64 [10, 10].
        draws: Bootstrap draws.
        seed: Of a RandomState of its own: a file's interval depends on no other file.

    Returns:
        metric -> [low, high].
    """
    n = int(matrix.sum())
    cells = np.flatnonzero(matrix.reshape(-1))
    random = np.random.RandomState(seed)
    drawn = random.multinomial(n, matrix.reshape(-1)[cells] / float(n), size=draws)
    flat = np.zeros((draws, N_CLASSES * N_CLASSES), dtype=np.int64)
    flat[:, cells] = drawn
    tables = flat.reshape(draws, N_CLASSES, N_CLASSES)
    tail = (1.0 - LEVEL) / 2.0 * 100.0
    return {
        metric: [float(v) for v in np.percentile(metric_of_tables(tables, metric), [tail, 100.0 - tail])]
        for metric in METRICS
    }


def influence(matrix: np.ndarray, metric: str) -> np.ndarray:
    """How one row of (true, predicted) moves the metric: n times its derivative by the cell (the delta method).

    Args:
        matrix: int64 [10, 10].
        metric: One of `METRICS`.

    Returns:
        float64 [10, 10]; the variance of a score is the variance of this over the rows, divided by n.
    """
    n = float(matrix.sum())
    same = np.eye(N_CLASSES)
    if metric == "accuracy":
        return same
    support, called = matrix.sum(axis=1).astype(np.float64), matrix.sum(axis=0).astype(np.float64)
    denominator = support + called
    safe = np.maximum(denominator, 1.0)
    f1 = 2.0 * np.diag(matrix) / safe
    weight = np.full(N_CLASSES, 1.0 / N_CLASSES) if metric == "macro_f1" else support / n
    slope = np.where(denominator > 0, weight / safe, 0.0) * n
    # d F_k / d C[t, p] = (2 [t = p = k] - F_k ([t = k] + [p = k])) / D_k
    moved = 2.0 * same * slope - (f1 * slope)[:, None] - (f1 * slope)[None, :]
    if metric == "weighted_f1":
        moved = moved + f1[:, None]  # one more row of class t gives that class more weight
    return moved


def standard_error(matrix: np.ndarray, metric: str) -> float:
    """Standard error of a score by the delta method."""
    n = float(matrix.sum())
    share, moved = matrix / n, influence(matrix, metric)
    mean = float((share * moved).sum())
    return float(np.sqrt(max(0.0, float((share * moved * moved).sum()) - mean * mean) / n))


def paired_z(
    truth: np.ndarray,
    first: "Tuple[np.ndarray, np.ndarray, float]",
    second: "Tuple[np.ndarray, np.ndarray, float]",
) -> float:
    """Difference of two scores on the same images, in standard errors of that difference (delta method).

    Args:
        truth: uint8 [n].
        first, second: (predictions uint8 [n], `influence` [10, 10], score).

    Returns:
        (first - second) / standard error; 0 for identical predictions.
    """
    rows = truth.astype(np.int64) * N_CLASSES
    moved = first[1].reshape(-1)[rows + first[0]] - second[1].reshape(-1)[rows + second[0]]
    error = float(moved.std()) / np.sqrt(len(rows))
    difference = first[2] - second[2]
    if error == 0.0:
        return 0.0 if difference == 0.0 else float(np.sign(difference)) * float("inf")
    return difference / error

"""Accuracy, macro-F1 and weighted-F1 from one confusion matrix, counted once over a whole split. NumPy only.

Policy, fixed for every verb: the class list is given (ten classes), never "the labels seen"; a class that neither
occurs nor is predicted scores F1 = 0 and counts in the macro mean (scikit-learn's `labels=range(10),
zero_division=0`, against which the tests compare). Scores are fractions.
"""

from __future__ import annotations

from typing import Any, Dict, Sequence

import numpy as np

from tf1_models.classes import CIFAR10_CLASSES, N_CLASSES
from tf1_models.errors import InputError


def _class_ids(values: Any, what: str) -> np.ndarray:
    """Checks ids before any cast: a cast would turn 300 into 44 and NaN into a class without a word."""
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]  # the course's y files are (N, 1)
    if array.ndim != 1:
        raise InputError(f"{what} must be one class id per image, shape (N,); got shape {array.shape}")
    if array.dtype.kind not in "iu":
        raise InputError(f"{what} must be integer class ids; got dtype {array.dtype}")
    if array.size and (int(array.min()) < 0 or int(array.max()) >= N_CLASSES):
        raise InputError(f"{what} must be class ids 0 to {N_CLASSES - 1}; got {int(array.min())} to {int(array.max())}")
    return array.astype(np.int64)


def confusion_matrix(truth: Any, predicted: Any) -> np.ndarray:
    """Counts of (true class, predicted class).

    Args:
        truth: Integer class ids 0..9, shape [N] or [N, 1].
        predicted: Integer class ids 0..9, shape [N] or [N, 1].

    Returns:
        int64 [10, 10]; row = true class, column = predicted class; its sum is N.

    Raises:
        InputError: shapes, dtypes or ranges are off, the lengths differ, or there is no image.
    """
    rows, columns = _class_ids(truth, "truth"), _class_ids(predicted, "predicted")
    if rows.size != columns.size:
        raise InputError(f"truth has {rows.size} labels, predicted has {columns.size}; they must be as many")
    if rows.size == 0:
        raise InputError("no images to score: truth and predicted are empty")
    counts = np.bincount(rows * N_CLASSES + columns, minlength=N_CLASSES * N_CLASSES)
    return counts.reshape(N_CLASSES, N_CLASSES).astype(np.int64)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, and 0 where whole is 0 (the zero-division policy above)."""
    return np.where(whole > 0, part / np.maximum(whole, 1), 0.0)


def from_confusion(matrix: np.ndarray, class_names: Sequence[str] = CIFAR10_CLASSES) -> Dict[str, Any]:
    """All scores of one confusion matrix.

    Args:
        matrix: int64 [10, 10], row = true class, column = predicted class.
        class_names: Ten names, in class order.

    Returns:
        JSON-ready dict: `accuracy`, `macro_f1`, `weighted_f1` (fractions), `per_class` (list of `class`, `precision`,
        `recall`, `f1`, `support`), `confusion_matrix` (nested lists) and `n`.
    """
    hits = np.diag(matrix).astype(np.float64)
    support = matrix.sum(axis=1).astype(np.float64)
    called = matrix.sum(axis=0).astype(np.float64)
    precision, recall = _ratio(hits, called), _ratio(hits, support)
    f1 = _ratio(2.0 * hits, support + called)
    n = int(matrix.sum())
    return {
        "accuracy": float(hits.sum() / n),
        "macro_f1": float(f1.mean()),
        "weighted_f1": float((f1 * support).sum() / n),
        "per_class": [
            {
                "class": str(class_names[k]),
                "precision": float(precision[k]),
                "recall": float(recall[k]),
                "f1": float(f1[k]),
                "support": int(support[k]),
            }
            for k in range(N_CLASSES)
        ],
        "confusion_matrix": matrix.tolist(),
        "n": n,
    }


def scores(truth: Any, predicted: Any, class_names: Sequence[str] = CIFAR10_CLASSES) -> Dict[str, Any]:
    """Scores predicted class ids against the truth; see `confusion_matrix` and `from_confusion`."""
    return from_confusion(confusion_matrix(truth, predicted), class_names)

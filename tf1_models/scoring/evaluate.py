"""Predictions first, then one count over the whole split: batch size and order cannot change a score."""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence

import numpy as np

from tf1_models import metrics
from tf1_models.classes import N_CLASSES


def predict(
    session: Any,
    graph: Any,
    images: np.ndarray,
    batch_size: int,
    indices: Optional[np.ndarray] = None,
    on_batch: Optional[Callable[[int], None]] = None,
) -> np.ndarray:
    """Class probabilities in evaluation mode (dropout off, moving statistics: the placeholders' defaults).

    Args:
        session: Session with values.
        graph: Object with `image_bytes` and `handles` (`training_graph`).
        images: uint8 [N, 32, 32, 3].
        batch_size: Images a `session.run`; the last batch may be short.
        indices: Which images, in order; None: all.
        on_batch: Called with the number of images done, for a progress bar.

    Returns:
        float32 [len(indices), 10].
    """
    total = len(images) if indices is None else len(indices)
    out = np.empty((total, N_CLASSES), np.float32)
    for start in range(0, total, batch_size):
        stop = min(start + batch_size, total)
        batch = images[start:stop] if indices is None else images[indices[start:stop]]
        out[start:stop] = session.run(graph.handles.probabilities, {graph.image_bytes: batch})
        if on_batch is not None:
            on_batch(stop)
    return out


def score(probabilities: np.ndarray, truth: np.ndarray, class_names: Sequence[str]) -> Dict[str, Any]:
    """Scores of argmax predictions; see `metrics.from_confusion`.

    Args:
        probabilities: float [N, 10].
        truth: uint8 [N], class ids.
        class_names: Ten names.
    """
    return metrics.scores(truth, probabilities.argmax(axis=1), class_names)


class SplitScore(NamedTuple):
    """`scores` as `metrics.from_confusion` gives them, and the mean data loss over the same images."""

    scores: Dict[str, Any]
    loss: float


def mean_loss(probabilities: np.ndarray, truth: np.ndarray, over_softmax: bool) -> float:
    """Mean cross-entropy of predicted probabilities, in evaluation mode.

    Args:
        probabilities: float32 [n, 10].
        truth: uint8 [n], class ids.
        over_softmax: Q1, the cross-entropy is taken over the softmax output as if it were logits.

    Returns:
        Natural logarithm; a probability of 0 counts as the smallest float32, so that the mean stays finite.
    """
    values = probabilities.astype(np.float64)
    if over_softmax:
        values = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    of_truth = values[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(of_truth, np.finfo(np.float32).tiny)).mean())

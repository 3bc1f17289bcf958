"""A checkpoint's probabilities for images: what `evaluate` and `predict` share."""

from __future__ import annotations

import os
from typing import Callable, Optional

import numpy as np

from tf1_models.checkpoints.source import Source
from tf1_models.errors import InputError
from tf1_models.scoring import evaluate
from tf1_models.scoring.open_checkpoint import OpenCheckpoint, open_checkpoint


def probabilities(
    source: Source,
    images: np.ndarray,
    indices: Optional[np.ndarray] = None,
    threads: Optional[int] = None,
    tf_log: bool = False,
    on_batch: Optional[Callable[[int], None]] = None,
    batch_size: Optional[int] = None,
    on_note: Optional[Callable[[str], None]] = None,
) -> np.ndarray:
    """Builds the checkpoint's graph, restores it strictly and predicts.

    Args:
        source: From `checkpoint_source.find`.
        images: uint8 [N, 32, 32, 3].
        indices: Which images, in order; None: all.
        threads: Threads TensorFlow may use; None: the usable processors.
        tf_log: Show TensorFlow's start-up lines.
        on_batch: Called with the number of images done.
        batch_size: Images a `session.run`; None: the report's `eval_batch_size`.
        on_note: Called with what was taken of a foreign checkpoint (see `checkpoint_source.restore`).

    Returns:
        float32 [n, 10].

    Raises:
        InputError: the checkpoint does not fit its graph, or its probabilities are not finite.
    """
    with open_checkpoint(source, threads, tf_log) as opened:
        if opened.taken and on_note:
            on_note(opened.taken)
        return probabilities_of(opened, source, images, indices, on_batch, batch_size)


def probabilities_of(
    opened: OpenCheckpoint,
    source: Source,
    images: np.ndarray,
    indices: Optional[np.ndarray] = None,
    on_batch: Optional[Callable[[int], None]] = None,
    batch_size: Optional[int] = None,
) -> np.ndarray:
    """`probabilities` of a checkpoint that is open already."""
    size = batch_size or source.experiment.eval_batch_size
    found = evaluate.predict(opened.session, opened.graph, images, size, indices, on_batch)
    if not np.isfinite(found).all():  # argmax would call them class 0, and be right for one image in ten
        raise InputError(f"{os.path.basename(source.prefix)} gives probabilities that are not finite")
    return found

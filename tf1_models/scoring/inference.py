"""A checkpoint's probabilities for images: what `evaluate` and `predict` share."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, Iterator, Optional

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
    """Builds the checkpoint's graph, restores it strictly and predicts, by `frozen_graph` where it pays.

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
        with frozen(opened, source, threads, tf_log) as ready:
            return probabilities_of(ready, source, images, indices, on_batch, batch_size)


@contextlib.contextmanager
def frozen(
    opened: OpenCheckpoint, source: Source, threads: Optional[int] = None, tf_log: bool = False
) -> Iterator[OpenCheckpoint]:
    """The same weights in a graph of evaluation alone, with a Session of its own; `opened` where that does not pay."""
    from tf1_models.scoring import frozen_graph
    from tf1_models.session import tensorflow_setup

    if not frozen_graph.pays(opened.graph):
        yield opened
        return
    tf = opened.tf
    values = frozen_graph.values_of(opened.session, opened.graph)
    with tf.Graph().as_default():
        graph = frozen_graph.build_frozen(source.experiment, opened.graph, values)
        with tensorflow_setup.quiet_stderr(not tf_log):
            session: Any = tf.Session(config=tensorflow_setup.session_config(tf, threads, source.experiment))
        with session:
            yield OpenCheckpoint(tf, session, graph, opened.taken)


def probabilities_of(
    opened: OpenCheckpoint,
    source: Source,
    images: np.ndarray,
    indices: Optional[np.ndarray] = None,
    on_batch: Optional[Callable[[int], None]] = None,
    batch_size: Optional[int] = None,
) -> np.ndarray:
    """`probabilities` of a checkpoint that is open already, by its own graph."""
    size = batch_size or source.experiment.eval_batch_size
    found = evaluate.predict(opened.session, opened.graph, images, size, indices, on_batch)
    if not np.isfinite(found).all():  # argmax would call them class 0, and be right for one image in ten
        raise InputError(f"{os.path.basename(source.prefix)} gives probabilities that are not finite")
    return found

"""A checkpoint's probabilities for images: what `evaluate` and `predict` share."""

from __future__ import annotations

import os
from typing import Any, Callable, Optional

import numpy as np

from tf1_models.checkpoints import checkpoint_source
from tf1_models.checkpoints.source import Source
from tf1_models.errors import InputError
from tf1_models.scoring import evaluate


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
    from tf1_models.session import tensorflow_setup

    tf = tensorflow_setup.import_tensorflow(quiet=not tf_log)
    from tf1_models.scoring import inference_graph

    with tf.Graph().as_default():
        graph = inference_graph.build_inference(source.experiment)
        with tensorflow_setup.quiet_stderr(not tf_log):
            session: Any = tf.Session(config=tensorflow_setup.session_config(tf, threads, source.experiment))
        with session:
            with tensorflow_setup.quiet_stderr(not tf_log):
                taken = checkpoint_source.restore(tf, session, source)
            if taken and on_note:
                on_note(taken)
            size = batch_size or source.experiment.eval_batch_size
            found = evaluate.predict(session, graph, images, size, indices, on_batch)
    if not np.isfinite(found).all():  # argmax would call them class 0, and be right for one image in ten
        raise InputError(f"{os.path.basename(source.prefix)} gives probabilities that are not finite")
    return found

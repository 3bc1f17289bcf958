"""The kit's side of a golden comparison: a run's graph at full width with the oracle's weights, batch and ten steps."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional

import numpy as np

from tests.oracles import reference
from tf1_models import registry

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden")


def golden(report: str, case: str, dtype: str) -> Dict[str, np.ndarray]:
    """The stored case."""
    return reference.read_golden(os.path.join(GOLDEN, report, f"{case}_{dtype}.npz"))


def load_weights(session: Any, variables: Any, dtype: str) -> None:
    """Gives every float variable the value that `reference.weights` has for its name; others their own start."""
    for variable in variables:
        name = variable.op.name
        if variable.dtype.base_dtype.is_floating:
            value = reference.weights(name, variable.shape.as_list(), dtype)
            # works for resource and reference variables, on both versions, and adds no op
            session.run(variable.initializer, {variable.initializer.inputs[1]: value})
        else:
            session.run(variable.initializer)


def graph_record(
    tf: Any,
    report: str,
    run: str,
    dtype: str,
    n_images: int,
    pixel_divisor: float,
    overrides: Optional[Dict[str, str]] = None,
    n_steps: int = reference.N_STEPS,
    first_image: int = 0,
) -> Dict[str, np.ndarray]:
    """`reference.record` of a run's graph.

    Args:
        tf: tensorflow.compat.v1.
        report: Report id.
        run: Run of it: its optimizer and rate take the steps; dropout stays off.
        dtype: "float64" or "float32".
        n_images: Size of the fixed batch.
        pixel_divisor: What the batch's bytes are divided by.
        overrides: Settings of the net to change.
        n_steps: Steps to take.
        first_image: Where in the fixed sequence the batch starts.

    Returns:
        The record; of a graph that tells training from evaluation with `eval_logits` [k, n, 10]: before the steps,
        after one and after the last (k is 2 where that is the same step).
    """
    from tf1_models.training import optimizers

    graph = registry.graph(report, run, overrides)
    pixels, labels = (part[first_image:] for part in reference.fixed_batch(first_image + n_images))
    with tf.Graph().as_default():
        handles = graph.build(dtype=getattr(tf, dtype))
        of_model = tf.global_variables()
        trainable = tf.trainable_variables()
        rate = graph.experiment.learning_rate
        optimizer = optimizers.make(graph.experiment.optimizer, rate)
        # with respect to the loss alone; gradients before any variable changes, updates after
        gradients = tf.gradients(handles.loss, trainable)
        learnt = [(g, v) for g, v in zip(gradients, trainable) if g is not None]
        before = [handles.loss, handles.logits, *[g for g, _ in learnt]]
        with tf.control_dependencies([*before, *handles.update_ops]):
            train = optimizer.apply_gradients(learnt)
        feed: Dict[Any, Any] = {
            handles.images: (pixels / np.float64(pixel_divisor))
            .astype(dtype)
            .reshape([n_images] + handles.images.shape.as_list()[1:]),
            handles.labels: reference.one_hot(labels, dtype),
        }
        if handles.is_training is not None:
            feed[handles.is_training] = True
        with tf.Session(config=_config(tf)) as session:
            session.run(tf.global_variables_initializer())
            load_weights(session, of_model, dtype)
            logits, first = session.run([handles.logits, [g for g, _ in learnt]], feed)
            evaluation = {**feed, handles.is_training: False} if handles.is_training is not None else {}
            losses, evaluated = [], []
            for step in range(n_steps):
                if evaluation and step < 2:
                    evaluated.append(session.run(handles.logits, evaluation))
                losses.append(session.run([handles.loss, train], feed)[0])
            losses.append(session.run(handles.loss, feed))
            floats = [v for v in of_model if v.dtype.base_dtype.is_floating]
            values = session.run(floats)
            extra: Mapping[str, np.ndarray] = {}
            if evaluation:
                evaluated.append(session.run(handles.logits, evaluation))
                extra = {"eval_logits": np.stack(evaluated)}
    return reference.record(
        logits,
        losses,
        {v.op.name: g for (_, v), g in zip(learnt, first)},
        {v.op.name: value for v, value in zip(floats, values)},
        extra,
    )


def _config(tf: Any) -> Any:
    return tf.ConfigProto(intra_op_parallelism_threads=2, inter_op_parallelism_threads=1)

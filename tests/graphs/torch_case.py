"""The TF side of the comparisons with PyTorch: one golden case of bn_cnn or prelu_cnn, computed with this kit."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

import numpy as np

from tests.graphs import golden_case
from tests.graphs.golden_case import Comparison
from tests.oracles import reference
from tf1_models import registry
from tf1_models.session.tensorflow_setup import import_tensorflow

RRELU_MEAN_SLOPE = (1.0 / 8.0 + 1.0 / 3.0) / 2.0


def session(tf: Any) -> Any:
    """One thread: the numbers compared are then the same on every machine of a kind."""
    return tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1))


def load(tf: Any, sess: Any, values: Mapping[str, np.ndarray]) -> None:
    """Initialises all variables of the current graph, those named with the given values."""
    feeds = {v.initial_value: values[v.op.name] for v in tf.global_variables() if v.op.name in values}
    sess.run(tf.global_variables_initializer(), feeds)


def compute(
    golden: Mapping[str, np.ndarray], report: str, run: str, overrides: Optional[Dict[str, str]] = None
) -> Dict[str, np.ndarray]:
    """Forward, gradients and ten steps of one run, as `reference.record` notes them.

    Args:
        golden: The golden file: its dtype and batch size are taken.
        report: "bn_cnn" or "prelu_cnn".
        run: A run of it; net, optimizer and learning rate are the row's.
        overrides: Settings of the graph that differ from the row's.
    """
    tf = import_tensorflow()
    from tf1_models.training import optimizers

    dtype, row = str(golden["dtype"]), registry.experiment(report, run)
    with tf.Graph().as_default():
        handles = registry.graph(report, run, overrides).build(dtype=tf.as_dtype(dtype))
        variables = {v.op.name: v for v in tf.global_variables()}
        optimizer = optimizers.make(row.optimizer, row.learning_rate)
        pairs = optimizer.compute_gradients(handles.loss)
        with tf.control_dependencies([handles.loss, handles.logits, *handles.update_ops]):
            train = optimizer.apply_gradients(pairs)

        images, labels = reference.fixed_batch(len(golden["logits"]), int(golden["first"]))
        feeds: Dict[Any, Any] = {
            handles.images: images.astype(dtype) / np.asarray(255, dtype),
            handles.labels: reference.one_hot(labels, dtype),
        }
        training: Dict[Any, Any] = {**feeds, handles.is_training: True}
        for op in tf.get_default_graph().get_operations():  # RReLU: PyTorch's evaluation slope on both sides
            if op.name.endswith("/slopes"):
                shape = [len(images), *op.outputs[0].shape.as_list()[1:]]
                training[op.outputs[0]] = np.full(shape, RRELU_MEAN_SLOPE, dtype)

        with session(tf) as sess:
            load(tf, sess, {name: reference.weights(name, v.shape.as_list(), dtype) for name, v in variables.items()})
            logits, gradients = sess.run([handles.logits, {v.op.name: g for g, v in pairs}], training)
            losses: List[float] = [sess.run([handles.loss, train], training)[0] for _ in range(reference.N_STEPS)]
            after = sess.run({name: tf.identity(v) for name, v in variables.items()})
            losses.append(sess.run(handles.loss, training))
            eval_logits = sess.run(handles.logits, feeds)
    ratios = {}
    for key in golden:  # what is cleared next has to be rounding
        name = key[len("zero/") :]
        if key.startswith("zero/") and name.endswith("/bias"):
            kernel = np.linalg.norm(gradients[name.replace("/bias", "/weight")])
            ratios[f"zero_ratio/{name}"] = np.max(np.abs(gradients[name][golden[key]]), initial=0.0) / kernel
    for values in (gradients, after):
        reference.clear(values, golden)
    return reference.record(logits, losses, gradients, after, {"eval_logits": eval_logits, **ratios})


def compare(report: str, case: str, dtype: str, run: str, overrides: Optional[Dict[str, str]] = None) -> Comparison:
    """A golden file of PyTorch against this kit's graph of a run."""
    return golden_case.compare(report, case, dtype, lambda golden: compute(golden, report, run, overrides))

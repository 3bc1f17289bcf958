"""prelu_cnn's graph: the printed module's layers, PyTorch's names, parameters, and quirk Q7 with its mended form."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from tests.oracles import reference
from tf1_models import registry

pytestmark = pytest.mark.tf

# state_dict keys of the printed module with "/" for ".", kernels as [height, width, in, out]
VARIABLES: List[Tuple[str, List[int], bool]] = [
    ("layer/0/weight", [3, 3, 3, 16], True), ("layer/0/bias", [16], True), ("layer/1/weight", [1], True),
    ("layer/3/weight", [16], True), ("layer/3/bias", [16], True),
    ("layer/3/running_mean", [16], False), ("layer/3/running_var", [16], False),
    ("layer/4/weight", [3, 3, 16, 32], True), ("layer/4/bias", [32], True), ("layer/5/weight", [1], True),
    ("layer/7/weight", [32], True), ("layer/7/bias", [32], True),
    ("layer/7/running_mean", [32], False), ("layer/7/running_var", [32], False),
    ("layer/9/weight", [3, 3, 32, 64], True), ("layer/9/bias", [64], True), ("layer/10/weight", [1], True),
    ("layer/12/weight", [64], True), ("layer/12/bias", [64], True),
    ("layer/12/running_mean", [64], False), ("layer/12/running_var", [64], False),
    ("fc_layer/0/weight", [4096, 100], True), ("fc_layer/0/bias", [100], True), ("fc_layer/1/weight", [1], True),
    ("fc_layer/3/weight", [100], True), ("fc_layer/3/bias", [100], True),
    ("fc_layer/3/running_mean", [100], False), ("fc_layer/3/running_var", [100], False),
    ("fc_layer/4/weight", [100, 10], True), ("fc_layer/4/bias", [10], True),
]  # fmt: skip
# the printed module of section 4, line by line (Q7: its four dropouts say p=0)
MODULE = [
    "layer.0 Conv2d", "layer.1 PReLU", "layer.2 Dropout2d (p=0)", "layer.3 BatchNorm2d",
    "layer.4 Conv2d", "layer.5 PReLU", "layer.6 Dropout2d (p=0)", "layer.7 BatchNorm2d", "layer.8 MaxPool2d",
    "layer.9 Conv2d", "layer.10 PReLU", "layer.11 Dropout2d (p=0)", "layer.12 BatchNorm2d", "layer.13 MaxPool2d",
    "flatten",
    "fc_layer.0 Linear", "fc_layer.1 PReLU", "fc_layer.2 Dropout2d (p=0)", "fc_layer.3 BatchNorm1d",
    "fc_layer.4 Linear",
]  # fmt: skip
ACTING = {"dropout_acts": "true"}


def _training_logits(tf: Any, overrides: Dict[str, str], seed: int, keep_prob: Any = None) -> np.ndarray:
    """Training-mode logits at step 0 with the reference weights: only random masks can depend on the seed."""
    with tf.Graph().as_default():
        handles = registry.graph("prelu_cnn", "final", overrides).build(seed=seed, step=tf.constant(0, tf.int64))
        images, _ = reference.fixed_batch(4)
        feeds = {handles.images: images.astype(np.float32) / np.float32(255), handles.is_training: True}
        if keep_prob is not None:
            feeds[handles.keep_prob] = keep_prob
        start = {
            v.initial_value: reference.weights(v.op.name, v.shape.as_list(), "float32") for v in tf.global_variables()
        }
        with tf.Session() as session:
            session.run(tf.global_variables_initializer(), start)
            return session.run(handles.logits, feeds)


def _is_inert(tf: Any, overrides: Dict[str, str], keep_prob: Any = None) -> bool:
    """Whether training draws nothing: the same logits under two seeds."""
    return np.array_equal(_training_logits(tf, overrides, 0, keep_prob), _training_logits(tf, overrides, 1, keep_prob))


def test_variables_in_order(tf: Any) -> None:
    with tf.Graph().as_default():
        registry.graph("prelu_cnn").build()
        trainable = {v.op.name for v in tf.trainable_variables()}
        found = [(v.op.name, v.shape.as_list(), v.op.name in trainable) for v in tf.global_variables()]
    assert found == VARIABLES


def test_layer_table_is_the_printed_module(tf: Any) -> None:
    with tf.Graph().as_default():
        handles = registry.graph("prelu_cnn").build()
        layers = handles.layers
        assert handles.statistics_memory_steps == 10.0  # momentum 0.1
        assert [row.name for row in layers] == MODULE
        shapes = {row.name: row.output.shape.as_list() for row in layers}
    assert shapes["layer.0 Conv2d"] == [None, 32, 32, 16]
    assert shapes["layer.8 MaxPool2d"] == [None, 16, 16, 32]
    assert shapes["layer.13 MaxPool2d"] == [None, 8, 8, 64]
    assert shapes["flatten"] == [None, 4096]
    assert shapes["fc_layer.4 Linear"] == [None, 10]


@pytest.mark.parametrize("row", registry.runs("prelu_cnn"), ids=lambda row: row.run)
def test_parameters_of_every_run(tf: Any, row: Any) -> None:
    with tf.Graph().as_default():
        handles = registry.Graph(row).build()
        assert sum(v.shape.num_elements() for v in tf.global_variables()) == row.parameters
        assert handles.keep_prob is None and handles.is_training is not None


def test_slopes_start_at_a_quarter_and_batch_norm_at_one(tf: Any) -> None:
    with tf.Graph().as_default():
        registry.graph("prelu_cnn").build()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            values = session.run({v.op.name: v.initial_value for v in tf.global_variables()})
    for name, shape, _ in VARIABLES:
        if name.endswith("running_var") or (shape != [1] and len(shape) == 1 and name.endswith("weight")):
            assert (values[name] == 1.0).all(), name
        if name.endswith("running_mean") or name.rsplit("/", 1)[0] + "/running_mean" in values and "bias" in name:
            assert (values[name] == 0.0).all(), name
        if shape == [1]:
            assert values[name].tolist() == [0.25], name


def test_q7_dropout_is_inert_and_the_mended_net_is_not(tf: Any) -> None:
    assert _is_inert(tf, {})
    assert not _is_inert(tf, ACTING, keep_prob=0.65)
    # mended but keeping everything it is the same net: nothing else was changed
    np.testing.assert_array_equal(_training_logits(tf, ACTING, 0, 1.0), _training_logits(tf, {}, 0))


def test_q7_no_random_op_is_in_the_graph(tf: Any) -> None:
    def drawing(overrides: Dict[str, str]) -> List[str]:
        with tf.Graph().as_default() as graph:
            registry.graph("prelu_cnn", "dropout_45", overrides).build(step=tf.constant(0, tf.int64))
            return [
                op.name
                for op in graph.get_operations()
                if op.type.startswith("StatelessRandomUniform") and op.type != "StatelessRandomUniformInt"
            ]

    assert drawing({}) == []
    assert len(drawing({**ACTING, "keep_prob": "0.55"})) == 4


def test_rrelu_draws_in_training_and_not_in_evaluation(tf: Any) -> None:
    rrelu = {"activation": "rrelu"}
    assert not _is_inert(tf, rrelu)
    with tf.Graph().as_default():
        handles = registry.graph("prelu_cnn", "warm_rrelu_a").build()
        images, _ = reference.fixed_batch(4)
        feeds = {handles.images: images.astype(np.float32) / np.float32(255)}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            np.testing.assert_array_equal(session.run(handles.logits, feeds), session.run(handles.logits, feeds))


def test_xavier_rows_start_wider(tf: Any) -> None:
    def bound(run: str) -> float:
        with tf.Graph().as_default():
            registry.graph("prelu_cnn", run).build()
            with tf.Session() as session:
                start = {v.op.name: v.initial_value for v in tf.global_variables()}
                return float(np.abs(session.run(start["fc_layer/4/weight"])).max())

    assert 0.09 < bound("warm_no_init_a") <= 0.1 * (1 + 1e-6)  # 1 / sqrt(100)
    assert 0.21 < bound("warm_adam") <= (6 / 110) ** 0.5 * (1 + 1e-6)

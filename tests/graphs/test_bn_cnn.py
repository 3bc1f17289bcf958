"""bn_cnn's graph: variables, shapes, parameters, dropout's two modes, the update ops, resumable masks."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from tests.oracles import reference
from tf1_models import registry

pytestmark = pytest.mark.tf


def _block(scope: str, n_in: int, n_out: int) -> List[Tuple[str, List[int], bool]]:
    return [
        (f"{scope}/0/weight", [5, 5, n_in, n_out], True),
        (f"{scope}/0/bias", [n_out], True),
        (f"{scope}/1/weight", [n_out], True),
        (f"{scope}/1/bias", [n_out], True),
        (f"{scope}/1/running_mean", [n_out], False),
        (f"{scope}/1/running_var", [n_out], False),
    ]


VARIABLES = [
    *_block("layer1", 3, 32),
    *_block("layer2", 32, 64),
    *_block("layer3", 64, 128),
    ("fc1/weight", [2048, 100], True),
    ("fc1/bias", [100], True),
    ("fc2/weight", [100, 50], True),
    ("fc2/bias", [50], True),
    ("fc3/weight", [50, 10], True),
    ("fc3/bias", [10], True),
]
# the shape after every layer, as the report's section 2.4 shows them (its figure is lost; shapes from the listing)
LAYERS = [
    ("layer1.0 Conv2d", [None, 32, 32, 32]), ("layer1.1 BatchNorm2d", [None, 32, 32, 32]),
    ("layer1.2 ReLU", [None, 32, 32, 32]), ("layer1.3 MaxPool2d", [None, 16, 16, 32]),
    ("layer2.0 Conv2d", [None, 16, 16, 64]), ("layer2.1 BatchNorm2d", [None, 16, 16, 64]),
    ("layer2.2 ReLU", [None, 16, 16, 64]), ("layer2.3 MaxPool2d", [None, 8, 8, 64]),
    ("layer3.0 Conv2d", [None, 8, 8, 128]), ("layer3.1 BatchNorm2d", [None, 8, 8, 128]),
    ("layer3.2 ReLU", [None, 8, 8, 128]), ("layer3.3 MaxPool2d", [None, 4, 4, 128]),
    ("flatten", [None, 2048]),
    ("fc1 Linear", [None, 100]), ("relu1 ReLU", [None, 100]), ("dropout1 Dropout", [None, 100]),
    ("fc2 Linear", [None, 50]), ("relu2 ReLU", [None, 50]), ("dropout2 Dropout", [None, 50]),
    ("fc3 Linear", [None, 10]),
]  # fmt: skip


def _feeds(handles: Any, n: int = 4) -> Dict[Any, Any]:
    images, labels = reference.fixed_batch(n)
    return {
        handles.images: images.astype(np.float32) / np.float32(255),
        handles.labels: reference.one_hot(labels, "float32"),
    }


def test_variables_in_order(tf: Any) -> None:
    with tf.Graph().as_default():
        registry.graph("bn_cnn").build()
        trainable = {v.op.name for v in tf.trainable_variables()}
        found = [(v.op.name, v.shape.as_list(), v.op.name in trainable) for v in tf.global_variables()]
    assert found == VARIABLES


def test_layer_table(tf: Any) -> None:
    with tf.Graph().as_default():
        handles = registry.graph("bn_cnn").build()
        layers = handles.layers
        assert handles.statistics_memory_steps == 10.0  # momentum 0.1
        assert [(row.name, row.output.shape.as_list()) for row in layers] == LAYERS
        owned = [v.op.name for row in layers for v in row.variables]
        assert owned == [name for name, _, _ in VARIABLES]
    with tf.Graph().as_default():
        without = registry.graph("bn_cnn", "no_dropout_100").build().layers
        assert [row.name for row in without] == [name for name, _ in LAYERS if "dropout" not in name]


@pytest.mark.parametrize("row", registry.runs("bn_cnn"), ids=lambda row: row.run)
def test_parameters_of_every_run(tf: Any, row: Any) -> None:
    with tf.Graph().as_default():
        handles = registry.Graph(row).build()
        assert sum(v.shape.num_elements() for v in tf.global_variables()) == row.parameters
        assert (handles.keep_prob is None) == (row.run == "no_dropout_100")


def test_two_builds_in_two_graphs_are_the_same_text(tf: Any) -> None:
    texts = []
    for _ in range(2):
        with tf.Graph().as_default() as graph:
            registry.graph("bn_cnn").build()
            texts.append([(op.type, op.name) for op in graph.get_operations()])
    assert texts[0] == texts[1]


def test_evaluation_is_the_default_and_repeatable_training_is_neither(tf: Any) -> None:
    with tf.Graph().as_default():
        handles = registry.graph("bn_cnn").build()
        feeds = _feeds(handles)
        training = {**feeds, handles.is_training: True, handles.keep_prob: 0.7}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            evaluated = [session.run(handles.logits, feeds) for _ in range(2)]
            trained = [session.run(handles.logits, training) for _ in range(2)]
            probabilities, predictions = session.run([handles.probabilities, handles.predictions], feeds)
    np.testing.assert_array_equal(evaluated[0], evaluated[1])
    assert np.abs(trained[0] - trained[1]).max() > 1e-4  # dropout draws anew
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(predictions, evaluated[0].argmax(axis=1))


def test_masks_are_a_function_of_seed_and_step(tf: Any) -> None:
    def logits(seed: int, step: int) -> np.ndarray:
        with tf.Graph().as_default():
            handles = registry.graph("bn_cnn").build(seed=seed, step=tf.constant(step, tf.int64))
            feeds = {**_feeds(handles), handles.is_training: True, handles.keep_prob: 0.7}
            with tf.Session() as session:
                session.run(
                    tf.global_variables_initializer(),
                    {
                        v.initial_value: reference.weights(v.op.name, v.shape.as_list(), "float32")
                        for v in tf.global_variables()
                    },
                )
                return session.run(handles.logits, feeds)

    np.testing.assert_array_equal(logits(0, 7), logits(0, 7))
    assert np.abs(logits(0, 7) - logits(0, 8)).max() > 1e-4
    assert np.abs(logits(0, 7) - logits(1, 7)).max() > 1e-4


def test_update_ops_move_the_running_statistics_in_training_alone(tf: Any) -> None:
    with tf.Graph().as_default():
        handles = registry.graph("bn_cnn").build()
        assert len(handles.update_ops) == 6
        assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == list(handles.update_ops)
        feeds = _feeds(handles)
        moving = [v for v in tf.global_variables() if "running" in v.op.name]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            start = session.run(moving)
            session.run(handles.update_ops, feeds)
            after_evaluation = session.run(moving)
            session.run(handles.update_ops, {**feeds, handles.is_training: True})
            after_training = session.run(moving)
    for a, b, c in zip(start, after_evaluation, after_training):
        np.testing.assert_array_equal(a, b)
        assert np.abs(a - c).min() > 0

"""One training step on a graph of one weight: what is minimised, what is read before what is written, what is fed."""

from __future__ import annotations

from typing import Any, Dict, Set

import numpy as np
import pytest

from tests.conftest import make_dataset
from tf1_models import registry

pytestmark = pytest.mark.tf


def toy(tf: Any) -> Any:
    """Handles of a graph with one weight w = 3, loss 2 w + w^2, and a statistic that a step doubles."""
    from tf1_models.graphs.parts.handles import GraphHandles

    w = tf.get_variable("w", initializer=tf.constant(3.0), use_resource=True)
    statistic = tf.get_variable("statistic", initializer=tf.constant(1.0), trainable=False, use_resource=True)
    update = tf.assign(statistic, 2.0 * statistic).op
    data_loss, l2_loss = 2.0 * w, w * w
    fields: Dict[str, Any] = dict.fromkeys(GraphHandles._fields)
    fields.update(data_loss=data_loss, l2_loss=l2_loss, loss=data_loss + l2_loss, update_ops=(update,))
    fields.update(predictions=tf.constant([4, 1, 7], tf.int64), layers=())
    return GraphHandles(**fields), w, statistic


@pytest.mark.parametrize("loss_scale", [1.0, 1024.0])
def test_a_step_minimises_the_whole_loss_and_moves_the_statistics(tf: Any, loss_scale: float) -> None:
    from tf1_models.training.training_graph import one_step

    with tf.Graph().as_default(), tf.Session() as session:
        handles, w, statistic = toy(tf)
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        step = one_step(
            handles, tf.constant([4, 1, 1], tf.uint8), optimizer, tf.train.get_or_create_global_step(), loss_scale
        )
        session.run(tf.global_variables_initializer())
        for value in (3.0, 3.0 - 0.1 * 8.0):
            seen = session.run(step)
            assert seen["n_correct"] == 2 and seen["data_loss"] == pytest.approx(2 * value)
            assert seen["l2_loss"] == pytest.approx(value**2)
            assert seen["loss"] == pytest.approx(2 * value + value**2)
        after, moved, steps = session.run([w, statistic, tf.train.get_global_step()])
    assert after == pytest.approx(2.2 - 0.1 * (2.0 + 4.4)) and moved == 4.0 and steps == 2


def _before(op: Any, found: Set[Any]) -> Set[Any]:
    """All that must run before an op."""
    for other in [*op.control_inputs, *(tensor.op for tensor in op.inputs)]:
        if other not in found:
            found.add(other)
            _before(other, found)
    return found


def test_everything_is_read_before_anything_is_written(tf: Any) -> None:
    """Else a loss would be of the old or of the new weights, as it happens."""
    from tf1_models.training.training_graph import one_step

    with tf.Graph().as_default() as graph:
        handles, _, _ = toy(tf)
        one_step(handles, tf.constant([4, 1, 1], tf.uint8), tf.train.AdamOptimizer(0.1), None, 1.0)
        writes = [op for op in graph.get_operations() if op.type == "ResourceApplyAdam"]
        assert len(writes) == 1
        done = _before(writes[0], set())
    assert {handles.loss.op, handles.data_loss.op, handles.l2_loss.op, handles.update_ops[0]} <= done


@pytest.mark.parametrize(
    "report, dtype", [("bn_cnn", "float64"), ("nine_conv", "float32"), ("course_models", "float32")]
)
def test_the_rate_has_its_frameworks_type(tf: Any, report: str, dtype: str) -> None:
    """PyTorch computes with the rate as a double; TF 1 rounds it first."""
    from tf1_models.training.training_graph import build_training

    with tf.Graph().as_default():
        assert (
            build_training(
                registry.experiment(report, registry.default_run(report))
            ).learning_rate.dtype.base_dtype.name
            == dtype
        )


def test_what_a_step_is_fed(tf: Any) -> None:
    from tf1_models.training.augmentation import augment
    from tf1_models.training.training_graph import training_feed

    class Handles:
        keep_prob, is_training = "keep_prob", "is_training"

    class Graph:
        image_bytes, label_ids, step, handles = "images", "labels", "step", Handles

    data, batch = make_dataset(), np.array([5, 1, 7])
    row = registry.experiment("bn_cnn", "final", {"keep_prob": "0.6"})
    feed = training_feed(Graph, row, data, batch, 3, 40)
    assert np.array_equal(feed.pop("images"), data.x_train[batch])
    assert np.array_equal(feed.pop("labels"), data.y_train[batch])
    assert feed == {"step": 40, "keep_prob": 0.6, "is_training": True}
    changed = registry.experiment("prelu_cnn", "warm_augment")
    feed = training_feed(Graph, changed, data, batch, 3, 40)
    assert np.array_equal(feed["images"], augment(data.x_train[batch], changed.seed, 3, batch))
    Handles.keep_prob = Handles.is_training = None  # type: ignore[assignment]
    assert set(training_feed(Graph, row, data, batch, 3, 40)) == {"images", "labels", "step"}

"""alexnet_bn's graph: the report's summary row by row, Keras' names, Q18's upsampling, moving statistics, dropout."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from tests.oracles import reference
from tf1_models import registry
from tf1_models.experiments import alexnet_bn as experiments

pytestmark = pytest.mark.tf

# the report's summary, typed from its text: name, output shape, parameters
SUMMARY: List[Tuple[str, Tuple[Any, ...], int]] = [
    ("conv2d", (None, 62, 62, 96), 34944),
    ("batch_normalization", (None, 62, 62, 96), 384),
    ("max_pooling2d", (None, 30, 30, 96), 0),
    ("conv2d_1", (None, 30, 30, 256), 614656),
    ("batch_normalization_1", (None, 30, 30, 256), 1024),
    ("max_pooling2d_1", (None, 14, 14, 256), 0),
    ("conv2d_2", (None, 14, 14, 384), 885120),
    ("conv2d_3", (None, 14, 14, 384), 1327488),
    ("conv2d_4", (None, 14, 14, 256), 884992),
    ("max_pooling2d_2", (None, 6, 6, 256), 0),
    ("flatten", (None, 9216), 0),
    ("dense", (None, 512), 4719104),
    ("batch_normalization_2", (None, 512), 2048),
    ("dropout", (None, 512), 0),
    ("dense_1", (None, 256), 131328),
    ("batch_normalization_3", (None, 256), 1024),
    ("dropout_1", (None, 256), 0),
    ("dense_2", (None, 128), 32896),
    ("batch_normalization_4", (None, 128), 512),
    ("dropout_2", (None, 128), 0),
    ("dense_3", (None, 10), 1290),
]
TOTAL, TRAINABLE, NON_TRAINABLE = 8_636_810, 8_634_314, 2_496


def _build(**options: Any) -> Any:
    return registry.graph("alexnet_bn").build(**options)


def _batch(n: int) -> Tuple[np.ndarray, np.ndarray]:
    pixels, labels = reference.fixed_batch(n)
    return (pixels / 255.0).astype("f4"), reference.one_hot(labels, "float32")


def test_the_summarys_21_rows_and_three_totals(tf: Any) -> None:
    with tf.Graph().as_default():
        rows = _build().layers
        found = [
            (row.name, tuple(row.output.shape.as_list()), sum(v.shape.num_elements() for v in row.variables))
            for row in rows
        ]
        assert found == SUMMARY and len(found) == 21
        trainable = sum(v.shape.num_elements() for v in tf.trainable_variables())
        total = sum(v.shape.num_elements() for v in tf.global_variables())
    assert (total, trainable, total - trainable) == (TOTAL, TRAINABLE, NON_TRAINABLE)
    assert sum(row[2] for row in SUMMARY) == TOTAL
    assert {row.parameters for row in experiments.EXPERIMENTS} == {TOTAL}


def test_variables_as_keras_names_them(tf: Any) -> None:
    with tf.Graph().as_default():
        rows = _build().layers
        owned = {row.name: [v.op.name for v in row.variables] for row in rows if row.variables}
        every = [v.op.name for v in tf.global_variables()]
    assert owned["conv2d"] == ["conv2d/kernel", "conv2d/bias"]
    assert owned["batch_normalization_4"] == [
        f"batch_normalization_4/{leaf}" for leaf in ("gamma", "beta", "moving_mean", "moving_variance")
    ]
    assert owned["dense_3"] == ["dense_3/kernel", "dense_3/bias"]
    assert every == [name for names in owned.values() for name in names] and len(every) == 38


def test_placeholders(tf: Any) -> None:
    with tf.Graph().as_default():
        handles = _build()
        assert handles.images.shape.as_list() == [None, 32, 32, 3]
        assert handles.is_training.shape.as_list() == [] and handles.is_training.dtype == tf.bool
        assert handles.keep_prob.shape.as_list() == []
        assert len(handles.update_ops) == 10
        assert abs(handles.statistics_memory_steps - 100.0) < 1e-9  # momentum 0.99
        assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == list(handles.update_ops)
        assert (handles.learning_rate, handles.global_step) == (None, None)


# ---- Q18 upsampling --------------------------------------------------------------------------------------------------


def _probabilities(tf: Any, images: np.ndarray, seed: int = 3) -> np.ndarray:
    """What the graph says of float64 images of any size that it takes."""
    with tf.Graph().as_default(), tf.Session() as session:
        placeholder = tf.placeholder(tf.float64, [None, *images.shape[1:]])
        handles = _build(images=placeholder, seed=seed, dtype=tf.float64)
        session.run(tf.global_variables_initializer())
        found: np.ndarray = session.run(handles.probabilities, {placeholder: images})
    return found


def test_q18_small_pictures_are_pillows_nearest_ones(tf: Any) -> None:
    image_module = pytest.importorskip("PIL.Image")
    pixels, _ = reference.fixed_batch(3)
    nearest, bilinear = (
        np.asarray([np.asarray(image_module.fromarray(p).resize((256, 256), resample)) for p in pixels])
        for resample in (0, 2)  # PIL.Image.NEAREST, BILINEAR
    )
    # the report resizes bytes, then divides; the kit divides the small ones
    found, expected, mended = (_probabilities(tf, p / 255.0) for p in (pixels, nearest, bilinear))
    assert np.abs(found - expected).max() < 1e-12
    assert np.abs(found - mended).max() > 1e-6  # a smooth resize is told apart


def test_pictures_of_other_sizes_are_refused(tf: Any) -> None:
    with pytest.raises(ValueError, match="takes pictures of 32x32 or 256x256"):
        _probabilities(tf, np.zeros((1, 28, 28, 3)))


# ---- batch norm, dropout ---------------------------------------------------------------------------------------------


def test_moving_statistics_move_only_in_training(tf: Any) -> None:
    images, labels = _batch(2)
    with tf.Graph().as_default():
        handles = _build()
        statistics = [v for v in tf.global_variables() if not v.trainable]
        feed = {handles.images: images, handles.labels: labels}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            start = session.run(statistics)
            session.run(handles.update_ops, feed)
            still = session.run(statistics)
            session.run(handles.update_ops, {**feed, handles.is_training: True})
            moved = session.run(statistics)
    assert len(statistics) == 10
    assert all(np.array_equal(a, b) for a, b in zip(start, still))
    assert not any(np.array_equal(a, b) for a, b in zip(start, moved))
    assert np.all(moved[1] >= 0.99 - 1e-6)  # variance: 0.99 of 1 stays


def test_evaluation_repeats_and_training_draws_masks_of_the_step(tf: Any) -> None:
    images, labels = _batch(2)
    with tf.Graph().as_default():
        step = tf.placeholder(tf.int64, ())
        handles = _build(step=step)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())

            def logits(**settings: Any) -> np.ndarray:
                feed: Dict[Any, Any] = {handles.images: images, handles.labels: labels, step: settings.pop("at", 0)}
                feed.update({getattr(handles, name): value for name, value in settings.items()})
                found: np.ndarray = session.run(handles.logits, feed)
                return found

            assert np.array_equal(logits(), logits(at=7))
            assert np.array_equal(logits(keep_prob=0.5, at=3), logits(keep_prob=0.5, at=3))
            assert not np.array_equal(logits(keep_prob=0.5, at=3), logits(keep_prob=0.5, at=4))
            assert not np.array_equal(logits(keep_prob=0.5), logits())
            assert not np.array_equal(logits(is_training=True), logits())


def test_q17_rule_of_both_kinds(tf: Any) -> None:
    from tf1_models.graphs.alexnet_bn import moving_variance_factor

    with tf.Graph().as_default(), tf.Session() as session:
        n = tf.constant([1.0, 2.0, 12.0])
        assert session.run(moving_variance_factor(n, 4)).tolist() == pytest.approx([1.0, 2.0, 12.0 / 11.0])
        assert session.run(moving_variance_factor(n, 2)).tolist() == [1.0, 1.0, 1.0]

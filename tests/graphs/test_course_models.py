"""course_models' graphs: names as tf.layers gave them; Q1, Q3, Q4, each beside its mended graph; inputs."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from tests.graphs.graph_record import load_weights
from tests.oracles import reference
from tf1_models import registry
from tf1_models.experiments import course_models as experiments

pytestmark = pytest.mark.tf

FLOOR = np.log(np.e + 9.0) - 1.0  # 1.4612: the double softmax's smallest loss

MODEL2: List[Tuple[str, List[int]]] = [
    ("main_params/global_step", []),
    ("conv1/conv2d/kernel", [5, 5, 3, 64]), ("conv1/conv2d/bias", [64]),
    ("conv2/conv2d/kernel", [5, 5, 64, 64]), ("conv2/conv2d/bias", [64]),
    ("conv3/conv2d/kernel", [3, 3, 64, 128]), ("conv3/conv2d/bias", [128]),
    ("conv4/conv2d/kernel", [3, 3, 128, 128]), ("conv4/conv2d/bias", [128]),
    ("conv5/conv2d/kernel", [3, 3, 128, 128]), ("conv5/conv2d/bias", [128]),
    ("fully_connected/dense/kernel", [8192, 1024]), ("fully_connected/dense/bias", [1024]),
    ("fully_connected/fully_connected/kernel", [1024, 10]), ("fully_connected/fully_connected/bias", [10]),
]  # fmt: skip
MODEL3: List[Tuple[str, List[int]]] = [
    ("main_params/global_step", []),
    ("conv1/conv2d/kernel", [2, 2, 3, 32]), ("conv1/conv2d/bias", [32]),
    ("conv1/conv2d_1/kernel", [2, 2, 32, 64]), ("conv1/conv2d_1/bias", [64]),
    ("conv2/conv2d/kernel", [2, 2, 64, 128]), ("conv2/conv2d/bias", [128]),
    ("conv2/conv2d_1/kernel", [2, 2, 128, 128]), ("conv2/conv2d_1/bias", [128]),
    ("fully_connected/dense/kernel", [8192, 1500]), ("fully_connected/dense/bias", [1500]),
    ("fully_connected/fully_connected/kernel", [1500, 10]), ("fully_connected/fully_connected/bias", [10]),
]  # fmt: skip
SMALL = {"filters": "4,4,8,8,8", "dense_units": "16"}  # model2 in small: for what does not depend on width


def _build(run: str = "model2", overrides: Any = None, **options: Any) -> Any:
    return registry.graph("course_models", run, overrides).build(**options)


def _images(n: int) -> Dict[str, np.ndarray]:
    pixels, labels = reference.fixed_batch(n)
    return {"x": (pixels / 255.0).astype("f4").reshape(n, 3072), "y": reference.one_hot(labels, "float32")}


@pytest.mark.parametrize("run, expected", [("model2", MODEL2), ("sim11_model3", MODEL3)])
def test_variables_as_tf_layers_names_them(tf: Any, run: str, expected: Any) -> None:
    with tf.Graph().as_default():
        handles = _build(run)
        assert [(v.op.name, v.shape.as_list()) for v in tf.global_variables()] == expected
        assert [v.op.name for v in tf.trainable_variables()] == [name for name, _ in expected[1:]]
        assert handles.global_step.op.name == "main_params/global_step"
        assert handles.global_step.dtype.base_dtype == tf.int32


def test_placeholders_and_outputs(tf: Any) -> None:
    with tf.Graph().as_default():
        handles = _build()
        found = {
            "images": (handles.images.op.name, handles.images.dtype, handles.images.shape.as_list()),
            "labels": (handles.labels.op.name, handles.labels.dtype, handles.labels.shape.as_list()),
            "rate": (handles.learning_rate.op.name, handles.learning_rate.dtype, handles.learning_rate.shape.as_list()),
        }
        assert found == {
            "images": ("main_params/Input", tf.float32, [None, 3072]),
            "labels": ("main_params/Output", tf.float32, [None, 10]),
            "rate": ("main_params/learning_rate", tf.float32, []),
        }
        assert handles.probabilities.shape.as_list() == [None, 10] and handles.predictions.dtype == tf.int64
        assert (handles.keep_prob, handles.is_training, handles.update_ops) == (None, None, ())


@pytest.mark.parametrize("row", experiments.EXPERIMENTS, ids=lambda row: row.run)
def test_parameters_and_layer_table_of_every_run(tf: Any, row: Any) -> None:
    with tf.Graph().as_default():
        handles = registry.Graph(row).build()
        counted = sum(v.shape.num_elements() for layer in handles.layers for v in layer.variables)
        assert counted == row.parameters
        assert sum(v.shape.num_elements() for v in tf.global_variables()) == row.parameters + 1  # the step


def test_layer_table_of_model2(tf: Any) -> None:
    with tf.Graph().as_default():
        rows = [(row.name, row.output.shape.as_list()[1:]) for row in _build().layers]
    assert rows == [
        ("conv1/conv2d", [32, 32, 64]), ("conv1/max_pooling2d", [16, 16, 64]),
        ("conv2/conv2d", [16, 16, 64]), ("conv2/max_pooling2d", [8, 8, 64]),
        ("conv3/conv2d", [8, 8, 128]), ("conv4/conv2d", [8, 8, 128]), ("conv5/conv2d", [8, 8, 128]),
        ("fully_connected/flatten", [8192]), ("fully_connected/dense", [1024]),
        ("fully_connected/dropout", [1024]), ("fully_connected/fully_connected", [10]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "run, flat",
    [
        ("sim03_model_extra_conv", 4 * 4 * 128),
        ("sim04_one_pool_less", 8 * 8 * 128),
        ("sim06_filters_256", 8 * 8 * 256),
        ("sim09_last_filters_up", 4 * 4 * 256),
        ("sim11_model3", 8 * 8 * 128),
    ],
)
def test_flatten_widths(tf: Any, run: str, flat: int) -> None:
    with tf.Graph().as_default():
        rows = {row.name: row.output.shape.as_list() for row in _build(run).layers}
    assert rows["fully_connected/flatten"] == [None, flat]


def test_given_tensors_replace_the_placeholders_flat_or_not(tf: Any) -> None:
    batch = _images(3)
    found = []
    for shape in ([3, 3072], [3, 32, 32, 3]):
        with tf.Graph().as_default():
            images = tf.constant(batch["x"].reshape(shape))
            handles = _build(overrides=SMALL, images=images, labels=tf.constant(batch["y"]))
            assert handles.images is images
            assert [op.name for op in tf.get_default_graph().get_operations() if op.type == "Placeholder"] == [
                "main_params/learning_rate"
            ]
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                found.append(session.run(handles.logits))
    assert np.array_equal(*found)


def test_users_own_reference_variables_work(tf: Any) -> None:
    from tf1_models.training import optimizers

    with tf.Graph().as_default():
        with tf.variable_scope("", use_resource=False):
            handles = _build("sim01_model2_bn", SMALL)
        train = optimizers.make("adam", handles.learning_rate).minimize(handles.loss, handles.global_step)
        batch = _images(3)
        feed = {handles.images: batch["x"], handles.labels: batch["y"], handles.learning_rate: 1e-3}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(train, feed)
            assert session.run(handles.global_step) == 1


# ---- Q1 double softmax -----------------------------------------------------------------------------------------------


def _saturated_loss_plus_accuracy(tf: Any) -> Tuple[float, float]:
    """(loss, loss + accuracy) of a net whose last bias makes every softmax one-hot for class 3."""
    pixels, labels = reference.fixed_batch(16)
    with tf.Graph().as_default():
        handles = _build(overrides=SMALL)
        bias = next(v for v in tf.trainable_variables() if v.op.name == "fully_connected/fully_connected/bias")
        batch = _images(16)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(bias.initializer, {bias.initializer.inputs[1]: 100.0 * np.eye(10, dtype="f4")[3]})
            feed = {handles.images: batch["x"], handles.labels: batch["y"]}
            loss, predicted = session.run([handles.loss, handles.predictions], feed)
    accuracy = float(np.mean(predicted == labels))
    assert set(predicted) == {3} and accuracy == np.mean(labels == 3)
    return float(loss), float(loss) + accuracy


def test_q1_loss_plus_accuracy_is_the_fingerprint(tf: Any, monkeypatch: Any) -> None:
    loss, fingerprint = _saturated_loss_plus_accuracy(tf)
    assert loss >= FLOOR
    assert fingerprint == pytest.approx(np.log(np.e + 9.0), abs=1e-5)  # 2.4612, as 75 of 77 printed steps have it

    from tf1_models.graphs.parts import losses

    # mended: cross-entropy over the logits (log(softmax) has the same softmax as the logits)
    monkeypatch.setattr(losses, "double_softmax", lambda p, y: losses.mean_cross_entropy(tf.log(p + 1e-30), y))
    _, mended = _saturated_loss_plus_accuracy(tf)
    assert mended != pytest.approx(np.log(np.e + 9.0), abs=0.5)


def test_q1_a_collapsed_net_has_no_gradient(tf: Any, monkeypatch: Any) -> None:
    """Why sim #2 stays at 10.00 %: a one-hot softmax passes no gradient back; a single softmax would."""
    from tf1_models.graphs.parts import losses

    softmax = np.eye(10, dtype="f4")[[3, 3]] * np.float32(40.0)
    labels = np.eye(10, dtype="f4")[[3, 7]]
    found = []
    for loss_of in (lambda z, y: losses.double_softmax(tf.nn.softmax(z), y), losses.mean_cross_entropy):
        with tf.Graph().as_default(), tf.Session() as session:
            logits = tf.constant(softmax)
            found.append(session.run(tf.gradients(loss_of(logits, tf.constant(labels)), logits)[0]))
    assert np.abs(found[0]).max() < 1e-15
    assert np.abs(found[1]).max() > 0.4  # mended


# ---- Q3 inert dropout ------------------------------------------------------------------------------------------------


def _random_ops(tf: Any) -> List[str]:
    with tf.Graph().as_default() as graph:
        _build("sim11_model3")
        return [op.name for op in graph.get_operations() if "Random" in op.type and "/Initializer/" not in op.name]


def test_q3_dropout_is_the_identity_in_training_too(tf: Any, monkeypatch: Any) -> None:
    assert _random_ops(tf) == []
    with tf.Graph().as_default():
        handles = _build("sim11_model3")
        rows = [row.name for row in handles.layers if "dropout" in row.name]
        assert rows == ["conv1/dropout", "conv2/dropout", "fully_connected/dropout"]

    from tf1_models.graphs import course_models
    from tf1_models.graphs.parts.random_ops import dropout

    # mended: the listed rates act
    monkeypatch.setattr(course_models, "inert_dropout", lambda x, rate: dropout(x, 1.0 - rate, x.op.name, 0, None))
    assert len(_random_ops(tf)) == 3


# ---- Q4 frozen batch norm --------------------------------------------------------------------------------------------


def _after_training(tf: Any) -> Dict[str, Any]:
    """sim #1 in small: output of the first batch norm, and the variables before and after three steps."""
    batch = _images(6)
    with tf.Graph().as_default():
        handles = _build("sim01_model2_bn", SMALL)
        optimizer = tf.train.AdamOptimizer(1e-2)
        train = optimizer.minimize(handles.loss, var_list=tf.trainable_variables())
        outputs = {row.name: row.output for row in handles.layers}
        feed = {handles.images: batch["x"], handles.labels: batch["y"]}
        variables = {v.op.name: v for row in handles.layers for v in row.variables}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            pooled, normalised = session.run(
                [outputs["conv1/max_pooling2d"], outputs["conv1/batch_normalization"]], feed
            )
            before = session.run(variables)
            for _ in range(3):
                session.run([train, *tf.get_collection(tf.GraphKeys.UPDATE_OPS)], feed)
            after = session.run(variables)
    return {"pooled": pooled, "normalised": normalised, "before": before, "after": after}


def test_q4_only_gamma_and_beta_learn(tf: Any, monkeypatch: Any) -> None:
    found = _after_training(tf)
    np.testing.assert_allclose(found["normalised"], found["pooled"] / np.sqrt(1.001), rtol=1e-6)
    moved = {name for name in found["before"] if not np.array_equal(found["before"][name], found["after"][name])}
    statistics = {name for name in found["before"] if "/moving_" in name}
    assert len(statistics) == 10 and moved == set(found["before"]) - statistics

    from tf1_models.graphs import course_models

    def working(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:  # mended: training=True
        batch_mean, batch_variance = tf.nn.moments(x, list(range(len(x.shape) - 1)))
        for moving, value in ((mean, batch_mean), (variance, batch_variance)):
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_sub(moving, (moving - value) * 0.01).op)
        return tf.nn.batch_normalization(x, batch_mean, batch_variance, beta, gamma, 1e-3)

    monkeypatch.setattr(course_models, "frozen_batch_norm", working)
    mended = _after_training(tf)
    assert not np.allclose(mended["normalised"], mended["pooled"] / np.sqrt(1.001), rtol=1e-3)
    assert not np.array_equal(
        mended["before"]["conv1/batch_normalization/moving_mean"],
        mended["after"]["conv1/batch_normalization/moving_mean"],
    )


def test_q4_sits_at_the_end_of_every_scope(tf: Any) -> None:
    with tf.Graph().as_default():
        names = [row.name for row in _build("sim01_model2_bn").layers]
    for scope in ("conv1", "conv2", "conv3", "conv4", "conv5"):
        assert [name for name in names if name.startswith(scope)][-1] == f"{scope}/batch_normalization"
    assert names[1] == "conv1/max_pooling2d" and names[2] == "conv1/batch_normalization"  # after the pool


def test_settings_that_no_run_combines_build_what_they_say(tf: Any) -> None:
    """A pool behind any convolution, and the frozen batch norm at the end of `model`'s two scopes."""
    for pools in ("1", "2", "3", "4", "5"):
        with tf.Graph().as_default():
            names = [row.name for row in _build(overrides={**SMALL, "pools_after": pools}).layers]
            assert [name for name in names if "pool" in name] == [f"conv{pools}/max_pooling2d"]
    row = next(row.run for row in experiments.EXPERIMENTS if row.net.graph == "model")
    with tf.Graph().as_default():
        names = [layer.name for layer in _build(row, {"batch_norm": "frozen"}).layers]
    for scope in ("conv1", "conv2"):
        assert [name for name in names if name.startswith(scope)][-1] == f"{scope}/batch_normalization"
    assert sum("batch_normalization" in name for name in names) == 2


def test_weights_load_by_name_in_float64(tf: Any) -> None:
    with tf.Graph().as_default():
        handles = _build(overrides=SMALL, dtype=tf.float64)
        assert handles.logits.dtype == handles.loss.dtype == tf.float64
        with tf.Session() as session:
            load_weights(session, tf.global_variables(), "float64")
            batch = _images(2)
            feed = {handles.images: batch["x"].astype("f8"), handles.labels: batch["y"].astype("f8")}
            assert np.isfinite(session.run(handles.loss, feed))


def test_two_builds_are_the_same_text(tf: Any) -> None:
    texts = []
    for _ in range(2):
        with tf.Graph().as_default() as graph:
            _build("sim08_deeper_wider")
            texts.append([(op.type, op.name) for op in graph.get_operations()])
    assert texts[0] == texts[1]


def test_the_runs_differ_in_what_the_report_says(tf: Any) -> None:
    rows = {row.run: row for row in experiments.EXPERIMENTS}
    assert rows["sim05_batch_512"].net == rows["sim04_one_pool_less"].net
    assert rows["sim07_filters_256_50"].net == rows["sim06_filters_256"].net
    assert dataclasses.replace(rows["sim10_both_filters_up"].net, filters=(32, 64, 128, 256)) == (
        rows["sim09_last_filters_up"].net
    )

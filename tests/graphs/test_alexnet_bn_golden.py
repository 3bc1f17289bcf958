"""alexnet_bn against Keras 2 (tf-keras under TensorFlow 2): the whole net at 256x256, and both kinds of batch norm."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import pytest

from tests.graphs.graph_record import golden, graph_record
from tests.oracles import reference
from tf1_models.experiments.alexnet_bn import NET
from tf1_models.graphs.parts.handles import LayerTable

CASE = "batch_100_epochs_30"
# Loss after one float32 step. Adam's first step is nearly lr * sign(g), so elements whose gradient is rounding noise
# move by lr either way; Keras' own float32 is 1.7e-4 off.
AFTER_ONE_STEP = 5e-5


def single_of(double: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    """A float64 record measured by float32's rules."""
    return {**double, "dtype": np.asarray("float32")}


def compare(tf: Any, dtype: str, overrides: Dict[str, str] = {}) -> Any:  # noqa: B006, only read
    """Errors and largest eval-logit difference against Keras in float64.

    In float32, too: Keras' own float32 is 1e-4 away from its float64 (its fused batch norm adds a channel's values one
    after the other), ten times further than this kit's.
    """
    expected = golden("alexnet_bn", CASE, "float64")
    first_image, n_images = int(expected["first_image"]), len(expected["logits"])
    n_steps = reference.N_STEPS if dtype == "float64" else 1
    actual = graph_record(
        tf, "alexnet_bn", CASE, dtype, n_images, 255.0, {"learning_rate": "1e-4", **overrides}, n_steps, first_image
    )
    expected = expected if dtype == "float64" else single_of(expected)
    evaluated = np.max(np.abs(expected["eval_logits"] - actual["eval_logits"])) / np.max(expected["eval_logits"])
    return reference.difference(expected, actual), float(evaluated)


def errors() -> List[Dict[str, Any]]:
    """Both dtypes' errors, for `tests.oracles.oracle_table`; float32 is measured against Keras' float64."""
    import tensorflow.compat.v1 as tf

    found: List[Dict[str, Any]] = []
    for dtype in ("float64", "float32"):
        error, _ = compare(tf, dtype)
        oracle = str(golden("alexnet_bn", CASE, "float64")["oracle"]) + (", float64" if dtype == "float32" else "")
        found.append(
            {
                "report": "alexnet_bn",
                "case": "all runs",
                "oracle": oracle,
                "dtype": dtype,
                "forward": error.forward,
                "gradients": error.gradients,
                "ten_steps": error.ten_steps,
            }
        )
    return found


@pytest.mark.tf
def test_float64_equals_keras(tf: Any) -> None:
    error, evaluated = compare(tf, "float64")
    assert error.forward < 1e-9 and error.gradients < 1e-9 and error.ten_steps < 1e-7, error
    assert evaluated < 1e-7


@pytest.mark.tf
def test_float32_is_nearer_to_keras_than_its_own_float32(tf: Any) -> None:
    error, _ = compare(tf, "float32")
    assert error.forward < 1e-5 and error.gradients < 1e-5 and error.ten_steps < AFTER_ONE_STEP, error
    double, single = (golden("alexnet_bn", CASE, dtype) for dtype in ("float64", "float32"))
    keras = reference.difference(single_of(double), single)
    assert all(theirs > ours for theirs, ours in zip(keras[:3], error[:3])), (keras, error)


@pytest.mark.tf
@pytest.mark.parametrize("kind", ["4d", "2d"])
@pytest.mark.parametrize("mended", [False, True])
def test_q17_both_kinds_of_batch_norm(tf: Any, kind: str, mended: bool, monkeypatch: Any) -> None:
    """The moving variance after one step on 12 (6) values; one rule for both kinds fails one of them."""
    from tf1_models.graphs import alexnet_bn

    if mended:
        monkeypatch.setattr(alexnet_bn, "moving_variance_factor", lambda n, rank: (n / (n - 1.0), n / n)[rank == 4])
    expected = golden("alexnet_bn", CASE, "float32")
    shape = [3, 2, 2, 5] if kind == "4d" else [6, 5]
    x = reference.weights(f"q17/{kind}", shape, "float32", kind="bias")
    with tf.Graph().as_default():
        placeholder = tf.placeholder(tf.float32, [None] + shape[1:])
        layers = alexnet_bn._Layers(NET, LayerTable(), tf.constant(True), None, 0, None, tf.float32)
        output = layers.batch_norm(placeholder, "bn")
        variables = {v.op.name: v for v in tf.global_variables()}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            found = session.run([output, *layers.update_ops], {placeholder: x})[0]
            mean, variance = session.run([variables["bn/moving_mean"], variables["bn/moving_variance"]])
    np.testing.assert_allclose(found, expected[f"q17_{kind}/output"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(mean, expected[f"q17_{kind}/moving_mean"], rtol=0, atol=1e-8)
    equal = np.allclose(variance, expected[f"q17_{kind}/moving_variance"], rtol=0, atol=2e-7)
    assert equal is not mended

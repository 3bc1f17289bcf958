"""Batch norm over many values: float32's digits are kept, and the gradient is the derived one."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import pytest

pytestmark = pytest.mark.tf
EPSILON = 1e-3


def test_moments_one_axis_at_a_time_keep_float32s_digits(tf: Any) -> None:
    from tf1_models.graphs.parts import precise_batch_norm

    values = np.random.RandomState(1).uniform(0.0, 2.0, (8, 62, 62, 4)).astype("f4")
    exact = values.astype("f8")
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(values)
        mean, variance = session.run(precise_batch_norm.moments(x))
        plain = session.run(tf.nn.moments(x, [0, 1, 2]))
    errors = [np.max(np.abs(found / exact.mean(axis=(0, 1, 2)) - 1.0)) for found in (mean, plain[0])]
    assert errors[0] < 5e-7 and errors[0] <= errors[1]
    np.testing.assert_allclose(variance, exact.var(axis=(0, 1, 2)), rtol=1e-6)


def outputs_and_gradients(tf: Any, make: Any, x: Any, up: Any, gamma: Any, beta: Any) -> List[np.ndarray]:
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = [tf.constant(values) for values in (x, gamma, beta)]
        out = make(*inputs)
        return list(session.run([*out, *tf.gradients(out[0], inputs, tf.constant(up))]))


@pytest.mark.parametrize("shape", [(6, 5, 4, 3), (12, 3), (1, 1, 1, 2)])
def test_values_and_gradients_are_the_derived_ones(tf: Any, shape: Any) -> None:
    from tf1_models.graphs.parts import precise_batch_norm

    rng = np.random.RandomState(0)
    case = rng.randn(*shape) + 3.0, rng.randn(*shape), rng.rand(shape[-1]) + 0.5, rng.randn(shape[-1])

    def derived(x: Any, gamma: Any, beta: Any) -> Any:
        mean, variance = tf.nn.moments(x, list(range(len(shape) - 1)))
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, EPSILON), mean, variance

    def ours(x: Any, gamma: Any, beta: Any) -> Any:
        return precise_batch_norm.batch_norm(x, gamma, beta, EPSILON)

    for one, other in zip(*(outputs_and_gradients(tf, make, *case) for make in (derived, ours))):
        assert one.shape == other.shape and np.abs(one - other).max() < 1e-12 * max(np.abs(one).max(), 1.0)


def test_it_loses_less_than_the_fused_op(tf: Any) -> None:
    """float32 against float64 over 30,752 values a channel."""
    from tf1_models.graphs.parts import precise_batch_norm

    rng = np.random.RandomState(0)
    shape = (8, 62, 62, 8)
    double = np.maximum(rng.randn(*shape) + 1.0, 0.0), rng.randn(*shape), rng.rand(8) + 0.5, rng.randn(8)
    single = [values.astype("f4") for values in double]

    def ours(x: Any, gamma: Any, beta: Any) -> Any:
        return precise_batch_norm.batch_norm(x, gamma, beta, EPSILON)

    def fused(x: Any, gamma: Any, beta: Any) -> Any:
        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=gamma, offset=beta, mean=tf.zeros([0]), variance=tf.zeros([0]), epsilon=EPSILON, is_training=True
        )
        return y, mean, variance

    exact = outputs_and_gradients(tf, ours, *(values.astype("f4").astype("f8") for values in double))
    errors: Dict[str, List[float]] = {}
    for name, make in (("ours", ours), ("fused", fused)):
        found = outputs_and_gradients(tf, make, *single)
        errors[name] = [float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, exact)]
    assert max(errors["ours"]) < 2e-6, errors
    assert errors["fused"][0] > 5 * errors["ours"][0] and errors["fused"][3] > 5 * errors["ours"][3], errors


def test_mean_and_variance_pass_no_gradient_on(tf: Any) -> None:
    from tf1_models.graphs.parts import precise_batch_norm

    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [None, 3])
        ones = tf.ones([3], tf.float64)
        _, mean, variance = precise_batch_norm.batch_norm(x, ones, ones, EPSILON)
        assert tf.gradients(mean, x) == [None] and tf.gradients(variance, x) == [None]

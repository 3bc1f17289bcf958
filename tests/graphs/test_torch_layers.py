"""PyTorch's layer arithmetic by hand: initial values, batch norm's two variances, activations, flatten, Dropout2d."""

from __future__ import annotations

import math
from typing import Any, Dict, Tuple

import numpy as np
import pytest

pytestmark = pytest.mark.tf


def _layers(tf: Any, training: bool = True, **options: Any) -> Any:
    from tf1_models.graphs.parts.torch_layers import TorchLayers

    settings: Dict[str, Any] = {"seed": 3, "step": None, "dtype": tf.float64, **options}
    return TorchLayers(tf.constant(training), **settings)


def _run(tf: Any, *fetches: Any) -> Any:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(list(fetches))


def test_initial_values_are_bounded_by_the_root_of_fan_in(tf: Any) -> None:
    with tf.Graph().as_default():
        layers = _layers(tf, dtype=tf.float32)
        layers.conv2d(tf.zeros([1, 8, 8, 16]), "conv", 64, kernel_px=5)
        layers.linear(tf.zeros([1, 900]), "fc", 100)
        values = dict(zip([v.op.name for v in tf.global_variables()], _run(tf, *tf.global_variables())))
    for scope, fan_in in (("conv", 400), ("fc", 900)):
        bound = 1.0 / math.sqrt(fan_in)
        for leaf in ("weight", "bias"):
            array = values[f"{scope}/{leaf}"]
            assert np.abs(array).max() <= bound * (1 + 1e-6)
            assert np.abs(array).max() > 0.9 * bound  # uniform up to the edge, not narrower
            assert abs(array.std() * math.sqrt(3) / bound - 1) < 4 / math.sqrt(array.size)
    assert values["conv/weight"].ravel()[0] != values["fc/weight"].ravel()[0]


def test_xavier_bounds_the_weights_alone(tf: Any) -> None:
    with tf.Graph().as_default():
        layers = _layers(tf, dtype=tf.float32, weight_init="xavier")
        layers.conv2d(tf.zeros([1, 8, 8, 16]), "conv", 64, kernel_px=3)
        weight, bias = _run(tf, *tf.global_variables())
    bound = math.sqrt(6.0 / (16 * 9 + 64 * 9))
    assert 0.95 * bound < np.abs(weight).max() <= bound * (1 + 1e-6)
    assert np.abs(bias).max() <= 1.0 / math.sqrt(16 * 9) * (1 + 1e-6)


@pytest.mark.parametrize("shape", [(6, 4, 4, 3), (6, 5)])
def test_batch_norm_normalises_with_the_biased_and_keeps_the_unbiased_variance(tf: Any, shape: Tuple[int, ...]) -> None:
    x = np.random.RandomState(0).normal(2.0, 3.0, shape)
    axes = tuple(range(len(shape) - 1))
    n = x.size // shape[-1]
    with tf.Graph().as_default():
        layers = _layers(tf)
        y = layers.batch_norm(tf.constant(x), "bn")
        assert [op for op in tf.get_collection(tf.GraphKeys.UPDATE_OPS)] == layers.update_ops
        with tf.control_dependencies(layers.update_ops):
            done = tf.identity(y)
        weight, bias, mean, variance = layers.table.rows()[0].variables
        assert tf.trainable_variables() == [weight, bias]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            first = session.run(done)
            running = session.run([mean, variance])
    np.testing.assert_allclose(first, (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-5), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(running[0], 0.1 * x.mean(axes), rtol=1e-12)
    np.testing.assert_allclose(running[1], 0.9 + 0.1 * x.var(axes) * n / (n - 1), rtol=1e-12)
    with pytest.raises(AssertionError):  # the biased one, as Keras keeps for its dense layers
        np.testing.assert_allclose(running[1], 0.9 + 0.1 * x.var(axes), rtol=1e-12)


def test_batch_norm_evaluates_with_the_running_estimates_and_leaves_them(tf: Any) -> None:
    x = np.random.RandomState(0).normal(2.0, 3.0, (6, 5))
    with tf.Graph().as_default():
        layers = _layers(tf, training=False)
        y = layers.batch_norm(tf.constant(x), "bn")
        _, _, mean, variance = layers.table.rows()[0].variables
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(
                [mean.initializer, variance.initializer],
                {mean.initial_value: np.full(5, 0.5), variance.initial_value: np.full(5, 4.0)},
            )
            value = session.run(y)
            session.run(layers.update_ops)
            assert session.run(mean).tolist() == [0.5] * 5 and session.run(variance).tolist() == [4.0] * 5
    np.testing.assert_allclose(value, (x - 0.5) / np.sqrt(4.0 + 1e-5), rtol=1e-12)


def test_no_evaluation_moves_a_bit_of_the_running_estimates(tf: Any) -> None:
    """Their own values times 0.9 and 0.1 would add up to others in the last bit."""
    rng = np.random.RandomState(2)
    start = rng.normal(size=500), rng.gamma(2.0, size=500)
    with tf.Graph().as_default(), tf.Session() as session:
        layers = _layers(tf, training=False)
        layers.batch_norm(tf.constant(rng.normal(size=(6, 500))), "bn")
        mean, variance = layers.table.rows()[0].variables[2:]
        session.run(tf.global_variables_initializer())
        mean.load(start[0], session)
        variance.load(start[1], session)
        for _ in range(3):
            session.run(layers.update_ops)
        after = session.run([mean, variance])
    assert np.array_equal(after[0], start[0]) and np.array_equal(after[1], start[1])


@pytest.mark.parametrize(
    "kind, negative",
    [
        ("relu", lambda x: 0 * x),
        ("leaky_relu", lambda x: 0.01 * x),
        ("prelu", lambda x: 0.25 * x),
        ("rrelu", lambda x: 11 / 48 * x),
        ("elu", lambda x: np.expm1(x)),
    ],
)
def test_activations_in_evaluation(tf: Any, kind: str, negative: Any) -> None:
    x = np.concatenate([np.linspace(-900, 900, 181), np.linspace(-1, 1, 41)]).reshape(2, -1)
    with tf.Graph().as_default():
        layers = _layers(tf, training=False)
        source = tf.constant(x)
        y = layers.activation(source, "act", kind)
        value, gradient = _run(tf, y, tf.gradients(y, source)[0])
    np.testing.assert_allclose(value, np.where(x > 0, x, negative(np.minimum(x, 0))), rtol=1e-12)
    assert np.isfinite(gradient).all()
    at_zero = {"relu": 0.0, "leaky_relu": 0.01, "prelu": 0.25, "rrelu": 11 / 48, "elu": 1.0}[kind]
    assert gradient[x == 0] == pytest.approx(at_zero)  # PyTorch takes the negative branch at 0


def test_prelu_has_one_slope_and_its_gradient_sums_over_everything(tf: Any) -> None:
    x = np.random.RandomState(1).normal(size=(4, 3, 3, 5))
    with tf.Graph().as_default():
        layers = _layers(tf)
        y = layers.activation(tf.constant(x), "act", "prelu")
        (slope,) = tf.trainable_variables()
        assert slope.shape.as_list() == [1]
        (gradient,) = _run(tf, tf.gradients(tf.reduce_sum(y), slope)[0])
    assert gradient == pytest.approx(np.minimum(x, 0).sum())


def test_rrelu_draws_a_slope_for_every_element_in_training(tf: Any) -> None:
    with tf.Graph().as_default():
        layers = _layers(tf, step=tf.placeholder_with_default(tf.constant(4, tf.int64), ()))
        y = layers.activation(tf.constant(np.full((200, 100), -1.0)), "act", "rrelu")
        with tf.Session() as session:
            slopes, again = -session.run(y), -session.run(y)
            other_step = -session.run(y, {layers.step: 5})
    assert slopes.min() >= 1 / 8 and slopes.max() <= 1 / 3
    assert len(np.unique(slopes)) > 19_000
    assert abs(slopes.mean() - 11 / 48) < 4 * (5 / 24) / math.sqrt(12 * slopes.size)
    np.testing.assert_array_equal(slopes, again)  # a function of (seed, name, step)
    assert np.mean(slopes != other_step) > 0.99


def test_flatten_goes_channel_by_channel(tf: Any) -> None:
    x = np.arange(2 * 2 * 2 * 3, dtype=np.float64).reshape(2, 2, 2, 3)
    with tf.Graph().as_default():
        (flat,) = _run(tf, _layers(tf).flatten(tf.constant(x), "flatten"))
    assert flat[0].tolist() == [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]


def test_dropout2d_drops_whole_channels(tf: Any) -> None:
    with tf.Graph().as_default():
        layers = _layers(tf)
        y = layers.dropout2d(tf.ones([50, 4, 4, 40], tf.float64), "drop", tf.constant(0.65, tf.float64))
        flat = layers.dropout2d(tf.ones([50, 400], tf.float64), "flat", tf.constant(0.65, tf.float64))
        channels, units = _run(tf, y, flat)
    assert (channels == channels[:, :1, :1, :]).all()
    for values in (channels[:, 0, 0, :], units):
        assert sorted(np.unique(values)) == pytest.approx([0, 1 / 0.65])
        assert abs((values > 0).mean() - 0.65) < 4 * math.sqrt(0.65 * 0.35 / values.size)


@pytest.mark.parametrize("shape", [(6, 5, 4, 3), (7, 3), (1, 2, 2, 3)])
@pytest.mark.parametrize("training", [True, False])
def test_fused_and_written_out_batch_norm_agree(tf: Any, shape: Tuple[int, ...], training: bool) -> None:
    """Values, statistics (n/(n-1) times the variance) and gradients: float32 runs what float64 has proved."""
    from tf1_models.graphs.parts import torch_layers

    rng = np.random.RandomState(1)
    n_channels = shape[-1]
    x, up = rng.randn(*shape) * 3 + 2, rng.randn(*shape)
    weight, bias, mean, variance = (rng.rand(n_channels) + 0.5 for _ in range(4))
    found = []
    for normalise, dtype in (
        (torch_layers._batch_norm_from_moments, tf.float64),
        (torch_layers._fused_batch_norm, tf.float32),
    ):
        with tf.Graph().as_default(), tf.Session() as session:
            tensors = [tf.constant(value, dtype) for value in (x, weight, bias)]
            running = None if training else (tf.constant(mean, dtype), tf.constant(variance, dtype))
            y, *statistics = normalise(*tensors, running)
            gradients = tf.gradients(y, tensors, tf.constant(up, dtype))
            found.append(session.run([y, *statistics, *gradients]))
    for written_out, fused in zip(*found):
        assert np.abs(written_out - fused).max() <= 2e-6 * max(np.abs(written_out).max(), 1.0)

"""The convolution over upsampled images equals the plain one over images really upsampled: values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tf


@pytest.mark.parametrize(
    "size_px, kernel_px, stride, factor, out_px",
    [(32, 11, 4, 8, 62), (5, 11, 4, 8, 8), (5, 3, 1, 2, 8), (6, 4, 2, 2, 5), (5, 9, 2, 4, 6)],
)
def test_values_and_gradients_are_those_of_the_large_image(
    tf: Any, size_px: int, kernel_px: int, stride: int, factor: int, out_px: int
) -> None:
    from tf1_models.graphs.parts import upsampled_conv

    rng = np.random.RandomState(0)
    small = rng.rand(2, size_px, size_px, 3)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64, [None, size_px, size_px, 3])
        w, bias = tf.constant(rng.randn(kernel_px, kernel_px, 3, 4)), tf.constant(rng.randn(4))
        large = tf.constant(small.repeat(factor, axis=1).repeat(factor, axis=2))
        plain = tf.nn.conv2d(large, w, strides=[1, stride, stride, 1], padding="VALID")
        plain = tf.nn.relu(tf.nn.bias_add(plain, bias))
        ours = upsampled_conv.conv2d(x, w, bias, stride, factor, "c")
        assert ours.op.name == "c/output" and ours.shape.as_list() == [None, out_px, out_px, 4]
        up = tf.constant(rng.randn(2, out_px, out_px, 4))
        found = [[y, *tf.gradients(y, [w, bias], up)] for y in (plain, ours)]
        expected, actual = session.run(found, {x: small})
    for one, other in zip(expected, actual):
        assert one.shape == other.shape
        assert np.abs(one - other).max() < 1e-12 * np.abs(one).max()


def test_phases_of_the_report_s_first_convolution() -> None:
    from tf1_models.graphs.parts import upsampled_conv

    sums = upsampled_conv.phase_sums(11, 4, 8)
    assert sums.sum(axis=2).tolist() == [[8, 3], [4, 7]]  # weights on the first and the second pixel, by phase
    assert (sums.sum(axis=1) == 1).all()  # each weight once


@pytest.mark.parametrize(
    "shape, kernel, stride, factor, words",
    [
        ((5, 5), (3, 2), 1, 2, "square kernels"),
        ((5, 5), (3, 3), 3, 8, "strides that divide 8"),
        ((5, 5), (2, 2), 1, 2, "no whole rounds of 2 outputs"),
    ],
)
def test_what_does_not_fit_is_refused(tf: Any, shape: Any, kernel: Any, stride: int, factor: int, words: str) -> None:
    from tf1_models.graphs.parts import upsampled_conv

    with tf.Graph().as_default(), pytest.raises(ValueError, match=words):
        upsampled_conv.conv2d(tf.zeros([1, *shape, 3]), tf.zeros([*kernel, 3, 4]), tf.zeros([4]), stride, factor, "c")

"""A convolution over nearest-upsampled images that never makes them: few distinct pixels lie under a kernel.

Where every pixel is repeated `factor` times each way, the kernel at one output position covers only a few source
pixels, each of them several times over. By the distributive law its weights can be summed first: with `factor` 8,
stride 4 and an 11x11 kernel, each output sees 2x2 source pixels, in one of 2x2 arrangements (phases). So one 2x2
convolution over the small image, with the summed kernel of every phase side by side, gives all outputs: 12 products
each where the large image takes 363.

The same sums in another order: as near to the exact value as the plain convolution, with other last bits. TensorFlow
derives the gradient, which passes back through the sums into the full kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf


def conv2d(x: Any, w: Any, bias: Any, stride: int, factor: int, name: str) -> Any:
    """`relu(conv2d(upsampled(x), w) + bias)`, VALID, with every pixel of `x` repeated `factor` times each way.

    Args:
        x: float [batch, height, width, c_in], sizes known but the batch's.
        w: float [kernel, kernel, c_in, c_out], for the upsampled image.
        bias: float [c_out].
        stride: On the upsampled image; divides `factor`.
        factor: Repetitions of a pixel, each way.
        name: Name scope of the ops; the result is `<name>/output`.

    Returns:
        float [batch, out_height, out_width, c_out].

    Raises:
        ValueError: a kernel that is not square, or sizes whose outputs are not whole rounds of the phases.
    """
    _, height, width, c_in = x.shape.as_list()
    kernel_px, other_px, _, c_out = w.shape.as_list()
    if kernel_px != other_px or factor % stride:
        raise ValueError(f"takes square kernels and strides that divide {factor}, not {w.shape} at stride {stride}")
    sums = phase_sums(kernel_px, stride, factor)  # [phases, taps, kernel_px]
    n_phases, n_taps, _ = sums.shape
    rows, columns = (size - n_taps + 1 for size in (height, width))
    for size, rounds in ((height, rows), (width, columns)):
        if (size * factor - kernel_px) // stride + 1 != rounds * n_phases:
            raise ValueError(f"{size} pixels times {factor} give no whole rounds of {n_phases} outputs")
    with tf.name_scope(name):
        plane = np.einsum("put,qvs->uvpqts", sums, sums).reshape(-1, kernel_px * kernel_px)
        flat = tf.cast(tf.reshape(w, [kernel_px * kernel_px, c_in * c_out]), tf.float64)  # few, and rounded once
        summed = tf.cast(tf.matmul(tf.constant(plane), flat), w.dtype.base_dtype)
        summed = tf.reshape(summed, [n_taps, n_taps, n_phases * n_phases, c_in, c_out])
        summed = tf.reshape(tf.transpose(summed, [0, 1, 3, 2, 4]), [n_taps, n_taps, c_in, -1])
        side_by_side = tf.nn.conv2d(x, summed, strides=[1, 1, 1, 1], padding="VALID")
        # [.., column, (row phase, column phase, c)] -> a row phase's columns together
        out = tf.transpose(tf.reshape(side_by_side, [-1, columns, n_phases, n_phases * c_out]), [0, 2, 1, 3])
        out = tf.reshape(out, [-1, rows * n_phases, columns * n_phases, c_out])
        return tf.nn.relu(tf.nn.bias_add(out, bias), name="output")


def phase_sums(kernel_px: int, stride: int, factor: int) -> np.ndarray:
    """Which of the kernel's weights, along one axis, fall on which source pixel.

    Args:
        kernel_px, stride, factor: As for `conv2d`.

    Returns:
        0 or 1, float64 [phases, taps, kernel_px]: in phase p (output positions p, p + phases, …) weight t belongs to
        source pixel `taps` index (stride * p + t) // factor after the phase's first.
    """
    n_phases = factor // stride
    pixel = (stride * np.arange(n_phases)[:, None] + np.arange(kernel_px)) // factor
    sums: np.ndarray = (pixel[:, None, :] == np.arange(pixel.max() + 1)[:, None]).astype(np.float64)
    return sums

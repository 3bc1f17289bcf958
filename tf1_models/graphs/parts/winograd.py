"""Convolutions by Winograd's minimal filtering: F(4x4, 3x3) takes 36 products instead of 144, F(4x4, 5x5) 64 of 400.

Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, section 4. The transforms
come from the Toom-Cook construction at 0, infinity and the points below. For 3x3 kernels the paper's +-1, +-2 round
several times more, see B. Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep
Neural Networks", ACM TOMS 46(4), 2020; the larger tiles of 5x5 kernels round two to five times more than those of
3x3 kernels.

The same sums in another order, within the golden bounds: 1e-5, but on alexnet_bn in float32, whose measure is Keras'
own float32 (7.7e-4 of the gradient's norm; there 5x5 kernels are up to 1.2e-4 off, the direct ones 7e-5). Opt-in
(`convolutions=winograd` for 3x3, `winograd_5x5` for both), because last bits move. The gradient that TensorFlow derives
is Winograd's too: the same matrix products, transposed.

Images are small where it pays. Up to 64 pixels a transform is one matrix over all of them, padding included, and the
whole convolution four matrix products and two transpositions; above, a matrix for each axis, and a transposition more
on each side. Ops of few kinds, each of them fast in every TensorFlow. Measured by `python -m
tests.bench.bench_winograd`; `pays` is the rule that came of it.
"""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

OUTPUT_PX = 4
_POINTS = {3: (0.0, 0.75, -0.75, 1.5, -1.5), 5: (0.0, 0.5, -0.5, 1.0, -1.0, 1.75, -1.75)}  # by kernel; and infinity
_ONE_MATRIX_PIXELS = 64
# by kernel: up to so many pixels wide, from so many input channels on
_FEWEST_CHANNELS = {3: ((8, 128), (16, 256)), 5: ((16, 32), (32, 96))}
_KERNELS_PX = {"direct": (), "winograd": (3,), "winograd_5x5": (3, 5)}


def pays(convolutions: str, kernel_px: int, x: Any) -> bool:
    """Whether a layer is for Winograd: its setting allows the kernel, and it is the faster choice for its input.

    Args:
        convolutions: The run's setting, one of `spec.CONVOLUTIONS`.
        kernel_px: Of the square kernel.
        x: float [batch, height, width, c_in].
    """
    size_px, channels = int(x.shape[2]), int(x.shape[3])
    rows = _FEWEST_CHANNELS[kernel_px] if kernel_px in _KERNELS_PX[convolutions] else ()
    return any(size_px <= largest_px and channels >= fewest for largest_px, fewest in rows)


def conv2d(x: Any, w: Any, name: str) -> Any:
    """Convolution with a 3x3 or 5x5 kernel, stride 1, SAME.

    Args:
        x: float [batch, height, width, c_in]; height and width known. What 4 does not divide is filled up: 14 pixels
            cost what 16 cost.
        w: float [3, 3, c_in, c_out] or [5, 5, c_in, c_out].
        name: Name scope of the ops; the result is `<name>/output`.

    Returns:
        float [batch, height, width, c_out].

    Raises:
        ValueError: another kernel, or unknown size.
    """
    _, height, width, c_in = x.shape.as_list()
    kernel = w.shape.as_list()
    kernel_px, c_out = kernel[0], kernel[3]
    if kernel[:3] not in [[px, px, c_in] for px in _POINTS] or not height or not width:
        raise ValueError(f"Winograd takes 3x3 or 5x5 kernels on known sizes, not {kernel} on {height}x{width}")
    down, across = (_along_an_axis(size, kernel_px) for size in (height, width))
    to_tiles, to_pixels = _by_axes if height * width > _ONE_MATRIX_PIXELS else _at_once
    with tf.name_scope(name):
        _, kernel_transform, _ = transforms(kernel_px)
        n_products = len(kernel_transform) ** 2
        # [products, tiles * batch, c_in]: element (i, j) of every tile's B^T d B
        inputs = tf.reshape(to_tiles(tf.transpose(x, [1, 2, 0, 3]), down[0], across[0]), [n_products, -1, c_in])
        filters = np.kron(kernel_transform, kernel_transform)
        filters = tf.matmul(tf.constant(filters, w.dtype.base_dtype), tf.reshape(w, [kernel_px**2, c_in * c_out]))
        products = tf.matmul(inputs, tf.reshape(filters, [n_products, c_in, c_out]))
        whole = tf.reshape(to_pixels(products, down[1], across[1]), [height, width, -1, c_out])
        return tf.transpose(whole, [2, 0, 1, 3], name="output")


def _to_tiles_at_once(pixels: Any, down: np.ndarray, across: np.ndarray) -> Any:
    """[height, width, batch, c] -> [products * tiles, batch * c], by one matrix over the plane."""
    matrix = _both_axes(down, across)
    return tf.matmul(tf.constant(matrix, pixels.dtype), tf.reshape(pixels, [matrix.shape[1], -1]))


def _to_pixels_at_once(products: Any, down: np.ndarray, across: np.ndarray) -> Any:
    """[products, tiles * batch, c] -> [height * width, batch * c]."""
    matrix = _both_axes(down, across).T
    return tf.matmul(tf.constant(matrix, products.dtype), tf.reshape(products, [matrix.shape[1], -1]))


def _to_tiles_by_axes(pixels: Any, down: np.ndarray, across: np.ndarray) -> Any:
    """[height, width, batch, c] -> [tile, tile, tiles down, tiles across * batch * c], first down, then across."""
    tile_px, tiles_down, height = down.shape
    width = across.shape[2]
    rows = tf.matmul(tf.constant(down.reshape(-1, height), pixels.dtype), tf.reshape(pixels, [height, -1]))
    rows = tf.reshape(rows, [tile_px * tiles_down, width, -1])
    every_row = np.repeat(across.reshape(1, -1, width), tile_px * tiles_down, axis=0)  # one for each product
    both = tf.matmul(tf.constant(every_row, pixels.dtype), rows)
    return tf.transpose(tf.reshape(both, [tile_px, tiles_down, tile_px, -1]), [0, 2, 1, 3])


def _to_pixels_by_axes(products: Any, down: np.ndarray, across: np.ndarray) -> Any:
    """[products, tiles * batch, c] -> [height, width * batch * c], first across, then down."""
    tile_px, tiles_down, height = down.shape
    width = across.shape[2]
    both = tf.transpose(tf.reshape(products, [tile_px, tile_px, tiles_down, -1]), [0, 2, 1, 3])
    both = tf.reshape(both, [tile_px * tiles_down, tile_px * across.shape[1], -1])
    every_row = np.repeat(across.reshape(1, -1, width), tile_px * tiles_down, axis=0).transpose(0, 2, 1)
    rows = tf.matmul(tf.constant(every_row, products.dtype), both)
    return tf.matmul(
        tf.constant(down.reshape(-1, height).T, products.dtype), tf.reshape(rows, [tile_px * tiles_down, -1])
    )


_at_once = (_to_tiles_at_once, _to_pixels_at_once)
_by_axes = (_to_tiles_by_axes, _to_pixels_by_axes)


def transforms(kernel_px: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The paper's B^T [tile, tile], G [tile, kernel] and A^T [4, tile] at `_POINTS` and infinity, float64.

    Rows of B^T and G are scaled against each other by powers of two, which rounds nothing.
    """
    points, tile_px = _POINTS[kernel_px], OUTPUT_PX + kernel_px - 1
    data, kernel = np.zeros((tile_px, tile_px)), np.zeros((tile_px, kernel_px))
    output = np.zeros((OUTPUT_PX, tile_px))
    for row, point in enumerate(points):
        others = [other for other in points if other != point]
        data[row, : tile_px - 1] = np.poly(others)[::-1]
        kernel[row] = point ** np.arange(kernel_px) / np.prod([point - other for other in others])
        output[:, row] = point ** np.arange(OUTPUT_PX)
    data[-1], kernel[-1, -1], output[-1, -1] = np.poly(points)[::-1], 1.0, 1.0
    scale = 2.0 ** np.round(0.5 * np.log2(np.abs(data).sum(axis=1) / np.abs(kernel).sum(axis=1)))
    return data / scale[:, None], kernel * scale[:, None], output


def _along_an_axis(size_px: int, kernel_px: int) -> Tuple[np.ndarray, np.ndarray]:
    """Input and output transform of all tiles along an axis, zero padding included: two of [tile, tiles, pixels].

    Outputs of the last tile that lie beyond the image are left out.
    """
    data, _, output = transforms(kernel_px)
    tile_px, margin_px = len(data), kernel_px // 2
    n_tiles = -(-size_px // OUTPUT_PX)
    inputs, outputs = (np.zeros((tile_px, n_tiles, size_px)) for _ in range(2))
    for tile in range(n_tiles):
        first = tile * OUTPUT_PX
        for place in range(tile_px):
            pixel = first + place - margin_px  # the tile begins before its outputs
            if 0 <= pixel < size_px:
                inputs[:, tile, pixel] = data[:, place]
        outputs[:, tile, first : first + OUTPUT_PX] = output.T[:, : size_px - first]
    return inputs, outputs


def _both_axes(down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """[products * tiles, pixels] over the plane from the two axes' [tile, tiles, pixels]."""
    plane = np.einsum("isp,jtq->ijstpq", down, across)
    return plane.reshape(-1, down.shape[2] * across.shape[2])

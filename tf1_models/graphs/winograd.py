"""3x3 convolutions by Winograd's minimal filtering F(4x4, 3x3): 36 products where the direct sum has 144.

Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, section 4. The transforms
come from the Toom-Cook construction at the points 0, +-3/4, +-3/2 and infinity; at the paper's 0, +-1, +-2 the rounding
is several times larger, see B. Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution for
Deep Neural Networks", ACM TOMS 46(4), 2020.

The same sums in another order, within nine_conv's golden bounds. Opt-in all the same (`convolutions=winograd`), because
last bits move. The gradient that TensorFlow derives is Winograd's too: the same matrix products, transposed.

Images are small where it pays. Up to 64 pixels a transform is one matrix over all of them, padding included, and the
whole convolution four matrix products and two transpositions; above, a matrix for each axis, and a transposition more
on each side. Ops of few kinds, each of them fast in every TensorFlow. Measured by `python -m
tests.bench.bench_winograd`; `pays` is the rule that came of it.
"""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

OUTPUT_PX, KERNEL_PX = 4, 3
_TILE_PX = OUTPUT_PX + KERNEL_PX - 1
_POINTS = (0.0, 0.75, -0.75, 1.5, -1.5)  # and infinity
_ONE_MATRIX_PIXELS = 64
_FEWEST_CHANNELS = ((8, 128), (16, 256))  # up to so many pixels wide: from so many input channels on


def pays(size_px: int, channels: int) -> bool:
    """Whether Winograd is the faster choice for an image of this width with this many input channels."""
    return any(size_px <= largest_px and channels >= fewest for largest_px, fewest in _FEWEST_CHANNELS)


def conv2d(x: Any, w: Any, name: str) -> Any:
    """Convolution with a 3x3 kernel, stride 1, SAME.

    Args:
        x: float [batch, height, width, c_in]; height and width known. What 4 does not divide is filled up: 14 pixels
            cost what 16 cost.
        w: float [3, 3, c_in, c_out].
        name: Name scope of the ops; the result is `<name>/output`.

    Returns:
        float [batch, height, width, c_out].

    Raises:
        ValueError: another kernel, or unknown size.
    """
    _, height, width, c_in = x.shape.as_list()
    kernel = w.shape.as_list()
    if kernel[:3] != [KERNEL_PX, KERNEL_PX, c_in] or not height or not width:
        raise ValueError(f"Winograd F(4x4, 3x3) takes 3x3 kernels on known sizes, not {kernel} on {height}x{width}")
    c_out, n_products = kernel[3], _TILE_PX**2
    down, across = (_along_an_axis(size) for size in (height, width))
    to_tiles, to_pixels = _by_axes if height * width > _ONE_MATRIX_PIXELS else _at_once
    with tf.name_scope(name):
        # [36, tiles * batch, c_in]: element (i, j) of every tile's B^T d B
        inputs = tf.reshape(to_tiles(tf.transpose(x, [1, 2, 0, 3]), down[0], across[0]), [n_products, -1, c_in])
        _, kernel_transform, _ = transforms()
        filters = np.kron(kernel_transform, kernel_transform)
        filters = tf.matmul(tf.constant(filters, w.dtype.base_dtype), tf.reshape(w, [KERNEL_PX**2, c_in * c_out]))
        products = tf.matmul(inputs, tf.reshape(filters, [n_products, c_in, c_out]))
        whole = tf.reshape(to_pixels(products, down[1], across[1]), [height, width, -1, c_out])
        return tf.transpose(whole, [2, 0, 1, 3], name="output")


def _to_tiles_at_once(pixels: Any, down: np.ndarray, across: np.ndarray) -> Any:
    """[height, width, batch, c] -> [36 * tiles, batch * c], by one matrix over the plane."""
    matrix = _both_axes(down, across)
    return tf.matmul(tf.constant(matrix, pixels.dtype), tf.reshape(pixels, [matrix.shape[1], -1]))


def _to_pixels_at_once(products: Any, down: np.ndarray, across: np.ndarray) -> Any:
    """[36, tiles * batch, c] -> [height * width, batch * c]."""
    matrix = _both_axes(down, across).T
    return tf.matmul(tf.constant(matrix, products.dtype), tf.reshape(products, [matrix.shape[1], -1]))


def _to_tiles_by_axes(pixels: Any, down: np.ndarray, across: np.ndarray) -> Any:
    """[height, width, batch, c] -> [6, 6, tiles down, tiles across * batch * c], first down, then across."""
    tiles_down, height, width = down.shape[1], down.shape[2], across.shape[2]
    rows = tf.matmul(tf.constant(down.reshape(-1, height), pixels.dtype), tf.reshape(pixels, [height, -1]))
    rows = tf.reshape(rows, [_TILE_PX * tiles_down, width, -1])
    every_row = np.repeat(across.reshape(1, -1, width), _TILE_PX * tiles_down, axis=0)  # 1.15.5 is slow at broadcasting
    both = tf.matmul(tf.constant(every_row, pixels.dtype), rows)
    return tf.transpose(tf.reshape(both, [_TILE_PX, tiles_down, _TILE_PX, -1]), [0, 2, 1, 3])


def _to_pixels_by_axes(products: Any, down: np.ndarray, across: np.ndarray) -> Any:
    """[36, tiles * batch, c] -> [height, width * batch * c], first across, then down."""
    tiles_down, height, width = down.shape[1], down.shape[2], across.shape[2]
    both = tf.transpose(tf.reshape(products, [_TILE_PX, _TILE_PX, tiles_down, -1]), [0, 2, 1, 3])
    both = tf.reshape(both, [_TILE_PX * tiles_down, _TILE_PX * across.shape[1], -1])
    every_row = np.repeat(across.reshape(1, -1, width), _TILE_PX * tiles_down, axis=0).transpose(0, 2, 1)
    rows = tf.matmul(tf.constant(every_row, products.dtype), both)
    return tf.matmul(
        tf.constant(down.reshape(-1, height).T, products.dtype), tf.reshape(rows, [_TILE_PX * tiles_down, -1])
    )


_at_once = (_to_tiles_at_once, _to_pixels_at_once)
_by_axes = (_to_tiles_by_axes, _to_pixels_by_axes)


def transforms() -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The paper's B^T [6, 6], G [6, 3] and A^T [4, 6] at `_POINTS` and infinity, float64.

    Rows of B^T and G are scaled against each other by powers of two, which rounds nothing.
    """
    data, kernel = np.zeros((_TILE_PX, _TILE_PX)), np.zeros((_TILE_PX, KERNEL_PX))
    output = np.zeros((OUTPUT_PX, _TILE_PX))
    for row, point in enumerate(_POINTS):
        others = [other for other in _POINTS if other != point]
        data[row, : _TILE_PX - 1] = np.poly(others)[::-1]
        kernel[row] = point ** np.arange(KERNEL_PX) / np.prod([point - other for other in others])
        output[:, row] = point ** np.arange(OUTPUT_PX)
    data[-1], kernel[-1, -1], output[-1, -1] = np.poly(_POINTS)[::-1], 1.0, 1.0
    scale = 2.0 ** np.round(0.5 * np.log2(np.abs(data).sum(axis=1) / np.abs(kernel).sum(axis=1)))
    return data / scale[:, None], kernel * scale[:, None], output


def _along_an_axis(size_px: int) -> Tuple[np.ndarray, np.ndarray]:
    """Input and output transform of all tiles along an axis, zero padding included: two of [6, tiles, pixels].

    Outputs of the last tile that lie beyond the image are left out.
    """
    data, _, output = transforms()
    n_tiles = -(-size_px // OUTPUT_PX)
    inputs, outputs = (np.zeros((_TILE_PX, n_tiles, size_px)) for _ in range(2))
    for tile in range(n_tiles):
        first = tile * OUTPUT_PX
        for place in range(_TILE_PX):
            pixel = first + place - 1  # the tile begins a pixel before its outputs
            if 0 <= pixel < size_px:
                inputs[:, tile, pixel] = data[:, place]
        outputs[:, tile, first : first + OUTPUT_PX] = output.T[:, : size_px - first]
    return inputs, outputs


def _both_axes(down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """[36 * tiles, pixels] over the plane from the two axes' [6, tiles, pixels]."""
    plane = np.einsum("isp,jtq->ijstpq", down, across)
    return plane.reshape(-1, down.shape[2] * across.shape[2])

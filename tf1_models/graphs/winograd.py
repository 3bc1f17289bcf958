"""3x3 convolutions by Winograd's minimal filtering F(2x2, 3x3), from plain TensorFlow ops: 2.25 times fewer products.

Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, section 4.1.

The same sums in another order: on nine_conv the logits stay within 1e-5 of the direct ones' largest. Opt-in all the
same (`convolutions=winograd`), because last bits move. The gradient that TensorFlow derives from these ops is
Winograd's too: input and filter gradients are the same sixteen matrix products, transposed.

It pays where images are small and channels many, since a tile of 4x4 inputs makes 2x2 outputs: the transforms move four
times the image. `tests/bench/bench_winograd.py` measures it; `pays` is the rule that came of it.
"""

from __future__ import annotations

from typing import Any, List

import numpy as np
import tensorflow.compat.v1 as tf

_TILE_PX, _STEP_PX = 4, 2
_LARGEST_PX, _FEWEST_CHANNELS = 8, 128
# g -> G g G^T, the paper's filter transform
_FILTER = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], np.float64)


def pays(size_px: int, channels: int) -> bool:
    """Whether Winograd is the faster choice for an image of this width with this many input channels."""
    return size_px <= _LARGEST_PX and channels >= _FEWEST_CHANNELS


def conv2d(x: Any, w: Any, name: str) -> Any:
    """Convolution with a 3x3 kernel, stride 1, SAME.

    Args:
        x: float [batch, height, width, c_in]; height and width known and even.
        w: float [3, 3, c_in, c_out].
        name: Name scope of the ops; the result is `<name>/output`.

    Returns:
        float [batch, height, width, c_out].

    Raises:
        ValueError: another kernel, or an odd or unknown size.
    """
    _, height, width, c_in = x.shape.as_list()
    kernel = w.shape.as_list()
    if kernel[:3] != [3, 3, c_in] or not height or not width or height % _STEP_PX or width % _STEP_PX:
        raise ValueError(f"Winograd F(2x2, 3x3) takes 3x3 kernels on even sizes, not {kernel} on {height}x{width}")
    rows, columns, c_out = height // _STEP_PX, width // _STEP_PX, kernel[3]
    with tf.name_scope(name):
        padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        # [16, batch * rows * columns, c_in]: element (i, j) of every tile's B^T d B
        tiles = [part for band in _input_transform(padded, 1, rows) for part in _input_transform(band, 2, columns)]
        inputs = tf.reshape(tf.stack(tiles), [_TILE_PX**2, -1, c_in])
        both = np.einsum("ia,jb->ijab", _FILTER, _FILTER).reshape(_TILE_PX**2, 9)
        filters = tf.matmul(tf.constant(both, w.dtype.base_dtype), tf.reshape(w, [9, c_in * c_out]))
        products = tf.unstack(tf.matmul(inputs, tf.reshape(filters, [_TILE_PX**2, c_in, c_out])))
        # A^T m A: down the tile's columns, then along its rows
        down = [_output_transform(products[j::_TILE_PX]) for j in range(_TILE_PX)]
        pixels = [pixel for i in range(_STEP_PX) for pixel in _output_transform([column[i] for column in down])]
        tiled = tf.reshape(tf.stack(pixels, axis=1), [-1, rows, columns, _STEP_PX, _STEP_PX, c_out])
        whole = tf.reshape(tf.transpose(tiled, [0, 1, 3, 2, 4, 5]), [-1, height, width, c_out])
        return tf.identity(whole, name="output")


def _input_transform(padded: Any, axis: int, n_tiles: int) -> List[Any]:
    """B^T d along an axis for all tiles at once: four tensors with `n_tiles` there.

    Overlapping tiles are even and odd lines, shifted: unit-stride slices, since strided ones take TensorFlow ten times
    as long.
    """
    shape = [-1 if size is None else size for size in padded.shape.as_list()]
    even, odd = tf.unstack(tf.reshape(padded, [*shape[:axis], n_tiles + 1, 2, *shape[axis + 1 :]]), axis=axis + 1)
    begin, shifted, size = [0] * 4, [0] * 4, [-1] * 4
    shifted[axis], size[axis] = 1, n_tiles
    d0, d2 = tf.slice(even, begin, size), tf.slice(even, shifted, size)
    d1, d3 = tf.slice(odd, begin, size), tf.slice(odd, shifted, size)
    return [d0 - d2, d1 + d2, d2 - d1, d1 - d3]


def _output_transform(m: List[Any]) -> List[Any]:
    """A^T m: two sums of four."""
    return [m[0] + m[1] + m[2], m[1] - m[2] - m[3]]

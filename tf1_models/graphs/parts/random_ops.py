"""Random ops as functions of (seed, layer, step), so that a resumed run draws what it would have drawn."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import tensorflow.compat.v1 as tf

from tf1_models.seeds import op_seed


class BatchRows(NamedTuple):
    """In place of `step` where a graph computes only some rows of a batch: it then draws what the whole batch would.

    Attributes:
        step: int64 scalar tensor, the zero-based training step.
        first: int32 scalar tensor, the batch's row that is row 0 here.
        batch: int32 scalar tensor, rows of the whole batch.
    """

    step: Any
    first: Any
    batch: Any


def uniform(shape: Any, name: str, seed: int, step: Optional[Any], dtype: Any) -> Any:
    """Uniform numbers in [0, 1).

    Args:
        shape: int32 shape tensor.
        name: The layer's name; two layers never share numbers.
        seed: Run seed.
        step: int64 scalar tensor with the zero-based training step: the numbers are then a pure function of
            (seed, name, step). None: an ordinary stateful op with an explicit seed, for users' own loops; its stream
            restarts with each Session. `BatchRows`: those rows of the numbers that the whole batch would have.
        dtype: tf.float32 or tf.float64.

    Returns:
        Tensor of `shape` and `dtype`; bit-equal on TensorFlow 1.15.5 and 2.x.
    """
    if step is None:
        return tf.random_uniform(shape, dtype=dtype, seed=op_seed(seed, name), name=f"{name}_uniform")
    if isinstance(step, BatchRows):
        whole = uniform(tf.concat([[step.batch], shape[1:]], axis=0), name, seed, step.step, dtype)
        return whole[step.first : step.first + shape[0]]
    pair = tf.stack([tf.constant(op_seed(seed, name), tf.int64), tf.cast(step, tf.int64)])
    return tf.random.stateless_uniform(shape, seed=pair, dtype=dtype, name=f"{name}_uniform")


def dropout(x: Any, keep_prob: Any, name: str, seed: int, step: Optional[Any]) -> Any:
    """TF 1's dropout: keeps a unit with probability keep_prob and scales what is kept by 1 / keep_prob.

    Args:
        x: float tensor of any shape.
        keep_prob: Scalar tensor in (0, 1]; 1 is the identity, bit for bit.
        name: The layer's name (see `uniform`).
        seed: Run seed.
        step: See `uniform`.

    Returns:
        Tensor of x's shape and dtype.
    """
    keep_prob = tf.cast(keep_prob, x.dtype)
    keep = uniform(tf.shape(x), name, seed, step, x.dtype) >= 1.0 - keep_prob
    return x * (1.0 / keep_prob) * tf.cast(keep, x.dtype)

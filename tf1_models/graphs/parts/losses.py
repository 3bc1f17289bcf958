"""The losses of the five reports and the L2 term."""

from __future__ import annotations

from typing import Any, Iterable

import tensorflow.compat.v1 as tf


def mean_cross_entropy(logits: Any, labels: Any) -> Any:
    """Mean softmax cross-entropy over the batch.

    Args:
        logits: float [batch, 10].
        labels: float [batch, 10], one-hot.

    Returns:
        Scalar, natural logarithm.
    """
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits), name="data_loss")


def double_softmax(softmax: Any, labels: Any) -> Any:
    """Q1: mean softmax cross-entropy over what is a softmax already (course_models, public).

    With p the softmax, a picture's loss is log(sum(exp(p))) - p[true class]. Once p is one-hot it is
    log(e + 9) - 1 = 1.4612 where right and log(e + 9) = 2.4612 where wrong, so loss + accuracy = 2.4612, and the
    gradient vanishes with the softmax': a collapsed net (#2) can't recover.

    Args:
        softmax: float [batch, 10], probabilities.
        labels: float [batch, 10], one-hot.

    Returns:
        Scalar, 1.4612 or more.
    """
    return mean_cross_entropy(softmax, labels)


def l2_term(variables: Iterable[Any], l2_scale: float, dtype: Any) -> Any:
    """l2_scale * sum of l2_loss (half the squared norm) over the given variables with rank > 1.

    Biases have rank 1 and stay out (nine_conv: `if len(v.shape) > 1`).

    Returns:
        Scalar; a constant 0 where l2_scale is 0.
    """
    if l2_scale == 0.0:
        return tf.constant(0.0, dtype, name="l2_loss")
    terms = [tf.nn.l2_loss(v) for v in variables if len(v.shape) > 1]
    return tf.multiply(tf.constant(l2_scale, dtype), tf.add_n(terms), name="l2_loss")

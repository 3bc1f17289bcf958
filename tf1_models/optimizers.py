"""The optimizers of the reports, each in its own framework's arithmetic, as TF 1 `Optimizer` objects."""

from __future__ import annotations

from typing import Any

import tensorflow.compat.v1 as tf


def make(name: str, learning_rate: Any) -> Any:
    """An optimizer by its name in the run's row.

    Args:
        name: One of `spec.OPTIMIZERS`.
        learning_rate: Scalar float tensor or number.

    Returns:
        A `tf.train.Optimizer`.
    """
    if name == "adam":  # TF 1's own: beta 0.9 and 0.999, epsilon 1e-8, correction folded into the rate
        return tf.train.AdamOptimizer(learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8)
    raise ValueError(f"no optimizer called {name!r}")

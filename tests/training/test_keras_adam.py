"""Keras 2's Adam against its formula in NumPy, for both kinds of variable; what a Saver would store of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tf


def by_formula(w: np.ndarray, epsilon: float, n_steps: int) -> np.ndarray:
    """Steps on the loss sum(sin(w)^2)."""
    w, m, v = w.copy(), np.zeros_like(w), np.zeros_like(w)
    for t in range(1, n_steps + 1):
        g = 2.0 * np.sin(w) * np.cos(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w -= 1e-3 * np.sqrt(1.0 - 0.999**t) / (1.0 - 0.9**t) * m / (np.sqrt(v) + epsilon)
    return w


@pytest.mark.parametrize("use_resource", [True, False])
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-15), ("float32", 1e-6)])
def test_steps_follow_the_formula(tf: Any, use_resource: bool, dtype: str, tolerance: float) -> None:
    from tf1_models.training import optimizers

    start = np.random.RandomState(0).randn(3, 4)
    start[0] *= 1e-6  # gradients near epsilon: here 1e-7 and TF's 1e-8 differ
    with tf.Graph().as_default():
        w = tf.get_variable("w", initializer=tf.constant(start, dtype), use_resource=use_resource)
        train = optimizers.make("keras_adam", 1e-3).minimize(tf.reduce_sum(tf.sin(w) ** 2))
        names = [v.op.name for v in tf.global_variables()]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(10):
                session.run(train)
            found, steps = session.run([w, tf.global_variables()[1]])
    assert names == ["w", "keras_adam_step", "w/Adam", "w/Adam_1"] and steps == 10
    assert np.max(np.abs(found - by_formula(start, 1e-7, 10))) < tolerance
    assert np.max(np.abs(found - by_formula(start, 1e-8, 10))) > 10 * tolerance  # TF's own epsilon

"""One way or the other, values and gradients those of tf.cond, without its zeros."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import pytest

pytestmark = pytest.mark.tf


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batch_norm_equals_tf_cond_to_the_last_bit(tf: Any, mode: bool, dtype: str) -> None:
    from tf1_models.graphs.parts import torch_layers
    from tf1_models.graphs.parts.by_mode import by_mode

    normalise = {"float32": torch_layers._fused_batch_norm, "float64": torch_layers._batch_norm_from_moments}[dtype]
    rng = np.random.RandomState(0)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x, is_training = tf.placeholder(dtype, [None, 4, 4, 3]), tf.placeholder(tf.bool, [])
        read = [x, *(tf.constant((rng.rand(3) + 0.5).astype(dtype)) for _ in range(4))]
        up = tf.constant(rng.randn(5, 4, 4, 3).astype(dtype))

        def training(x: Any, w: Any, b: Any, mean: Any, var: Any) -> Any:
            del mean, var
            return normalise(x, w, b, None)

        def evaluation(x: Any, w: Any, b: Any, mean: Any, var: Any) -> Any:
            return normalise(x, w, b, (mean, var))

        def fills() -> int:
            return sum(op.type in ("Fill", "ZerosLike") for op in graph.get_operations())

        ours: List[Any] = by_mode(is_training, read, training, evaluation)
        assert ours[0].shape.as_list() == [None, 4, 4, 3]
        ours += tf.gradients(ours[0], read[:3], up)
        n_ours = fills()
        theirs = list(tf.cond(is_training, lambda: training(*read), lambda: evaluation(*read)))
        theirs += tf.gradients(theirs[0], read[:3], up)
        assert fills() - n_ours > n_ours  # what it is for
        pairs = zip(*session.run([ours, theirs], {x: rng.randn(5, 4, 4, 3), is_training: mode}))
        assert all(np.array_equal(one, other) for one, other in pairs)


def test_what_was_not_switched_gets_no_gradient(tf: Any) -> None:
    """The trap that the docstring names: loud in a fetch, silent in an optimizer."""
    from tf1_models.graphs.parts.by_mode import by_mode

    with tf.Graph().as_default(), tf.Session() as session:
        x, w = tf.placeholder(tf.float64, [None]), tf.constant(2.0, tf.float64)
        (y,) = by_mode(tf.constant(True), [x], lambda x: [w * x], lambda x: [w + x])
        with pytest.raises(tf.errors.InvalidArgumentError, match="Retval"):
            session.run(tf.gradients(y, w), {x: [1.0]})
        (y,) = by_mode(tf.constant(True), [x, w], lambda x, w: [w * x], lambda x, w: [w + x])
        assert session.run(tf.gradients(y, w), {x: [3.0]}) == [3.0]

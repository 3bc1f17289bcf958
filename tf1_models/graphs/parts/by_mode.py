"""Training or evaluation, decided when the graph runs; the gradient takes the same way back.

`tf.cond` would do, but its gradient adds, for each tensor that both branches read, a tensor of zeros of the branch not
taken: for batch norm a whole activation filled and added per layer and step. Here a tensor is switched once, and the
gradient is the merge of the two ways.
"""

from __future__ import annotations

from typing import Any, Callable, List, Sequence

import tensorflow.compat.v1 as tf


def by_mode(
    is_training: Any,
    tensors: Sequence[Any],
    training: Callable[..., Sequence[Any]],
    evaluation: Callable[..., Sequence[Any]],
) -> List[Any]:
    """Outputs of one of two functions; only that one's ops run.

    Args:
        is_training: Scalar bool tensor; True or False (no tensor) for a graph that only trains, or never does: no
            switch at all then.
        tensors: All that the functions read and that has a gradient, and whatever an output is made of alone.
        training: Called with `tensors`, alive in training only; returns its outputs.
        evaluation: Likewise, alive in evaluation only; as many outputs, of the same shapes and dtypes.

    Returns:
        The outputs. A tensor read by both functions but not switched here would get a gradient from neither (the sum
        of one way's and the other's is as dead as the way not taken), and an output that depends on no switched tensor
        would be alive in both modes.
    """
    if is_training is True:
        return list(training(*tensors))
    if is_training is False:
        return list(evaluation(*tensors))
    ways = [tf.raw_ops.Switch(data=tensor, pred=is_training) for tensor in tensors]
    evaluated = evaluation(*[way.output_false for way in ways])
    trained = training(*[way.output_true for way in ways])
    merged = []
    for one, other in zip(evaluated, trained):
        output = tf.raw_ops.Merge(inputs=[one, other]).output
        output.set_shape(one.shape.merge_with(other.shape))
        merged.append(output)
    return merged

"""What a graph function returns: named tensors, and the rows of its layer table."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Tuple


class LayerRow(NamedTuple):
    """One row of the layer table: a name in the report's words, the output tensor and the variables it owns."""

    name: str
    output: Any
    variables: Tuple[Any, ...]


class GraphHandles(NamedTuple):
    """Tensors of a built graph.

    Attributes:
        images: float [batch, 32, 32, 3] (course_models: [batch, 3072]), placeholder or the tensor given to `build`; in
            the report's own scale (`pixel_divisor` of the run).
        labels: float [batch, 10], one-hot, placeholder or the tensor given.
        logits: float [batch, 10], before the softmax.
        probabilities: float [batch, 10], softmax of the logits.
        predictions: int64 [batch], argmax.
        data_loss: Scalar, mean loss over the batch without the L2 term.
        l2_loss: Scalar, the L2 term as it is added (0 where there is none).
        loss: Scalar, data_loss + l2_loss: what is minimised.
        layers: Rows of the layer table, in order.
        keep_prob: Scalar `placeholder_with_default(1.0)`, probability to keep a unit; None where no dropout acts.
        is_training: Scalar bool `placeholder_with_default(False)` where batch norm or RReLU need it, else None.
        update_ops: Ops to run with each training step (batch norm's moving statistics).
        learning_rate: The graph's own placeholder (course_models), else None.
        global_step: The graph's own step variable (course_models), else None.
        statistics_memory_steps: Steps over which batch norm's moving statistics average, 1 / (share that a step
            replaces); None without batch norm.
        loss_over_softmax: Q1, the cross-entropy takes the softmax output as if it were logits.
    """

    images: Any
    labels: Any
    logits: Any
    probabilities: Any
    predictions: Any
    data_loss: Any
    l2_loss: Any
    loss: Any
    layers: Tuple[LayerRow, ...]
    keep_prob: Optional[Any] = None
    is_training: Optional[Any] = None
    update_ops: Tuple[Any, ...] = ()
    learning_rate: Optional[Any] = None
    global_step: Optional[Any] = None
    statistics_memory_steps: Optional[float] = None
    loss_over_softmax: bool = False

    @property
    def variables(self) -> Tuple[Any, ...]:
        """The report's own variables, moving statistics included: what its checkpoints hold beside optimizer slots."""
        own = [variable for row in self.layers for variable in row.variables]
        return tuple(own if self.global_step is None else [self.global_step, *own])


class LayerTable:
    """Collects the layer rows while a graph is built."""

    def __init__(self) -> None:
        self._rows: List[LayerRow] = []

    def add(self, name: str, output: Any, variables: Tuple[Any, ...] = ()) -> Any:
        """Notes a row and returns its output, so that a layer stays one statement."""
        self._rows.append(LayerRow(name, output, tuple(variables)))
        return output

    def rows(self) -> Tuple[LayerRow, ...]:
        """The rows so far, in order."""
        return tuple(self._rows)

"""Floating-point operations and bytes of a graph, counted op by op from its static shapes.

Works on TensorFlow's op objects but imports none of it. FLOPs: convolutions, their two gradients and matrix products,
two a multiply-add; nothing else is counted, so element-wise work shows up as bytes only. Bytes: what each op reads and
writes, as if nothing were fused and no cache held anything between two ops: an upper bound of the traffic.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Iterable, List, Optional, Sequence

CONVOLUTIONS = {
    "Conv2D": "convolution",
    "Conv2DBackpropInput": "input gradient",
    "Conv2DBackpropFilter": "filter gradient",
}
# matrix products, and what they call their transposed sides
_PRODUCTS = {
    "MatMul": ("transpose_a", "transpose_b"),
    "BatchMatMul": ("adj_x", "adj_y"),
    "BatchMatMulV2": ("adj_x", "adj_y"),
}
# ops that move no data, or are counted by the op that reads them
_FREE = frozenset(
    (
        "Const",
        "Placeholder",
        "PlaceholderWithDefault",
        "Identity",
        "IdentityN",
        "NoOp",
        "Reshape",
        "Squeeze",
        "ExpandDims",
        "Shape",
        "ShapeN",
        "Size",
        "Rank",
        "StopGradient",
        "VarHandleOp",
        "ReadVariableOp",
        "VariableV2",
        "Switch",
        "Merge",
        "StridedSlice",
        "Pack",
        "BroadcastGradientArgs",
        "PreventGradient",
        "RefSwitch",
    )
)
# variable-sized arrays that an optimizer's fused op reads and writes, its gradient included
_APPLY = {"ResourceApplyAdam": 7, "ApplyAdam": 7, "ResourceApplyGradientDescent": 3, "ApplyGradientDescent": 3}


@dataclasses.dataclass
class Count:
    """Sums over a graph; `uncounted` ops have a shape that is not known."""

    flops: Dict[str, int] = dataclasses.field(default_factory=dict)
    bytes: int = 0
    ops: int = 0
    uncounted: int = 0

    def total(self) -> int:
        """All FLOPs."""
        return sum(self.flops.values())

    def as_json(self, batch: int) -> Dict[str, Any]:
        """Per sample and by kind."""
        return {
            "flops": self.total(),
            "flops_per_sample": self.total() / batch,
            "flops_by_kind": dict(self.flops),
            "bytes": self.bytes,
            "bytes_per_sample": self.bytes / batch,
            "ops": self.ops,
            "uncounted": self.uncounted,
        }


def convolution_flops(output: Sequence[int], kernel: Sequence[int]) -> int:
    """Of a convolution, and of either of its gradients: they multiply the same pairs.

    Args:
        output: [batch, height, width, out channels] of the convolution's (not the gradient's) output.
        kernel: [height, width, in channels, out channels].
    """
    batch, height, width, channels = output
    return 2 * batch * height * width * channels * kernel[0] * kernel[1] * kernel[2]


def product_flops(a: Sequence[int], b: Sequence[int], transpose_a: bool, transpose_b: bool) -> int:
    """Of a matrix product, or of a batch of them: [..., rows, inner] by [..., inner, columns], either transposed."""
    rows, inner = (a[-1], a[-2]) if transpose_a else (a[-2], a[-1])
    n_products = 1
    for size in a[:-2]:
        n_products *= size
    return 2 * n_products * rows * inner * (b[-2] if transpose_b else b[-1])


def shape_of(tensor: Any, batch: int) -> Optional[List[int]]:
    """The static shape, the unknown first size taken for the batch; None when it is not known."""
    if tensor.shape.ndims is None:
        return None
    sizes = tensor.shape.as_list()
    if any(size is None for size in sizes[1:]):
        return None
    if sizes and sizes[0] is None:
        sizes[0] = batch
    return list(sizes)


def bytes_of(tensor: Any, batch: int) -> Optional[int]:
    """Of one tensor; 0 for a handle, None when its shape is not known."""
    if tensor.dtype.base_dtype.name in ("resource", "string", "variant"):
        return 0
    sizes = shape_of(tensor, batch)
    if sizes is None:
        return None
    n_bytes = int(tensor.dtype.size)
    for size in sizes:
        n_bytes *= size
    return n_bytes


def _acts(op: Any) -> bool:
    """Whether it does something beside computing its outputs."""
    return bool(op.op_def.is_stateful) or op.type.startswith(("Assign", "Apply"))


def ancestors(fetches: Iterable[Any]) -> List[Any]:
    """Every op that a run of these ops executes, once.

    TensorFlow's graph optimizer drops ops that only others wait for and nobody reads, such as the gradient by the
    pictures, which tf.gradients ties to the first kernel's.
    """
    waiting = [(op, True) for op in fetches]  # (op, is it executed)
    executed: Dict[int, Any] = {}
    passed = set()
    while waiting:
        op, runs = waiting.pop()
        runs = runs or _acts(op)
        if id(op) in executed or (not runs and id(op) in passed):
            continue
        if runs:
            executed[id(op)] = op
        passed.add(id(op))
        waiting += [(tensor.op, runs) for tensor in op.inputs]
        waiting += [(other, False) for other in op.control_inputs]
    return list(executed.values())


def _flops(op: Any, batch: int) -> Optional[int]:
    """None when a shape that is needed is not known."""
    if op.type in _PRODUCTS:
        shapes = [shape_of(tensor, batch) for tensor in op.inputs]
        if shapes[0] is None or shapes[1] is None:
            return None
        return product_flops(shapes[0], shapes[1], *(op.get_attr(name) for name in _PRODUCTS[op.type]))
    output, kernel = {
        "Conv2D": lambda: (op.outputs[0], op.inputs[1]),
        "Conv2DBackpropInput": lambda: (op.inputs[2], op.inputs[1]),
        "Conv2DBackpropFilter": lambda: (op.inputs[2], op.outputs[0]),
    }[op.type]()
    sizes, kernel_sizes = shape_of(output, batch), shape_of(kernel, batch)
    return None if sizes is None or kernel_sizes is None else convolution_flops(sizes, kernel_sizes)


def count(fetches: Iterable[Any], batch: int) -> Count:
    """Counts what one `session.run` of these ops costs.

    Args:
        fetches: Ops.
        batch: Stands for sizes that the graph leaves open.
    """
    found = Count()
    for op in ancestors(fetches):
        found.ops += 1
        if op.type in CONVOLUTIONS or op.type in _PRODUCTS:
            flops = _flops(op, batch)
            if flops is None:
                found.uncounted += 1
            else:
                kind = CONVOLUTIONS.get(op.type, "matrix product")
                found.flops[kind] = found.flops.get(kind, 0) + flops
        if op.type in _FREE:
            continue
        if op.type in _APPLY:
            sizes = [bytes_of(tensor, batch) or 0 for tensor in op.inputs]
            found.bytes += _APPLY[op.type] * max(sizes)
            continue
        for tensor in [*op.inputs, *op.outputs]:
            size = bytes_of(tensor, batch)
            found.uncounted += size is None
            found.bytes += size or 0
    return found

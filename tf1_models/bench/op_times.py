"""Where a step's time and memory go: op kinds, from TensorFlow's step statistics (imports none of it)."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Sequence

# kind -> op types; the first pattern that matches wins. oneDNN's and the remapper's names keep the op's own.
KINDS = (
    ("filter gradient", r"Conv2DBackpropFilter"),
    ("input gradient", r"Conv2DBackpropInput"),
    ("convolution", r"Conv2D"),
    ("matrix product", r"MatMul"),
    ("optimizer", r"Apply(Adam|Gradient|Ada|RMS|Centered)|Assign(Sub|Add)?Variable|^Assign"),
    ("pooling", r"Pool"),
    ("batch norm", r"BatchNorm"),
    ("XLA cluster", r"^_?Xla"),
    ("reduction", r"^(Sum|Mean|Max|Min|L2Loss|BiasAddGrad)$"),
    ("copy, layout", r"Transpose|Concat|^(Copy|Cast|Pad|Slice|Tile)$|ToTf|_Mkl.*Reorder"),
)
_LABEL = re.compile(r"=\s*(\w+)\(")


def kind_of(op_type: str) -> str:
    """The kind of an op type; what no pattern knows is "other"."""
    for kind, pattern in KINDS:
        if re.search(pattern, op_type):
            return kind
    return "other"


def type_of(node: Any, types: Dict[str, str]) -> str:
    """Op type of a node's statistics: from its label ("name = Type(inputs)"), else from the graph by its name."""
    match = _LABEL.search(node.timeline_label)
    if match:
        return match.group(1)
    return types.get(node.node_name.split(":")[0], node.node_name.split(":")[-1])


def table(traces: Sequence[Any], types: Dict[str, str]) -> Dict[str, Any]:
    """Sums by kind and by op type.

    Args:
        traces: `StepStats` of traced steps.
        types: Op name -> op type of the graph, for nodes without a label.

    Returns:
        {"steps", "wall_ms", "op_ms", "live_mb", "kinds": [{kind, ms, share, mb, ops}], "types": [{type, kind, ms, mb,
        ops}]}, a step's means, longest first. Ops that ran beside each other both count: `op_ms` may exceed `wall_ms`.
        `mb` is what the kernels took from the allocator, results and scratch, given back or not; `live_mb` the most
        that was taken at once, variables included, and 0 where the allocator does not count.
    """
    n = max(len(traces), 1)
    by_type: Dict[str, List[float]] = {}  # ms, MB, ops
    wall = live = 0.0
    for trace in traces:
        starts, ends = [], []
        for device in trace.dev_stats:
            for node in device.node_stats:
                row = by_type.setdefault(type_of(node, types), [0.0, 0.0, 0.0])
                row[0] += node.op_end_rel_micros / 1000.0 - node.op_start_rel_micros / 1000.0
                row[1] += sum(taken.total_bytes for taken in node.memory) / 1e6
                row[2] += 1
                live = max([live, *(taken.allocator_bytes_in_use / 1e6 for taken in node.memory)])
                starts.append(node.all_start_micros)
                ends.append(node.all_start_micros + node.all_end_rel_micros)
        wall += (max(ends) - min(starts)) / 1000.0 if ends else 0.0
    total = sum(ms for ms, _, _ in by_type.values()) / n
    kinds: Dict[str, List[float]] = {}
    for op_type, sums in by_type.items():
        row = kinds.setdefault(kind_of(op_type), [0.0, 0.0, 0.0])
        row[:] = [one + other for one, other in zip(row, sums)]

    def means(sums: List[float]) -> Dict[str, Any]:
        return {"ms": round(sums[0] / n, 3), "mb": round(sums[1] / n, 3), "ops": round(sums[2] / n)}

    return {
        "steps": len(traces),
        "wall_ms": round(wall / n, 3),
        "op_ms": round(total, 3),
        "live_mb": round(live, 1),
        "kinds": [
            {"kind": kind, **means(sums), "share": round(sums[0] / n / total, 4) if total else 0.0}
            for kind, sums in sorted(kinds.items(), key=lambda item: -item[1][0])
        ],
        "types": [
            {"type": op_type, "kind": kind_of(op_type), **means(sums)}
            for op_type, sums in sorted(by_type.items(), key=lambda item: -item[1][0])[:25]
        ],
    }

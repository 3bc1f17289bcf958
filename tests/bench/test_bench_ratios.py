"""Statistics of the bench on made-up numbers, and the table of op kinds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Sequence

import pytest

from tf1_models.bench import op_times, ratios, roofline


def test_median_and_summary() -> None:
    assert ratios.median([3.0, 1.0, 2.0]) == 2.0
    assert ratios.median([4.0, 1.0, 2.0, 3.0]) == 2.5
    assert ratios.summary([3.0, 1.0, 2.0]) == {"median": 2.0, "low": 1.0, "high": 3.0, "n": 3}


def test_ratios_are_taken_within_a_round() -> None:
    """Round 2 ran at half speed for both: the ratio of the medians would say 1.5, the rounds say 2."""
    found = ratios.paired([200.0, 100.0, 200.0], [100.0, 50.0, 100.0])
    assert found == {"median": 2.0, "low": 2.0, "high": 2.0, "n": 3}
    assert ratios.paired([200.0, 100.0, 50.0], [100.0])["n"] == 1  # a peer that died early


def test_the_best_peer_is_the_one_with_our_smallest_ratio() -> None:
    found = {"torch": {"median": 1.4}, "bare": {"median": 1.1}, "kit_resident": {"median": 0.9}}
    assert ratios.best_peer(found, ["torch", "bare", "keras"]) == ("bare", 1.1)
    assert ratios.best_peer({}, ["torch"]) == ("", 0.0)


def test_line_fit() -> None:
    fit = ratios.line_fit([2000, 4000, 8000], [21.0, 41.0, 81.0])
    assert fit["slope"] == pytest.approx(0.01) and fit["intercept"] == pytest.approx(1.0)
    assert fit["residual"] == pytest.approx(0.0, abs=1e-12)
    assert ratios.line_fit([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])["residual"] == pytest.approx(1.0 / 6.0)
    assert ratios.line_fit([5.0, 5.0], [1.0, 3.0])["slope"] == 0.0


def test_roofline_share() -> None:
    roofs = {"sgemm_gflops": 200.0, "copy_gb_s": 10.0, "triad_gb_s": 20.0}
    found = roofline.share(100.0, {"flops_per_sample": 1.5e9, "bytes_per_sample": 5e7}, roofs)
    assert found == pytest.approx(
        {"gflops": 150.0, "of_sgemm": 0.75, "gb_s": 5.0, "of_bandwidth": 0.25, "bound_samples_s": 200.0 / 1.5}
    )
    assert roofline.share(100.0, {}, roofs) is None and roofline.share(100.0, {"flops_per_sample": 1.0}, {}) is None


@pytest.mark.parametrize(
    "op_type, kind",
    [
        ("Conv2DBackpropFilter", "filter gradient"),
        ("_MklNativeConv2DBackpropInput", "input gradient"),
        ("_FusedConv2D", "convolution"),
        ("_FusedMatMul", "matrix product"),
        ("ResourceApplyAdam", "optimizer"),
        ("AssignSubVariableOp", "optimizer"),
        ("FusedBatchNormGradV3", "batch norm"),
        ("MaxPoolGrad", "pooling"),
        ("_XlaRun", "XLA cluster"),
        ("Relu", "other"),
        ("L2Loss", "reduction"),
    ],
)
def test_op_kinds(op_type: str, kind: str) -> None:
    assert op_times.kind_of(op_type) == kind


def test_op_table_of_a_made_up_trace() -> None:
    def node(label: str, name: str, start: int, end: int, taken: Sequence[int] = (), in_use: int = 0) -> Any:
        return SimpleNamespace(
            memory=[SimpleNamespace(total_bytes=n, allocator_bytes_in_use=in_use) for n in taken],
            timeline_label=label,
            node_name=name,
            op_start_rel_micros=0,
            op_end_rel_micros=end - start,
            all_start_micros=start,
            all_end_rel_micros=end - start,
        )

    nodes = [
        node("c1 = _FusedConv2D(x, W1)", "c1", 0, 3000, [2_000_000, 500_000], 9_000_000),
        node("", "gradients/c1_grad", 1000, 7000, [1_000_000], 4_000_000),
        node("", "add:Add", 7000, 8000),
    ]
    trace = SimpleNamespace(dev_stats=[SimpleNamespace(node_stats=nodes)])
    found = op_times.table([trace, trace], {"gradients/c1_grad": "Conv2DBackpropFilter"})
    assert found["wall_ms"] == 8.0 and found["op_ms"] == 10.0 and found["steps"] == 2
    assert found["live_mb"] == 9.0
    assert [(row["kind"], row["ms"], row["share"], row["mb"], row["ops"]) for row in found["kinds"]] == [
        ("filter gradient", 6.0, 0.6, 1.0, 1),
        ("convolution", 3.0, 0.3, 2.5, 1),
        ("other", 1.0, 0.1, 0.0, 1),
    ]
    assert [(row["type"], row["mb"]) for row in found["types"]][:2] == [
        ("Conv2DBackpropFilter", 1.0),
        ("_FusedConv2D", 2.5),
    ]

"""Measured rates beside what the machine's matrix product and memory allow."""

from __future__ import annotations

from typing import Any, Dict, Optional


def share(rate: float, work: Dict[str, Any], roofs: Dict[str, Any]) -> Optional[Dict[str, float]]:
    """How near a rate comes to the roofs.

    Args:
        rate: Samples/s.
        work: `flops_per_sample` and `bytes_per_sample` of the graph.
        roofs: `sgemm_gflops`, `copy_gb_s` and `triad_gb_s` of the same run.

    Returns:
        gflops and gb_s reached, their shares of the roofs, and `bound_samples_s`, the rate at which the product alone
        would run. The bytes are counted unfused, so that their share can exceed 1. None without roofs.
    """
    if not roofs or not work:
        return None
    bandwidth = max(roofs["copy_gb_s"], roofs["triad_gb_s"])
    gflops = rate * work["flops_per_sample"] / 1e9
    gb_s = rate * work["bytes_per_sample"] / 1e9
    return {
        "gflops": gflops,
        "of_sgemm": gflops / roofs["sgemm_gflops"],
        "gb_s": gb_s,
        "of_bandwidth": gb_s / bandwidth,
        "bound_samples_s": roofs["sgemm_gflops"] * 1e9 / work["flops_per_sample"],
    }

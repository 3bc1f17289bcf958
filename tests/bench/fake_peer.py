"""A measured program without a framework: a unit is a short sleep, shorter for the peer that is told to be fast."""

from __future__ import annotations

import time
from typing import Any, Dict

from tf1_models.bench.peers import protocol

WORK = {
    "flops": 100,
    "flops_per_sample": 1e6,
    "flops_by_kind": {"convolution": 100},
    "bytes": 10,
    "bytes_per_sample": 1e4,
    "ops": 3,
    "uncounted": 0,
}


def build(channel: protocol.Channel, settings: Dict[str, Any]) -> Any:
    """Answers whatever the kit's own programs are asked."""
    if settings.get("missing"):
        import a_framework_that_nobody_has  # noqa: F401
    if settings.get("broken"):
        raise ValueError("two\nlines")
    if "size" in settings:
        channel.ready(
            0, {"sgemm_gflops": 100.0, "sgemm_by": "numpy", "sgemm_size": 8, "copy_gb_s": 10.0, "triad_gb_s": 12.0}
        )
        channel.wait()
    facts: Dict[str, Any] = {"fake": "1.0", "work": {"batch": 4, "step": WORK, "evaluate": WORK}}
    print("chatter that is no answer")
    left = [int(settings.get("dies_after", 10**9))]

    def unit() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise SystemExit(7)
        time.sleep(0.001)

    return protocol.Work(unit, int(settings.get("batch", 4)), facts)


if __name__ == "__main__":
    protocol.serve(build)

"""How fast this machine would train what it has never trained: shipped speeds, scaled by a two-second measurement."""

from __future__ import annotations

import json
import os
import time
from typing import Dict, List

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "speeds.json")
SECONDS = 2.0
_SIZE = 512
_PARALLEL = 0.75  # T threads do about T ** 0.75 of one thread's work on these nets: an estimate, and called so


def gflops(seconds: float = SECONDS) -> float:
    """Median rate of float32 matrix products of one thread, in GFLOP/s."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    one = np.random.RandomState(0).rand(_SIZE, _SIZE).astype(np.float32)
    rates: List[float] = []
    stop = time.perf_counter() + seconds
    with threadpool_limits(1):
        while time.perf_counter() < stop or len(rates) < 3:
            began = time.thread_time()  # other programs slow the wall clock, not what this processor can do
            one @ one
            rates.append(2e-9 * _SIZE**3 / (time.thread_time() - began))
    return float(np.median(rates))


def shipped(threads: int) -> Dict[str, float]:
    """Speed key (`cost.speed_key`) -> training images a second that this machine should reach; takes two seconds.

    Args:
        threads: Of each run.
    """
    with open(PATH, encoding="utf-8") as stream:
        document = json.load(stream)
    scale = gflops() / document["gflops"] * threads**_PARALLEL
    return {key: speed * scale for key, speed in document["speeds"].items()}

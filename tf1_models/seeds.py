"""Every random stream of a run, derived from one run seed by name: no global state, the same on every version.

Deviation D1: `tf.set_random_seed(51)` alone gives streams that depend on the graph and on TensorFlow's version (1.15
counts ops, 2.x counts random ops), so TensorFlow's streams of the report are lost; explicit op seeds are bit-equal on
both. NumPy's are not lost: its RandomState is frozen, and `nine_conv` visits its images in its report's own order.
"""

from __future__ import annotations

import zlib
from typing import Optional

import numpy as np


def op_seed(run_seed: int, name: str) -> int:
    """Seed of one random op.

    Args:
        run_seed: The run's seed, 0 or more.
        name: Full name of the variable or layer, e.g. "W_fc1"; two names never share a mask or a start value.

    Returns:
        int in 0..2**31-1 (TensorFlow's op seeds are int32). CRC-32, not `hash`, which is salted per process.
    """
    return zlib.crc32(f"{run_seed}/{name}".encode()) & 0x7FFFFFFF


def epoch_order(run_seed: int, epoch: int, n_images: int) -> np.ndarray:
    """Order in which one epoch visits the training images.

    Args:
        run_seed: The run's seed.
        epoch: Zero-based epoch; the order depends on it alone, so a resumed run needs no stored stream.
        n_images: Number of training images.

    Returns:
        int64 [n_images], a permutation. NumPy's RandomState stream is frozen: equal on NumPy 1.18 and 2.x.
    """
    return np.random.RandomState([run_seed, epoch]).permutation(n_images)


class EpochOrders:
    """The order of every epoch of one run: asked by epoch, so that a resumed run goes on with the same orders.

    `keyed` orders depend on seed and epoch alone. `numpy` is what a program does that calls `np.random.seed(seed)` once
    and then, every epoch, `np.random.shuffle` on a fresh `np.arange` (nine_conv, final listing): the shuffles come from
    one stream, so epoch e replays those before it, once, in milliseconds.

    Args:
        stream: "keyed" or "numpy" (`spec.SHUFFLE_STREAMS`).
        run_seed: The run's seed.
        n_images: Number of training images.
    """

    def __init__(self, stream: str, run_seed: int, n_images: int) -> None:
        self._stream, self._seed, self._n = stream, run_seed, n_images
        self._random: Optional[np.random.RandomState] = None
        self._next = 0  # the epoch that the stream would give next

    def order(self, epoch: int) -> np.ndarray:
        """int64 [n_images], a permutation; `epoch` is zero-based."""
        if self._stream == "keyed":
            return epoch_order(self._seed, epoch, self._n)
        if self._random is None or epoch < self._next:
            self._random, self._next = np.random.RandomState(self._seed), 0
        while True:
            order = np.arange(self._n)
            self._random.shuffle(order)
            self._next += 1
            if self._next > epoch:
                return order

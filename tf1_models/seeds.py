"""Every random stream of a run, derived from one run seed by name: no global state, the same on every version.

Deviation D1: `tf.set_random_seed(51)` alone gives streams that depend on the graph and on TensorFlow's version (1.15
counts ops, 2.x counts random ops), so the report's own streams are lost; explicit op seeds are bit-equal on both.
"""

from __future__ import annotations

import zlib

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

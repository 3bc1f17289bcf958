"""Streams are functions of (seed, name) and (seed, epoch), the same on every Python and NumPy."""

from __future__ import annotations

import numpy as np

from tf1_models import seeds


def test_op_seeds_are_pinned_and_differ_by_name_and_seed() -> None:
    assert seeds.op_seed(51, "W1") == 1883346267
    assert len({seeds.op_seed(s, n) for s in (0, 51) for n in ("W1", "b1", "dropout_fc1", "dropout_fc2")}) == 8
    assert all(0 <= seeds.op_seed(s, "x") < 2**31 for s in range(500))


def test_epoch_order_is_pinned() -> None:
    assert seeds.epoch_order(51, 0, 10).tolist() == [4, 6, 7, 2, 5, 9, 1, 8, 3, 0]
    assert sorted(seeds.epoch_order(51, 1, 1000).tolist()) == list(range(1000))
    assert not np.array_equal(seeds.epoch_order(51, 0, 1000), seeds.epoch_order(51, 1, 1000))

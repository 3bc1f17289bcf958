"""Streams are functions of (seed, name) and (seed, epoch), the same on every Python and NumPy."""

from __future__ import annotations

import numpy as np

from tf1_models import registry, seeds


def test_op_seeds_are_pinned_and_differ_by_name_and_seed() -> None:
    assert seeds.op_seed(51, "W1") == 1883346267
    assert len({seeds.op_seed(s, n) for s in (0, 51) for n in ("W1", "b1", "dropout_fc1", "dropout_fc2")}) == 8
    assert all(0 <= seeds.op_seed(s, "x") < 2**31 for s in range(500))


def test_epoch_order_is_pinned() -> None:
    assert seeds.epoch_order(51, 0, 10).tolist() == [4, 6, 7, 2, 5, 9, 1, 8, 3, 0]
    assert sorted(seeds.epoch_order(51, 1, 1000).tolist()) == list(range(1000))
    assert not np.array_equal(seeds.epoch_order(51, 0, 1000), seeds.epoch_order(51, 1, 1000))


def test_the_numpy_stream_is_the_one_of_nine_convs_listing() -> None:
    """np.random.seed(51), then a fresh arange of the 37,500 training images shuffled once an epoch (final listing)."""
    orders = seeds.EpochOrders("numpy", 51, 37_500)
    assert orders.order(0)[:10].tolist() == [26578, 22538, 36920, 7516, 18254, 24197, 10073, 9486, 26773, 10454]
    assert orders.order(1)[:10].tolist() == [21734, 24333, 3467, 36511, 29815, 2942, 27778, 3215, 15915, 25167]
    listing = np.random.RandomState(51)
    for _ in range(5):
        order = np.arange(37_500)
        listing.shuffle(order)
    resumed = seeds.EpochOrders("numpy", 51, 37_500)
    assert np.array_equal(resumed.order(4), order), "a resumed run replays the earlier shuffles"
    assert np.array_equal(resumed.order(1), orders.order(1)), "an earlier epoch can be asked again"


def test_the_keyed_stream_needs_no_replay() -> None:
    assert np.array_equal(seeds.EpochOrders("keyed", 51, 100).order(3), seeds.epoch_order(51, 3, 100))


def test_only_nine_conv_takes_the_numpy_stream() -> None:
    streams = {report: {row.shuffle_stream for row in registry.runs(report)} for report in registry.REPORTS}
    assert streams.pop("nine_conv") == {"numpy"} and set().union(*streams.values()) == {"keyed"}

"""Random numbers as functions of (seed, layer, step): another of each gives others, the same give the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tf


def test_every_layer_seed_and_step_has_numbers_of_its_own(tf: Any) -> None:
    from tf1_models.graphs.parts.random_ops import uniform

    keys = [(name, seed, step) for name in ("dropout_fc1", "dropout_fc2") for seed in (0, 1) for step in (0, 1)]
    with tf.Graph().as_default(), tf.Session() as session:
        drawn = [uniform([1000], name, seed, tf.constant(step, tf.int64), tf.float32) for name, seed, step in keys]
        first, again = session.run(drawn), session.run(drawn)
    for at, values in enumerate(first):
        assert np.array_equal(values, again[at]) and 0 <= values.min() < values.max() < 1
        assert abs(values.mean() - 0.5) < 0.05
        for other in first[:at]:
            assert np.mean(values == other) < 0.01


def test_dropout_keeps_what_keep_prob_says_and_the_mean(tf: Any) -> None:
    from tf1_models.graphs.parts.random_ops import dropout

    with tf.Graph().as_default(), tf.Session() as session:
        x, step = tf.ones([100, 100]), tf.constant(3, tf.int64)
        kept = {p: session.run(dropout(x, tf.constant(p), "layer", 0, step)) for p in (0.3, 0.7, 1.0)}
    for p, values in kept.items():
        assert set(np.unique(values)) <= {np.float32(0.0), np.float32(1.0) * (np.float32(1.0) / np.float32(p))}
        assert abs(np.mean(values > 0) - p) < 0.02 and abs(values.mean() - 1.0) < 0.05

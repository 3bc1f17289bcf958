"""Bytes become the report's pixels, ids one-hot labels; probabilities that are not finite are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf1_models import registry
from tf1_models.checkpoints import checkpoint_source
from tf1_models.checkpoints.source import Source
from tf1_models.errors import InputError
from tf1_models.scoring import evaluate, inference

pytestmark = pytest.mark.tf


@pytest.mark.parametrize("report, divisor", [("nine_conv", 1.0), ("bn_cnn", 255.0), ("course_models", 255.0)])
def test_pixels_come_in_the_reports_scale(tf: Any, report: str, divisor: float) -> None:
    from tf1_models.scoring.inference_graph import scaled

    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    with tf.Graph().as_default(), tf.Session() as session:
        row = registry.experiment(report, registry.default_run(report))
        images, labels = session.run(scaled(row, tf.constant(pixels), tf.constant([7], tf.uint8)))
    assert np.array_equal(images, pixels.astype(np.float32) / np.float32(divisor))
    assert np.array_equal(labels, np.eye(10, dtype=np.float32)[[7]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_probabilities_that_are_not_finite_are_refused(tf: Any, monkeypatch: Any, value: float) -> None:
    """argmax would call them class 0."""
    found = np.full((3, 10), 0.1, np.float32)
    monkeypatch.setattr(checkpoint_source, "restore", lambda *rest: "")
    monkeypatch.setattr(evaluate, "predict", lambda *rest: found)
    source = Source("some/ckpt-7", registry.experiment("bn_cnn"), None)
    images = np.zeros((3, 32, 32, 3), np.uint8)
    assert np.array_equal(inference.probabilities(source, images), found)
    found[1, 4] = value
    with pytest.raises(InputError, match="ckpt-7 gives probabilities that are not finite"):
        inference.probabilities(source, images)

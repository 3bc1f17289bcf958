"""Predictions in batches, scores and losses of an evaluation by hand; a Session that answers what it is shown."""

from __future__ import annotations

import math
from typing import Any, Dict, List

import numpy as np
import pytest

from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.scoring import evaluate


class Handles:
    probabilities = "probabilities"


class FakeGraph:
    image_bytes = "image_bytes"
    handles = Handles()


class FakeSession:
    """Gives each image its first byte as every class's probability; notes the sizes of its batches."""

    def __init__(self) -> None:
        self.sizes: List[int] = []

    def run(self, fetches: Any, feed: Dict[Any, Any]) -> np.ndarray:
        assert fetches == "probabilities" and list(feed) == ["image_bytes"]  # no keep_prob, no is_training: evaluation
        batch = feed["image_bytes"]
        self.sizes.append(len(batch))
        return np.repeat(batch[:, 0, 0, :1].astype(np.float32), 10, axis=1)


@pytest.mark.parametrize("indices", [None, [9, 3, 3, 0, 7]])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 100])
def test_every_image_is_predicted_once_in_order(indices: Any, batch_size: int) -> None:
    images = np.zeros((10, 32, 32, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(10)
    session, done = FakeSession(), []
    chosen = None if indices is None else np.array(indices)
    found = evaluate.predict(session, FakeGraph(), images, batch_size, chosen, done.append)
    wanted = list(range(10)) if indices is None else indices
    assert found.dtype == np.float32 and found.shape == (len(wanted), 10)
    assert found[:, 0].tolist() == wanted and done[-1] == len(wanted)
    assert sum(session.sizes) == len(wanted) and max(session.sizes) <= batch_size


def test_the_likeliest_class_is_scored() -> None:
    probabilities = np.full((4, 10), 0.05)
    truth = np.array([3, 0, 9, 9], np.uint8)
    probabilities[np.arange(4), [3, 0, 9, 1]] = 0.55
    assert evaluate.score(probabilities, truth, CIFAR10_CLASSES)["accuracy"] == 0.75


def test_mean_loss_by_hand() -> None:
    probabilities = np.full((2, 10), 0.05, np.float32)
    probabilities[0, 4] = probabilities[1, 6] = 0.55
    truth = np.array([4, 5], np.uint8)
    plain = -(math.log(0.55) + math.log(0.05)) / 2
    assert evaluate.mean_loss(probabilities, truth, False) == pytest.approx(plain, rel=1e-6)
    total = 9 * math.exp(0.05) + math.exp(0.55)
    double = math.log(total) - (0.55 + 0.05) / 2
    assert evaluate.mean_loss(probabilities, truth, True) == pytest.approx(double, rel=1e-6)
    one_hot = np.eye(10, dtype=np.float32)[[4, 6]]  # Q1: log(e + 9), less 1 where right
    assert evaluate.mean_loss(one_hot, truth, True) == pytest.approx(math.log(math.e + 9) - 0.5, rel=1e-6)
    tiny = float(np.finfo(np.float32).tiny)
    assert evaluate.mean_loss(one_hot, truth, False) == pytest.approx(-math.log(tiny) / 2, rel=1e-6)

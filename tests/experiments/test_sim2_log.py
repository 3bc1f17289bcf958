"""What sim #2's log gives away: a net that calls every picture one class logs that class's share of each batch.

Three printed batch accuracies, against the official labels: they show which class it was, that the batches of epoch 50
stand in file order (Q2), and from where the log counts its steps (Q5). Ours collapses, too, and says so.
"""

from __future__ import annotations

import math
from typing import Dict, List

import numpy as np

from tf1_models import registry
from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.datasets.identify import official_labels
from tf1_models.reproduce import reported_logs
from tf1_models.training import epoch_state

RUN = registry.experiment("course_models", "sim02_model2_bn_50")


def logged(quantity: str) -> Dict[int, float]:
    """Printed step -> printed value."""
    lines = reported_logs.read()[f"course_models/{RUN.run}"]
    return {line.step: line.value for line in lines if line.quantity == quantity and line.step is not None}


def shares(first_step: int, class_id: int) -> List[float]:
    """A class's share of the batches that the loop takes at the printed steps, if the log counts from `first_step`."""
    labels, _ = official_labels()
    n_steps = epoch_state.steps_per_epoch(RUN, len(labels))
    found = []
    for step in logged("batch_accuracy"):
        progress = epoch_state.Progress(step_in_epoch=(step - first_step) % n_steps)
        (rows,) = epoch_state.rows_of_call(RUN, progress, len(labels), 1)
        found.append(float(np.mean(labels[rows] == class_id)))
    return found


def test_every_picture_was_called_an_automobile() -> None:
    assert list(logged("batch_accuracy")) == [9775, 9785, 9795] and not RUN.shuffle
    printed = list(logged("batch_accuracy").values())
    fits = [
        (first_step, CIFAR10_CLASSES[class_id])
        for first_step in range(-20, 21)
        for class_id in range(10)
        if np.allclose(shares(first_step, class_id), printed, rtol=0, atol=6e-5)
    ]
    assert fits == [(1, "automobile")]


def test_its_losses_are_those_of_one_hot_outputs() -> None:
    """Q1: log(e + 9) - accuracy."""
    accuracies = logged("batch_accuracy")
    for step, loss in logged("batch_loss").items():
        assert abs(loss - (math.log(math.e + 9.0) - accuracies[step])) < 2e-4

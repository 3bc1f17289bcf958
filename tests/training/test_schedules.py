"""The learning rate by epoch against torch.optim.lr_scheduler and against course_models' own steps; Q9 and Q11."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Dict

import numpy as np
import pytest

from tf1_models import registry
from tf1_models.errors import UsageError
from tf1_models.training.schedules import learning_rate

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "schedules", "torch.npz")
N_EPOCHS = 100
ROW = registry.experiment("prelu_cnn", "final")

SCHEDULES: Dict[str, Dict[str, Any]] = {
    "step_20_0.2": {"schedule": "step", "step_size_epochs": 20, "gamma": 0.2},
    "step_10_0.15": {"schedule": "step", "step_size_epochs": 10, "gamma": 0.15},
    "multi_step_15000_175000_-0.2": {"schedule": "multi_step", "milestones_epochs": (15000, 175000), "gamma": -0.2},
    "multi_step_3_7_7_-0.2": {"schedule": "multi_step", "milestones_epochs": (3, 7, 7), "gamma": -0.2},
    "exponential_0.2": {"schedule": "exponential", "gamma": 0.2},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_stepped_schedules_equal_pytorchs(name: str) -> None:
    with np.load(GOLDEN, allow_pickle=False) as stored:
        expected = stored[name]
    row = dataclasses.replace(ROW, schedule_stepped=True, **SCHEDULES[name])
    actual = [learning_rate(row, epoch) for epoch in range(N_EPOCHS)]
    np.testing.assert_allclose(actual, expected, rtol=1e-13)  # PyTorch multiplies epoch by epoch: rounding differs


@pytest.mark.parametrize("name", SCHEDULES)
def test_q9_without_the_step_the_rate_never_moves(name: str) -> None:
    row = dataclasses.replace(ROW, schedule_stepped=False, **SCHEDULES[name])
    assert {learning_rate(row, epoch) for epoch in range(N_EPOCHS)} == {0.002}


def test_q9_every_row_follows_the_listing_and_the_mended_rows_do_not() -> None:
    moved = []
    for row in registry.runs("prelu_cnn"):
        assert {learning_rate(row, epoch) for epoch in range(row.epochs)} == {0.002}, row.run
        mended = dataclasses.replace(row, schedule_stepped=True)
        if {learning_rate(mended, epoch) for epoch in range(row.epochs)} != {0.002}:
            moved.append(row.run)
    # stepped, all that last longer than their step size move; multi_step never does (Q11)
    assert "exponential_lr" in moved and "final" in moved and "step_size_10" in moved
    assert "multi_step_lr" not in moved and "prelu_adam" not in moved  # 20 epochs of StepLR(20)


def test_q9_the_witness() -> None:
    """Stepped once an epoch, ExponentialLR(0.2) leaves nothing to learn with after four epochs."""
    row = registry.experiment("prelu_cnn", "exponential_lr", {"schedule_stepped": "true"})
    assert learning_rate(row, 4) == pytest.approx(3.2e-6)
    assert learning_rate(registry.experiment("prelu_cnn", "exponential_lr"), 4) == 0.002


def test_q11_milestones_that_never_fire() -> None:
    row = registry.experiment("prelu_cnn", "multi_step_lr", {"schedule_stepped": "true"})
    assert row.milestones_epochs == (15000, 175000) and row.gamma == -0.2

    def moves(experiment: Any) -> bool:
        return any(learning_rate(experiment, epoch) != 0.002 for epoch in range(N_EPOCHS))

    assert not moves(row)
    assert moves(dataclasses.replace(row, milestones_epochs=(15, 175)))  # mended: the check would see it
    assert learning_rate(row, 15000) == pytest.approx(-0.0004)  # and what it would do


def test_course_steps() -> None:
    row = dataclasses.replace(ROW, schedule="course_steps", learning_rate=1e-3)
    rates = {0: 1e-3, 20: 1e-3, 21: 1e-4, 40: 1e-4, 41: 1e-5, 60: 1e-5, 61: 1e-6, 80: 1e-6, 81: 5e-7, 200: 5e-7}
    assert {epoch: learning_rate(row, epoch) for epoch in rates} == pytest.approx(rates)


def test_constant() -> None:
    row = registry.experiment("bn_cnn", "no_dropout_100")
    assert {learning_rate(row, epoch) for epoch in range(100)} == {0.001}


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"schedule": "exponential", "gamma": None}, "schedule 'exponential' needs gamma"),
        ({"schedule": "step", "step_size_epochs": None}, "schedule 'step' needs step_size_epochs"),
    ],
)
def test_a_schedule_without_its_numbers_is_refused(changes: Dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        learning_rate(dataclasses.replace(ROW, schedule_stepped=True, **changes), 1)

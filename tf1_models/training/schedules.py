"""Learning rate by epoch, as a pure function of the row: nothing to save, nothing to restore. TensorFlow-free."""

from __future__ import annotations

from tf1_models.errors import UsageError
from tf1_models.spec import Experiment


def learning_rate(experiment: Experiment, epoch: int) -> float:
    """Learning rate of one epoch.

    Args:
        experiment: The run; `schedule`, `step_size_epochs`, `milestones_epochs`, `gamma`, `schedule_stepped` decide.
        epoch: Zero-based.

    Returns:
        The rate as a Python float.

    Raises:
        UsageError: the schedule lacks a number that it needs (an override named the schedule alone).

    `course_steps` (course_models, public): above 80 x 0.5e-3, above 60 x 1e-3, above 40 x 1e-2, above 20 x 1e-1,
    else x 1. The three PyTorch schedules compute what `lr_scheduler` computes when stepped once an epoch; with
    `schedule_stepped` false (Q9: no `schedule.step()` in the listing) the rate never moves.
    """
    base = experiment.learning_rate
    if experiment.schedule == "course_steps":
        for above, factor in ((80, 0.5e-3), (60, 1e-3), (40, 1e-2), (20, 1e-1)):
            if epoch > above:
                return base * factor
        return base
    if experiment.schedule == "constant" or not experiment.schedule_stepped:
        return base
    gamma = experiment.gamma
    if gamma is None:
        raise UsageError(f"schedule {experiment.schedule!r} needs gamma, e.g. gamma=0.2")
    if experiment.schedule == "step":
        if experiment.step_size_epochs is None:
            raise UsageError("schedule 'step' needs step_size_epochs, e.g. step_size_epochs=20")
        return base * gamma ** (epoch // experiment.step_size_epochs)
    if experiment.schedule == "multi_step":
        return base * gamma ** sum(epoch >= milestone for milestone in experiment.milestones_epochs)
    return base * gamma**epoch  # exponential

"""Which way one machine takes its steps."""

from __future__ import annotations

from typing import Optional, Sequence

from tf1_models.spec import Experiment
from tf1_models.training.several_steps import SeveralSteps
from tf1_models.training.steps import Steps
from tf1_models.training.training_graph import TrainingGraph

SMALL_BATCH, STEPS_PER_CALL = 64, 8


def default_steps_per_call(batch_size: int, devices: Sequence[str]) -> int:
    """Several where batches are small: there a call costs some hundredths of a step (tests/bench/records/tries.json).

    Args:
        batch_size: Images a step.
        devices: What TensorFlow computes on, as in run.json: "CPU:0". One step a call on a GPU, where several were
            never tried.
    """
    return STEPS_PER_CALL if batch_size <= SMALL_BATCH and not any("GPU" in name for name in devices) else 1


def on_one_machine(
    experiment: Experiment, graph: TrainingGraph, steps_per_call: Optional[int], devices: Sequence[str]
) -> Steps:
    """A call for each step, or for `steps_per_call` of them (None: as the default says); may add to the graph."""
    n = default_steps_per_call(experiment.batch_size, devices) if steps_per_call is None else steps_per_call
    return Steps() if n == 1 else SeveralSteps(experiment, graph, n)

"""Which way one machine takes its steps."""

from __future__ import annotations

from tf1_models.spec import Experiment
from tf1_models.training.resident_steps import ResidentSteps
from tf1_models.training.steps import Steps
from tf1_models.training.training_graph import TrainingGraph


def on_one_machine(experiment: Experiment, graph: TrainingGraph, n_images: int, steps_per_call: int) -> Steps:
    """A call for each step, or for `steps_per_call` of them; may add to the current graph."""
    if steps_per_call == 1:
        return Steps()
    return ResidentSteps(experiment, graph, n_images, steps_per_call)

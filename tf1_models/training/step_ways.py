"""Which way one machine takes its steps."""

from __future__ import annotations

from typing import Optional, Sequence

import tensorflow.compat.v1 as tf

from tf1_models.spec import Experiment
from tf1_models.training.several_steps import SeveralSteps
from tf1_models.training.steps import Steps

SMALL_BATCH, SMALL_NET_WEIGHTS, STEPS_PER_CALL = 64, 1_000_000, 8


def default_steps_per_call(experiment: Experiment, n_weights: int, devices: Sequence[str]) -> int:
    """Several where steps are short: there a call costs some hundredths of a step, and a signal, which is heeded after
    a call, waits for a fraction of a second (tests/bench/records/steps_per_call.json).

    One step a call where several give other bits (XLA), or where it was never shown that they do not: on a GPU, in
    other precisions.

    Args:
        experiment: The run.
        n_weights: Trainable numbers of its net.
        devices: What TensorFlow computes on, as in run.json: "CPU:0".
    """
    short = experiment.batch_size <= SMALL_BATCH and n_weights <= SMALL_NET_WEIGHTS
    shown = experiment.precision == "float32" and not experiment.xla and not any("GPU" in name for name in devices)
    return STEPS_PER_CALL if short and shown else 1


def on_one_machine(experiment: Experiment, steps_per_call: Optional[int], devices: Sequence[str]) -> Steps:
    """A call for each step, or for `steps_per_call` of them; None: as the default says for the current graph's net."""
    if steps_per_call is None:
        n_weights = sum(variable.shape.num_elements() for variable in tf.trainable_variables())
        steps_per_call = default_steps_per_call(experiment, n_weights, devices)
    return Steps() if steps_per_call == 1 else SeveralSteps(steps_per_call)

"""Writes tests/golden/optimizers/torch.npz and tests/golden/schedules/torch.npz:
python -m tests.oracles.make_torch_optimizers_golden

Optimizers: one vector, 25 given gradients, some of them 0, tiny or huge, so that every epsilon shows; the vector after
each step in float64 and float32. Schedules: the rate of each epoch when PyTorch's scheduler is stepped once an epoch.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
import torch
from torch.optim import lr_scheduler

from tests.oracles import reference, torch_oracle

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden")
N_STEPS, SIZE, LEARNING_RATE = 25, 24, 0.002


def gradients() -> np.ndarray:
    """float64 [N_STEPS, SIZE]: columns of sizes 1e-12 to 1e3; column 0 is 0, column 1 from the tenth step on."""
    stream = np.random.RandomState(2020)
    scales = np.concatenate([[0.0, 1e-3], np.logspace(-12, 3, SIZE - 2)])
    values = stream.uniform(-1, 1, (N_STEPS, SIZE)) * scales
    values[10:, 1] = 0.0
    return values


def main() -> None:
    """Writes both files."""
    optimizers = {
        "torch_adam": torch.optim.Adam,
        "torch_sgd": torch.optim.SGD,
        "torch_adagrad": torch.optim.Adagrad,
        "torch_rmsprop": torch.optim.RMSprop,
    }
    start = np.random.RandomState(7).uniform(-1, 1, SIZE)
    source = {"script": np.asarray(reference.script_name(__file__)), "oracle": np.asarray(torch_oracle.oracle_name())}
    steps = {**source, "start": start, "gradients": gradients()}
    for name, kind in optimizers.items():
        for dtype in ("float64", "float32"):
            parameter = torch.nn.Parameter(torch.from_numpy(start.astype(dtype)))
            optimizer = kind([parameter], lr=LEARNING_RATE)
            after = []
            for gradient in gradients():
                parameter.grad = torch.from_numpy(gradient.astype(dtype))
                optimizer.step()
                after.append(parameter.detach().numpy().copy())
            steps[f"{name}/{dtype}"] = np.stack(after)
    os.makedirs(os.path.join(GOLDEN, "optimizers"), exist_ok=True)
    np.savez_compressed(os.path.join(GOLDEN, "optimizers", "torch.npz"), **steps)

    schedules = {
        "step_20_0.2": lambda o: lr_scheduler.StepLR(o, step_size=20, gamma=0.2),
        "step_10_0.15": lambda o: lr_scheduler.StepLR(o, step_size=10, gamma=0.15),
        "multi_step_15000_175000_-0.2": lambda o: lr_scheduler.MultiStepLR(o, milestones=[15000, 175000], gamma=-0.2),
        "multi_step_3_7_7_-0.2": lambda o: lr_scheduler.MultiStepLR(o, milestones=[3, 7, 7], gamma=-0.2),
        "exponential_0.2": lambda o: lr_scheduler.ExponentialLR(o, gamma=0.2),
    }
    rates = dict(source)
    for name, make in schedules.items():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LEARNING_RATE)
        scheduler = make(optimizer)
        found = []
        for _ in range(100):
            found.append(optimizer.param_groups[0]["lr"])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # no step of the optimizer is taken here
                scheduler.step()
        rates[name] = np.asarray(found)
    os.makedirs(os.path.join(GOLDEN, "schedules"), exist_ok=True)
    np.savez_compressed(os.path.join(GOLDEN, "schedules", "torch.npz"), **rates)
    print(torch_oracle.describe())


if __name__ == "__main__":
    main()

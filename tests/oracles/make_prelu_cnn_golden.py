"""Writes tests/golden/prelu_cnn/*.npz with PyTorch: python -m tests.oracles.make_prelu_cnn_golden

The module is the report's (section 4), `Dropout2d(0,35)` included: PyTorch still reads it as p=0, inplace=35 (Q7).
RReLU draws no slopes here: its modules stay in evaluation mode, where the slope is 11/48.
"""

from __future__ import annotations

import os
from typing import Callable, Dict, Tuple

import torch
from torch import nn

from tests.oracles import reference, torch_oracle

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "prelu_cnn")
ACTIVATIONS: Dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "prelu": nn.PReLU,
    "rrelu": nn.RReLU,
    "elu": nn.ELU,
}
OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
}
LEARNING_RATE = 0.002
# biases with batch norm behind the activation, and what follows the rounding of elements without effect
BIASES = {
    "layer/0/bias": ("layer/0/bias", "layer/3/running_mean"),
    "layer/4/bias": ("layer/4/bias", "layer/7/running_mean"),
    "layer/9/bias": ("layer/9/bias", "layer/12/running_mean"),
    "fc_layer/0/bias": ("fc_layer/0/bias", "fc_layer/3/running_mean"),
}
# case: run of the report, activation, optimizer, dtype
CASES: Dict[str, Tuple[str, str, str, str]] = {
    "final_float64": ("final", "prelu", "adam", "float64"),
    "final_float32": ("final", "prelu", "adam", "float32"),
    "relu_adam_float64": ("relu_adam", "relu", "adam", "float64"),
    "warm_leaky_relu_float64": ("warm_leaky_relu", "leaky_relu", "adam", "float64"),
    "warm_rrelu_a_float64": ("warm_rrelu_a", "rrelu", "adam", "float64"),
    "elu_adam_float64": ("elu_adam", "elu", "adam", "float64"),
    "elu_sgd_float64": ("elu_sgd", "elu", "sgd", "float64"),
    "warm_adagrad_float64": ("warm_adagrad", "prelu", "adagrad", "float64"),
    "warm_rmsprop_float64": ("warm_rmsprop", "prelu", "rmsprop", "float64"),
}


class Cnn(nn.Module):
    """The printed module."""

    def __init__(self, activation: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            activation(),
            nn.Dropout2d(0, 35),
            nn.BatchNorm2d(16),
            nn.Conv2d(16, 32, 3, padding=1),
            activation(),
            nn.Dropout2d(0, 35),
            nn.BatchNorm2d(32),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(32, 64, 3, padding=1),
            activation(),
            nn.Dropout2d(0, 35),
            nn.BatchNorm2d(64),
            nn.MaxPool2d(2, 2),
        )
        self.fc_layer = nn.Sequential(
            nn.Linear(64 * 8 * 8, 100),
            activation(),
            nn.Dropout2d(0, 35),
            nn.BatchNorm1d(100),
            nn.Linear(100, 10),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.layer(x)
        return self.fc_layer(out.view(len(x), -1))


def main() -> None:
    """Writes every case."""
    os.makedirs(FOLDER, exist_ok=True)
    print(torch_oracle.describe())
    first = torch_oracle.best_first(lambda: Cnn(nn.PReLU))
    print(f"batch from {first}, margin {torch_oracle.margin(lambda: Cnn(nn.PReLU), first):.1e}")
    for case, (_, activation, optimizer, dtype) in CASES.items():
        result = torch_oracle.run_case(
            lambda activation=activation: Cnn(ACTIVATIONS[activation]),
            lambda parameters, kind=OPTIMIZERS[optimizer]: kind(parameters, lr=LEARNING_RATE),
            dtype,
            first,
            BIASES,
        )
        reference.write_golden(os.path.join(FOLDER, f"{case}.npz"), __file__, torch_oracle.oracle_name(), dtype, result)
        n_zero = sum(int(result[f"zero/{bias}"].sum()) for bias in BIASES)
        print(f"{case}: loss {result['losses'][0]} -> {result['losses'][-1]}, {n_zero} bias elements without effect")


if __name__ == "__main__":
    main()

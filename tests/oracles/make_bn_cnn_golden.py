"""Writes tests/golden/bn_cnn/*.npz with PyTorch: python -m tests.oracles.make_bn_cnn_golden

The module is the report's listing (sections 2.2, 2.3), dropout off: p only changes what is drawn, and the masks of two
frameworks cannot agree.
"""

from __future__ import annotations

import os
from typing import Tuple

import torch
import torch.nn.functional as F
from torch import nn

from tests.oracles import reference, torch_oracle

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "bn_cnn")
# batch norm follows at once: no element of these has an effect
BIASES = {f"layer{number}/0/bias": (f"layer{number}/0/bias",) for number in (1, 2, 3)}
# fewer images in float32: what is left of a gradient of 0 grows with the number of summands
BATCH_SIZES = {"float64": 8, "float32": 4}
# case: channels, dtype
CASES = {
    "final_float64": ((32, 64, 128), "float64"),
    "final_float32": ((32, 64, 128), "float32"),
    "half_channels_float64": ((16, 32, 64), "float64"),
}


class Cnn(nn.Module):
    """The report's listing; `p` is 0.3 there."""

    def __init__(self, channels: Tuple[int, int, int], p: float) -> None:
        super().__init__()
        c1, c2, c3 = channels
        self.layer1 = nn.Sequential(nn.Conv2d(3, c1, 5, 1, 2), nn.BatchNorm2d(c1), nn.ReLU(), nn.MaxPool2d(2))
        self.layer2 = nn.Sequential(nn.Conv2d(c1, c2, 5, 1, 2), nn.BatchNorm2d(c2), nn.ReLU(), nn.MaxPool2d(2))
        self.layer3 = nn.Sequential(nn.Conv2d(c2, c3, 5, 1, 2), nn.BatchNorm2d(c3), nn.ReLU(), nn.MaxPool2d(2))
        self.fc1 = nn.Linear(4 * 4 * c3, 100)
        self.dropout1 = nn.Dropout(p=p)
        self.fc2 = nn.Linear(100, 50)
        self.dropout2 = nn.Dropout(p=p)
        self.fc3 = nn.Linear(50, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer3(self.layer2(self.layer1(x)))
        x = x.reshape(x.size(0), -1)
        x = self.dropout1(F.relu(self.fc1(x)))
        x = self.dropout2(F.relu(self.fc2(x)))
        return self.fc3(x)


def main() -> None:
    """Writes every case."""
    os.makedirs(FOLDER, exist_ok=True)
    print(torch_oracle.describe())
    for case, (channels, dtype) in CASES.items():

        def make_model(channels: Tuple[int, int, int] = channels) -> nn.Module:
            return Cnn(channels, p=0.0)

        n = BATCH_SIZES[dtype]
        first = torch_oracle.best_first(make_model, n)
        result = torch_oracle.run_case(
            make_model, lambda parameters: torch.optim.Adam(parameters, lr=0.001), dtype, first, BIASES, n
        )
        reference.write_golden(os.path.join(FOLDER, f"{case}.npz"), __file__, torch_oracle.oracle_name(), dtype, result)
        margin = torch_oracle.margin(make_model, first, n)
        print(f"{case}: batch from {first}, margin {margin:.1e}, loss {result['losses'][0]} -> {result['losses'][-1]}")


if __name__ == "__main__":
    main()

"""PyTorch: peers `torch` (channels_last) and `torch_compile`; on a GPU where it finds one.

`step`: a resident batch. `evaluate`: without gradients. `epoch` and `memory`: bytes in memory, each batch gathered and
scaled as it comes, an evaluation after it. The L2 term of nine_conv is Adam's weight_decay, which adds just its
gradient: the cheapest way to the same update.
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Tuple

import numpy as np

from tf1_models.bench.peers import batches, protocol

MEMORY_STEPS = 8


def layers_of(nn: Any, report: str) -> List[Any]:
    """The report's layers, without course_models' softmax (Q1)."""
    found: List[Any] = []
    inputs = 3
    if report == "nine_conv":
        for filters, count in ((64, 2), (128, 2), (256, 2), (512, 3)):
            for _ in range(count):
                found += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU(inplace=True)]
                inputs = filters
            found.append(nn.MaxPool2d(2))
        return [
            *found,
            nn.Flatten(),
            nn.Linear(2048, 2048),
            nn.Dropout(0.4),
            nn.Linear(2048, 2048),
            nn.Dropout(0.4),
            nn.Linear(2048, 10),
        ]
    if report == "course_models":
        for filters, size in ((64, 5), (64, 5), (128, 3), (128, 3), (128, 3)):
            found += [nn.Conv2d(inputs, filters, size, padding=size // 2), nn.ReLU(inplace=True)]
            found += [nn.MaxPool2d(2)] if size == 5 else []
            inputs = filters
        return [
            *found,
            nn.Flatten(),
            nn.Linear(8192, 1024),
            nn.ReLU(inplace=True),
            nn.Linear(1024, 10),
            nn.Softmax(dim=1),
        ]
    if report == "bn_cnn":
        for channels in (32, 64, 128):
            found += [
                nn.Conv2d(inputs, channels, 5, 1, 2),
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
            ]
            inputs = channels
        return [
            *found,
            nn.Flatten(),
            nn.Linear(2048, 100),
            nn.ReLU(inplace=True),
            nn.Dropout(0.3),
            nn.Linear(100, 50),
            nn.ReLU(inplace=True),
            nn.Dropout(0.3),
            nn.Linear(50, 10),
        ]
    if report == "prelu_cnn":
        for channels in (16, 32, 64):
            found += [nn.Conv2d(inputs, channels, 3, padding=1), nn.PReLU(), nn.BatchNorm2d(channels)]
            found += [nn.MaxPool2d(2)] if channels > 16 else []
            inputs = channels
        return [*found, nn.Flatten(), nn.Linear(4096, 100), nn.PReLU(), nn.BatchNorm1d(100), nn.Linear(100, 10)]
    found = [
        nn.Conv2d(3, 96, 11, 4),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(96, 1e-3, 0.01),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(256, 1e-3, 0.01),
        nn.MaxPool2d(3, 2),
    ]
    for inputs, filters in ((256, 384), (384, 384), (384, 256)):
        found += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU(inplace=True)]
    found += [nn.MaxPool2d(3, 2), nn.Flatten()]
    for inputs, units in ((9216, 512), (512, 256), (256, 128)):
        found += [nn.Linear(inputs, units), nn.ReLU(inplace=True), nn.BatchNorm1d(units, 1e-3, 0.01), nn.Dropout(0.5)]
    return [*found, nn.Linear(128, 10)]


class Program:
    """Model, optimizer and data of one measurement."""

    def __init__(self, torch: Any, settings: Dict[str, Any]) -> None:
        self.torch, self.settings, self.report = torch, settings, settings["report"]
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.manual_seed(0)
        model = torch.nn.Sequential(*layers_of(torch.nn, self.report)).to(self.device)
        self.model = model.to(memory_format=torch.channels_last)
        decay = 0.01 if self.report == "nine_conv" else 0.0
        groups = [
            {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": decay},
            {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0},
        ]
        self.adam = torch.optim.Adam(groups, lr=settings["rate"])
        self.run = torch.compile(self.model) if settings.get("compile") else self.model

    def to_device(self, images: np.ndarray, labels: np.ndarray) -> Tuple[Any, Any]:
        """Pixels in the report's scale (already, or bytes) and class ids, on the device, channels last."""
        torch = self.torch
        x = torch.from_numpy(np.ascontiguousarray(images)).to(self.device).permute(0, 3, 1, 2)
        if x.dtype == torch.uint8:
            if batches.IMAGE_PX.get(self.report, 32) > 32:
                x = torch.nn.functional.interpolate(x, size=(256, 256), mode="nearest")
            x = x.float()
            if batches.divisor(self.report) != 1.0:
                x = x / batches.divisor(self.report)
        x = x.contiguous(memory_format=torch.channels_last)
        return x, torch.from_numpy(labels.astype(np.int64)).to(self.device)

    def step(self, x: Any, y: Any) -> None:
        """One training step; reads the loss, as every loop does."""
        self.adam.zero_grad(set_to_none=True)
        loss = self.torch.nn.functional.cross_entropy(self.run(x), y)
        loss.backward()
        self.adam.step()
        loss.item()

    def predict(self, x: Any) -> None:
        """Probabilities, back in main memory."""
        with self.torch.inference_mode():
            out = self.run(x)
            out = out if self.report == "course_models" else self.torch.softmax(out, dim=1)
            out.cpu()

    def epoch(self, limit: int = 0) -> Any:
        """A function that runs an epoch (or its first `limit` steps) and an evaluation."""
        data, batch = batches.load(self.settings), int(self.settings["batch"])
        size = int(self.settings["eval_batch"])
        orders = batches.orders(len(data.x_train))

        def unit() -> None:
            order = next(orders)
            self.model.train()
            for number, start in enumerate(range(0, len(order) - batch + 1, batch), start=1):
                at = order[start : start + batch]
                self.step(*self.to_device(data.x_train[at], data.y_train[at]))
                if number == limit:
                    break
            self.model.eval()
            for start in range(0, len(data.x_test), size):
                self.predict(self.to_device(data.x_test[start : start + size], data.y_test[start : start + size])[0])

        return unit, len(data.x_train)


def build(channel: protocol.Channel, settings: Dict[str, Any]) -> protocol.Work:
    """The wanted measurement."""
    del channel
    os.environ["OMP_NUM_THREADS"] = json.dumps(settings["threads"])  # before torch is imported
    import torch

    torch.set_num_threads(int(settings["threads"]))
    program = Program(torch, settings)
    facts = {"torch": torch.__version__, "device": program.device}
    measure = settings["measure"]
    if measure in ("epoch", "memory"):
        unit, images = program.epoch(MEMORY_STEPS if measure == "memory" else 0)
        return protocol.Work(unit, images, facts)
    batch = int(settings["eval_batch" if measure == "evaluate" else "batch"])
    images, labels = batches.resident(settings, batch)
    x, y = program.to_device(images, labels.argmax(axis=1))
    if measure == "evaluate":
        program.model.eval()
        return protocol.Work(lambda: program.predict(x), batch, facts)
    program.model.train()
    return protocol.Work(lambda: program.step(x, y), batch, facts)


if __name__ == "__main__":
    protocol.serve(build)

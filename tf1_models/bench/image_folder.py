"""The images of a benchmark: a folder of the course's four .npy arrays, which the kit and every peer can read."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

SEED = 20


def made_up(n_train: int, n_test: int) -> Any:
    """uint8 noise whose mean brightness follows the class, and labels; the same on every machine.

    Args:
        n_train, n_test: Images; a tenth of each class.

    Returns:
        Four arrays, uint8 [N, 32, 32, 3] and uint8 [N] twice.
    """
    random = np.random.RandomState(SEED)
    arrays = []
    for n in (n_train, n_test):
        labels = random.permutation(np.arange(n) % 10).astype(np.uint8)
        images = random.randint(0, 116, (n, 32, 32, 3), dtype=np.uint8)
        images += (labels * np.uint8(14))[:, None, None, None]
        arrays += [images, labels]
    return arrays


def write(folder: str, arrays: Any) -> str:
    """Writes the four files; returns the folder."""
    os.makedirs(folder, exist_ok=True)
    for name, array in zip(("x_train", "y_train", "x_test", "y_test"), arrays):
        np.save(os.path.join(folder, f"{name}.npy"), np.ascontiguousarray(array))
    return folder


def from_data(data: str, n_train: int, n_test: int) -> Any:
    """The first images of a data set (`--data`), repeated where it has fewer."""
    from tf1_models.datasets.load import load

    found = load(data)
    return [
        np.resize(found.x_train, (n_train, 32, 32, 3)),
        np.resize(found.y_train, n_train),
        np.resize(found.x_test, (n_test, 32, 32, 3)),
        np.resize(found.y_test, n_test),
    ]

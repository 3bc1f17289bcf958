"""What all tests share: TensorFlow imported as the verbs import it, and a tiny data set of smooth images."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, Callable, List

import numpy as np
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.fixture(scope="session")
def tf() -> Any:
    """`tensorflow.compat.v1` in graph mode with resource variables, as the kit's verbs run it."""
    from tf1_models.session.tensorflow_setup import import_tensorflow

    return import_tensorflow()


def make_dataset(n_train: int = 48, n_test: int = 20, seed: int = 3) -> Any:
    """A `Dataset` of smooth patterns whose class can be learned: a bright block that sits where the class says."""
    from tf1_models.classes import CIFAR10_CLASSES
    from tf1_models.datasets.dataset import Dataset, content_digest

    rng = np.random.RandomState(seed)
    arrays: List[np.ndarray] = []
    for n in (n_train, n_test):
        y = (np.arange(n) % 10).astype(np.uint8)
        rng.shuffle(y)
        x = rng.randint(0, 60, (n, 32, 32, 3)).astype(np.uint8)
        for image, label in zip(x, y):
            row, column = divmod(int(label), 4)
            image[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] += 150
        arrays += [x, y]
    return Dataset(
        "tiny",
        "memory",
        arrays[0],
        arrays[1],
        arrays[2],
        arrays[3],
        CIFAR10_CLASSES,
        content_digest(*arrays),
        "official",
        False,
        "memory",
    )


@pytest.fixture(scope="session")
def tiny() -> Any:
    """48 training and 20 test images."""
    return make_dataset()


@pytest.fixture
def kit(tmp_path: Any) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs the command line in a process of its own; returns code, stdout and stderr."""

    def run(*words: str, env: Any = None, cwd: Any = None) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "PYTHONPATH": ROOT, "PYTHONIOENCODING": "utf-8", **(env or {})}
        return subprocess.run(
            [sys.executable, "-m", "tf1_models", *words],
            cwd=str(cwd or tmp_path),
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )

    return run

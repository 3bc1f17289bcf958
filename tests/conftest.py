"""What all tests share: TensorFlow imported as the verbs import it, a tiny data set of smooth images, the mark `tf`."""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
from typing import Any, Callable, Iterator, List

import numpy as np
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def pytest_configure() -> None:
    """A terminal's signals, under `nohup` too: a closed terminal is told to the programs that the tests start."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test without the mark `tf` fails where it, or a fixture made for it, says `import tensorflow`.

    Every import statement is seen, also of what an earlier test of this process loaded, so the order of the tests and
    their places under xdist do not matter. Not seen: a module of the kit that has loaded TensorFlow already, and
    processes that a test starts; for the verbs see `kit`, for the others an environment without TensorFlow.
    """
    if item.get_closest_marker("tf") is not None:
        yield
        return
    plain = builtins.__import__

    def watched(name: str, *rest: Any, **named: Any) -> Any:
        hidden = name in sys.modules and sys.modules[name] is None  # by the test itself
        if name.split(".")[0] == "tensorflow" and not hidden:
            pytest.fail(f"{item.nodeid} imports TensorFlow without @pytest.mark.tf")
        return plain(name, *rest, **named)

    builtins.__import__ = watched
    try:
        yield
    finally:
        builtins.__import__ = plain


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
def kit(
    tmp_path: Any, request: pytest.FixtureRequest, tmp_path_factory: Any
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs the command line in a process of its own; returns code, stdout and stderr.

    In a test without the mark `tf` that process finds no TensorFlow, wherever it is installed.
    """
    path = ROOT
    if request.node.get_closest_marker("tf") is None:
        stand_in = tmp_path_factory.mktemp("no_tensorflow")
        (stand_in / "tensorflow.py").write_text("raise ImportError('a test without the mark tf imports TensorFlow')\n")
        path = os.pathsep.join([str(stand_in), ROOT])

    def run(*words: str, env: Any = None, cwd: Any = None) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", **(env or {})}
        return subprocess.run(
            [sys.executable, "-m", "tf1_models", *words],
            cwd=str(cwd or tmp_path),
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )

    return run

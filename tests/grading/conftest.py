"""A small key, and a folder to hand submissions in."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Union

import numpy as np
import pytest

from tests.grading import builders


@pytest.fixture(scope="session")
def labels() -> np.ndarray:
    """uint8 [100]: ten images of each class, shuffled."""
    return np.random.RandomState(0).permutation(np.arange(100) % 10).astype(np.uint8)


@pytest.fixture
def key(labels: np.ndarray, tmp_path: Any) -> str:
    """The key as a file."""
    path = tmp_path / "key.npy"
    path.write_bytes(builders.npy(labels))
    return str(path)


@pytest.fixture
def hand_in(tmp_path: Any) -> Callable[[Dict[str, Union[bytes, str]]], str]:
    """Writes files below a folder and returns its path."""

    def write(files: Dict[str, Union[bytes, str]]) -> str:
        folder = str(tmp_path / "handed_in")
        for name, content in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as stream:
                stream.write(content.encode("utf-8") if isinstance(content, str) else content)
        return folder

    return write

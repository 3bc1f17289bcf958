"""The peers' data: uint8 arrays from the folder that the parent wrote, in each report's scale. NumPy only."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, NamedTuple, Tuple

import numpy as np

IMAGE_PX = {"alexnet_bn": 256}  # 32 elsewhere


class Data(NamedTuple):
    """uint8 [N, 32, 32, 3] and uint8 [N]; `test` stands for whatever the report evaluates on."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load(settings: Dict[str, Any]) -> Data:
    """The arrays of `settings["data"]`, cut to `n_train` and `n_eval` images."""
    read = {name: np.load(os.path.join(settings["data"], name + ".npy")) for name in Data._fields}
    n_train, n_eval = int(settings["n_train"]), int(settings["n_eval"])
    x_eval, y_eval = read["x_test"], read["y_test"]
    if len(x_eval) < n_eval:  # a dev split that is larger than the test set
        x_eval, y_eval = read["x_train"][-n_eval:], read["y_train"][-n_eval:]
    return Data(read["x_train"][:n_train], read["y_train"][:n_train], x_eval[:n_eval], y_eval[:n_eval])


def divisor(report: str) -> float:
    """What pixels are divided by; nine_conv takes them raw (Q13)."""
    return 1.0 if report == "nine_conv" else 255.0


def scaled(report: str, images: np.ndarray, dtype: str = "float32") -> np.ndarray:
    """Bytes -> pixels in the report's scale and size (256x256 by repetition for alexnet_bn)."""
    times = IMAGE_PX.get(report, 32) // 32
    if times > 1:
        images = images.repeat(times, axis=1).repeat(times, axis=2)
    values = images.astype(dtype)
    if divisor(report) != 1.0:
        values /= values.dtype.type(divisor(report))
    return values


def one_hot(labels: np.ndarray, dtype: str = "float32") -> np.ndarray:
    """[N] -> [N, 10]."""
    return np.eye(10, dtype=dtype)[labels]


def resident(settings: Dict[str, Any], n: int) -> Tuple[np.ndarray, np.ndarray]:
    """`n` images in the report's scale and their one-hot labels, for a batch that never changes."""
    data = load(settings)
    images, labels = np.resize(data.x_train, (n, 32, 32, 3)), np.resize(data.y_train, n)
    return scaled(settings["report"], images), one_hot(labels)


def orders(n: int) -> Iterator[np.ndarray]:
    """A fresh order for every epoch."""
    random = np.random.RandomState(0)
    while True:
        yield random.permutation(n)

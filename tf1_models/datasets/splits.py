"""Which training images are development data: pure functions of the labels, hashed into every result."""

from __future__ import annotations

import hashlib
from typing import Optional, Tuple

import numpy as np

from tf1_models.classes import N_CLASSES
from tf1_models.errors import UsageError
from tf1_models.spec import DEV_SPLITS


def split_indices(rule: str, y_train: np.ndarray) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """Indices of the images to train on and of the dev images.

    Args:
        rule: One of `spec.DEV_SPLITS`.
        y_train: uint8 [N], class ids in the data set's order.

    Returns:
        (train, dev): int64 arrays in ascending order; dev is None where the rule has none.

    Raises:
        UsageError: unknown rule.
    """
    everything = np.arange(len(y_train), dtype=np.int64)
    if rule == "none":
        return everything, None
    if rule == "first_quarter":
        n_dev = len(y_train) // 4
        return everything[n_dev:], everything[:n_dev]
    if rule == "first_tenth_per_class":
        is_dev = np.zeros(len(y_train), dtype=bool)
        for k in range(N_CLASSES):
            of_class = np.flatnonzero(y_train == k)
            # Keras: the files [0, int(0.1 * n)) of each class folder are the validation subset
            is_dev[of_class[: int(0.1 * len(of_class))]] = True
        return everything[~is_dev], everything[is_dev]
    raise UsageError(f"unknown dev_split {rule!r}; known: {', '.join(DEV_SPLITS)}")


def split_hash(train: np.ndarray, dev: Optional[np.ndarray]) -> str:
    """16 hex digits that name a split: SHA-256 over the dev indices, then the training indices (int64)."""
    digest = hashlib.sha256(b"tf1_models-split-1")
    for indices in (dev, train):
        if indices is None:
            digest.update(b"|none|")
        else:
            digest.update(f"|{len(indices)}|".encode("ascii"))
            digest.update(np.ascontiguousarray(indices, dtype="<i8").tobytes())
    return digest.hexdigest()[:16]

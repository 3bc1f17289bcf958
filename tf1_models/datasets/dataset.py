"""The in-memory data set that every loader returns, and its canonical content digest."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Optional, Tuple

import numpy as np

from tf1_models.classes import IMAGE_SIZE_PX, N_CHANNELS, N_CLASSES
from tf1_models.errors import InputError


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Images as bytes, in one fixed order.

    Attributes:
        name: "cifar10", "digits" or, for any other pixels, the file's own stem; part of a run folder's name.
        form: On-disk form it was read from, e.g. "cifar-10-batches-py"; recorded with a run, never hashed.
        x_train, x_test: uint8 [N, 32, 32, 3], RGB, 0..255.
        y_train, y_test: uint8 [N], class ids 0..9.
        class_names: Ten names in class order.
        digest: Hex SHA-256 of labels and pixels in order (see `content_digest`): equal for every on-disk form.
        order: "official" (the form fixes the order) or "inferred" (class folders put into the official label order).
        lossy: True for the known JPEG copy or pixels read from JPEG files, False for the official pixels, None unknown.
        location: Where it was found, for messages only.
    """

    name: str
    form: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: Tuple[str, ...]
    digest: str
    order: str
    lossy: Optional[bool]
    location: str


def content_digest(x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray) -> str:
    """Hex SHA-256 over the splits in order: counts, then labels, then pixels; independent of the on-disk form.

    Two people whose digests agree have the same images in the same order, hence the same splits.

    Args:
        x_train, x_test: uint8 [N, 32, 32, 3].
        y_train, y_test: uint8 [N].

    Returns:
        64 hex digits.
    """
    digest = hashlib.sha256(b"tf1_models-dataset-1")
    for name, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        digest.update(f"|{name}|{len(y)}|".encode("ascii"))
        digest.update(np.ascontiguousarray(y).data)
        digest.update(np.ascontiguousarray(x).data)
    return digest.hexdigest()


def check_arrays(x: np.ndarray, y: np.ndarray, split: str) -> None:
    """Raises InputError unless x is uint8 [N, 32, 32, 3], y uint8 [N] of 0..9, and both are as many (at least 1)."""
    shape = (IMAGE_SIZE_PX, IMAGE_SIZE_PX, N_CHANNELS)
    if x.dtype != np.uint8 or x.ndim != 4 or x.shape[1:] != shape:
        raise InputError(f"{split} images must be uint8 [N, 32, 32, 3]; got {x.dtype} {list(x.shape)}")
    if y.dtype != np.uint8 or y.ndim != 1:
        raise InputError(f"{split} labels must be one class id per image; got {y.dtype} {list(y.shape)}")
    if len(x) != len(y):
        raise InputError(f"{split} has {len(x)} images but {len(y)} labels; they must be as many")
    if len(y) == 0:
        raise InputError(f"{split} holds no image")
    if int(y.max()) >= N_CLASSES:
        raise InputError(f"{split} labels must be 0 to {N_CLASSES - 1}; found {int(y.max())}")

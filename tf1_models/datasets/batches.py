"""The official batches, pickled or binary: what one holds, and the six of them as one data set.

A batch may come from a folder or from an archive, in any order: each has its own place in one preallocated array, so
60,000 images need 176 MiB and one batch more.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from tf1_models.classes import CIFAR10_CLASSES, N_CLASSES
from tf1_models.datasets.pickled_arrays import Array
from tf1_models.datasets.pickles import Unpickler
from tf1_models.errors import InputError
from tf1_models.storage.reading import MIB, Reader, open_regular, shown

NAMES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")
ROWS = 10_000  # images of an official batch, and the most that one may hold
IMAGE_BYTES = 3072
RECORD_BYTES = 1 + IMAGE_BYTES  # cifar-10-batches-bin: label, then the three colour planes
MAX_BYTES = 64 * MIB  # official: 31.0 MB pickled, 30.73 MB binary
META_BYTES = 1 << 16
_CHUNK = 1000

# MD5 of the official pickled batches, as torchvision publishes them
OFFICIAL_MD5 = (
    "c99cafc152244af753f735de768cd75f",
    "d4bba439e000b95fd0a9bffe97cbabec",
    "54ebc095f3ab1f0389bbae665268c751",
    "634d18415352ddfa80567beed471001a",
    "482c414d41f54cd18b22e5b47cb7c3cb",
    "40351d587109b95175f43aff81a1287e",
)


def class_ids(values: np.ndarray, what: str) -> np.ndarray:
    """Labels as uint8 [N], checked before any cast (a cast turns 300 into 44 and -1 into 255 without a word).

    Args:
        values: Integers or floats [N].
        what: Name for messages.

    Raises:
        InputError: a value that is no class id.
    """
    if values.dtype.kind == "f" and not (np.isfinite(values) & (values == np.floor(values))).all():
        raise InputError(f"{what}: labels must be whole numbers 0 to {N_CLASSES - 1}; some are not (or are NaN)")
    if len(values):
        low, high = int(values.min()), int(values.max())
        if low < 0 or high >= N_CLASSES:
            raise InputError(f"{what}: labels must be 0 to {N_CLASSES - 1}; found {low if low < 0 else high}")
    return values.astype(np.uint8)


def place_planes(target: np.ndarray, planes: np.ndarray) -> None:
    """Copies colour planes, uint8 [n, 3072] in the order channel, row, column, into uint8 [n, 32, 32, 3]."""
    for at in range(0, len(planes), _CHUNK):
        rows = planes[at : at + _CHUNK].reshape(-1, 3, 32, 32)
        target[at : at + _CHUNK] = rows.transpose(0, 2, 3, 1)


class Batches:
    """Six places of 10,000 rows; memory is only taken by rows that are filled."""

    def __init__(self) -> None:
        self._x = np.empty((len(NAMES) * ROWS, 32, 32, 3), np.uint8)
        self._y = np.empty(len(NAMES) * ROWS, np.uint8)
        self._n_rows: List[Optional[int]] = [None] * len(NAMES)
        self._md5 = [""] * len(NAMES)

    def read(self, reader: Reader, name: str, digest: Optional[Any]) -> None:
        """Reads one batch, pickled or (name ends in .bin) binary; `digest` is the one given to `reader`."""
        slot = NAMES.index(name[:-4] if name.endswith(".bin") else name)
        if self._n_rows[slot] is not None:
            raise reader.error("this batch was there already")
        first = slot * ROWS
        x, y = self._x[first : first + ROWS], self._y[first : first + ROWS]
        self._n_rows[slot] = (_read_binary if name.endswith(".bin") else _read_pickled)(reader, x, y)
        self._md5[slot] = "" if digest is None else digest.hexdigest()

    def missing(self) -> List[str]:
        """Names of the batches not read yet."""
        return [name for name, n in zip(NAMES, self._n_rows) if n is None]

    def is_official(self) -> bool:
        """True when all six pickled batches have the official MD5."""
        return tuple(self._md5) == OFFICIAL_MD5

    def arrays(self) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(x_train, y_train, x_test, y_test): views of the filled rows, short batches moved together."""
        end = 0
        for slot in range(5):
            n, first = int(self._n_rows[slot] or 0), slot * ROWS
            if first != end:
                self._x[end : end + n] = self._x[first : first + n]
                self._y[end : end + n] = self._y[first : first + n]
            end += n
        test = slice(5 * ROWS, 5 * ROWS + int(self._n_rows[5] or 0))
        return self._x[:end], self._y[:end], self._x[test], self._y[test]


def _rows_of(n: int, reader: Reader) -> int:
    if not 1 <= n <= ROWS:
        raise reader.error(f"a batch holds 1 to {ROWS} images, this one {n}")
    return n


def _read_pickled(reader: Reader, x: np.ndarray, y: np.ndarray) -> int:
    batch = Unpickler(reader).load()
    if "fine_labels" in batch:
        raise reader.error("this is CIFAR-100; CIFAR-10 is needed")
    data, labels = batch.get("data"), batch.get("labels")
    planes = data.values if type(data) is Array else None
    if planes is None or planes.dtype != np.uint8 or planes.ndim != 2 or planes.shape[1] != IMAGE_BYTES:
        raise reader.error(f"'data' must be an array of bytes [N, {IMAGE_BYTES}]")
    if type(labels) is Array and labels.values is not None and labels.values.ndim == 1:
        values = labels.values
    elif type(labels) is list and all(type(label) is int and -1 << 63 <= label < 1 << 63 for label in labels):
        values = np.array(labels, np.int64)
    else:
        raise reader.error("'labels' must be a list of integers")
    n = _rows_of(len(planes), reader)
    if len(values) != n:
        raise reader.error(f"{n} images but {len(values)} labels; they must be as many")
    y[:n] = class_ids(values, reader.what)
    place_planes(x[:n], planes)
    return n


def _read_binary(reader: Reader, x: np.ndarray, y: np.ndarray) -> int:
    if reader.remaining % RECORD_BYTES:
        raise reader.error(f"{reader.remaining} bytes are no whole number of {RECORD_BYTES}-byte records (truncated?)")
    n = _rows_of(reader.remaining // RECORD_BYTES, reader)
    records = np.empty((min(n, _CHUNK), RECORD_BYTES), np.uint8)
    for at in range(0, n, _CHUNK):
        rows = records[: min(_CHUNK, n - at)]
        reader.into(rows.data.cast("B"))
        y[at : at + len(rows)] = class_ids(rows[:, 0], reader.what)
        place_planes(x[at : at + len(rows)], rows[:, 1:])
    return n


def check_meta(reader: Reader, name: str) -> None:
    """Reads batches.meta or batches.meta.txt and demands the official class names in the official order."""
    if name.endswith(".txt"):
        names = reader.exact(reader.remaining).decode("ascii", "replace").split()
    else:
        labels = Unpickler(reader).load().get("label_names")
        names = [_name(label) for label in labels] if type(labels) is list else []
    if names != list(CIFAR10_CLASSES):
        raise reader.error("its class names are not CIFAR-10's, in their official order")


def _name(label: object) -> str:
    return label.decode("ascii", "replace") if type(label) is bytes else str(label) if type(label) is str else ""


def read_folder(folder: str, suffix: str) -> Batches:
    """Reads cifar-10-batches-py (suffix "") or cifar-10-batches-bin (suffix ".bin").

    Raises:
        InputError: a batch is missing, damaged or not what it should be.
    """
    batches = Batches()
    absent = [name + suffix for name in NAMES if not os.path.lexists(os.path.join(folder, name + suffix))]
    if absent:
        raise InputError(f"{shown(folder)} lacks {', '.join(absent)}; fetch it again or name another copy")
    meta = "batches.meta" + (".txt" if suffix else "")
    if os.path.lexists(os.path.join(folder, meta)):  # users copy the six batches without it
        path = os.path.join(folder, meta)
        stream, n_bytes = open_regular(path, META_BYTES)
        with stream:
            check_meta(Reader(stream, n_bytes, path), meta)
    for name in NAMES:
        path = os.path.join(folder, name + suffix)
        digest = None if suffix else hashlib.md5()
        stream, n_bytes = open_regular(path, MAX_BYTES)
        with stream:
            batches.read(Reader(stream, n_bytes, path, digest), name + suffix, digest)
    return batches


MEMBERS: Dict[str, int] = {name + suffix: MAX_BYTES for name in NAMES for suffix in ("", ".bin")}
MEMBERS.update({"batches.meta": META_BYTES, "batches.meta.txt": META_BYTES})

"""The course's npy arrays: x_train.npy, y_train.npy, x_test.npy, y_test.npy (one .npz of the same four: `npz`).

Nothing is ever unpickled (see `storage.npy_header`). Pixels may be bytes, whole numbers 0..255 or floats 0..1 that
are bytes divided by 255; anything that would have to be rounded is refused.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
from typing import Callable, ContextManager, Iterator, NamedTuple, Optional, Tuple

import numpy as np

from tf1_models.classes import N_CLASSES
from tf1_models.datasets.assemble import Arrays
from tf1_models.datasets.batches import IMAGE_BYTES, class_ids, place_planes
from tf1_models.errors import InputError, Refused
from tf1_models.storage import npy_header
from tf1_models.storage.reading import Reader, open_regular, shown

MEMBERS = ("x_train", "y_train", "x_test", "y_test")
MAX_IMAGES = 100_000  # per split
MAX_FILE_BYTES = 1 << 31  # 60,000 images as float64 are 1.5 GB
_CHUNK = 200
_DESCR = re.compile(r"[<>|=]?([iu][1248]|f[248])", re.ASCII)

Opener = Callable[[str], ContextManager[Reader]]


class Header(NamedTuple):
    """What an .npy file says it holds."""

    dtype: np.dtype
    shape: Tuple[int, ...]


def read_header(reader: Reader) -> Header:
    """Reads an .npy header and checks that the rest of the file is exactly its data.

    Raises:
        InputError: no .npy file of plain numbers in C order, or more or fewer bytes than its shape says.
    """
    magic = reader.exact(min(8, reader.remaining))
    if magic[:6] != npy_header.MAGIC or magic[6:] != b"\x01\x00":
        raise reader.error("no .npy file (version 1.0) as numpy.save writes it")
    (length,) = struct.unpack("<H", reader.exact(2))
    if length > npy_header.MAX_HEADER_BYTES:
        raise reader.error(f"an .npy header of {length} bytes; at most {npy_header.MAX_HEADER_BYTES} are read")
    try:
        descr, fortran_order, shape = npy_header.parse(reader.exact(length))
    except Refused as refused:
        raise reader.error(f"its .npy header describes no plain array of integers or floats: {refused}") from None
    if not _DESCR.fullmatch(descr):
        raise reader.error(f"its .npy header describes no plain array of integers or floats: type {shown(descr)}")
    if fortran_order:
        raise reader.error("saved in Fortran order; save numpy.ascontiguousarray(array) instead")
    dtype = np.dtype(descr)
    n_bytes = dtype.itemsize
    for extent in shape:
        n_bytes *= extent
    if n_bytes != reader.remaining:
        raise reader.error(f"shape {list(shape)} needs {n_bytes} bytes of data, the file holds {reader.remaining}")
    return Header(dtype, shape)


def _n_images(header: Header, reader: Reader) -> int:
    shape = header.shape
    if shape[1:] not in ((32, 32, 3), (3, 32, 32), (IMAGE_BYTES,)):
        raise reader.error(f"images must be [N, 32, 32, 3], [N, 3, 32, 32] or [N, 3072]; got {list(shape)}")
    if not 1 <= shape[0] <= MAX_IMAGES:
        raise reader.error(f"1 to {MAX_IMAGES} images are read, this file has {shape[0]}")
    return shape[0]


class _Scale:
    """Turns numbers into bytes and finds out whether they are 0..255 or 0..1, a piece at a time."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.divided: Optional[bool] = None  # None: only zeros and ones so far

    def bytes_of(self, values: np.ndarray, done: np.ndarray) -> np.ndarray:
        """uint8 of `values`; `done` holds the earlier output and is put right when the scale becomes clear late."""
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise InputError(f"{self.what}: NaN or infinite pixels")
        low, high = values.min(), values.max()
        if low < 0 or high > 255:
            found = float(low if low < 0 else high)
            raise InputError(f"{self.what}: pixels must be 0 to 255 (or 0 to 1); found {found:g}")
        if values.dtype.kind != "f":
            return values.astype(np.uint8)
        if high > 1:
            if self.divided:
                raise InputError(f"{self.what}: pixels up to {float(high):g} beside fractions: neither 0..255 nor 0..1")
            if self.divided is None:
                np.floor_divide(done, 255, out=done)  # what looked like black and white was 0 and 1 of 255
            self.divided = False
        scaled = values if self.divided is False else values.astype(np.float64) * 255
        whole = np.rint(scaled)
        if np.abs(scaled - whole).max() > (0 if self.divided is False else 1e-3):
            raise InputError(f"{self.what}: pixels are no bytes: neither whole numbers 0..255 nor such numbers / 255")
        if self.divided is None and ((values > 0) & (values < 1)).any():
            self.divided = True
        return whole.astype(np.uint8)


def _place(target: np.ndarray, values: np.ndarray) -> None:
    """Copies uint8 images of any accepted shape into uint8 [n, 32, 32, 3]."""
    if values.ndim == 2:
        place_planes(target, values)
    elif values.shape[1] == 3:
        target[...] = values.transpose(0, 2, 3, 1)
    else:
        target[...] = values


def _check_rows_are_planes(rows: np.ndarray, what: str) -> None:
    """Refuses rows of 3072 that are evidently interleaved RGB: the shape alone cannot tell.

    In colour planes the value 32 places on is the pixel below; in interleaved rows that is 96 places on.
    """
    sample = rows[:_CHUNK].astype(np.int16)
    as_planes = np.abs(sample[:, 32:] - sample[:, :-32]).mean()
    as_pixels = np.abs(sample[:, 96:] - sample[:, :-96]).mean()
    if as_pixels < 0.9 * as_planes:
        raise InputError(
            f"{what}: rows of 3072 are read as three colour planes, these look interleaved; save them as [N, 32, 32, 3]"
        )


def _fill_images(reader: Reader, header: Header, target: np.ndarray) -> Optional[bool]:
    """Reads pixels into uint8 [n, 32, 32, 3]; returns whether they were divided by 255 (None: not to be told)."""
    if header.dtype == np.uint8 and header.shape[1:] == (32, 32, 3):
        reader.into(target.data.cast("B"))
        return False
    scale = _Scale(reader.what)
    for at in range(0, len(target), _CHUNK):
        n = min(_CHUNK, len(target) - at)
        raw = np.empty((n,) + header.shape[1:], header.dtype)
        reader.into(raw.reshape(-1).view(np.uint8).data)
        values = scale.bytes_of(raw, target[:at])
        if at == 0 and values.ndim == 2:
            _check_rows_are_planes(values, reader.what)
        _place(target[at : at + n], values)
    return scale.divided if header.dtype.kind == "f" else False


def _labels(reader: Reader, header: Header) -> np.ndarray:
    """Labels [N], [N, 1] or one-hot [N, 10] as uint8 [N]."""
    shape = header.shape
    if shape[1:] not in ((), (1,), (N_CLASSES,)) or not shape or not 1 <= shape[0] <= MAX_IMAGES:
        raise reader.error(f"labels must be [N], [N, 1] or one-hot [N, 10]; got {list(shape)}")
    raw = np.frombuffer(reader.exact(reader.remaining), header.dtype).reshape(shape)
    if shape[1:] == (N_CLASSES,):
        if not (((raw == 0) | (raw == 1)).all() and ((raw == 1).sum(axis=1) == 1).all()):
            raise reader.error("labels [N, 10] must be one-hot: a single 1 in each row, else 0")
        return raw.argmax(axis=1).astype(np.uint8)
    return class_ids(raw.reshape(-1), reader.what)


def read_members(opener: Opener) -> Arrays:
    """Reads the four arrays, each from what `opener(name)` gives.

    Raises:
        InputError: something is not images or labels of CIFAR-10's shape.
    """
    labels, n_images = {}, {}
    for split in ("train", "test"):
        with opener(f"y_{split}") as reader:
            labels[split] = _labels(reader, read_header(reader))
        with opener(f"x_{split}") as reader:
            n_images[split] = _n_images(read_header(reader), reader)
        if n_images[split] != len(labels[split]):
            raise reader.error(
                f"{n_images[split]} images but {len(labels[split])} labels in y_{split}; they must be as many"
            )
    n_train = n_images["train"]
    x = np.empty((n_train + n_images["test"], 32, 32, 3), np.uint8)
    divided = {}
    for split, part in (("train", x[:n_train]), ("test", x[n_train:])):
        with opener(f"x_{split}") as reader:
            header = read_header(reader)
            if _n_images(header, reader) != len(part):
                raise reader.error("it changed while it was read")
            divided[split] = _fill_images(reader, header, part)
    for split, other, part in (("train", "test", x[:n_train]), ("test", "train", x[n_train:])):
        if divided[split] is None and divided[other] is False:
            np.floor_divide(part, 255, out=part)  # only zeros and ones, beside a split of 0..255
    if True in divided.values() and False in divided.values():
        raise InputError("x_train and x_test differ in scale: one is 0..255, the other 0..1")
    return Arrays(x[:n_train], labels["train"], x[n_train:], labels["test"])


def read_folder(folder: str) -> Arrays:
    """Reads x_train.npy, y_train.npy, x_test.npy and y_test.npy of a folder (see `read_members`)."""
    absent = [f"{name}.npy" for name in MEMBERS if not os.path.lexists(os.path.join(folder, f"{name}.npy"))]
    if absent:
        raise InputError(f"{shown(folder)} lacks {', '.join(absent)}")

    @contextlib.contextmanager
    def opener(name: str) -> Iterator[Reader]:
        path = os.path.join(folder, f"{name}.npy")
        stream, n_bytes = open_regular(path, MAX_FILE_BYTES)
        with stream:
            yield Reader(stream, n_bytes, path)

    return read_members(opener)

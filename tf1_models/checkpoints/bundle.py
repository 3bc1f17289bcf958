"""A reader for tf.train.Saver V2 checkpoints without TensorFlow: names, shapes, values, every checksum checked.

For inspecting, comparing and vetting: a crafted index aborts the interpreter inside TensorFlow's own reader (6 of 45
crafted files in 2.21), so a foreign file is read here, in a child with limits (`foreign`). The index is an SSTable
(`sstable`) of two small kinds of protocol buffers; the tensors lie raw in one data file, end to end.
"""

from __future__ import annotations

import os
from typing import Dict, List, NamedTuple, Tuple

import numpy as np

from tf1_models.checkpoints.crc32c import crc32c, unmask
from tf1_models.checkpoints.sstable import fail, fields, records
from tf1_models.errors import InputError
from tf1_models.storage.reading import open_regular, shown

_MAX_INDEX_BYTES = 8 << 20  # nine_conv with its slots has 2.6 kB
_MAX_DATA_BYTES = 4 << 30
_MAX_ENTRIES = 20_000
_MAX_RANK = 8
# DataType numbers of tensorflow/core/framework/types.proto that a training program saves
DTYPES = {1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 9: "int64", 10: "bool",
           17: "uint16", 19: "float16", 22: "uint32", 23: "uint64"}


class Entry(NamedTuple):
    """One tensor: where it lies and what it is."""

    name: str
    dtype: str
    shape: Tuple[int, ...]
    offset: int
    size: int
    crc: int


def _entry(name: str, value: bytes, data_size: int, path: str) -> Entry:
    dtype = offset = size = crc = shard = 0
    shape: List[int] = []
    for field, number, content in fields(value, path):
        if field == 1:
            dtype = number
        elif field == 2:
            for dim_field, unknown, dim in fields(content, path):
                if dim_field == 3 and unknown:
                    raise fail(path, f"{shown(name)!r} has no known shape")
                if dim_field == 2:
                    extents = [n for inner, n, _ in fields(dim, path) if inner == 1]
                    shape.append(extents[-1] if extents else 0)
        elif field == 3:
            shard = number
        elif field == 4:
            offset = number
        elif field == 5:
            size = number
        elif field == 6:
            crc = number
        elif field == 7:
            raise fail(path, f"{shown(name)!r} is stored in slices, which the kit does not read")
    if dtype not in DTYPES:
        raise fail(path, f"{shown(name)!r} has the data type {dtype}; numbers are read")
    wanted = largest = np.dtype(DTYPES[dtype]).itemsize
    for extent in shape[: _MAX_RANK + 1]:
        wanted, largest = wanted * extent, largest * max(extent, 1)  # NumPy multiplies the others beside a 0 too
    if len(shape) > _MAX_RANK or wanted != size or shard != 0 or offset + size > data_size or largest > _MAX_DATA_BYTES:
        raise fail(path, f"{shown(name)!r} does not fit: shape {shape[:_MAX_RANK]}, {size} bytes at {offset}")
    return Entry(name, DTYPES[dtype], tuple(shape), offset, size, unmask(crc))


def _check_header(key: bytes, value: bytes, path: str) -> None:
    if key != b"":
        raise fail(path, "no header")
    header = {field: number for field, number, _ in fields(value, path)}
    if header.get(1) != 1 or header.get(2, 0) != 0:
        raise fail(path, "several shards or big-endian numbers, which the kit does not read")


def _name(key: bytes, path: str) -> str:
    try:
        name = key.decode("utf-8")
    except UnicodeDecodeError:
        raise fail(path, "a name is not UTF-8") from None
    if not name.isprintable():  # names are shown on terminals
        raise fail(path, "a name has control characters")
    return name


def _check_layout(entries: Dict[str, Entry], data_size: int, path: str) -> None:
    """The Saver writes tensors end to end: no overlap (20,000 tensors in the same bytes) and no byte unclaimed."""
    end = 0
    for entry in sorted(entries.values(), key=lambda entry: (entry.offset, entry.size)):
        if entry.size and entry.offset != end:
            raise fail(path, f"{shown(entry.name)!r} overlaps another tensor, or bytes before it belong to none")
        end += entry.size
    if end != data_size:
        raise fail(path, f"the data file has {data_size} bytes, its tensors {end}")


def read_index(prefix: str, follow: bool = True) -> Dict[str, Entry]:
    """Tensors of a checkpoint, from its index file alone.

    Args:
        prefix: Saver prefix.
        follow: False refuses symbolic links.

    Returns:
        Name -> entry, sorted by name.

    Raises:
        InputError: missing, no regular file, or anything in it does not add up.
    """
    path = f"{prefix}.index"
    stream, size = open_regular(path, _MAX_INDEX_BYTES, follow)
    with stream:
        index = stream.read(size)
    data_stream, data_size = open_regular(f"{prefix}.data-00000-of-00001", _MAX_DATA_BYTES, follow)
    data_stream.close()
    entries: Dict[str, Entry] = {}
    for number, (key, value) in enumerate(records(index, path)):
        if number == 0:
            _check_header(key, value, path)
            continue
        if number > _MAX_ENTRIES:
            raise fail(path, f"more than {_MAX_ENTRIES} tensors")
        name = _name(key, path)
        entries[name] = _entry(name, value, data_size, path)
    _check_layout(entries, data_size, path)
    return dict(sorted(entries.items()))


def read_tensor(prefix: str, entry: Entry, follow: bool = True) -> np.ndarray:
    """One tensor's values, its CRC-32C checked (see `read_index` for `follow`).

    Raises:
        InputError: the file is shorter than the index says, its bytes changed, or a bool is neither 0 nor 1.
    """
    path = f"{prefix}.data-00000-of-00001"
    stream, size = open_regular(path, _MAX_DATA_BYTES, follow)
    content = bytearray(entry.size)
    with stream:
        if entry.offset + entry.size > size:
            raise InputError(f"{shown(os.path.basename(path))} is truncated: {shown(entry.name)!r} runs over its end")
        stream.seek(entry.offset)
        view, at = memoryview(content), 0
        while at < entry.size:
            got = stream.readinto(view[at:])  # type: ignore[attr-defined]
            if not got:
                raise InputError(f"{shown(os.path.basename(path))} is truncated inside {shown(entry.name)!r}")
            at += got
    if crc32c(content) != entry.crc:
        raise InputError(f"{shown(os.path.basename(path))} is damaged: the checksum of {shown(entry.name)!r} is off")
    if entry.dtype == "bool" and np.frombuffer(content, np.uint8).max(initial=0) > 1:
        raise InputError(f"{shown(os.path.basename(path))}: {shown(entry.name)!r} holds bytes that are no bool")
    return np.frombuffer(content, np.dtype(entry.dtype).newbyteorder("<")).reshape(entry.shape)


def read_all(prefix: str) -> Dict[str, np.ndarray]:
    """Every tensor of a checkpoint, checked (see `read_tensor`)."""
    return {name: read_tensor(prefix, entry) for name, entry in read_index(prefix).items()}

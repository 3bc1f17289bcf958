"""A reader for tf.train.Saver V2 checkpoints without TensorFlow: names, shapes, values, every checksum checked.

For inspecting, comparing and vetting: a crafted index aborts the interpreter inside TensorFlow's own reader (6 of 45
crafted files in 2.21), so a foreign file is read here first. The format is an SSTable: footer, index block and data
blocks, each with a masked CRC-32C; values are two small protocol buffers; tensors lie raw in one data file.
"""

from __future__ import annotations

import os
from typing import Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

from tf1_models.checkpoints.crc32c import crc32c, unmask
from tf1_models.datasets.reading import open_regular, shown
from tf1_models.errors import InputError

_MAGIC = 0xDB4775248B80FB57
_MAX_INDEX_BYTES = 8 << 20  # nine_conv with its slots has 2.6 kB
_MAX_DATA_BYTES = 4 << 30
_MAX_ENTRIES = 20_000
_MAX_RANK = 8
# DataType numbers of tensorflow/core/framework/types.proto that a training program saves
_DTYPES = {1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 9: "int64", 10: "bool",
           17: "uint16", 19: "float16", 22: "uint32", 23: "uint64"}


class Entry(NamedTuple):
    """One tensor: where it lies and what it is."""

    name: str
    dtype: str
    shape: Tuple[int, ...]
    offset: int
    size: int
    crc: int


def _fail(path: str, problem: str) -> InputError:
    return InputError(f"{shown(os.path.basename(path))} is no sound checkpoint index: {problem}")


def _varint(data: bytes, at: int, path: str) -> Tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise _fail(path, "a number runs over its end")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(data: bytes, path: str) -> Iterator[Tuple[int, int, bytes]]:
    """(field number, number, bytes) of a protocol buffer message; the one that the wire type lacks is 0 or b""."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at, path)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at, path)
            yield key >> 3, value, b""
        elif kind in (1, 5):
            width = 8 if kind == 1 else 4
            if at + width > len(data):
                raise _fail(path, "a field runs over its end")
            yield key >> 3, int.from_bytes(data[at : at + width], "little"), b""
            at += width
        elif kind == 2:
            size, at = _varint(data, at, path)
            if at + size > len(data):
                raise _fail(path, "a field runs over its end")
            yield key >> 3, 0, data[at : at + size]
            at += size
        else:
            raise _fail(path, "an unknown kind of field")


def _block(index: bytes, offset: int, size: int, path: str) -> bytes:
    if offset + size + 5 > len(index):
        raise _fail(path, "a block lies outside the file")
    if index[offset + size] != 0:
        raise _fail(path, "a compressed block, which TensorFlow never writes")
    stored = int.from_bytes(index[offset + size + 1 : offset + size + 5], "little")
    if crc32c(index[offset : offset + size + 1]) != unmask(stored):
        raise _fail(path, "a block's checksum does not match")
    return index[offset : offset + size]


def _records(block: bytes, path: str) -> Iterator[Tuple[bytes, bytes]]:
    """Key and value pairs of a block; keys share prefixes with the one before."""
    if len(block) < 4:
        raise _fail(path, "a block is too short")
    n_restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * n_restarts
    if end < 0:
        raise _fail(path, "a block's restart list runs over it")
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at, path)
        fresh, at = _varint(block, at, path)
        length, at = _varint(block, at, path)
        if shared > len(key) or at + fresh + length > end:
            raise _fail(path, "a record runs over its block")
        key = key[:shared] + block[at : at + fresh]
        yield key, block[at + fresh : at + fresh + length]
        at += fresh + length


def _handle(data: bytes, path: str) -> Tuple[int, int]:
    offset, at = _varint(data, 0, path)
    return offset, _varint(data, at, path)[0]


def _entry(name: str, value: bytes, data_size: int, path: str) -> Entry:
    dtype = offset = size = crc = shard = 0
    shape: List[int] = []
    for field, number, content in _fields(value, path):
        if field == 1:
            dtype = number
        elif field == 2:
            for dim_field, unknown, dim in _fields(content, path):
                if dim_field == 3 and unknown:
                    raise _fail(path, f"{shown(name)!r} has no known shape")
                if dim_field == 2:
                    extents = [n for inner, n, _ in _fields(dim, path) if inner == 1]
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
            raise _fail(path, f"{shown(name)!r} is stored in slices, which the kit does not read")
    if dtype not in _DTYPES:
        raise _fail(path, f"{shown(name)!r} has the data type {dtype}; numbers are read")
    wanted = np.dtype(_DTYPES[dtype]).itemsize
    for extent in shape:
        wanted *= extent
    if len(shape) > _MAX_RANK or wanted != size or shard != 0 or offset + size > data_size:
        raise _fail(path, f"{shown(name)!r} does not fit: shape {shape[:_MAX_RANK]}, {size} bytes at {offset}")
    return Entry(name, _DTYPES[dtype], tuple(shape), offset, size, unmask(crc))


def read_index(prefix: str) -> Dict[str, Entry]:
    """Tensors of a checkpoint, from its index file alone.

    Args:
        prefix: Saver prefix.

    Returns:
        Name -> entry, sorted by name.

    Raises:
        InputError: missing, no regular file, or anything in it does not add up.
    """
    path = f"{prefix}.index"
    stream, size = open_regular(path, _MAX_INDEX_BYTES)
    with stream:
        index = stream.read(size)
    data_stream, data_size = open_regular(f"{prefix}.data-00000-of-00001", _MAX_DATA_BYTES)
    data_stream.close()
    if len(index) < 48 or int.from_bytes(index[-8:], "little") != _MAGIC:
        raise _fail(path, "its last bytes are not the format's")
    footer = index[-48:-8]
    _, at = _varint(footer, 0, path)  # the metaindex block is empty and not needed
    _, at = _varint(footer, at, path)
    offset, at = _varint(footer, at, path)
    size, at = _varint(footer, at, path)
    entries: Dict[str, Entry] = {}
    header_seen = False
    for _, handle in _records(_block(index, offset, size, path), path):
        for key, value in _records(_block(index, *_handle(handle, path), path), path):
            if key == b"":
                header = {field: number for field, number, _ in _fields(value, path)}
                if header.get(1) != 1 or header.get(2, 0) != 0:
                    raise _fail(path, "several shards or big-endian numbers, which the kit does not read")
                header_seen = True
                continue
            try:
                name = key.decode("utf-8")
            except UnicodeDecodeError:
                raise _fail(path, "a name is not UTF-8") from None
            if name in entries or len(entries) >= _MAX_ENTRIES:
                raise _fail(path, f"{shown(name)!r} twice, or more than {_MAX_ENTRIES} tensors")
            entries[name] = _entry(name, value, data_size, path)
    if not header_seen:
        raise _fail(path, "no header")
    return dict(sorted(entries.items()))


def read_tensor(prefix: str, entry: Entry) -> np.ndarray:
    """One tensor's values, its CRC-32C checked.

    Raises:
        InputError: the file is shorter than the index says, or its bytes changed.
    """
    path = f"{prefix}.data-00000-of-00001"
    stream, size = open_regular(path, _MAX_DATA_BYTES)
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
    return np.frombuffer(content, np.dtype(entry.dtype).newbyteorder("<")).reshape(entry.shape)


def read_all(prefix: str) -> Dict[str, np.ndarray]:
    """Every tensor of a checkpoint, checked (see `read_tensor`)."""
    return {name: read_tensor(prefix, entry) for name, entry in read_index(prefix).items()}

"""A reader for tf.train.Saver V2 checkpoints without TensorFlow: names, shapes, values, every checksum checked.

For inspecting, comparing and vetting: a crafted index aborts the interpreter inside TensorFlow's own reader (6 of 45
crafted files in 2.21), so a foreign file is read here, in a child with limits (`foreign`). The index is an SSTable
(`sstable`) of two small kinds of protocol buffers; the tensors lie raw in one data file, end to end.
"""

from __future__ import annotations

import os
from typing import IO, Dict, List, NamedTuple, Tuple, Union

import numpy as np

from tf1_models.checkpoints import slices as slice_records
from tf1_models.checkpoints.crc32c import crc32c, unmask
from tf1_models.checkpoints.slices import MAX_SLICES, Slice
from tf1_models.checkpoints.sstable import fail, fields, records
from tf1_models.errors import InputError
from tf1_models.storage.reading import open_regular, shown

_MAX_INDEX_BYTES = 8 << 20  # nine_conv with its slots has 2.6 kB
_MAX_DATA_BYTES = 4 << 30
_MAX_ENTRIES = 20_000
_MAX_RANK = 8
# DataType numbers of tensorflow/core/framework/types.proto that a training program saves
DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    9: "int64",
    10: "bool",
    17: "uint16",
    19: "float16",
    22: "uint32",
    23: "uint64",
}

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class Entry(NamedTuple):
    """One tensor: where it lies and what it is.

    A partitioned variable has `slices`; its `offset` and `crc` are 0 then, its `size` that of the whole.
    """

    name: str
    dtype: str
    shape: Tuple[int, ...]
    offset: int
    size: int
    crc: int
    slices: Tuple[Slice, ...] = ()


class _Record(NamedTuple):
    """A BundleEntryProto as it stands in the index, dtype and shape within bounds, its place not yet checked."""

    dtype: str
    shape: Tuple[int, ...]
    n_bytes: int  # that shape and dtype make
    shard: int
    offset: int
    size: int
    crc: int
    slices: List[bytes]


def _record(name: str, value: bytes, path: str) -> _Record:
    dtype = offset = size = crc = shard = 0
    shape: List[int] = []
    slices: List[bytes] = []
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
            slices.append(content)
    if name == _OBJECT_GRAPH:
        raise fail(
            path,
            "it is an object-based checkpoint of TensorFlow 2 or tf.keras, whose names are attributes; "
            "save its variables with tf.compat.v1.train.Saver",
        )
    if dtype not in DTYPES:
        raise fail(path, f"{shown(name)!r} has the data type {dtype}; numbers are read")
    n_bytes = largest = np.dtype(DTYPES[dtype]).itemsize
    for extent in shape[: _MAX_RANK + 1]:
        n_bytes, largest = n_bytes * extent, largest * max(extent, 1)  # NumPy multiplies the others beside a 0 too
    if len(shape) > _MAX_RANK or largest > _MAX_DATA_BYTES:
        raise fail(path, f"{shown(name)!r} does not fit: shape {shape[:_MAX_RANK]}")
    return _Record(DTYPES[dtype], tuple(shape), n_bytes, shard, offset, size, crc, slices)


def _place(name: str, record: _Record, data_size: int, path: str) -> Tuple[int, int, int]:
    """Offset, size and CRC of a record that has bytes of its own."""
    if record.n_bytes != record.size or record.shard != 0 or record.offset + record.size > data_size or record.slices:
        raise fail(
            path, f"{shown(name)!r} does not fit: shape {list(record.shape)}, {record.size} bytes at {record.offset}"
        )
    return record.offset, record.size, unmask(record.crc)


def _joined(name: str, record: _Record, pieces: Dict[bytes, bytes], data_size: int, path: str) -> List[Entry]:
    """The entry of a partitioned variable; takes the records of its slices out of `pieces`.

    Where they do not make the whole, an entry for each slice instead.
    """
    if record.size or record.offset or len(record.slices) > MAX_SLICES:
        raise fail(path, f"{shown(name)!r} has bytes beside its slices, or more than {MAX_SLICES} of them")
    found: List[Slice] = []
    for content in record.slices:
        places = slice_records.extents(content, record.shape, name, path)
        starts, shape = slice_records.box(places, record.shape)
        value = pieces.pop(slice_records.key(name, places), None)
        if value is None:
            raise fail(path, f"a slice of {shown(name)!r} is not there, or listed twice")
        piece = _record(name, value, path)
        if piece.dtype != record.dtype or piece.shape != shape:
            raise fail(path, f"a slice of {shown(name)!r} has another shape or data type than the whole lists")
        found.append(Slice(starts, shape, *_place(name, piece, data_size, path)))
    if slice_records.cover(found, record.shape, name, path):
        return [Entry(name, record.dtype, record.shape, 0, record.n_bytes, 0, tuple(found))]
    return [Entry(slice_records.part_name(name, piece), record.dtype, *piece[1:]) for piece in found]


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
    places = [(place, entry.name) for entry in entries.values() for place in entry.slices or (entry,)]
    for offset, size, name in sorted((place.offset, place.size, name) for place, name in places):
        if size and offset != end:
            raise fail(path, f"{shown(name)!r} overlaps another tensor, or bytes before it belong to none")
        end += size
    if end != data_size:
        raise fail(path, f"the data file has {data_size} bytes, its tensors {end}")


def read_index(prefix: str, follow: bool = True) -> Dict[str, Entry]:
    """Tensors of a checkpoint, from its index file alone; partitioned variables whole, under their own names.

    One that is not there as a whole is listed by its parts, as `name[0:2,0:3]`.

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
    pieces: Dict[bytes, bytes] = {}
    for number, (key, value) in enumerate(records(index, path)):
        if number == 0:
            _check_header(key, value, path)
            continue
        if number > _MAX_ENTRIES:
            raise fail(path, f"more than {_MAX_ENTRIES} tensors")
        if slice_records.is_key(key):  # they sort before every name
            pieces[key] = value
            continue
        name = _name(key, path)
        record = _record(name, value, path)
        fresh = (
            _joined(name, record, pieces, data_size, path)
            if record.slices
            else [Entry(name, record.dtype, record.shape, *_place(name, record, data_size, path))]
        )
        if any(entry.name in entries for entry in fresh):
            raise fail(path, f"{shown(name)!r} is there twice")
        entries.update((entry.name, entry) for entry in fresh)
    if pieces:
        raise fail(path, "a slice that no variable lists, or a name that begins with a zero byte")
    _check_layout(entries, data_size, path)
    return dict(sorted(entries.items()))


def read_tensor(prefix: str, entry: Entry, follow: bool = True) -> np.ndarray:
    """One tensor's values, its CRC-32C checked, slices joined (see `read_index` for `follow`).

    Raises:
        InputError: the file is shorter than the index says, its bytes changed, or a bool is neither 0 nor 1.
    """
    path = f"{prefix}.data-00000-of-00001"
    dtype = np.dtype(entry.dtype).newbyteorder("<")
    stream, size = open_regular(path, _MAX_DATA_BYTES, follow)
    with stream:
        if not entry.slices:
            content = _read_bytes(stream, size, entry, entry, path)
            return np.frombuffer(content, dtype).reshape(entry.shape)
        whole = np.empty(entry.shape, dtype)
        for piece in entry.slices:
            content = _read_bytes(stream, size, entry, piece, path)
            box = tuple(slice(start, start + extent) for start, extent in zip(piece.starts, piece.shape))
            whole[box] = np.frombuffer(content, dtype).reshape(piece.shape)
    return whole


def _read_bytes(stream: IO[bytes], size: int, entry: Entry, place: Union[Entry, Slice], path: str) -> bytearray:
    """The bytes of an entry or of one of its slices, checked; `size` is the data file's."""
    content = bytearray(place.size)
    file, name = shown(os.path.basename(path)), shown(entry.name)
    if place.offset + place.size > size:
        raise InputError(f"{file} is truncated: {name!r} runs over its end")
    stream.seek(place.offset)
    view, at = memoryview(content), 0
    while at < place.size:
        got = stream.readinto(view[at:])  # type: ignore[attr-defined]
        if not got:
            raise InputError(f"{file} is truncated inside {name!r}")
        at += got
    if crc32c(content) != place.crc:
        raise InputError(f"{file} is damaged: the checksum of {name!r} is off")
    if entry.dtype == "bool" and np.frombuffer(content, np.uint8).max(initial=0) > 1:
        raise InputError(f"{file}: {name!r} holds bytes that are no bool")
    return content


def read_all(prefix: str) -> Dict[str, np.ndarray]:
    """Every tensor of a checkpoint, checked (see `read_tensor`)."""
    return {name: read_tensor(prefix, entry) for name, entry in read_index(prefix).items()}

"""Checkpoints written without TensorFlow, checksums right: sound ones from arrays, crafted ones record by record."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from tf1_models.checkpoints.bundle import DTYPES
from tf1_models.checkpoints.crc32c import crc32c, unmask
from tf1_models.checkpoints.slices import Extent, key

Record = Tuple[bytes, bytes]
MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)


def varint(value: int) -> bytes:
    """A number as protocol buffers and the index write it."""
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: Any) -> bytes:
    """A protocol buffer's field: bytes, or a number (negative ones as 64-bit)."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value & 0xFFFFFFFFFFFFFFFF)


def mask(crc: int) -> int:
    """A CRC as it is stored."""
    masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    assert unmask(masked) == crc
    return masked


def sealed(block: bytes, kind: int = 0) -> bytes:
    """A block with its kind (0: not compressed) and checksum."""
    body = block + bytes([kind])
    return body + struct.pack("<I", mask(crc32c(body)))


def block(records: Sequence[Record], restarts: bytes = struct.pack("<II", 0, 1)) -> bytes:
    """Records without shared prefixes."""
    return b"".join(b"\0" + varint(len(k)) + varint(len(v)) + k + v for k, v in records) + restarts


def table(data: bytes, index: Optional[bytes] = None, kind: int = 0) -> bytes:
    """A file of one data block; `index` replaces the index block, whose one record points to it."""
    content = sealed(data, kind)
    meta = block([])
    meta_at = len(content)
    content += sealed(meta)
    if index is None:
        index = block([(b"\xff", varint(0) + varint(len(data)))])
    index_at = len(content)
    content += sealed(index)
    footer = varint(meta_at) + varint(len(meta)) + varint(index_at) + varint(len(index))
    return content + footer.ljust(40, b"\0") + MAGIC


def _numbers(data: bytes) -> List[int]:
    found, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            found.append(value)
            value = shift = 0
    return found


def footer_handles(content: bytes) -> List[Tuple[int, int]]:
    """(offset, size) of the index block, by the footer; empty where there is none."""
    found = _numbers(content[-48:-8])
    return [(found[2], found[3])] if len(content) >= 48 and len(found) >= 4 else []


def index_handles(content: bytes) -> List[Tuple[int, int]]:
    """(offset, size) of the first data block, by the index block's first record."""
    for at, _ in footer_handles(content):
        if at + 4 < len(content):
            key_size = content[at + 1]
            found = _numbers(content[at + 3 + key_size : at + 3 + key_size + content[at + 2]])
            return [(found[0], found[1])] if len(found) >= 2 else []
    return []


def write_index(path: str, records: Sequence[Record]) -> None:
    """A crafted index: (key, value) records as they are given."""
    with open(path, "wb") as stream:
        stream.write(table(block(records)))


HEADER: Record = (b"", field(1, 1))


def entry(dtype: int = 1, dims: Any = (4,), size: int = 16, data: bytes = bytes(16), **fields: int) -> bytes:
    """A tensor's entry with the checksum of `data`, by default four float32 zeros at 0; f4=... sets field 4."""
    shape = b"".join(field(2, field(1, d)) for d in dims)
    out = field(1, dtype) + field(2, shape) + field(5, size)
    out += b"\x35" + struct.pack("<I", mask(crc32c(data)))
    for number, value in fields.items():
        out += field(int(number[1:]), value)
    return out


def write_checkpoint(prefix: str, values: Dict[str, np.ndarray]) -> None:
    """What tf.train.Saver would write."""
    numbers = {name: number for number, name in DTYPES.items()}
    records: List[Record] = [(b"", field(1, 1) + field(3, field(1, 1)))]
    with open(prefix + ".data-00000-of-00001", "wb") as stream:
        for name in sorted(values):
            content = values[name].tobytes()
            crc = b"\x35" + struct.pack("<I", mask(crc32c(content)))
            shape = b"".join(field(2, field(1, extent)) for extent in values[name].shape)
            row = field(1, numbers[values[name].dtype.name]) + field(2, shape)
            records.append((name.encode(), row + field(4, stream.tell()) + field(5, len(content)) + crc))
            stream.write(content)
    write_index(prefix + ".index", records)


def whole(dims: Sequence[int], boxes: Sequence[Sequence[Extent]], dtype: int = 1) -> bytes:
    """A partitioned variable's entry: its shape and its slices, each (start, length or None for all) by axis."""
    out = field(1, dtype) + field(2, b"".join(field(2, field(1, extent)) for extent in dims))
    for box in boxes:
        places = [field(1, start) + (b"" if length is None else field(2, length)) for start, length in box]
        out += field(7, b"".join(field(1, place) for place in places))
    return out


def pieces(values: np.ndarray, boxes: Sequence[Sequence[Extent]]) -> List[np.ndarray]:
    """The slices of an array."""
    return [values[tuple(slice(at, None if length is None else at + length) for at, length in box)] for box in boxes]


def sliced(
    name: str, dims: Sequence[int], boxes: Sequence[Sequence[Extent]], values: Optional[np.ndarray] = None
) -> List[Record]:
    """What a Saver writes for a partitioned float32 variable, zeros by default: a record a slice, then the whole.

    Slices that overlap or leave out something are written as they are; their bytes lie end to end in their order.
    """
    records, at = [], 0
    for number, box in enumerate(boxes):
        shape = [extent if length is None else length for extent, (_, length) in zip(dims, box)]
        size = 4 * int(np.prod(shape, dtype=np.int64))
        data = bytes(size) if values is None else pieces(values, boxes)[number].tobytes()
        records.append((key(name, box), entry(dims=shape, size=size, data=data, f4=at)))
        at += size
    return [*sorted(records), (name.encode(), whole(dims, boxes))]

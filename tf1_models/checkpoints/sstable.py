"""The index file's container (LevelDB's table format), bounded: blocks with checksums, keys that ascend, small records.

Everything is read from bytes at hand. Work is bounded by their number: every block holds a record, keys ascend strictly
over the whole file (so none is visited twice), keys and values have a largest size.
"""

from __future__ import annotations

import os
from typing import Iterator, Optional, Tuple

from tf1_models.checkpoints.crc32c import crc32c, unmask
from tf1_models.errors import InputError
from tf1_models.storage.reading import shown

MAGIC = 0xDB4775248B80FB57
_MAX_KEY_BYTES = 1024  # keys share prefixes, so 20,000 names of 1 MiB would fit into one small file
_MAX_VALUE_BYTES = 1 << 16  # a variable in 1,024 slices lists them in some 20 kB


def fail(path: str, problem: str) -> InputError:
    return InputError(f"{shown(os.path.basename(path))} is no sound checkpoint index: {problem}")


def varint(data: bytes, at: int, path: str) -> Tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise fail(path, "a number runs over its end")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data: bytes, path: str) -> Iterator[Tuple[int, int, bytes]]:
    """(field number, number, bytes) of a protocol buffer message; the one that the wire type lacks is 0 or b""."""
    at = 0
    while at < len(data):
        key, at = varint(data, at, path)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at, path)
            yield key >> 3, value, b""
        elif kind in (1, 5):
            width = 8 if kind == 1 else 4
            if at + width > len(data):
                raise fail(path, "a field runs over its end")
            yield key >> 3, int.from_bytes(data[at : at + width], "little"), b""
            at += width
        elif kind == 2:
            size, at = varint(data, at, path)
            if at + size > len(data):
                raise fail(path, "a field runs over its end")
            yield key >> 3, 0, data[at : at + size]
            at += size
        else:
            raise fail(path, "an unknown kind of field")


def _block(index: bytes, offset: int, size: int, path: str) -> bytes:
    if offset + size + 5 > len(index):
        raise fail(path, "a block lies outside the file")
    if index[offset + size] != 0:
        raise fail(path, "a compressed block, which TensorFlow never writes")
    stored = int.from_bytes(index[offset + size + 1 : offset + size + 5], "little")
    if crc32c(index[offset : offset + size + 1]) != unmask(stored):
        raise fail(path, "a block's checksum does not match")
    return index[offset : offset + size]


def _block_records(block: bytes, path: str) -> Iterator[Tuple[bytes, bytes]]:
    """Key and value pairs of a block; keys share prefixes with the one before."""
    if len(block) < 4:
        raise fail(path, "a block is too short")
    n_restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * n_restarts
    if end < 0:
        raise fail(path, "a block's restart list runs over it")
    at, key = 0, b""
    while at < end:
        shared, at = varint(block, at, path)
        fresh, at = varint(block, at, path)
        length, at = varint(block, at, path)
        if shared > len(key) or at + fresh + length > end:
            raise fail(path, "a record runs over its block")
        if shared + fresh > _MAX_KEY_BYTES or length > _MAX_VALUE_BYTES:
            raise fail(path, f"a name of more than {_MAX_KEY_BYTES} bytes or an entry of more than {_MAX_VALUE_BYTES}")
        key = key[:shared] + block[at : at + fresh]
        yield key, block[at + fresh : at + fresh + length]
        at += fresh + length


def _handle(data: bytes, path: str) -> Tuple[int, int]:
    offset, at = varint(data, 0, path)
    return offset, varint(data, at, path)[0]


def records(index: bytes, path: str) -> Iterator[Tuple[bytes, bytes]]:
    """Key and value of every record of a table, keys ascending.

    Args:
        index: The whole file.
        path: Its name, for messages.

    Raises:
        InputError: a checksum is off, or anything else in the container does not add up.
    """
    if len(index) < 48 or int.from_bytes(index[-8:], "little") != MAGIC:
        raise fail(path, "its last bytes are not the format's")
    footer = index[-48:-8]
    _, at = varint(footer, 0, path)  # the metaindex block is empty and not needed
    _, at = varint(footer, at, path)
    offset, at = varint(footer, at, path)
    size, at = varint(footer, at, path)
    last: Optional[bytes] = None
    for _, handle in _block_records(_block(index, offset, size, path), path):
        before = last
        for key, value in _block_records(_block(index, *_handle(handle, path), path), path):
            if last is not None and key <= last:
                raise fail(path, "its names do not ascend")
            last = key
            yield key, value
        if last is before:
            raise fail(path, "an empty block")
    if last is None:
        raise fail(path, "no header")

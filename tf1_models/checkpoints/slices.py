"""Partitioned variables in a V2 checkpoint: one entry that lists its slices, and a record of its own for every slice.

`tf.get_variable` under a partitioner saves so (`BundleWriter::AddSlice` in tensorflow/core/util/tensor_bundle): the
variable's entry has no bytes, only `TensorSliceProto`s; each slice's record has a key that starts with a zero byte,
made of the name and the slice's place in "ordered code" (tensorflow/core/lib/strings/ordered_code.cc). Keys are never
parsed here: those that an entry calls for are made and looked up.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from tf1_models.checkpoints.sstable import fail, fields
from tf1_models.storage.reading import shown

# The check of their cover compares them in pairs; a program had one per parameter server.
MAX_SLICES = 1024


class Slice(NamedTuple):
    """A box of a variable: where it begins, its shape, and where its bytes lie in the data file."""

    starts: Tuple[int, ...]
    shape: Tuple[int, ...]
    offset: int
    size: int
    crc: int


Extent = Tuple[int, Optional[int]]


def is_key(key: bytes) -> bool:
    """Whether a record is a slice's: no variable's name begins with a zero byte."""
    return key.startswith(b"\0")


def extents(content: bytes, shape: Sequence[int], what: str, path: str) -> List[Extent]:
    """A `TensorSliceProto` as (start, length) by axis, length None where it takes the whole axis.

    Raises:
        InputError: another number of axes than `shape` has, or a place outside it.
    """
    found: List[Extent] = []
    for field, _, extent in fields(content, path):
        if field == 1:
            numbers = {inner: number for inner, number, _ in fields(extent, path)}
            found.append((numbers.get(1, 0), numbers.get(2)))
    inside = len(found) == len(shape) > 0 and all(
        start == 0 if length is None else 0 < length <= most and start <= most - length
        for (start, length), most in zip(found, shape)
    )
    if not inside:
        raise fail(path, f"a slice of {shown(what)!r} lies outside its shape {list(shape)}")
    return found


def box(places: Sequence[Extent], shape: Sequence[int]) -> Tuple[Tuple[int, ...], Tuple[int, ...]]:
    """Starts and shape of a slice, whole axes resolved."""
    lengths = tuple(most if length is None else length for (_, length), most in zip(places, shape))
    return tuple(start for start, _ in places), lengths


def key(name: str, places: Sequence[Extent]) -> bytes:
    """The key of a slice's record, as `checkpoint::EncodeTensorNameSlice` makes it."""
    text = name.encode("utf-8").replace(b"\0", b"\0\xff").replace(b"\xff", b"\xff\0")
    out = b"\0" + text + b"\0\1" + bytes([1, len(places)])
    for start, length in places:
        out += _signed(start) + _signed(-1 if length is None else length)
    return out


def _signed(value: int) -> bytes:
    """`OrderedCode::WriteSignedNumIncreasing`: n bytes carry 7 n - 1 bits, below n ones that say how many follow."""
    size = (value if value >= 0 else ~value).bit_length() // 7 + 1
    header = ((1 << size) - 1) << (7 * size)
    return ((value & ((1 << 8 * size) - 1)) ^ header).to_bytes(size, "big")


def part_name(name: str, piece: Slice) -> str:
    """What a slice is called that is all there is of a variable, or one of too few: the name and its place.

    TF 1 writes such: Adam's slots of a partitioned variable, made inside a scope, have a name a part (the slot's name
    is cut at the wrong letter in `slot_creator.py`), and the shape of the whole.
    """
    ranges = (f"{start}:{start + extent}" for start, extent in zip(piece.starts, piece.shape))
    return f"{name}[{','.join(ranges)}]"


def cover(slices: Sequence[Slice], shape: Sequence[int], what: str, path: str) -> bool:
    """Whether the slices, all inside `shape`, hold every element; False where some are held by none.

    Raises:
        InputError: an element is held twice.
    """
    n_elements = 1
    for extent in shape:
        n_elements *= extent
    filled = 0
    for piece in slices:
        n_piece = 1
        for extent in piece.shape:
            n_piece *= extent
        filled += n_piece
    starts = np.array([piece.starts for piece in slices], np.int64).reshape(len(slices), len(shape))
    ends = starts + np.array([piece.shape for piece in slices], np.int64).reshape(starts.shape)
    apart = all(
        not np.all((starts[at + 1 :] < ends[at]) & (starts[at] < ends[at + 1 :]), axis=1).any()
        for at in range(len(slices))
    )
    if not apart:
        raise fail(path, f"the slices of {shown(what)!r} overlap")
    return filled == n_elements

"""Crafted checkpoints: what aborts, fills or misleads TensorFlow's reader, and what tries ours."""

from __future__ import annotations

import os
import struct
from typing import Any, Callable, Dict, List

from tests.checkpoints.crafted import HEADER, MAGIC, Record, block, entry, field, sealed, sliced, table, varint, whole
from tf1_models.checkpoints.slices import key

Write = Callable[[str], None]


def _records(records: List[Record], data: bytes = bytes(16)) -> Write:
    return _content(table(block(records)), data)


def _content(index: bytes, data: bytes = bytes(16)) -> Write:
    def write(prefix: str) -> None:
        with open(prefix + ".index", "wb") as stream:
            stream.write(index)
        with open(prefix + ".data-00000-of-00001", "wb") as stream:
            stream.write(data)

    return write


def _one(value: bytes, data: bytes = bytes(16)) -> Write:
    return _records([HEADER, (b"w", value)], data)


def _footer(body: bytes, index_at: int, index_size: int) -> bytes:
    footer = varint(0) + varint(0) + varint(index_at) + varint(index_size)
    return body + footer.ljust(40, b"\0") + MAGIC


def _many_handles(data: bytes, n: int) -> bytes:
    """A table whose index points to the same block n times, keys ascending."""
    first = sealed(data)
    index = block([(b"%08d" % k, varint(0) + varint(len(data))) for k in range(n)])
    return _footer(first + sealed(index), len(first), len(index))


def _long_keys() -> bytes:
    """20,000 names of 1 MiB in a file of 1.1 MB: each shares all but its end with the one before."""
    body = b"\0" + varint(0) + varint(2) + b"" + field(1, 1)
    key, value = b"k" * (1 << 20), entry(dims=(0,), size=0)
    body += b"\0" + varint(len(key)) + varint(len(value)) + key + value
    for number in range(20_000):
        end = b"%08d" % number
        body += varint(1 << 20) + varint(len(end)) + varint(len(value)) + end + value
    return table(body + struct.pack("<II", 0, 1))


def _sparse(suffix: str, size: int) -> Write:
    def write(prefix: str) -> None:
        _one(entry())(prefix)
        os.truncate(prefix + suffix, size)

    return write


def _instead(suffix: str, make: Callable[[str], Any]) -> Write:
    """A sound pair, one file of which something else takes the place of."""

    def write(prefix: str) -> None:
        _one(entry())(prefix)
        os.unlink(prefix + suffix)
        make(prefix + suffix)

    return write


ALL, HALVES = [(0, 4)], [[(0, 2)], [(2, 2)]]


def _sliced(records: List[Record], data: bytes = bytes(16)) -> Write:
    return _records([HEADER, *records], data)


def _many_slices(n: int) -> List[Record]:
    """A variable of n numbers in n slices."""
    return sliced("w", (n,), [[(at, 1)] for at in range(n)])


INDEX, DATA = ".index", ".data-00000-of-00001"
GOOD = table(block([HEADER, (b"w", entry())]))

# refused by `inspect`, `export` and `evaluate` alike
REFUSED: Dict[str, Write] = {
    "dims product overflow": _one(entry(dims=(2**32, 2**32))),
    "dims product overflow to the size": _one(entry(dims=(2**62 + 1, 4))),
    "dim -1": _one(entry(dims=(-1,))),
    "dim -16": _one(entry(dims=(-16, -1))),
    "rank 300": _one(entry(dims=(1,) * 300, size=4), bytes(4)),
    "rank 9": _one(entry(dims=(1,) * 9, size=4), bytes(4)),
    "0 beside 2^62": _one(entry(dims=(0, 2**62, 2**62), size=0), b""),
    "unparsable entry": _one(b"\x0a\xff"),
    "a group, which ended with proto1": _one(b"\x0b" + entry()),
    "unparsable header": _records([(b"", b"\x0a\xff"), (b"w", entry())]),
    "dtype 0": _one(entry(dtype=0)),
    "dtype RESOURCE": _one(entry(dtype=20)),
    "dtype VARIANT": _one(entry(dtype=21)),
    "dtype 2^40": _one(entry(dtype=2**40)),
    "string 2^28": _one(entry(dtype=7, dims=(2**28,), size=64), bytes(64)),
    "f32 2^40, size matching": _one(entry(dims=(2**40,), size=2**42), bytes(64)),
    "f32 2^31, size matching": _one(entry(dims=(2**31,), size=2**33), bytes(64)),
    "size above the shape": _one(entry(size=64), bytes(64)),
    "size below the shape": _one(entry(size=8)),
    "negative size": _one(entry(size=-16)),
    "negative offset": _one(entry(f4=-8)),
    "offset past the end": _one(entry(f4=1 << 40)),
    "wrong shard": _one(entry(f3=1)),
    "2^31 shards": _records([(b"", field(1, 2**31)), (b"w", entry())]),
    "0 shards": _records([(b"", field(1, 0)), (b"w", entry())]),
    "big-endian": _records([(b"", field(1, 1) + field(2, 1)), (b"w", entry())]),
    "no header": _records([(b"w", entry())]),
    "header twice": _records([HEADER, HEADER, (b"w", entry())]),
    "a name twice": _records([HEADER, (b"w", entry()), (b"w", entry())]),
    "names that descend": _records([HEADER, (b"w", entry()), (b"a", entry())]),
    "name of 1 MiB": _records([HEADER, (b"w" * (1 << 20), entry())]),
    "20,000 names of 1 MiB": _content(_long_keys()),
    "25,000 names": _records([HEADER] + [(b"w%05d" % n, entry()) for n in range(25_000)]),
    "19,000 tensors in the same bytes": _records([HEADER] + [(b"w%05d" % n, entry()) for n in range(19_000)]),
    "name that is not UTF-8": _records([HEADER, (b"\xff\xfe", entry())]),
    "name with an escape sequence": _records([HEADER, (b"\x1b[2Jw", entry())]),
    "slices": _one(entry() + field(7, field(1, b""))),
    "slices that overlap": _sliced(sliced("w", (4,), [[(0, 2)], [(1, 2)]])),
    "slices that overlap in a corner and leave one out": _sliced(
        sliced("w", (2, 2), [[(0, 1), (0, 2)], [(0, 2), (1, 1)]])
    ),
    "a part of the name of another": _sliced(
        [*sliced("w", (4,), HALVES)[:1], (b"w", whole((4,), HALVES[:1])), (b"w[0:2]", entry(dims=(2,), size=8, f4=8))]
    ),
    "a slice twice": _sliced([*sliced("w", (4,), HALVES)[:2], (b"w", whole((4,), [*HALVES, HALVES[0]]))]),
    "a slice outside": _sliced(sliced("w", (4,), [[(0, 2)], [(3, 2)]])),
    "a slice before 0": _sliced([(key("w", ALL), entry()), (b"w", whole((4,), [[(-1, 4)]]))]),
    "a slice of length -1": _sliced([(key("w", ALL), entry()), (b"w", whole((4,), [[(0, -1)]]))]),
    "an empty slice": _sliced([(key("w", ALL), entry()), (b"w", whole((4,), [[(0, 4)], [(0, 0)]]))]),
    "a slice of other rank": _sliced([(key("w", ALL), entry()), (b"w", whole((4,), [[(0, 4), (0, 1)]]))]),
    "a slice of a scalar": _sliced([(b"w", whole((), [[]]))], b""),
    "a slice of 2^62": _sliced([(b"w", whole((2**62,), [[(0, 2**61)], [(2**61, 2**61)]]))]),
    "a slice's record missing": _sliced([sliced("w", (4,), HALVES)[0], (b"w", whole((4,), HALVES))]),
    "a slice's record alone": _sliced(sliced("w", (4,), HALVES)[:2]),
    "a slice's record of another variable": _sliced([*sliced("v", (4,), HALVES)[:2], (b"w", whole((4,), HALVES))]),
    "a slice's record of other shape": _sliced([(key("w", ALL), entry(dims=(2, 2))), (b"w", whole((4,), [ALL]))]),
    "a slice's record of other dtype": _sliced([(key("w", ALL), entry(dtype=3)), (b"w", whole((4,), [ALL]))]),
    "a slice in slices": _sliced([(key("w", ALL), whole((4,), [ALL])), (b"w", whole((4,), [ALL]))]),
    "slices in the same bytes": _sliced(
        [(key("w", box), entry(dims=(2,), size=8, data=bytes(8))) for box in HALVES] + [(b"w", whole((4,), HALVES))],
        bytes(8),
    ),
    "slices beside a tensor's bytes": _sliced([*sliced("w", (4,), HALVES)[:2], (b"w", entry() + whole((4,), HALVES))]),
    "a slice's checksum off": _sliced(sliced("w", (4,), HALVES), bytes(15) + b"\1"),
    "1,500 slices": _sliced(_many_slices(1500), bytes(6000)),
    "25,000 slices of many variables": _sliced(
        sorted(record for n in range(25) for record in sliced(f"w{n:02d}", (1000,), [[(at, 1)] for at in range(1000)])),
        bytes(4000),
    ),
    "a name that begins with a zero byte": _sliced([(b"\0w", entry())]),
    "unknown rank": _one(field(1, 1) + field(2, field(3, 1)) + field(5, 16)),
    "entry of 1 MiB": _one(field(9, bytes(1 << 20)) + entry()),
    "300,000 dims": _one(field(2, field(2, b"") * 300_000)),
    "nested 100 deep": _one(field(1, 1) + field(2, field(2, field(2, b"\x12" * 99)))),
    "no tensor bytes claimed": _records([HEADER], bytes(16)),
    "trailing data": _one(entry(), bytes(64)),
    "data too short": _one(entry(), bytes(15)),
    "snappy data block": _content(table(block([HEADER]), kind=1)),
    "snappy bomb": _content(table(b"\xff\xff\xff\xff\x0f" + b"\xfe\x01\x00" * 1000, kind=1)),
    "restarts 2^32": _content(table(block([HEADER, (b"w", entry())], struct.pack("<I", 2**32 - 1)))),
    "shared prefix of nothing": _content(table(b"\x09\x01\x00w" + struct.pack("<II", 0, 1))),
    "record over its block": _content(table(b"\x00\x00\xff\x7f" + struct.pack("<II", 0, 1))),
    "200,000 empty blocks": _content(_many_handles(block([]), 200_000)),
    "a block of headers 100,000 times": _content(_many_handles(block([HEADER] * 1000), 100_000)),
    "block outside the file": _content(table(block([HEADER]), block([(b"\xff", varint(2**60) + varint(8))]))),
    "index block that is its own data": _content(_footer(GOOD[:-48], 0, len(block([HEADER, (b"w", entry())])))),
    "endless number": _content(GOOD[:-48] + b"\xff" * 40 + MAGIC),
    "checksum off": _content(GOOD[:5] + bytes([GOOD[5] ^ 1]) + GOOD[6:]),
    "tensor checksum off": _one(entry(), b"\1" + bytes(15)),
    "bool 0xff": _one(entry(dtype=10, dims=(16,), data=b"\xff" * 16), b"\xff" * 16),
    "empty index": _content(b""),
    "random bytes": _content(os.urandom(4096)),
    "48 zeros and the magic": _content(bytes(40) + MAGIC),
    "index of 9 MiB": _content(bytes(9 << 20) + GOOD),
    "sparse index": _sparse(INDEX, 4 << 20),
    "sparse data, 3 GiB": _sparse(DATA, 3 << 30),
    "sparse data, 1 TiB": _sparse(DATA, 1 << 40),
    "FIFO as data": _instead(DATA, os.mkfifo),
    "link to /dev/zero as data": _instead(DATA, lambda path: os.symlink("/dev/zero", path)),
    "link as data": _instead(DATA, lambda path: os.symlink("elsewhere", path)),
    "folder as data": _instead(DATA, os.mkdir),
    "no data": _instead(DATA, lambda path: None),
    "FIFO as index": _instead(INDEX, os.mkfifo),
    "link to /dev/zero as index": _instead(INDEX, lambda path: os.symlink("/dev/zero", path)),
    "folder as index": _instead(INDEX, os.mkdir),
}

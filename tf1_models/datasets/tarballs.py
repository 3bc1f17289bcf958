"""The official archives, `.tar.gz` (or an unpacked `.tar`): streamed, never extracted, nothing is ever written.

The tar headers are read here: 512-byte blocks with a checksum. Only regular files under their plain names are taken,
so links, devices, FIFOs, sparse files and names outside the archive have no way in; Python's `tarfile` would hold a
hostile extended header of any size in memory, and its extraction filters do not exist in Python 3.7.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from typing import IO, Any, NamedTuple, Optional, Tuple

from tf1_models.datasets import batches, find, identify
from tf1_models.errors import InputError
from tf1_models.storage.reading import MIB, Reader, open_regular, shown

MAX_ARCHIVE_BYTES = 256 * MIB  # official: 170.5 and 170.1 MB
MAX_UNPACKED_BYTES = 320 * MIB  # official: 186.3 and 184.4 MB
_MAX_OTHER_BYTES = MIB  # readme.html and whatever a packer adds
_MAX_MEMBERS = 100
_BLOCK = 512
_REGULAR, _FOLDER, _EXTENDED = b"0\0", b"5", b"xg"  # the last two hold times and owners when Python or macOS packed


class Archive(NamedTuple):
    """What an archive held."""

    batches: batches.Batches
    form: str
    lossy: Optional[bool]


class _Hashed(io.RawIOBase):
    """A raw stream whose bytes a digest sees."""

    def __init__(self, stream: IO[bytes], digest: Any) -> None:
        self._stream, self._digest = stream, digest

    def readable(self) -> bool:
        return True

    def readinto(self, view: Any) -> int:
        got = self._stream.readinto(view)  # type: ignore[attr-defined]
        self._digest.update(memoryview(view)[:got])
        return int(got)


def _octal(field: bytes, reader: Reader) -> int:
    text = field.strip(b" \0")
    if not text.isdigit() or text.strip(b"01234567"):
        raise reader.error("damaged tar header: a number that is none")
    return int(text, 8)


def _header(block: bytes, reader: Reader) -> Tuple[str, int, bytes]:
    """(base name, size in bytes, type) of one tar header."""
    if sum(block[:148]) + 8 * 32 + sum(block[156:]) != _octal(block[148:156], reader):
        raise reader.error("no tar archive, or damaged: header checksum")
    name = block[:100].split(b"\0")[0].decode("ascii", "replace")
    parts = name.split("/")
    if ".." in parts or not parts[0]:
        raise reader.error(f"member {shown(name, 60)!r} points outside the archive")
    return parts[-1], _octal(block[124:136], reader), block[156:157]


def read(path: str) -> Archive:
    """Reads the six batches of one archive, in whatever order they are.

    Raises:
        InputError: no such archive, truncated, damaged (gzip's CRC is checked to the last byte), members missing or
            twice, too large, or no regular files.
    """
    stream, n_bytes = open_regular(path, MAX_ARCHIVE_BYTES)
    with stream:
        magic = stream.read(2)
        stream.seek(0)
        known_size = n_bytes in [known.n_bytes for known in identify.ARCHIVES.values()]
        digest = hashlib.sha256() if known_size else None
        raw: Any = io.BufferedReader(_Hashed(stream, digest) if digest else stream, MIB)
        if magic == b"\x1f\x8b":
            archive = _read_members(Reader(gzip.GzipFile(fileobj=raw), MAX_UNPACKED_BYTES, path))
        else:
            archive = _read_members(Reader(raw, n_bytes, path))
    if digest is None:
        return archive
    if digest.hexdigest() not in [known.sha256 for known in identify.ARCHIVES.values()]:
        raise InputError(f"{shown(path)} has the official archive's size but a wrong checksum; fetch it again")
    return archive._replace(lossy=False)


def _read_members(reader: Reader) -> Archive:
    taken, binary = batches.Batches(), None
    for _ in range(_MAX_MEMBERS):
        block = reader.exact(_BLOCK)
        if not block.strip(b"\0"):  # the end mark
            break
        name, size, kind = _header(block, reader)
        padding = -size % _BLOCK
        if kind in _EXTENDED:
            _check_extended(reader, size)
        elif name in batches.MEMBERS:
            if kind not in _REGULAR:
                raise reader.error(f"member {name} is a link or device, not a regular file")
            if size > batches.MEMBERS[name]:
                raise reader.error(f"member {name} has {size} bytes; at most {batches.MEMBERS[name]} are read")
            is_binary = name.endswith((".bin", ".txt"))
            if binary not in (None, is_binary):
                raise reader.error("it holds pickled and binary batches; one kind is needed")
            binary = is_binary
            _read_member(reader, name, size, taken)
        elif kind in _REGULAR and size <= _MAX_OTHER_BYTES:
            reader.skip(size)
        elif kind != _FOLDER or size:
            raise reader.error(f"member {shown(name, 60)!r} is no part of CIFAR-10 (a link, a device, or too large)")
        reader.skip(padding)
    else:
        raise reader.error(f"more than {_MAX_MEMBERS} members")
    reader.drain()
    if taken.missing():
        suffix = ".bin" if binary else ""
        raise InputError(f"{reader.what} lacks {', '.join(name + suffix for name in taken.missing())}")
    form = f"{find.BINARY if binary else find.PICKLED}.tar.gz"
    return Archive(taken, form, False if taken.is_official() else None)


def _read_member(reader: Reader, name: str, size: int, taken: batches.Batches) -> None:
    digest = None if name.endswith((".bin", ".txt")) else hashlib.md5()
    member = Reader(reader, size, f"{reader.what}:{name}", digest)
    if name in ("batches.meta", "batches.meta.txt"):
        batches.check_meta(member, name)
    else:
        taken.read(member, name, digest)
    member.finish()


def _check_extended(reader: Reader, size: int) -> None:
    """Passes over an extended header unless it changes the next member's name, size or kind."""
    content = reader.exact(size) if size <= 1 << 16 else b" path="
    if any(word in content for word in (b" path=", b" size=", b" linkpath=", b"GNU.sparse")):
        raise reader.error("an extended tar header that changes a member; pack it with plain `tar czf`")

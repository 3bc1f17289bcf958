"""One .npz with the four arrays: a zip whose directory is bounded before it is read, members streamed."""

from __future__ import annotations

import contextlib
import struct
import zipfile
from typing import IO, Iterator

from tf1_models.datasets.arrays import MAX_FILE_BYTES, MEMBERS, read_members
from tf1_models.datasets.assemble import Arrays
from tf1_models.errors import InputError
from tf1_models.storage.reading import MIB, Reader, open_regular, shown

_MAX_DIRECTORY = 1 << 16  # four members need 0.3 kB; zipfile would hold millions of entries in memory


def _check_directory(stream: IO[bytes], n_bytes: int, path: str) -> None:
    """Bounds a zip's directory before `zipfile` reads it into memory."""
    stream.seek(max(0, n_bytes - 42))
    tail = stream.read(42)
    end = tail[-22:]
    if end[:4] != b"PK\x05\x06" or end[-2:] != b"\0\0" or tail[-42:-38] == b"PK\x06\x07":
        raise InputError(f"{shown(path)}: no .npz file as numpy.savez writes it (truncated?)")
    if struct.unpack("<L", end[12:16])[0] > _MAX_DIRECTORY:
        raise InputError(f"{shown(path)}: too many members; an .npz of CIFAR-10 holds {', '.join(MEMBERS)}")
    stream.seek(0)


def read(path: str) -> Arrays:
    """Reads one .npz with x_train, y_train, x_test and y_test; other members are not opened (see `read_members`)."""
    stream, n_bytes = open_regular(path, MAX_FILE_BYTES)
    with stream:
        _check_directory(stream, n_bytes, path)
        try:
            archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
            raise InputError(f"{shown(path)}: damaged .npz: {shown(str(error))}") from error
        found = archive.namelist()
        for name in MEMBERS:
            if found.count(f"{name}.npy") != 1:
                raise InputError(f"{shown(path)} must hold one array {name} (members: {', '.join(MEMBERS)})")

        @contextlib.contextmanager
        def opener(name: str) -> Iterator[Reader]:
            info = archive.getinfo(f"{name}.npy")
            what = f"{path}:{name}"
            if info.file_size > MAX_FILE_BYTES or info.flag_bits & 1 or info.compress_type not in (0, 8):
                raise InputError(f"{shown(what)}: encrypted, strangely compressed, or over {MAX_FILE_BYTES // MIB} MiB")
            try:
                member = archive.open(info)
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError) as error:
                raise InputError(f"{shown(what)}: damaged .npz: {shown(str(error))}") from error
            with member:
                yield Reader(member, info.file_size, what)

        return read_members(opener)

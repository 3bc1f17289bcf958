"""Opening a stranger's file: a regular file, never a link, a pipe or a device, and never more than the cap."""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import BinaryIO

from tf1_models.errors import one_line
from tf1_models.grading.submissions.findings import Refused
from tf1_models.grading.submissions.limits import MAX_BYTES

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def too_large(size: int) -> str:
    """The message for a file above the cap."""
    return f"{size:,} bytes; at most {MAX_BYTES:,} (64 MB) are read"


def open_regular(path: str) -> BinaryIO:
    """Opens a regular file for reading without following a link and without blocking on a pipe.

    The checks are made on the opened descriptor: the name may mean another file a moment later.

    Raises:
        Refused: a link, not a regular file, or not readable.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP or os.path.islink(path):
            raise Refused("a symbolic link; links are not followed") from None
        if error.errno == errno.ENXIO:
            raise Refused("a pipe or socket, not a file") from None
        raise Refused(f"cannot be opened: {error.strerror or 'unknown reason'}") from None
    except ValueError as error:  # a NUL in the name
        raise Refused(f"cannot be opened: {one_line(error)}") from None
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        kind = next((word for test, word in _KINDS if test(mode)), "not a regular file")
        raise Refused(f"{kind}, not a file")
    return os.fdopen(handle, "rb")


def read_stream(stream: BinaryIO) -> bytes:
    """All bytes of a stream, refused above the cap."""
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(f"more than {MAX_BYTES:,} bytes (64 MB)")
    return data


def read_regular(path: str) -> bytes:
    """A regular file's content.

    Raises:
        Refused: see `open_regular`; too large; or the read fails.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > MAX_BYTES:
            raise Refused(too_large(size))
        try:
            return read_stream(stream)
        except OSError as error:
            raise Refused(f"cannot be read: {error.strerror or 'unknown reason'}") from None


def read_stdin() -> bytes:
    """Standard input's bytes, refused above the cap."""
    return read_stream(sys.stdin.buffer)

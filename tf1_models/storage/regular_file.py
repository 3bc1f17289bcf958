"""Opening what is a file and nothing else: no pipe or device that blocks, no folder, and links only where wanted."""

from __future__ import annotations

import errno
import os
import stat
from typing import IO, Tuple

_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotRegular(Exception):
    """No regular file; the text is what it is instead, e.g. "a pipe"."""


def _check(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise NotRegular(next((word for test, word in _KINDS if test(mode)), "something else"))


def open_regular_file(path: str, follow: bool) -> Tuple[IO[bytes], int]:
    """Opens a regular file for reading without ever blocking on a pipe or device.

    What counts is the opened descriptor: the name may mean another file a moment after any look at it.

    Args:
        path: File to read.
        follow: Whether a symbolic link is followed to its target.

    Returns:
        (unbuffered binary stream, size in bytes at the time of opening).

    Raises:
        NotRegular: something else has that name.
        OSError: missing or not readable.
        ValueError: no name that the system knows (a NUL in it).
    """
    _check((os.stat(path) if follow else os.lstat(path)).st_mode)  # a look first: opening a device may act on it
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        if error.errno == errno.ELOOP and not follow:
            raise NotRegular("a symbolic link") from None
        raise
    try:
        status = os.fstat(handle)
        _check(status.st_mode)
        return os.fdopen(handle, "rb", buffering=0), status.st_size
    except BaseException:
        os.close(handle)
        raise

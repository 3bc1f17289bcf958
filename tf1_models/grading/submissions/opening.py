"""Opening a stranger's file: a regular file, never a link, a pipe or a device, and never more than the cap."""

from __future__ import annotations

import io
import os
import sys
from typing import IO

from tf1_models.errors import Refused, one_line
from tf1_models.grading.submissions.limits import MAX_BYTES
from tf1_models.storage.regular_file import NotRegular, open_regular_file


def too_large(size: int) -> str:
    """The message for a file above the cap."""
    return f"{size:,} bytes; at most {MAX_BYTES:,} (64 MB) are read"


def open_regular(path: str) -> IO[bytes]:
    """Opens a regular file for reading without following a link and without blocking on a pipe.

    Raises:
        Refused: a link, not a regular file, or not readable.
    """
    try:
        stream, _ = open_regular_file(path, follow=False)
    except NotRegular as kind:
        link = str(kind) == "a symbolic link"
        raise Refused("a symbolic link; links are not followed" if link else f"{kind}, not a file") from None
    except OSError as error:
        raise Refused(f"cannot be opened: {error.strerror or 'unknown reason'}") from None
    except ValueError as error:  # a NUL in the name
        raise Refused(f"cannot be opened: {one_line(error)}") from None
    return io.BufferedReader(stream)  # type: ignore[type-var]


def read_stream(stream: IO[bytes]) -> bytes:
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

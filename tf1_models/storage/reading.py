"""Opening and reading foreign files with bounds: regular files only, sizes known before a byte is interpreted.

Symbolic links: a path that the user names, and the files of a data folder, may be links (data sets are often linked
into place); what counts is that the target is a regular file. Images of class folders may not be (see `folders`).
"""

from __future__ import annotations

import zipfile
import zlib
from typing import IO, Any, Optional, Tuple

from tf1_models.errors import InputError, one_line, printable
from tf1_models.storage.regular_file import NotRegular, open_regular_file

MIB = 1 << 20
_PIECE = 1 << 16
# everything that a file object, gzip or zip stream was seen to raise on damaged bytes
_STREAM_ERRORS = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile)


def shown(text: str, limit: int = 200) -> str:
    """A path or foreign name as messages show it: printable characters only, on one line, not endlessly long."""
    clean = printable(text, "?")
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def open_regular(path: str, max_bytes: int, follow: bool = True) -> Tuple[IO[bytes], int]:
    """Opens a regular file without ever blocking on a FIFO or device.

    Args:
        path: File to read.
        max_bytes: Largest size accepted.
        follow: False refuses a symbolic link.

    Returns:
        (unbuffered binary stream, size in bytes at the time of opening).

    Raises:
        InputError: missing, unreadable, no regular file, or larger than `max_bytes`.
    """
    try:
        stream, size = open_regular_file(path, follow)
    except NotRegular:
        raise InputError(f"{shown(path)} is not a regular file") from None
    except FileNotFoundError:
        raise InputError(f"{shown(path)} does not exist") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"{shown(path)} cannot be read: {one_line(error)}") from error
    if size > max_bytes:
        stream.close()
        raise InputError(f"{shown(path)} has {size} bytes; at most {max_bytes} are read from such a file")
    return stream, size


class Reader:
    """Hands out exactly the bytes of one file or archive member, and never more than it announced.

    Attributes:
        what: Name for messages.
        remaining: Bytes not handed out yet.
    """

    def __init__(self, stream: Any, n_bytes: int, what: str, digest: Optional[Any] = None) -> None:
        """Reads `n_bytes` (at most) from `stream`, whose one needed method is `readinto`.

        `digest` (a hashlib object) sees the bytes in order, as they are pulled.
        """
        self.what = shown(what)
        self.remaining = n_bytes
        self._stream = stream
        self._left_in_stream = n_bytes
        self._digest = digest
        self._buffer = b""
        self._at = 0

    def error(self, problem: str) -> InputError:
        """An InputError about this file."""
        return InputError(f"{self.what}: {problem}")

    def _claim(self, n: int) -> None:
        if n < 0 or n > self.remaining:
            raise self.error(f"truncated: {n} bytes expected, {self.remaining} left")
        self.remaining -= n

    def _pull(self, view: memoryview, needed: int) -> int:
        """Reads from the stream into `view` until at least `needed` bytes are there; returns how many."""
        at = 0
        while at < needed:
            try:
                # in pieces: gzip and zip streams allocate what they are asked for before they copy it
                got = self._stream.readinto(view[at : at + MIB])
            except _STREAM_ERRORS as error:
                raise self.error(f"damaged or truncated: {one_line(error)}") from error
            if not got:
                raise self.error(f"truncated: at least {needed - at} bytes more expected")
            at += got
        self._left_in_stream -= at
        if self._digest is not None:
            self._digest.update(view[:at])
        return at

    def exact(self, n: int) -> bytes:
        """The next `n` bytes."""
        self._claim(n)
        end = self._at + n
        if end > len(self._buffer):
            kept = self._buffer[self._at :]
            fresh = bytearray(min(max(n - len(kept), _PIECE), self._left_in_stream))
            got = self._pull(memoryview(fresh), n - len(kept))
            self._buffer, self._at, end = kept + bytes(fresh[:got]), 0, n
        piece = self._buffer[self._at : end]
        self._at = end
        return piece

    def into(self, view: memoryview) -> None:
        """Fills a writable byte view with the next bytes, without a copy of the whole."""
        n = len(view)
        self._claim(n)
        n_buffered = min(n, len(self._buffer) - self._at)
        view[:n_buffered] = self._buffer[self._at : self._at + n_buffered]
        self._at += n_buffered
        if n_buffered < n:
            self._pull(view[n_buffered:], n - n_buffered)

    def line(self, max_bytes: int) -> bytes:
        """The bytes up to the next newline, which is swallowed; at most `max_bytes` of them."""
        taken = bytearray()
        while len(taken) <= max_bytes:
            byte = self.exact(1)
            if byte == b"\n":
                return bytes(taken)
            taken += byte
        raise self.error(f"a line of more than {max_bytes} bytes")

    def skip(self, n: int) -> None:
        """Passes over `n` bytes."""
        while n > 0:
            n -= len(self.exact(min(n, _PIECE)))

    def readinto(self, view: memoryview) -> int:
        """Makes a Reader the stream of another one: an archive's member."""
        n = min(len(view), self.remaining)
        self.into(view[:n])
        return n

    def drain(self) -> None:
        """Reads a stream of unknown length to its end, so that a gzip stream checks its CRC, within the bound."""
        piece = bytearray(_PIECE)
        left = self._left_in_stream
        while True:
            try:
                got = self._stream.readinto(piece)
            except _STREAM_ERRORS as error:
                raise self.error(f"damaged or truncated: {one_line(error)}") from error
            if not got:
                return
            left -= got
            if left < 0:
                raise self.error("it unpacks to more than any CIFAR-10 archive")

    def finish(self) -> None:
        """Raises InputError when bytes are left."""
        if self.remaining:
            raise self.error(f"{self.remaining} bytes after the end of the data")

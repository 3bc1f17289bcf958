"""Writing files so that a kill or a power cut leaves the old content or the new one, never half of either."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import IO, Any, Callable, Iterator

from tf1_models.errors import MachineError, one_line, printable


@contextlib.contextmanager
def writing(what: str) -> Iterator[None]:
    """Around writing to a run folder: what the disk refuses becomes one line.

    Raises:
        MachineError: the disk is full, the folder read-only, …; names `what`.
    """
    try:
        yield
    except OSError as error:
        raise MachineError(
            f"{what} cannot be written ({one_line(error)}); checkpoints are intact: free the disk or mend the folder, "
            "then run the same command to continue"
        ) from error


@contextlib.contextmanager
def writing_output(path: str) -> Iterator[None]:
    """Around writing a file that the user asked for, anywhere but in a run folder: what is refused becomes one line.

    Raises:
        MachineError: no such folder, no permission, no room, …; names `path`.
    """
    try:
        yield
    except OSError as error:
        raise MachineError(
            f"{printable(path, '?')} cannot be written ({error.strerror or one_line(error)}); choose another place, "
            "or mend this one"
        ) from error


def fsync_folder(folder: str) -> None:
    """Makes renames inside `folder` durable (POSIX: a rename is on disk once its folder is)."""
    handle = os.open(folder or ".", os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folders(path: str) -> None:
    """`os.makedirs` whose new names survive a power cut: each new folder's parent is synced.

    Raises:
        OSError: it cannot be made.
    """
    made, folder = [], os.path.abspath(path)
    while not os.path.isdir(folder):
        made.append(folder)
        folder = os.path.dirname(folder)
    os.makedirs(path, exist_ok=True)
    for new in reversed(made):
        fsync_folder(os.path.dirname(new))


def fsync_file(path: str) -> None:
    """Makes a file's content durable; TensorFlow's Saver never does (0 fsync calls, measured)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: str, write: "Callable[[IO[bytes]], None]") -> None:
    """Writes a file under a temporary name, syncs it, then renames it over `path`.

    Args:
        path: The file to create or replace; its folder must exist.
        write: Called with the binary file object to fill.

    Raises:
        OSError: the folder is not writable or the disk is full; `path` is unchanged and nothing is left beside it.
    """
    temporary = f"{path}.tmp-{os.getpid()}"
    try:
        with open(temporary, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise
    fsync_folder(os.path.dirname(path))


def write_bytes(path: str, content: bytes) -> None:
    """`write_atomically` for bytes at hand."""

    def write(stream: IO[bytes]) -> None:
        stream.write(content)

    write_atomically(path, write)


def to_json(value: Any, indent: "int | None" = 1) -> str:
    """JSON as the kit writes it: UTF-8 as it is, keys in the given order, and no NaN or Infinity (not JSON).

    Raises:
        ValueError: a float is not finite.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)


def write_json(path: str, value: Any) -> None:
    """Writes one JSON document atomically (see `to_json`)."""
    write_bytes(path, (to_json(value) + "\n").encode("utf-8"))


def sha256_file(path: str) -> str:
    """Hex SHA-256 of a file's content, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for piece in iter(lambda: stream.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()

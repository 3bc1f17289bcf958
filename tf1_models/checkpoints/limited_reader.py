"""The child that reads a foreign checkpoint: at most 1 GiB of memory, no file written; `foreign` starts and times it.

`python -m tf1_models.checkpoints.limited_reader PREFIX`, the parent's words on stdin. It answers on stdout with a JSON
line, {"entries": [...]} or {"error": "..."}; then, for each name that comes as a JSON line, with b"+" and the
tensor's raw little-endian bytes, or b"-" and an error as a JSON line.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import Any, List

MEMORY_BYTES = 1 << 30
_SPARSE_FROM_BYTES = 1 << 20


def limit_this_process() -> None:
    """Memory, files written (none), open files, core dumps. Linux enforces all; macOS ignores the one on memory."""
    import resource

    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):  # the system knows no such limit, or a lower one holds already
            pass


def check_files(prefix: str) -> None:
    """Refuses links, FIFOs, devices and sparse files before anything is opened for its content.

    Raises:
        InputError: no such files, or not of the kind that a Saver writes.
    """
    from tf1_models.errors import InputError, one_line
    from tf1_models.storage.reading import shown

    for suffix in (".index", ".data-00000-of-00001"):
        path = prefix + suffix
        try:
            status = os.lstat(path)
        except (OSError, ValueError) as error:
            raise InputError(f"{shown(path)} cannot be read: {one_line(error)}") from error
        if stat.S_ISLNK(status.st_mode):
            raise InputError(f"{shown(path)} is a symbolic link; name the file itself")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{shown(path)} is not a regular file")
        if _is_sparse(status):
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
            try:
                os.fsync(handle)  # file systems that allocate late count no blocks before
                status = os.fstat(handle)
            finally:
                os.close(handle)
            if _is_sparse(status):
                raise InputError(
                    f"{shown(path)} is sparse, {status.st_size} bytes with {512 * status.st_blocks} on "
                    "the disk: no Saver writes that; a copy made with cp --sparse=never is read"
                )


def _is_sparse(status: os.stat_result) -> bool:
    return status.st_size >= _SPARSE_FROM_BYTES and 512 * status.st_blocks < status.st_size // 2


def main(words: List[str]) -> int:
    """Reads one checkpoint as described above."""
    limit_this_process()  # before NumPy: its import is inside the limits too
    out = sys.stdout.buffer

    def line(document: Any) -> None:
        out.write(json.dumps(document).encode("ascii") + b"\n")
        out.flush()

    from tf1_models.errors import InputError, one_line

    (prefix,) = words
    try:
        check_files(prefix)
        from tf1_models.checkpoints import bundle

        entries = bundle.read_index(prefix, follow=False)
        line({"entries": [entry._replace(slices=()) for entry in entries.values()]})  # they are joined here
        for request in sys.stdin:
            try:
                content = bundle.read_tensor(prefix, entries[json.loads(request)], follow=False).data
            except InputError as error:
                out.write(b"-")
                line({"error": str(error)})
                return 0
            out.write(b"+")
            out.write(content)
            out.flush()
    except InputError as error:
        line({"error": str(error)})
    except (MemoryError, OSError, ValueError) as error:
        line({"error": f"{os.path.basename(prefix)} cannot be read within {MEMORY_BYTES >> 20} MiB: {one_line(error)}"})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A checkpoint of unknown origin: read by our own reader in a child with limits; TensorFlow never opens its files.

TensorFlow's reader can be aborted by a crafted index, which no `except` catches. Here the child (`limited_reader`)
parses and tests every checksum with 1 GiB of memory and no right to write files; this process gives it 6 s and takes
from it only as many bytes as the tensor that was asked for has. Values reach a graph through its variables' own
initializers.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from types import TracebackType
from typing import Any, Dict, List, Optional, Type

import numpy as np

from tf1_models.checkpoints.bundle import DTYPES, Entry
from tf1_models.errors import InputError, MachineError, one_line
from tf1_models.storage.reading import shown

# For the index, so that a refusal takes less than 10 with the start of both processes; for each tensor that much and
# its bytes at a slow disk's speed.
SECONDS = 6.0
_BYTES_PER_S = 10e6
_MAX_LINE_BYTES = 32 << 20  # 20,000 entries with names of 1 KiB
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class ForeignCheckpoint:
    """An open foreign checkpoint; `with` ends its child.

    Attributes:
        entries: Name -> entry, sorted by name.
    """

    def __init__(self, prefix: str) -> None:
        """Starts the child and reads the index.

        Args:
            prefix: Saver prefix.

        Raises:
            InputError: missing, crafted, damaged, or not read within the limits.
            MachineError: no child process can be started.
        """
        self._name = shown(os.path.basename(prefix))
        one_thread = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        try:
            # cwd: with -m Python imports from there first, and the user's folder may hold a numpy.py of anyone's
            self._child = subprocess.Popen(
                [sys.executable, "-B", "-m", "tf1_models.checkpoints.limited_reader", os.path.abspath(prefix)],
                cwd=_ROOT,
                env={**os.environ, **one_thread},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            raise MachineError(f"no process to read {self._name} can be started ({one_line(error)})") from error
        self._selector = selectors.DefaultSelector()
        assert self._child.stdin is not None and self._child.stdout is not None
        self._words, self._answers = self._child.stdin, self._child.stdout
        self._selector.register(self._answers, selectors.EVENT_READ)
        self._pending = b""
        try:
            rows = self._line(time.monotonic() + SECONDS)["entries"]
            found = [Entry(row[0], row[1], tuple(row[2]), *row[3:6]) for row in rows]
        except BaseException:
            self.close()
            raise
        self.entries: Dict[str, Entry] = {entry.name: entry for entry in found if entry.dtype in DTYPES.values()}

    def __enter__(self) -> "ForeignCheckpoint":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child, whatever it does."""
        self._selector.close()
        self._child.kill()
        for stream in (self._words, self._answers):
            try:
                stream.close()
            except OSError:
                pass
        self._child.wait()

    def _some(self, deadline: float, most: int) -> bytes:
        """The child's next bytes, at most `most`."""
        left = deadline - time.monotonic()
        if left <= 0 or not self._selector.select(left):
            raise InputError(f"{self._name} could not be read in time; the file is refused")
        piece = os.read(self._answers.fileno(), min(most, 1 << 20))
        if not piece:
            raise InputError(f"the process that read {self._name} ended without an answer; the file is refused")
        return piece

    def _line(self, deadline: float) -> Dict[str, Any]:
        pieces = [self._pending]
        while b"\n" not in pieces[-1]:
            pieces.append(self._some(deadline, _MAX_LINE_BYTES))
            if sum(map(len, pieces)) > _MAX_LINE_BYTES:
                raise InputError(f"{self._name} has more names than any checkpoint; it is refused")
        text, _, self._pending = b"".join(pieces).partition(b"\n")
        answer: Dict[str, Any] = json.loads(text.decode("ascii"))
        if "error" in answer:
            raise InputError(answer["error"])
        return answer

    def read(self, name: str) -> np.ndarray:
        """One tensor, its checksum tested.

        Args:
            name: One of `entries`.

        Raises:
            InputError: its bytes are damaged, or it was not read within the limits.
        """
        entry = self.entries[name]
        deadline = time.monotonic() + SECONDS + entry.size / _BYTES_PER_S
        try:
            self._words.write(json.dumps(name).encode("ascii") + b"\n")
        except OSError as error:
            raise InputError(f"the process that reads {self._name} is gone ({one_line(error)})") from error
        self._pending = self._pending or self._some(deadline, 1)
        status, self._pending = self._pending[:1], self._pending[1:]
        if status != b"+":
            self._line(deadline)
        content, at = bytearray(entry.size), 0
        while at < entry.size:
            piece = self._pending or self._some(deadline, entry.size - at)
            self._pending = b""
            content[at : at + len(piece)] = piece
            at += len(piece)
        return np.frombuffer(content, np.dtype(entry.dtype).newbyteorder("<")).reshape(entry.shape)


def read_index(prefix: str) -> Dict[str, Entry]:
    """Name -> entry of a checkpoint that passed every check on its index; see `ForeignCheckpoint`."""
    with ForeignCheckpoint(prefix) as checkpoint:
        return checkpoint.entries


def assign(session: Any, variables: List[Any], checkpoint: ForeignCheckpoint, names: Dict[str, str]) -> None:
    """Gives a graph's variables their values; adds no op.

    Args:
        session: Session over the variables' graph, which may be finalized.
        variables: Each with an entry of equal shape and dtype.
        checkpoint: The values.
        names: Variable's name -> entry's.

    Raises:
        InputError: a tensor is damaged, or not every number in it is finite.
    """
    for variable in variables:
        name = names[variable.op.name]
        values = checkpoint.read(name)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise InputError(f"{name!r} holds NaN or Inf: the checkpoint is of a run that diverged, and scores nothing")
        session.run(variable.initializer, {variable.initializer.inputs[1]: values})

"""The parent's side of the line protocol: one child process, stopped while another one is measured."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from tf1_models.bench import machine
from tf1_models.doctor.child import environment
from tf1_models.errors import one_line

_PR_SET_PDEATHSIG = 1


class NotRun(Exception):
    """A peer that cannot be measured; its text is the reason."""


class Burst(NamedTuple):
    """What a child did with one command."""

    units: int
    seconds: float
    peak_mb: float
    own_s: Optional[float]  # processor seconds that it took itself
    others: Optional[float]  # share of the machine's processors that other programs took meanwhile


def _end_with_parent() -> None:
    """In the child before its program starts: a parent that is killed leaves no stopped processes behind."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):  # no Linux
        pass


Clocks = Tuple[float, Optional[float], Optional[float]]


def _others(before: Clocks, after: Clocks) -> Optional[float]:
    """What the machine did beside the measured program, as a share of all its processors; None where unknown."""
    (wall_0, busy_0, own_0), (wall_1, busy_1, own_1) = before, after
    if busy_0 is None or busy_1 is None or own_0 is None or own_1 is None or wall_1 <= wall_0:
        return None
    taken = (busy_1 - busy_0) - (own_1 - own_0)
    return min(max(taken / (wall_1 - wall_0) / (os.cpu_count() or 1), 0.0), 1.0)


class Worker:
    """One measured program.

    Args:
        name: For messages.
        command: Interpreter and words, settings excluded.
        settings: Sent as one JSON word.
        variables: Environment variables on top of this process's own.
    """

    def __init__(
        self, name: str, command: List[str], settings: Dict[str, Any], variables: Optional[Dict[str, str]] = None
    ) -> None:
        self.name, self.command, self.settings = name, list(command), settings
        self.variables = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore", **(variables or {})}
        self.facts: Dict[str, Any] = {}
        self.started_s = 0.0  # from the process's start to its `ready`
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self._buffer = b""
        self._err: Any = None

    def start(self, timeout_s: float) -> Dict[str, Any]:
        """Starts it and waits until its first unit is done.

        Returns:
            What it told with `ready`.

        Raises:
            NotRun: with the reason.
        """
        self._err = tempfile.TemporaryFile()
        since = time.perf_counter()
        try:
            self._process = subprocess.Popen(
                [*self.command, json.dumps(self.settings)],
                env={**environment(), **self.variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._err,
                preexec_fn=_end_with_parent if sys.platform.startswith("linux") else None,
            )
        except OSError as error:
            raise NotRun(f"no interpreter {self.command[0]} ({one_line(error)})") from error
        answer = self._answer(timeout_s)
        self.started_s = time.perf_counter() - since
        if "ready" not in answer:
            raise NotRun(str(answer.get("error", "it answered without its first unit")))
        self.facts = answer["ready"]
        self._signal(signal.SIGSTOP)
        return self.facts

    def burst(self, count: int, timeout_s: float) -> Burst:
        """Runs `count` units while nobody else runs.

        Raises:
            NotRun: it died or took too long.
        """
        assert self._process is not None and self._process.stdin is not None
        before = self._clocks()
        self._signal(signal.SIGCONT)
        try:
            self._process.stdin.write((json.dumps({"count": count}) + "\n").encode("ascii"))
            self._process.stdin.flush()
        except OSError as error:
            raise NotRun(self._ended()) from error
        answer = self._answer(timeout_s)
        self._signal(signal.SIGSTOP)
        if "seconds" not in answer:
            raise NotRun(str(answer.get("error", "it answered without seconds")))
        after = self._clocks()
        own_s = None if before[2] is None or after[2] is None else max(after[2] - before[2], 0.0)
        return Burst(
            int(answer["count"]), float(answer["seconds"]), float(answer["peak_mb"]), own_s, _others(before, after)
        )

    def close(self) -> None:
        """Ends it."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()  # also ends a stopped process
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process = None
            self._buffer = b""
        if self._err is not None:
            self._err.close()
            self._err = None

    def _clocks(self) -> Clocks:
        """Wall time, processor seconds of all programs, and of this one."""
        assert self._process is not None
        return time.perf_counter(), machine.busy_s(), machine.process_s(self._process.pid)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _answer(self, timeout_s: float) -> Dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        end = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            readable, _, _ = select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))
            if not readable:
                raise NotRun(f"gave no answer in {timeout_s:.0f} s")
            piece = os.read(self._process.stdout.fileno(), 65536)
            if not piece:
                raise NotRun(self._ended())
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            return dict(json.loads(line.decode("utf-8")))
        except ValueError:
            raise NotRun(f"answered {line[:80]!r}, which is no JSON") from None

    def _ended(self) -> str:
        """How it ended, with the last words it said."""
        assert self._process is not None
        try:
            code: Any = self._process.wait(5)
        except subprocess.TimeoutExpired:
            code = "unknown"
        self._err.seek(0)
        words = self._err.read().decode("utf-8", "replace").strip().splitlines()
        last = f": {one_line(Exception(words[-1]))[:160]}" if words else ""
        return f"ended with exit code {code}{last}"

"""The doctor's child processes: the parent's own kit, output kept aside, a time limit, a crash told in words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import Any, Dict, List, Optional, Tuple

from tf1_models.errors import one_line


def environment() -> Dict[str, str]:
    """This process's environment, with the kit's own folder first among the places to import from."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": root + (os.pathsep + path if path else "")}


class Child:
    """The probe, started at once and read later, so that the other checks run beside TensorFlow's import."""

    def __init__(self, command: Optional[List[str]] = None) -> None:
        """Starts it; `command` replaces it in tests."""
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command or [sys.executable, "-m", "tf1_models.doctor.probe"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
        )

    def stop(self) -> None:
        """Ends it if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def result(self, timeout_s: float) -> Tuple[List[Dict[str, Any]], Optional[str]]:
        """Waits for it.

        Args:
            timeout_s: After this many seconds it is killed.

        Returns:
            Its messages, and how it ended in words where that was not by itself.
        """
        ended = None
        try:
            code = self._process.wait(timeout_s)
            if code < 0:
                ended = f"killed by {_signal_name(-code)}"
            elif code not in (0, 4):
                ended = f"ended with exit code {code}"
        except subprocess.TimeoutExpired:
            self.stop()
            ended = f"gave no answer in {timeout_s:.0f} s and was ended"
        self._out.seek(0)
        messages = []
        for row in self._out.read().decode("utf-8", "replace").splitlines():
            try:
                messages.append(json.loads(row))
            except ValueError:  # the last line of a process that was killed, or chatter of a plug-in
                continue
        if ended is not None:
            self._err.seek(0)
            words = [line for line in self._err.read().decode("utf-8", "replace").splitlines() if line.strip()]
            stage = next((m["stage"] for m in reversed(messages) if m["state"] == "begin"), "start")
            ended += f" in stage {stage!r}" + (f": {one_line(Exception(words[-1]))[:200]}" if words else "")
        return messages, ended


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

"""One run in a fresh process: waits for the folder, spawns, passes signals on, returns a record, never raises."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List

import tf1_models
from tf1_models.errors import one_line
from tf1_models.reproduce.runs.queue import Task, epochs_done, state_of
from tf1_models.reproduce.verdicts import folders

LOCK_WAIT_S = 180.0  # an orphan of a killed sweep saves and leaves in seconds; a large net on a slow disk in a minute
POLL_S = 0.25


def command(task: Task) -> List[str]:
    """The child's command line; `-m tf1_models.reproduce.runs.child` is `-m tf1_models` tied to this process's life."""
    words = [
        sys.executable,
        "-m",
        "tf1_models.reproduce.runs.child",
        "train",
        task.report,
        "--run",
        task.run,
        "--seed",
        str(task.seed),
        "--data",
        task.data,
        "--out",
        task.out,
        "--quiet",
    ]
    if task.threads is not None:
        words += ["--threads", str(task.threads)]
    return words + list(task.overrides)


def environment() -> Dict[str, str]:
    """The parent's, with the kit that runs here importable from any folder."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(tf1_models.__file__)))
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": here + (os.pathsep + path if path else "")}


def run_task(task: Task, stopped: Callable[[], int], tell: Callable[[int], None]) -> Dict[str, Any]:
    """Does one run to its end.

    Args:
        task: What to run.
        stopped: Number of times that someone asked to stop; each is passed to the child as a SIGTERM.
        tell: Called with the epochs done, now and then.

    Returns:
        `label`, `folder`, `state` ("finished", "failed", "interrupted", "in use" or "not started"), `exit_code`,
        `message`, `seconds`, `trained` (a child was started).
    """
    began = time.monotonic()
    record: Dict[str, Any] = {
        "label": task.label,
        "folder": task.folder,
        "state": "not started",
        "exit_code": None,
        "message": "",
        "seconds": 0.0,
        "trained": False,
    }
    try:
        while folders.is_locked(task.folder) and time.monotonic() - began < LOCK_WAIT_S and not stopped():
            time.sleep(POLL_S)
        if stopped():
            return record
        if state_of(task) == "finished":
            return {**record, "state": "finished"}
        if folders.is_locked(task.folder):
            return {**record, "state": "in use", "message": "another process trains it; run the same command later"}
        code, text = _spawn(task, stopped, tell)
        record.update(exit_code=code, trained=True, seconds=round(time.monotonic() - began, 1))
        if code == 0:
            folders.clear_failure(task.folder)
            return {**record, "state": "finished"}
        if code == 130:
            return {**record, "state": "interrupted", "message": "state saved"}
        lines = [line for line in text.splitlines() if line.strip()]
        message = f"ended by signal {-code}" if code < 0 else (lines[-1] if lines else f"exit code {code}")
        if code == -signal.SIGKILL:
            message += " (killed; often: out of memory)"
        record.update(state="failed", message=message)
        failure = {
            "schema": 1,
            "report": task.report,
            "run": task.run,
            "seed": task.seed,
            "exit_code": code,
            "message": message,
            "epochs_done": epochs_done(task),
            "stderr": lines[-20:],
        }
        folders.write_failure(task.folder, failure)
        return record
    except Exception as error:  # a full disk, no fork: the other runs go on
        return {**record, "state": "failed", "message": f"{type(error).__name__}: {one_line(error)}"}


def _spawn(task: Task, stopped: Callable[[], int], tell: Callable[[int], None]) -> "tuple[int, str]":
    """Runs the child; returns its exit code (negative: signal) and what it wrote to stderr."""
    with tempfile.TemporaryFile() as errors:
        # a session of its own: Ctrl-C reaches the child once, through the sweep; a second one would end it unsaved
        child = subprocess.Popen(
            command(task),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment(),
            start_new_session=True,
        )
        passed = 0
        try:
            while True:
                try:
                    child.wait(timeout=POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    tell(epochs_done(task))
                if stopped() > passed:
                    passed += 1
                    child.send_signal(signal.SIGTERM)
        finally:
            if child.poll() is None:
                child.terminate()
            if child.stdin is not None:
                child.stdin.close()
            child.wait()
        errors.seek(max(errors.seek(0, os.SEEK_END) - 65536, 0))
        return child.returncode, errors.read().decode("utf-8", "replace")

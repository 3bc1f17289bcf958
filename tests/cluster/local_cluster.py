"""Members of a cluster as child processes on 127.0.0.1: started, signalled, waited for, never left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from tests.conftest import ROOT, make_dataset

# a step of the kit's smallest net on 10 images takes a few milliseconds
SETTINGS = ("bn_cnn", "batch_size=10", "dev_split=first_quarter", "--seed", "3", "--threads", "1")


def free_ports(count: int) -> List[int]:
    """Ports of 127.0.0.1 that nobody used a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def addresses(n_workers: int = 1, n_servers: int = 1) -> Dict[str, List[str]]:
    """The `cluster` object of TF_CONFIG."""
    ports = iter(free_ports(1 + n_workers + n_servers))
    counts = {"chief": 1, "worker": n_workers, "ps": n_servers}
    return {job: [f"127.0.0.1:{next(ports)}" for _ in range(count)] for job, count in counts.items() if count}


def write_data(path: str, n_train: int = 48) -> str:
    """The tiny data set as an .npz."""
    data = make_dataset(n_train)
    np.savez(path, x_train=data.x_train, y_train=data.y_train, x_test=data.x_test, y_test=data.y_test)
    return path


class Nursery:
    """A `tests.cluster.nursery` process, and the way to talk to it."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": ROOT, "PYTHONIOENCODING": "utf-8"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.nursery"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            universal_newlines=True,
        )
        assert self._process.stdout is not None and self._process.stdout.readline().strip() == "ready"

    def ask(self, request: Dict[str, Any]) -> Any:
        """One request, one answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """Ends it, and with it every member that still runs."""
        self._process.kill()
        self._process.wait()


class Child:
    """A member's process."""

    def __init__(self, nursery: Nursery, request: Dict[str, Any]) -> None:
        self._nursery, self.pid = nursery, int(nursery.ask(request))
        self.code: Optional[int] = None

    def poll(self) -> Optional[int]:
        """Its exit code (negative: the signal), None while it runs."""
        if self.code is None:
            self.code = self._nursery.ask({"poll": self.pid})
        return self.code

    def send(self, number: int) -> None:
        """Sends a signal unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def wait(self, timeout_s: float) -> Optional[int]:
        """Its exit code, None when it still runs after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.code


class LocalCluster:
    """A cluster of child processes; as a context manager it kills what is left of them.

    Args:
        nursery: Makes the processes.
        folder: Where run folder, data and the members' outputs go.
        jobs: From `addresses`.
        words: Further words of the command line.
        timeout_s: --cluster-timeout-s.
        slow_s: How much longer a step lasts, so that a kill finds the training running.
        netns: Member -> network namespace.
        slow_steps: Steps that last longer.
    """

    def __init__(
        self,
        nursery: Nursery,
        folder: str,
        jobs: Dict[str, List[str]],
        words: Sequence[str] = (),
        timeout_s: float = 15.0,
        slow_s: float = 0.0,
        netns: Optional[Callable[[str, int], str]] = None,
        slow_steps: int = 10**9,
    ) -> None:
        self.nursery, self.folder, self.jobs = nursery, folder, jobs
        self.slow_s, self.slow_steps, self.netns = slow_s, slow_steps, netns
        os.makedirs(folder, exist_ok=True)
        self.out, self.steps_path = os.path.join(folder, "runs"), os.path.join(folder, "steps")
        data = write_data(os.path.join(folder, "tiny.npz"))
        self.words = [
            "train",
            *SETTINGS,
            "--data",
            data,
            "--out",
            self.out,
            "--cluster",
            "--cluster-timeout-s",
            str(timeout_s),
            *words,
        ]
        self.members: List[Tuple[str, int]] = [
            (job, index) for job in ("ps", "worker", "chief") for index in range(len(jobs.get(job, [])))
        ]
        self.running: Dict[Tuple[str, int], Child] = {}

    def __enter__(self) -> "LocalCluster":
        return self

    def __exit__(self, *exc: Any) -> None:
        for child in self.running.values():
            child.send(signal.SIGKILL)
        for child in self.running.values():
            child.wait(10.0)

    def start(self, job: str, index: int = 0, words: Optional[Sequence[str]] = None) -> Child:
        """Starts (or starts again) a member; its output is appended to files."""
        config = json.dumps({"cluster": self.jobs, "task": {"type": job, "index": index}})
        child = Child(
            self.nursery,
            {
                "words": list(self.words if words is None else words),
                "environment": {"TF_CONFIG": config},
                "stdout": self.path(job, index, "out"),
                "stderr": self.path(job, index, "err"),
                "netns": self.netns(job, index) if self.netns else None,
                "steps": self.steps_path if job == "chief" else None,
                "slow_s": self.slow_s,
                "slow_steps": self.slow_steps,
            },
        )
        self.running[job, index] = child
        return child

    def start_all(self) -> None:
        """Starts every member."""
        for job, index in self.members:
            self.start(job, index)

    def kill(self, job: str, index: int = 0) -> None:
        """SIGKILL, waited for."""
        self.running[job, index].send(signal.SIGKILL)
        assert self.running[job, index].wait(10.0) == -signal.SIGKILL

    def path(self, job: str, index: int, ending: str) -> str:
        """File of a member's stdout ("out") or stderr ("err")."""
        return os.path.join(self.folder, f"{job}{index}.{ending}")

    def read(self, job: str, index: int = 0, ending: str = "err") -> str:
        """A member's output so far."""
        if not os.path.exists(self.path(job, index, ending)):
            return ""
        with open(self.path(job, index, ending), encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def all_words(self) -> str:
        """Every member's stderr."""
        return "\n".join(f"--- {job} {index}\n{self.read(job, index)}" for job, index in self.members)

    def steps(self) -> List[int]:
        """Numbers of the steps that chiefs have done, in time."""
        if not os.path.exists(self.steps_path):
            return []
        with open(self.steps_path) as stream:
            return [int(line.split()[1]) for line in stream]

    def until_step(self, step: int, timeout_s: float = 60.0) -> None:
        """Waits until the chief has done a step for the first time."""
        self.until(lambda: step in self.steps(), timeout_s, f"step {step}")

    def until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Waits for something; fails with what all members said."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come within {timeout_s:.0f} s\n{self.all_words()}")
            time.sleep(0.02)

    def codes(self, timeout_s: float = 60.0) -> Dict[str, int]:
        """Exit codes by member, all waited for."""
        deadline = time.monotonic() + timeout_s
        found = {
            f"{job} {index}": child.wait(max(deadline - time.monotonic(), 0.0))
            for (job, index), child in self.running.items()
        }
        late = [name for name, code in found.items() if code is None]
        if late:
            for child in self.running.values():
                child.send(signal.SIGUSR1)  # they say where they hang
            time.sleep(0.5)
            raise AssertionError(f"{', '.join(late)} still running after {timeout_s:.0f} s\n{self.all_words()}")
        return {name: code for name, code in found.items() if code is not None}

    def run_folder(self) -> str:
        """The chief's run folder."""
        (found,) = [path for path, _, names in os.walk(self.out) if "run.json" in names]
        return found

    def result(self) -> Dict[str, Any]:
        """The content of result.json."""
        with open(os.path.join(self.run_folder(), "result.json"), encoding="utf-8") as stream:
            return json.load(stream)

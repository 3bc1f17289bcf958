"""A process that has imported TensorFlow and forks members of a cluster on request: a test's economy, as importing
TensorFlow anew for each member and each restart would take most of the time. The kit itself never forks.

Reads one JSON object a line from stdin. {"words", "environment", "stdout", "stderr", "netns", "slow_s", "slow_steps",
"steps"} starts a member and is answered with its process id: `netns` names a network namespace to enter, `slow_s` makes
a chief rest that long after each step, or each of the first `slow_steps`; `steps` names a file to which it appends a
line for each step: process id, steps done, seconds that it took. {"poll": id} is answered with the exit code, or null.
Members end with this process.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import signal
import sys
import time
from typing import Any, Dict

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1


def _enter_namespace(name: str) -> None:
    with open(f"/run/netns/{name}") as handle:
        if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")


def _note_steps(path: str, slow_s: float, slow_steps: int) -> None:
    from tf1_models.cluster.chief import Chief

    real = Chief.take

    def take(self: Any, batches: Any, epoch: int, number: int, rate: float) -> Any:
        began = time.monotonic()
        values = real(self, batches, epoch, number, rate)
        with open(path, "a") as stream:
            stream.write(f"{os.getpid()} {number + 1} {time.monotonic() - began:.4f}\n")
        if number < slow_steps:
            time.sleep(slow_s)
        return values

    setattr(Chief, "take", take)  # noqa: B010 - mypy minds an assignment to a method


def _member(request: Dict[str, Any]) -> int:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.update(request["environment"])
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), number)
    faulthandler.register(signal.SIGUSR1)  # where a member hangs that should have ended
    if request.get("netns"):
        _enter_namespace(request["netns"])
    if request.get("steps"):
        _note_steps(request["steps"], request["slow_s"], request["slow_steps"])
    from tf1_models.cli import main

    return main(request["words"])


def _exit(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # unwinding a forked copy of TensorFlow takes seconds; tests of a clean end start real processes


def serve() -> None:
    """Forks until stdin ends."""
    from tf1_models.cluster.server import import_tensorflow

    import_tensorflow(show_log=False)
    from tf1_models.cluster import member_graph, worker  # noqa: F401
    from tf1_models.training import training_graph  # noqa: F401 - so that no child imports them

    os.environ.pop("GRPC_VERBOSITY", None)
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "poll" in request:
            pid, status = os.waitpid(request["poll"], os.WNOHANG)
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            print(json.dumps(code if pid else None), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            devnull = os.open(os.devnull, os.O_RDONLY)
            os.dup2(devnull, 0)
            _exit(_member(request))
        print(pid, flush=True)


if __name__ == "__main__":
    serve()

"""A process that has imported TensorFlow, and forks to run tests on request: importing it anew for every mutant would
take most of the time. No module of the kit or of its tests is kept: a fork imports them as they stand then.

Reads one JSON object a line from stdin: {"words": pytest's words, "timeout_s": seconds, "output": path of a file for
what pytest writes}, and answers each with pytest's exit code, or null where it was killed after `timeout_s`.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import time
from typing import List, Optional

_PR_SET_PDEATHSIG = 1
_FOREIGN = (
    "scipy.stats",
    "sklearn.metrics",
    "sklearn.datasets",
    "matplotlib.backends.backend_agg",
    "PIL.Image",
    "hypothesis",
)


def _load() -> None:
    """Imports what tests import, and forgets what is ours."""
    import importlib

    from tf1_models.session.tensorflow_setup import import_tensorflow

    import_tensorflow()
    for name in _FOREIGN:
        try:
            importlib.import_module(name)
        except ImportError:  # the tests that want it say so
            pass
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tf1_models", "tests")]:
        del sys.modules[name]
    gc.collect()
    gc.freeze()


def _run_tests(words: List[str], output: str) -> int:
    """In the fork."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(written, 1)
    os.dup2(written, 2)
    import pytest

    return int(pytest.main(words))


def _wait(child: int, timeout_s: float) -> Optional[int]:
    """Exit code of a fork; None after it and all that it started were killed."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        time.sleep(0.02)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(child, 0)
    return None


def main() -> None:
    """Serves until stdin ends."""
    _load()
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 70
            try:
                code = _run_tests(request["words"], request["output"])
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        print(json.dumps(_wait(child, request["timeout_s"])), flush=True)


if __name__ == "__main__":
    main()

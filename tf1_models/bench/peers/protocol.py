"""The measured programs' side of the line protocol; Python 3.7, standard library only.

A program gets its settings as one JSON word on its command line. It builds its net, runs one unit of work (a step, an
epoch, a thousand images), which compiles whatever is to be compiled, and writes `{"ready": {…}}`. From then on each
line `{"count": N}` on its standard input makes it run N units and write `{"count": n, "seconds": s, …}`; at the end of
its input it leaves. What cannot run at all is told as `{"error": "…"}`.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
import traceback
from typing import Any, Callable, Dict, NamedTuple, Optional


class Work(NamedTuple):
    """What a program offers: `unit` runs one unit, which handles `images` images; `facts` are told with `ready`."""

    unit: Callable[[], Any]
    images: int
    facts: Dict[str, Any]


def resident_mb() -> Dict[str, float]:
    """Resident memory of this process in MB (10^6 bytes): `peak` so far, and now `anonymous` and `file`.

    `file` are pages of mapped files, nearly all of them TensorFlow's libraries: shared by its processes, and the kernel
    may drop them. Empty where there is no /proc.
    """
    names = {"VmHWM:": "peak", "RssAnon:": "anonymous", "RssFile:": "file"}
    try:
        with open("/proc/self/status") as stream:
            words = [line.split() for line in stream]
    except OSError:
        return {}
    return {names[word[0]]: int(word[1]) * 1024 / 1e6 for word in words if word and word[0] in names}


def peak_mb() -> float:
    """Peak resident memory of this process in MB.

    From /proc: `ru_maxrss` also counts what the parent held when it forked.
    """
    found = resident_mb()
    if "peak" in found:
        return found["peak"]
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


class Channel:
    """The two ends of the pipe. Everything else that is printed goes to standard error."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # chatter of a framework must not be taken for an answer

    def send(self, **message: Any) -> None:
        """Writes one line."""
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def ready(self, images: int, facts: Dict[str, Any]) -> None:
        """Tells that the first unit is done."""
        found = {"images": images, "python": platform.python_version(), "peak_mb": round(peak_mb(), 1)}
        found.update(facts)
        self.send(ready=found)

    def report(self, count: int, seconds: float) -> None:
        """Tells how long `count` units took."""
        self.send(count=count, seconds=seconds, peak_mb=round(peak_mb(), 1))

    def wait(self) -> int:
        """The next command's count; leaves the process at the end of the input."""
        line = sys.stdin.readline()
        if not line:
            sys.stderr.flush()
            os._exit(0)  # from inside a framework's loop: nothing there is to be saved
        return int(json.loads(line)["count"])


class Bursts:
    """The protocol turned inside out, for loops that cannot be called step by step: they call `tick` after each unit.

    The first tick answers `ready`. Between a burst's last unit and the next command the loop is held inside `tick`.
    """

    def __init__(self, channel: Channel, images: int, facts: Optional[Dict[str, Any]] = None) -> None:
        self.channel, self.images, self.facts = channel, images, dict(facts or {})
        self._ready = False
        self._asked = self._left = 0
        self._since: Optional[float] = None
        self._seconds = 0.0

    def tick(self, n: int = 1) -> None:
        """Notes `n` units done; blocks when the burst is over."""
        if not self._ready:
            self._ready = True
            self.channel.ready(self.images, self.facts)
            self._next()
            return
        self._left -= n
        if self._left <= 0:
            self.pause()
            self.channel.report(self._asked - self._left, self._seconds)
            self._next()

    def _next(self) -> None:
        self._asked = self._left = self.channel.wait()
        self._seconds = 0.0
        self._since = time.perf_counter()

    def pause(self) -> None:
        """Stops the clock: what comes next belongs to no unit."""
        if self._since is not None:
            self._seconds += time.perf_counter() - self._since
            self._since = None

    def resume(self) -> None:
        """Starts it again."""
        if self._ready and self._since is None:
            self._since = time.perf_counter()


def settings() -> Dict[str, Any]:
    """What the parent wants measured."""
    return dict(json.loads(sys.argv[1]))


def serve(build: Callable[[Channel, Dict[str, Any]], Optional[Work]]) -> None:
    """Runs a program: builds, then obeys; a program that ticks by itself (see `Bursts`) returns None when it ends."""
    channel = Channel()
    try:
        work = build(channel, settings())
        if work is None:
            return
        work.unit()
        channel.ready(work.images, work.facts)
        while True:
            count = channel.wait()
            since = time.perf_counter()
            for _ in range(count):
                work.unit()
            channel.report(count, time.perf_counter() - since)
    except ImportError as error:
        channel.send(error="no {} in {}".format((error.name or str(error)).partition(".")[0], sys.executable))
    except Exception as error:
        traceback.print_exc()
        words = " ".join(str(error).split())[:200]
        channel.send(error=f"{type(error).__name__}: {words}" if words else type(error).__name__)
    # frameworks' threads and exit handlers have nothing left to do, and some hang there
    sys.stderr.flush()
    os._exit(0)

"""Calls into TensorFlow that may never return, made where nobody has to wait for them.

A `session.run` against a dead peer can block for ever (creating a session does, whatever timeouts are set), and while
the main thread sits in it, Python handles no signal. So the call runs in a daemon thread and the caller looks at the
clock; a thread that never comes back is left behind.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, Callable, Optional


class TimedOut(Exception):
    """The call has not returned in time; it may still be running."""


class _Job:
    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.done = threading.Event()
        self.value: Any = None
        self.error: Optional[BaseException] = None


class Caller:
    """Makes calls one after the other in a thread of its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: Optional["queue.Queue[Optional[_Job]]"] = None

    def call(self, work: Callable[[], Any], within_s: float, check: Optional[Callable[[], None]] = None) -> Any:
        """What `work()` returns or raises.

        Args:
            work: The call.
            within_s: Seconds to wait.
            check: Called about five times a second meanwhile; may raise, which abandons the call.

        Raises:
            TimedOut: no answer within `within_s`.
        """
        if self._jobs is None:
            self._jobs = queue.Queue()
            threading.Thread(target=_serve, args=(self._jobs,), name=self._name, daemon=True).start()
        job = _Job(work)
        self._jobs.put(job)
        deadline = time.monotonic() + within_s
        try:
            while not job.done.wait(min(0.2, max(deadline - time.monotonic(), 0.001))):
                if check is not None:
                    check()
                if time.monotonic() > deadline:
                    raise TimedOut()
        finally:
            if not job.done.is_set():
                self.abandon()
        if job.error is not None:
            raise job.error
        return job.value

    def abandon(self) -> None:
        """Lets the thread end by itself, whenever its last call returns."""
        if self._jobs is not None:
            self._jobs.put(None)
            self._jobs = None


def _serve(jobs: "queue.Queue[Optional[_Job]]") -> None:
    while True:
        job = jobs.get()
        if job is None:
            return
        try:
            job.value = job.work()
        except BaseException as error:
            job.error = error
        job.done.set()

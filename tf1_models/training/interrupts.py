"""SIGINT, SIGTERM and SIGHUP as a flag that whoever works looks at between two steps: state is saved before leaving."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Dict, List, Optional

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # SIGHUP: the terminal was closed


def _wanted() -> List[int]:
    """Of `NUMBERS`, those to note: a SIGHUP that `nohup` or the shell had ignored stays ignored."""
    return [n for n in NUMBERS if n != signal.SIGHUP or signal.getsignal(n) is not signal.SIG_IGN]


class InterruptFlag:
    """Context manager that notes signals.

    Attributes:
        raised: Name of the last signal; None before one arrived.
        count: How many have arrived.
    """

    def __init__(self, leave_at_second: bool = True) -> None:
        """`leave_at_second`: a second one ends the process at once; False: all are noted."""
        self.raised: Optional[str] = None
        self.count = 0
        self._leave_at_second = leave_at_second
        self._before: Dict[int, Any] = {}

    def __enter__(self) -> "InterruptFlag":
        if threading.current_thread() is threading.main_thread():  # handlers can be set nowhere else
            for number in _wanted():
                self._before[number] = signal.signal(number, self._note)
        return self

    def _note(self, number: int, frame: Optional[FrameType]) -> None:
        self.raised = signal.Signals(number).name
        self.count += 1
        if self._leave_at_second:
            signal.signal(number, self._before[number])

    def __exit__(self, *exc: Any) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

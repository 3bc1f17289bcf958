"""Waiting for other members: short pauses at first, a line for people when it takes long, another when it is over."""

from __future__ import annotations

import time
from typing import List, Optional

from tf1_models.cluster.board import Board
from tf1_models.cluster.configuration import Member
from tf1_models.output.progress import Log

SAY_AFTER_S = 5.0
RUN_TIMEOUTS = 10.0  # a single call may take this many timeouts while everybody is seen to live


class Waiting:
    """One wait."""

    def __init__(self, board: Board, log: Log) -> None:
        self._board, self._log = board, log
        self._began = time.monotonic()
        self._said: Optional[Member] = None

    def pause(self, whom: List[Member]) -> None:
        """Sleeps a tenth of the time waited so far, from 0.5 ms to 0.1 s; after 5 s says who is silent."""
        waited = time.monotonic() - self._began
        silent = self._board.missing([*whom, self._board.cluster.of("ps")[0]], SAY_AFTER_S)
        if waited > SAY_AFTER_S and silent and self._said is None:
            self._said = silent[0]
            silent_s, timeout_s = self._board.silent_s(self._said), self._board.cluster.timeout_s
            self._log.line(f"waiting for {self._said.label}, silent for {silent_s:.0f} s; giving up at {timeout_s:.0f}")
        time.sleep(min(max(waited / 10.0, 0.0005), 0.1))

    def over(self) -> None:
        """What was waited for has come."""
        if self._said is not None:
            self._log.line(f"{self._said.label} is there again after {time.monotonic() - self._began:.0f} s")
            self._said = None

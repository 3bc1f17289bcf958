"""How a cluster ends: the chief says it on the board, everyone leaves, ps 0 last."""

from __future__ import annotations

import time
from typing import List, NamedTuple, Optional

from tf1_models.cluster.board import Board, View
from tf1_models.cluster.configuration import Cluster, Member
from tf1_models.errors import CheckFailed, InputError, Interrupted, KitError, MachineError, UsageError

LEAVING_S = 10.0  # how long the last ones wait for the others to go
_ERRORS = {error.exit_code: error for error in (CheckFailed, UsageError, InputError, MachineError, Interrupted)}


class Ended(NamedTuple):
    """The chief's last word: its exit code and, where that is not 0, its message."""

    code: int
    words: str

    def raise_unless_done(self) -> None:
        """Raises the chief's error on this member, so that all members leave with one exit code."""
        if self.code != 0:
            raise _ERRORS.get(self.code, KitError)(f"ended by the chief: {self.words}")


def ended(cluster: Cluster, view: View) -> Optional[Ended]:
    """The chief's last word, if it is on the board."""
    end = view.notes[cluster.chief.key].get("end")
    return None if end is None else Ended(int(end["code"]), str(end["words"]))


def say(board: Board, code: int, words: str) -> None:
    """The chief's end: tells everyone and waits until they have gone (ps 0 waits for the chief in turn)."""
    board.note["end"] = {"code": code, "words": words}
    home = board.cluster.of("ps")[0]
    wait_until_left(board, [m for m in board.cluster.members if m not in (board.cluster.me, home)])


def wait_until_left(board: Board, members: List[Member]) -> None:
    """Waits until members have left, or have not been heard of for some seconds."""
    deadline = time.monotonic() + LEAVING_S
    while time.monotonic() < deadline:
        view = board.look()
        if view is None and board.silent_s(board.cluster.of("ps")[0]) > LEAVING_S / 2:
            return
        if view is not None:
            gone = board.missing(members, LEAVING_S / 2)
            if all(view.notes[m.key].get("left") or m in gone for m in members):
                return
        time.sleep(0.1)


def leave(board: Board) -> None:
    """This member's last look: the others need not wait for it."""
    board.stop_beating()
    board.note["left"] = True
    board.look()

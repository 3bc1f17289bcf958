"""Lines for people: on stderr, and in a run folder's log.txt."""

from __future__ import annotations

import os
import sys
from typing import Optional, TextIO

from tf1_models.storage.files import writing


def wants_bar(stream: TextIO) -> bool:
    """Bars only on a terminal that can redraw a line."""
    return stream.isatty() and os.environ.get("TERM", "") != "dumb"


def tell(text: str) -> None:
    """Writes a line to stderr; where its terminal was closed, it goes nowhere: what is left to save is saved."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)  # later writes, the interpreter's last flush among them, end there
        os.dup2(null, 2)
        os.close(null)


class Log:
    """Lines for stderr and, once a run folder is open, for its log.txt."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._file: Optional[TextIO] = None

    def open(self, path: str) -> None:
        """Starts appending to a log file as well.

        Raises:
            MachineError: the disk or the folder forbids it; so does `line`.
        """
        with writing("log.txt"):
            self._file = open(path, "a", encoding="utf-8")  # held until close()

    def line(self, text: str) -> None:
        """Writes one line."""
        if not self.quiet:
            tell(text)
        if self._file is not None:
            with writing("log.txt"):
                self._file.write(text + "\n")
                self._file.flush()

    def close(self) -> None:
        """Closes the log file."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError:  # a full disk: `line` has said so, and the descriptor is closed all the same
                pass
            self._file = None

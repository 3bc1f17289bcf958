"""What a person sees of long work: a progress bar on a terminal, a line an epoch elsewhere, log.txt always."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Optional, TextIO

from tf1_models.storage.files import writing

_BAR_WORDS = ("loss", "accuracy", "samples/s")


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


class EpochBar:
    """One epoch's bar with loss, accuracy, samples/s and ETA; silent where bars are not wanted."""

    def __init__(self, label: str, total: int, enabled: bool) -> None:
        """Args: label, e.g. "epoch 3/50"; total steps; whether to draw at all."""
        self._bar: Any = None
        self._total = total
        if not enabled or not wants_bar(sys.stderr):
            return
        import progressbar

        widgets = [f"{label} ", progressbar.Bar(), " ", progressbar.Percentage()]
        for word in _BAR_WORDS:
            widgets += [" ", progressbar.Variable(word, format="{name} {formatted_value}", width=6, precision=4)]
        widgets += [" ", progressbar.ETA()]
        options: Dict[str, Any] = {"max_value": total, "widgets": widgets, "fd": sys.stderr}
        if os.environ.get("NO_COLOR"):
            options["enable_colors"] = False  # progressbar2 ignores NO_COLOR by itself
        try:
            self._bar = progressbar.ProgressBar(**options).start()
        except TypeError:  # releases for Python 3.7 know no enable_colors
            options.pop("enable_colors", None)
            self._bar = progressbar.ProgressBar(**options).start()

    def update(self, done: int, loss: float, accuracy: float, samples_per_s: float) -> None:
        """Moves the bar."""
        if self._bar is not None:
            values = dict(zip(_BAR_WORDS, (loss, accuracy, samples_per_s)))
            try:
                self._bar.update(min(done, self._total), **values)
            except OSError:  # the terminal was closed: the loop goes on to its save
                self._bar = None

    def finish(self) -> None:
        """Ends the bar's line; every bar must be finished."""
        if self._bar is not None:
            try:
                self._bar.finish(dirty=True)
            except OSError:
                pass
            self._bar = None

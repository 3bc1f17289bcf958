"""What a person sees of a sweep: an outer bar over runs, an inner one for each running run, a line for each finished.

Bars only on a terminal (see `progress.wants_bar`); elsewhere the lines alone. Drawn by progressbar2's MultiBar without
its thread, from whichever task has news; releases for Python 3.7 have no MultiBar, and show the outer bar alone.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Callable, Dict, Mapping

from tf1_models.output.progress import wants_bar
from tf1_models.reproduce.runs.queue import Task


class Display:
    """Thread-safe; every method may be called from any task."""

    def __init__(self, total: int, already: int, eta: Callable[[bool], str], quiet: bool) -> None:
        """Args: runs in all; how many are finished already; words for the time left (computed anew?); silence."""
        self._lock = threading.Lock()
        self._total, self._done, self._eta, self._quiet = total, already, eta, quiet
        self._bars: Any = None
        self._outer: Any = None
        self._inner: Dict[str, Any] = {}
        if quiet or total == 0 or not wants_bar(sys.stderr):
            return
        import progressbar

        self._options: Dict[str, Any] = {"enable_colors": False} if os.environ.get("NO_COLOR") else {}
        widgets = [
            "runs ",
            progressbar.SimpleProgress(),
            " ",
            progressbar.Bar(),
            " ",
            progressbar.Variable("left", format="{formatted_value}", width=8),
        ]
        multi = getattr(progressbar, "MultiBar", None)
        if multi is None:
            self._outer = progressbar.ProgressBar(max_value=total, widgets=widgets, fd=sys.stderr)
            self._outer.start()
        else:
            self._bars = multi(fd=sys.stderr, prepend_label=False, remove_finished=0.001, sort_reverse=False)
            self._outer = progressbar.ProgressBar(max_value=total, widgets=widgets, **self._options)
            self._bars["runs"] = self._outer
            self._outer.start()
        self._draw()

    def _draw(self) -> None:
        if self._outer is None:
            return
        self._outer.update(min(self._done, self._total), force=True, left=self._eta(False))
        if self._bars is not None:
            self._bars.render()

    def progress(self, task: Task, epochs: int) -> None:
        """A run has so many whole epochs."""
        if self._bars is None:
            return
        import progressbar

        with self._lock:
            bar = self._inner.get(task.label)
            if bar is None:
                widgets = [f"{task.label}  epoch ", progressbar.SimpleProgress(), " ", progressbar.Bar()]
                bar = progressbar.ProgressBar(max_value=task.epochs, widgets=widgets, **self._options)
                self._inner[task.label] = self._bars[task.label] = bar
                bar.start()
            bar.update(min(epochs, task.epochs), force=True)
            self._draw()

    def finished(self, task: Task, record: Mapping[str, Any]) -> None:
        """A run has ended; its line stays above the bars."""
        with self._lock:
            self._done += record["state"] == "finished"
            bar = self._inner.pop(task.label, None)
            if bar is not None:
                bar.finish(dirty=True)
                del self._bars[task.label]
            words = f": {record['message']}" if record["message"] else ""
            took = f" in {record['seconds']:.0f} s" if record["trained"] else ""
            line = f"{self._done}/{self._total} {task.label} {record['state']}{took}{words}; {self._eta(True)}"
            if self._quiet or record["state"] == "not started":
                pass
            elif self._bars is not None:
                self._bars.print(line)
            else:
                print(line, file=sys.stderr, flush=True)
            self._draw()

    def close(self) -> None:
        """Leaves the terminal's cursor below the bars."""
        with self._lock:
            if self._outer is not None:
                self._draw()
                self._outer.finish(dirty=True)
                self._outer = None
            if self._bars is not None:
                self._bars.render(force=True)
                self._bars = None

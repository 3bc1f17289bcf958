"""What a person sees of a training: bars on a terminal (progressbar2), elsewhere a line at least once a minute."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Dict, List, Optional

from tf1_models.output.progress import tell, wants_bar
from tf1_models.output.watching import StepSeen, Watcher

SECONDS_BETWEEN_LINES = 50.0  # a step may be slow, and "at least once a minute" is what people count on

# Terminal columns from which a bar shows its parts: what matters most stays longest. Percentage and label always.
_COLUMNS = {"bar": 32, "run": 44, "loss": 58, "ETA": 74, "accuracy": 92, "samples/s": 110}


def clock(seconds: float) -> str:
    """ "1:02:03"; hours are counted on."""
    whole = int(round(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def watchers_for(quiet: bool) -> List[Watcher]:
    """Who shows a training on stderr: nobody under --quiet."""
    if quiet:
        return []
    return [Bars() if wants_bar(sys.stderr) else Lines()]


class RunClock:
    """When the run will end: the wall time per step of this process, evaluation and saving included.

    Early stopping may end it before; the first epoch knows of no evaluation yet.
    """

    def __init__(self) -> None:
        self._started: Optional[float] = None
        self._n_here = self._n_left = 0

    def start_epoch(self, epoch: int, n_epochs: int, step_in_epoch: int, n_steps: int) -> None:
        """As `Watcher.start_epoch`."""
        if self._started is None:
            self._started = time.monotonic()
        self._n_left = (n_epochs - epoch) * n_steps - step_in_epoch

    def step(self) -> None:
        """A step was taken."""
        self._n_here += 1
        self._n_left -= 1

    def seconds_left(self) -> float:
        """0 before the first step."""
        if self._started is None or not self._n_here:
            return 0.0
        return (time.monotonic() - self._started) / self._n_here * max(self._n_left, 0)


class Lines(Watcher):
    """For a file or a pipe: what begins, and how far it is when nothing else was said for a while.

    The loop's own log tells each epoch; these lines go to stderr alone.
    """

    def __init__(self) -> None:
        self._clock = RunClock()
        self._said_at = 0.0
        self._label = self._part = ""
        self._n_images = 0

    def _say(self, text: str) -> None:
        tell(text)
        self._said_at = time.monotonic()

    def _due(self) -> bool:
        return time.monotonic() - self._said_at > SECONDS_BETWEEN_LINES

    def start_epoch(self, epoch: int, n_epochs: int, step_in_epoch: int, n_steps: int) -> None:
        self._clock.start_epoch(epoch, n_epochs, step_in_epoch, n_steps)
        self._label = f"epoch {epoch + 1}/{n_epochs}"
        if not self._said_at:
            self._say(f"{self._label}  step {step_in_epoch}/{n_steps}")

    def step(self, seen: StepSeen) -> None:
        self._clock.step()
        if self._due():
            loss = float(seen.values["loss"])
            self._say(
                f"{self._label}  step {seen.step_in_epoch}/{seen.n_steps}  loss {loss:.4f}  "
                f"accuracy {seen.accuracy:.4f}  {seen.samples_per_s:.1f} samples/s  "
                f"run's end in {clock(self._clock.seconds_left())}"
            )

    def start_part(self, name: str, n_images: int) -> None:
        self._part, self._n_images = name, n_images
        if self._due():
            self._say(name)

    def advance(self, n_done: int) -> None:
        if self._due():
            self._say(f"{self._part}  {n_done}/{self._n_images} images")

    def end_epoch(self, line: Dict[str, Any]) -> None:
        self._said_at = time.monotonic()


class Bars(Watcher):
    """For a terminal: a bar an epoch, one for each evaluation, a word for what counts nothing."""

    def __init__(self) -> None:
        self._clock = RunClock()
        self._bar: Any = None
        self._total = 0
        self._whole = False

    def start(self, data: Any, resumed: bool) -> None:
        del data, resumed
        self.close()

    def start_epoch(self, epoch: int, n_epochs: int, step_in_epoch: int, n_steps: int) -> None:
        self._clock.start_epoch(epoch, n_epochs, step_in_epoch, n_steps)
        self._open(f"epoch {epoch + 1}/{n_epochs}", n_steps, training=True)

    def step(self, seen: StepSeen) -> None:
        self._clock.step()
        if self._bar is not None:
            self._move(
                seen.step_in_epoch,
                {
                    "loss": f"{float(seen.values['loss']):.4f}",
                    "accuracy": f"{seen.accuracy:.4f}",
                    "samples/s": f"{seen.samples_per_s:.0f}",
                },
            )
        if seen.step_in_epoch == seen.n_steps:
            self.close()

    def start_part(self, name: str, n_images: int) -> None:
        self._open(name, n_images, training=False)

    def advance(self, n_done: int) -> None:
        if self._bar is not None:
            self._move(n_done, {})
        if n_done == self._total:
            self.close()

    def end_epoch(self, line: Dict[str, Any]) -> None:
        self.close()

    def close(self) -> None:
        if self._bar is not None:
            bar, self._bar = self._bar, None
            try:
                bar.finish(dirty=not self._whole)  # a whole bar is drawn once more, at its end
            except OSError:  # the terminal was closed: the loop goes on to its save
                pass

    def _open(self, label: str, total: int, training: bool) -> None:
        self.close()
        self._total, self._whole = total, False
        self._bar = started(label, total, self._clock if training else None)

    def _move(self, done: int, values: Dict[str, str]) -> None:
        self._whole = done >= self._total
        try:
            self._bar.update(min(done, self._total), **values)
        except OSError:
            self._bar = None


def started(label: str, total: int, run_clock: Optional[RunClock] = None) -> Any:
    """A bar on stderr that fits any width, drawn once.

    Args:
        label: What stands before it.
        total: Where it ends; 0: nothing is counted, the label alone.
        run_clock: With it the fields of a training epoch.

    Returns:
        A `progressbar.ProgressBar`.
    """
    import progressbar

    def field(name: str) -> Any:
        return progressbar.Variable(name, format=" {name} {value}", min_width=_COLUMNS[name])

    widgets: List[Any] = [label]
    if total:
        widgets += [" ", progressbar.Bar(min_width=_COLUMNS["bar"]), " ", progressbar.Percentage()]
        if run_clock is not None:
            widgets += [field("loss"), field("accuracy"), field("samples/s")]
        widgets += [
            progressbar.ETA(
                min_width=_COLUMNS["ETA"],
                format=" ETA %(eta)s",
                format_finished=" %(elapsed)s",
                format_not_started=" ETA --:--:--",
                format_zero=" ETA 0:00:00",
                format_NA=" ETA N/A",
            )
        ]
        if run_clock is not None:
            widgets.append(_run_eta(progressbar, run_clock))
    options: Dict[str, Any] = {"max_value": total or progressbar.UnknownLength, "widgets": widgets, "fd": sys.stderr}
    if run_clock is not None:
        options["variables"] = dict.fromkeys(("loss", "accuracy", "samples/s"), "-")
    if os.environ.get("NO_COLOR"):
        options["enable_colors"] = False  # progressbar2 ignores NO_COLOR by itself
    try:
        return progressbar.ProgressBar(**options).start()
    except TypeError:  # releases for Python 3.7 know no enable_colors
        options.pop("enable_colors", None)
        return progressbar.ProgressBar(**options).start()


def _run_eta(progressbar: Any, run_clock: RunClock) -> Any:
    """A widget: the whole run's time left."""

    class RunEta(progressbar.widgets.WidgetBase):
        def __call__(self, progress: Any, data: Any) -> str:
            return f" run {clock(run_clock.seconds_left())}"

    return RunEta(min_width=_COLUMNS["run"])

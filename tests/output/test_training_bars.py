"""What a person sees of a training: bars of any width on a terminal, lines elsewhere."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import Any, Dict, List

import pytest

from tests.conftest import ROOT
from tf1_models.output import training_bars
from tf1_models.output.watching import StepSeen


def seen(step_in_epoch: int, n_steps: int = 20) -> StepSeen:
    return StepSeen(step_in_epoch, step_in_epoch, n_steps, {"loss": 2.34567}, 8, 0.4321, 1234.5)


class GoneBar:
    def update(self, *values: Any, **more: Any) -> None:
        raise OSError(5, "Input/output error")

    def finish(self, dirty: bool) -> None:
        raise OSError(5, "Input/output error")


def test_a_bar_on_a_closed_terminal_is_given_up() -> None:
    for end in (lambda bars: bars.step(seen(1)), lambda bars: bars.close()):
        bars = training_bars.Bars()
        bars._bar, bars._total = GoneBar(), 20
        end(bars)
        assert bars._bar is None


PROGRAM = """
import time
from tests.output.test_training_bars import seen
from tf1_models.output.training_bars import Bars
bars = Bars()
for epoch in (10, 11):
    bars.start_epoch(epoch, 50, 0, 20)
    for step in range(1, 21):
        time.sleep(0.01)
        bars.step(seen(step))
bars.start_part("evaluating dev", 30)
for done in (10, 20, 30):
    time.sleep(0.06)
    bars.advance(done)
bars.start_part("drawing", 0)
bars.close()
"""


def on_a_terminal(columns: int) -> List[str]:
    """What the program draws: every version of every line, as redrawn."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**env, "PYTHONPATH": ROOT, "TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(slave)
    drawn = b""
    while True:
        try:
            more = os.read(master, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        drawn += more
    os.close(master)
    assert child.wait(timeout=60) == 0, drawn
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode("utf-8"))
    return [line for line in re.split(r"[\r\n]+", text) if line.strip()]


@pytest.mark.parametrize(
    "columns, there, gone",
    [
        (24, ["epoch 11/50", "100%"], ["run ", "loss", "|#"]),
        (45, ["epoch 11/50", "100%", "|#"], ["loss", "accuracy"]),
        (60, ["epoch 11/50", "run 0:0", "loss 2.3457"], ["accuracy"]),
        (80, ["run 0:0", "loss 2.3457", "|#####"], ["samples/s"]),
        (140, ["run 0:0", "loss 2.3457", "accuracy 0.4321", "samples/s 1234"], []),
    ],
)
def test_a_bar_fits_its_terminal(columns: int, there: List[str], gone: List[str]) -> None:
    lines = on_a_terminal(columns)
    assert max(map(len, lines)) <= columns
    last = [line for line in lines if line.startswith("epoch 11/50")][-1]
    for word in there:
        assert word in last, (word, last)
    for word in gone:
        assert word not in last, (word, last)
    evaluating = [line for line in lines if line.startswith("evaluating dev")]
    assert len(evaluating) > 1 and any(line.startswith("drawing") for line in lines)
    if columns >= 80:  # the bar itself has room: eight cells or more
        assert len(re.search(r"\|(.*)\|", last).group(1)) >= 8  # type: ignore[union-attr]


def test_off_a_terminal_a_line_comes_at_once_and_then_once_a_minute(monkeypatch: Any) -> None:
    now = [1000.0]
    monkeypatch.setattr(training_bars.time, "monotonic", lambda: now[0])
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    (lines,) = training_bars.watchers_for(quiet=False)
    assert isinstance(lines, training_bars.Lines)
    lines.start_epoch(0, 2, 0, 100)
    assert stderr.getvalue() == "epoch 1/2  step 0/100\n"
    drawn_at_s: Dict[int, float] = {}
    for step in range(1, 101):
        now[0] += 3.0
        before = stderr.getvalue()
        lines.step(seen(step, 100))
        if stderr.getvalue() != before:
            drawn_at_s[step] = now[0]
    times = [1000.0, *drawn_at_s.values()]
    assert len(drawn_at_s) == 5 and all(later - earlier <= 60.0 for earlier, later in zip(times, times[1:]))
    assert "epoch 1/2  step 17/100  loss 2.3457  accuracy 0.4321  1234.5 samples/s  run's end in 0:09:09" in (
        stderr.getvalue()
    )  # 183 steps of 3 s are left
    lines.start_part("evaluating dev", 500)
    now[0] += 70.0
    lines.advance(250)
    assert stderr.getvalue().endswith("evaluating dev  250/500 images\n")
    lines.end_epoch({})
    lines.start_epoch(1, 2, 0, 100)
    assert stderr.getvalue().endswith("evaluating dev  250/500 images\n")  # the loop's own line has just come
    assert training_bars.watchers_for(quiet=True) == []


def test_hours_are_counted_on() -> None:
    assert [training_bars.clock(s) for s in (0, 59.6, 3661, 360000)] == ["0:00:00", "0:01:00", "1:01:01", "100:00:00"]

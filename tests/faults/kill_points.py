"""Four ways to choose the moment of a SIGKILL; each is a function that starts a run and kills it there.

- anywhere: after a random time;
- writing: at a random moment inside the k-th checkpoint's or the result's writing (the child tells through a pipe
  when one begins, so that these moments are hit however short they are);
- point: before the k-th rename, fsync or unlink that Python makes. The state before each is the state after the one
  before it, so all of them together are every step of the protocol;
- saver: between the renames that TensorFlow's Saver makes of the k-th checkpoint.
"""

from __future__ import annotations

import os
import random
import signal
import time
from typing import Any, Callable, Dict, List, NamedTuple

from tests.faults.short_runs import kill, start, wait
from tf1_models.checkpoints import saving
from tf1_models.training import results

POINTS = ("replace", "rename", "fsync", "unlink")


class Window(NamedTuple):
    """One writing, as an undisturbed run made it."""

    what: str
    seconds: float


def _hook_points(before: Callable[[int], None]) -> None:
    """Calls `before(number)` before every rename, fsync and unlink of this process."""
    count = [0]

    def wrap(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            count[0] += 1
            before(count[0])
            return real(*args, **kwargs)

        return call

    for name in POINTS:
        setattr(os, name, wrap(getattr(os, name)))


def _hook_writings(around: Callable[[str, bool], None]) -> None:
    """Calls `around(what, begins)` at both ends of every checkpoint's and the result's writing."""

    def wrap(what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            around(what, True)
            value = real(*args, **kwargs)
            around(what, False)
            return value

        return call

    saving.save = wrap("checkpoint", saving.save)
    saving.prune = wrap("pruning", saving.prune)
    results.finish = wrap("result", results.finish)


def measure(work: Callable[[], Any], folder: str) -> Dict[str, Any]:
    """Runs `work` undisturbed; returns how many `points` it passes, its `windows` and its `seconds`."""
    path = os.path.join(folder, "measured")

    def measured() -> None:
        with open(path, "w", encoding="ascii") as stream:

            def before(number: int) -> None:
                stream.write("point\n")

            def around(what: str, begins: bool) -> None:
                stream.write(f"{what} {begins:d} {time.monotonic()!r}\n")

            _hook_points(before)
            _hook_writings(around)
            work()

    began = time.monotonic()
    if wait(start(measured)) != 0:
        raise SystemExit("an undisturbed run failed")
    seconds = time.monotonic() - began
    windows: List[Window] = []
    points, since = 0, 0.0
    with open(path, encoding="ascii") as stream:
        for line in stream:
            words = line.split()
            if words[0] == "point":
                points += 1
            elif words[1] == "1":
                since = float(words[2])
            else:
                windows.append(Window(words[0], float(words[2]) - since))
    return {"points": points, "windows": windows, "seconds": seconds}


def anywhere(work: Callable[[], Any], seconds: float, rng: random.Random) -> int:
    """Kills after a random part of a run's usual time; returns the exit code."""
    process = start(work)
    time.sleep(rng.random() * seconds)
    kill(process)
    return wait(process)


def writing(work: Callable[[], Any], windows: List[Window], rng: random.Random) -> int:
    """Kills at a random moment of a random writing; returns the exit code."""
    chosen = rng.randrange(len(windows))
    reading_end, writing_end = os.pipe()

    def tell(what: str, begins: bool) -> None:
        if begins:
            os.write(writing_end, b".")

    def hooked() -> None:
        os.close(reading_end)
        _hook_writings(tell)
        work()

    process = start(hooked)
    os.close(writing_end)
    seen = 0
    while seen <= chosen and os.read(reading_end, 1):
        seen += 1
    time.sleep(rng.random() * windows[chosen].seconds)
    kill(process)
    os.close(reading_end)
    return wait(process)


def point(work: Callable[[], Any], number: int) -> int:
    """Kills before one enumerated rename, fsync or unlink; returns the exit code."""

    def before(count: int) -> None:
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def hooked() -> None:
        _hook_points(before)
        work()

    return wait(start(hooked))


def saver(work: Callable[[], Any], number: int, undone: int) -> int:
    """Kills in the `number`-th Saver.save, `undone` of its two renames not done yet; returns the exit code.

    The Saver renames in its own threads, where no hook of Python's reaches; the folder is put into the state between
    two renames instead, by undoing them, which to the next start is the same.
    """
    import tensorflow.compat.v1 as tf

    real, count = tf.train.Saver.save, [0]

    def save(self: Any, session: Any, path: str, **kwargs: Any) -> Any:
        value = real(self, session, path, **kwargs)
        count[0] += 1
        if count[0] == number:
            for suffix in (".index", ".data-00000-of-00001")[:undone]:  # the data file is renamed first
                os.rename(path + suffix, f"{path}{suffix}.tempstate4711")
            os.kill(os.getpid(), signal.SIGKILL)
        return value

    def hooked() -> None:
        tf.train.Saver.save = save
        work()

    return wait(start(hooked))

"""The kit as a user runs it: its real loop, held and timed by a watcher.

`step`: the loop's step with everything that the loop does around it, on batches that change; evaluation and saving at
the end of an epoch stop the clock. `epoch`: a whole epoch, from one epoch's start to the next one's: steps, evaluation,
metrics, checkpoint. `startup`: the command line itself, up to the first step. `memory`: a run of eight steps from its
start to result.json, with what was resident after each of its parts.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any, Callable, Dict, List, Optional

from tf1_models.bench.peers import protocol
from tf1_models.output.watching import StepSeen, Watcher

MEMORY_STEPS = 8
_ENDLESS = {"epochs": "100000", "max_steps": "none", "patience_epochs": "none"}


class _Holder(Watcher):
    """Reports the loop's steps, or its epochs, to `bursts`."""

    def __init__(self, bursts: protocol.Bursts, whole_epochs: bool) -> None:
        self.bursts, self.whole_epochs = bursts, whole_epochs
        self.steps_per_call = 1
        self._done = 0

    def start_epoch(self, epoch: int, n_epochs: int, step_in_epoch: int, n_steps: int) -> None:
        self._done = step_in_epoch
        if self.whole_epochs:
            self.bursts.tick()
        else:
            self.bursts.resume()

    def step(self, seen: StepSeen) -> None:
        # a call's steps are told together, after it: only whole calls are timed
        if seen.step_in_epoch % self.steps_per_call and seen.step_in_epoch < seen.n_steps:
            return
        if not self.whole_epochs:
            self.bursts.tick(seen.step_in_epoch - self._done)
        self._done = seen.step_in_epoch

    def hear_of_calls(self) -> None:
        """Learns how many steps the loop takes a call; imports TensorFlow."""
        from tf1_models.training import step_ways

        plain = step_ways.on_one_machine

        def noted(*args: Any) -> Any:
            steps = plain(*args)
            self.steps_per_call = steps.steps_per_call
            return steps

        vars(step_ways)["on_one_machine"] = noted

    def start_part(self, name: str, n_images: int) -> None:
        if not self.whole_epochs:  # the epoch's steps are done
            self.bursts.pause()


class _Marker(Watcher):
    """Notes what is resident when an epoch's steps begin, and when they are done."""

    def __init__(self, mark: Callable[[str], None]) -> None:
        self._mark = mark

    def start_epoch(self, epoch: int, n_epochs: int, step_in_epoch: int, n_steps: int) -> None:
        self._mark("graph, variables, first checkpoint")

    def step(self, seen: StepSeen) -> None:
        if seen.step == MEMORY_STEPS:
            self._mark(f"{MEMORY_STEPS} training steps")


def loop_by_parts(settings: Dict[str, Any], out: str) -> List[Dict[str, Any]]:
    """A run of a few steps: [{"part", "peak", "anonymous", "file"}], MB after each part (`protocol.resident_mb`)."""
    from tf1_models.session import tensorflow_setup

    parts: List[Dict[str, Any]] = []
    plain_import = tensorflow_setup.import_tensorflow

    def mark(part: str) -> None:
        parts.append({"part": part, **{key: round(mb, 1) for key, mb in protocol.resident_mb().items()}})

    def marked_import(quiet: bool = True) -> Any:
        mark("Python, NumPy, all images as bytes")
        tf = plain_import(quiet)
        mark("TensorFlow imported")
        return tf

    vars(tensorflow_setup)["import_tensorflow"] = marked_import
    loop(settings, out, {"max_steps": str(MEMORY_STEPS), "patience_epochs": "none"}, _Marker(mark))
    mark("evaluation, checkpoint, results, pictures")
    return parts


def hold_the_command(watcher: Watcher) -> None:
    """Makes the command line's training tell `watcher` too."""
    from tf1_models.output import training_bars

    vars(training_bars)["watchers_for"] = lambda quiet: [watcher]


def overrides(settings: Dict[str, Any], more: Dict[str, str]) -> Dict[str, str]:
    """The run's settings: batch as asked for, and what the measurement needs."""
    return {**settings["changes"], "batch_size": str(settings["batch"]), **more}


def loop(settings: Dict[str, Any], out: str, changes: Dict[str, str], watcher: Watcher) -> None:
    """`train` on the bench's data, in a folder that is thrown away."""
    from tf1_models import registry
    from tf1_models.datasets.load import load
    from tf1_models.output.progress import Log
    from tf1_models.training import loop

    experiment = registry.experiment(settings["report"], settings["run"], overrides(settings, changes))
    data = load(settings["data"])
    options = loop.Options(
        out=out,
        threads=int(settings["threads"]),
        steps_per_call=settings.get("steps_per_call"),
        checkpoint_minutes=1e6,
        watchers=[watcher],
    )
    folder, record = loop.prepare(experiment, data, options)
    try:
        loop.train(experiment, data, folder, record, options, Log(quiet=True))
    finally:
        folder.close()


def command(settings: Dict[str, Any], out: str) -> List[str]:
    """The words of a user who trains on these images."""
    words = [
        "train",
        settings["report"],
        "--run",
        settings["run"],
        "--data",
        settings["data"],
        "--out",
        out,
        "-q",
        "--threads",
        str(settings["threads"]),
    ]
    return words + [f"{key}={value}" for key, value in overrides(settings, {}).items()]


def build(channel: protocol.Channel, settings: Dict[str, Any]) -> Optional[protocol.Work]:
    """The wanted measurement; all but `memory` stay inside the loop."""
    measure = settings["measure"]
    batch = int(settings["batch"])
    out = tempfile.mkdtemp(prefix="runs-", dir=settings["scratch"])
    if measure == "memory":
        parts = loop_by_parts(settings, out)
        return protocol.Work(lambda: None, 0, {**_versions(), "parts": parts})
    images = int(settings["n_train"]) if measure == "epoch" else batch
    bursts = protocol.Bursts(channel, images)
    holder = _Holder(bursts, whole_epochs=measure == "epoch")
    if measure == "startup":
        from tf1_models import cli

        hold_the_command(holder)
        code = cli.main(command(settings, out))
        raise RuntimeError(f"train left with code {code} before its first step")
    bursts.facts = _versions()
    holder.hear_of_calls()
    loop(settings, out, _ENDLESS, holder)
    raise RuntimeError("the loop ended although it has no end")


def _versions() -> Dict[str, Any]:
    import tensorflow as tf

    return {
        "tensorflow": str(tf.__version__),
        "xla_flags": os.environ.get("TF_XLA_FLAGS", ""),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
    }


if __name__ == "__main__":
    protocol.serve(build)

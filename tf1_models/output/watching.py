"""Who looks on while a run trains: the loop tells each watcher of a plain list what happens, and asks it nothing."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Sequence


class StepSeen(NamedTuple):
    """One training step, after it was taken.

    Attributes:
        step: Steps done in all.
        step_in_epoch: Steps done in this epoch.
        n_steps: Steps an epoch.
        values: `loss`, `data_loss`, `l2_loss` and `n_correct` of the batch, counted before the update.
        n_images: Images in the batch.
        accuracy: Of the epoch's images so far, 0..1.
        samples_per_s: Training images a second, in this epoch.
    """

    step: int
    step_in_epoch: int
    n_steps: int
    values: Dict[str, Any]
    n_images: int
    accuracy: float
    samples_per_s: float


class Watcher:
    """Hears of a run what each method's name says, in their order here; a watcher overrides what it cares for.

    None of them may change the run; an exception ends it, without a save.
    """

    def start(self, data: Any, resumed: bool) -> None:
        """Before the first epoch of this process; the run's `Dataset`, and whether it takes up a checkpoint."""

    def start_epoch(self, epoch: int, n_epochs: int, step_in_epoch: int, n_steps: int) -> None:
        """Before an epoch (zero-based) or what a resumed run has left of it."""

    def step(self, seen: StepSeen) -> None:
        """After a training step."""

    def start_part(self, name: str, n_images: int) -> None:
        """Before work that is no training step, e.g. "evaluating dev"; `n_images` is 0 where nothing is counted."""

    def advance(self, n_done: int) -> None:
        """Images of the present part that are done."""

    def end_epoch(self, line: Dict[str, Any]) -> None:
        """After an epoch and its evaluation, with its line of metrics.jsonl."""

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        """After training: the content of result.json, all lines of metrics.jsonl, ten names."""

    def close(self) -> None:
        """This process trains no more, however it ends."""

"""A run between two steps as it is kept: restored when the process starts, saved as the loop asks."""

from __future__ import annotations

import time
from typing import Any, Optional

from tf1_models.checkpoints import saving
from tf1_models.errors import CheckFailed, InputError, Interrupted
from tf1_models.session.tensorflow_setup import quiet_stderr
from tf1_models.training import epoch_state
from tf1_models.training.interrupts import InterruptFlag
from tf1_models.training.steps import Steps
from tf1_models.training.stopping import EarlyStopping
from tf1_models.training.training_run import TrainingRun


class RunState:
    """Where a run stands, and its checkpoints.

    Attributes:
        progress: Counts and sums outside the graph.
        stopping: The early-stopping rule with its state; None where the run has none.
    """

    def __init__(self, run: TrainingRun, steps: Steps, interrupt: InterruptFlag) -> None:
        self._run, self._steps, self._interrupt = run, steps, interrupt
        self._saved_at = time.monotonic()
        self.progress = epoch_state.Progress()
        patience_epochs = run.experiment.patience_epochs
        self.stopping: Optional[EarlyStopping] = None if patience_epochs is None else EarlyStopping(patience_epochs)

    def restore_or_initialize(self, initialize: Any, tf_log: bool = False) -> bool:
        """Takes up the latest sound checkpoint, or initialises the variables and saves step 0.

        Args:
            initialize: The op that initialises all variables.
            tf_log: Show TensorFlow's own lines.

        Returns:
            Whether a checkpoint was taken up.

        Raises:
            InputError: there are checkpoints, but nothing sound that belongs to this run.
        """
        run = self._run
        manifest = saving.latest_sound(run.folder.path, run.log.line)
        run.folder.rewind_metrics(manifest["metrics"] if manifest else None)
        if manifest is None:
            with quiet_stderr(not tf_log):
                run.session.run(initialize)
            self._save_values()  # step 0: from here on "no checkpoint" can only mean that someone removed them
        else:
            run.folder.check_config(manifest, run.record)
            saving.restore(run.tf, run.session, run.graph.saver, run.folder.path, manifest)
            self.progress = epoch_state.progress_of(manifest, self.stopping)
            run.log.line(f"resuming at epoch {self.progress.epoch + 1}, step {self.progress.step}")
        if int(run.session.run(run.graph.global_step)) != self.progress.step:
            raise InputError(f"checkpoint of step {self.progress.step} holds another step; --fresh starts anew")
        return manifest is not None

    def save(self) -> None:
        """Saves a checkpoint, and drops those that are neither among the latest nor the best."""
        self._steps.pull()
        self._save_values()

    def _save_values(self) -> None:
        run, progress = self._run, self.progress
        fields = {
            "progress": progress.state(),
            "stopping": None if self.stopping is None else self.stopping.state(),
            "metrics": run.folder.metrics_record(),
            "config": run.folder.config_record(run.record),
        }
        saving.save(run.tf, run.session, run.graph.saver, run.folder.path, progress.step, fields)
        saving.prune(run.folder.path, () if progress.best is None else (progress.best["step"],))
        self._saved_at = time.monotonic()

    def save_after(self, minutes: float) -> None:
        """Saves if the last checkpoint is older than that."""
        if time.monotonic() - self._saved_at > 60.0 * minutes:
            self.save()

    def leave_if_interrupted(self) -> None:
        """Saves and raises Interrupted if a signal has arrived."""
        if self._interrupt.raised:
            self.save()
            raise self._interrupted(f"at step {self.progress.step}")

    def leave_after_epoch_if_interrupted(self) -> None:
        """Raises Interrupted if a signal has arrived, with the epoch saved; a run that ended writes its results."""
        if self._interrupt.raised and not self.progress.stopped:
            raise self._interrupted(f"after epoch {self.progress.epoch}")

    def _interrupted(self, when: str) -> Interrupted:
        return Interrupted(
            f"{self._interrupt.raised} {when}: state saved in {self._run.folder.path}; run the same command to continue"
        )

    def diverged(self, what: str, loss: float, where: str) -> CheckFailed:
        """The error that ends a run whose loss is not finite."""
        return CheckFailed(
            f"{what} is {loss} at epoch {self.progress.epoch + 1}, {where}: training has diverged; last good "
            f"checkpoint: ckpt-{saving.list_steps(self._run.folder.path)[0]}"
        )

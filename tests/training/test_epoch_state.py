"""What an epoch counts, leaves and hands on: sums, means, the best epoch, the end. TensorFlow-free."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
import pytest

from tf1_models import registry
from tf1_models.errors import InputError, UsageError
from tf1_models.scoring.evaluate import SplitScore
from tf1_models.training import epoch_state
from tf1_models.training.epoch_state import Progress
from tf1_models.training.stopping import EarlyStopping


def row(**settings: str) -> Any:
    return registry.experiment("nine_conv", "final", settings)


@pytest.mark.parametrize("n_images, whole, short", [(100, 10, 10), (101, 10, 11), (109, 10, 11), (10, 1, 1)])
def test_steps_of_an_epoch(n_images: int, whole: int, short: int) -> None:
    assert epoch_state.steps_per_epoch(row(batch_size="10", drop_last="true"), n_images) == whole
    assert epoch_state.steps_per_epoch(row(batch_size="10", drop_last="false"), n_images) == short
    with pytest.raises(UsageError, match="no step would be left"):
        epoch_state.steps_per_epoch(row(batch_size="10", drop_last="true"), 9)
    assert epoch_state.steps_per_epoch(row(batch_size="10", drop_last="false"), 9) == 1


VALUES: Dict[str, Any] = {"loss": 2.5, "data_loss": 2.0, "l2_loss": 0.5, "n_correct": 3}


def scored(macro_f1: float = 0.5) -> SplitScore:
    matrix = np.zeros((10, 10), int)
    matrix[:, 4], matrix[:, 7] = 1, 1
    return SplitScore(
        {"accuracy": 0.2, "macro_f1": macro_f1, "weighted_f1": 0.4, "confusion_matrix": matrix.tolist(), "n": 20}, 1.75
    )


def test_an_epochs_line_by_hand() -> None:
    progress = Progress(epoch=2, step=20)
    for n_images in (10, 10, 6):
        epoch_state.count_step(progress, VALUES, n_images, "nine_conv")
    assert (progress.step, progress.step_in_epoch, progress.n_seen, progress.n_correct) == (23, 3, 26, 9)
    line = epoch_state.epoch_line(progress, row(), 0.001, scored(), 2.0, 1)
    assert (line["epoch"], line["step"], line["steps"], line["eval_split"]) == (3, 23, 3, "dev")
    assert line["learning_rate"] == 0.001 and line["predicted_classes"] == 2
    losses = (line["loss_sum"], line["loss"], line["data_loss"], line["l2_loss"], line["eval_loss"])
    assert losses == (7.5, 2.5, 2.0, 0.5, 1.75)  # the mean over batches, as the reports print it
    assert line["train_accuracy"] == 9 / 26 and line["samples_per_s"] == round(26 * (2 / 3) / 2.0, 1)
    kept = epoch_state.test_scores(scored().scores)
    assert kept == {"accuracy": 0.2, "macro_f1": 0.5, "weighted_f1": 0.4, "n": 20, "predicted_classes": 2}


def test_the_best_is_the_first_of_the_highest() -> None:
    progress = Progress()
    for epoch, macro_f1 in enumerate((0.4, 0.6, 0.6, 0.5), start=1):
        progress.step = 10 * epoch
        epoch_state.note_best(progress, {"epoch": epoch, "macro_f1": macro_f1})
    assert progress.best == {"epoch": 2, "step": 20, "macro_f1": 0.6}


def test_sums_start_anew_and_the_last_epoch_ends_the_run() -> None:
    progress = Progress()
    for epoch in (1, 2, 3):
        assert progress.stopped == ""
        epoch_state.count_step(progress, VALUES, 10, "nine_conv")
        epoch_state.next_epoch(progress, row(epochs="3"))
        assert progress == Progress(epoch=epoch, step=epoch, stopped="epochs" if epoch == 3 else "")
    stopped = Progress(epoch=2, stopped="early_stopping")
    epoch_state.next_epoch(stopped, row(epochs="3"))
    assert stopped.stopped == "early_stopping"


def test_a_manifest_gives_progress_and_the_rules_state_back() -> None:
    rule, again = EarlyStopping(5), EarlyStopping(5)
    for loss in (3.0, 4.0, 5.0):
        rule.validate(loss)
    progress = Progress(epoch=3, step=30, best={"epoch": 1, "step": 10, "macro_f1": 0.5})
    manifest = {"step": 30, "progress": progress.state(), "stopping": rule.state()}
    assert epoch_state.progress_of(manifest, again) == progress and again.state() == rule.state()
    with pytest.raises(InputError, match="ckpt-30.json is of another version of the kit"):
        epoch_state.progress_of({**manifest, "progress": {"epochs": 3}}, None)

"""Where a run stands between two steps, and the line that an epoch leaves: state and text of the loop in `train`."""

from __future__ import annotations

import dataclasses
import time
from typing import Any, Dict, List, Optional

from tf1_models.errors import InputError, UsageError, one_line
from tf1_models.output.watching import StepSeen
from tf1_models.scoring.evaluate import SplitScore
from tf1_models.spec import Experiment
from tf1_models.training import collapse
from tf1_models.training.stopping import EarlyStopping


@dataclasses.dataclass
class Progress:
    """Where a run stands, outside the graph; saved in each manifest, so that resumed = uninterrupted."""

    epoch: int = 0  # whole epochs done
    step: int = 0  # training steps done
    step_in_epoch: int = 0
    loss_sum: float = 0.0  # the running epoch's sums
    data_loss_sum: float = 0.0
    l2_loss_sum: float = 0.0
    n_seen: int = 0
    n_correct: int = 0
    n_one_hot: int = 0  # batches whose softmax was one-hot throughout (see `collapse`)
    stopped: str = ""  # why training ended: "", "epochs", "early_stopping" or "max_steps"
    best: Optional[Dict[str, Any]] = None  # epoch, step and macro_f1 of the best epoch on eval_split

    def state(self) -> Dict[str, Any]:
        """JSON-ready; JSON keeps Python floats exactly (shortest repr)."""
        return dataclasses.asdict(self)


def steps_per_epoch(experiment: Experiment, n_images: int) -> int:
    """Training steps an epoch; the last batch may be short unless `drop_last`.

    Raises:
        UsageError: a batch is larger than the data under drop_last.
    """
    if not experiment.drop_last:
        return -(-n_images // experiment.batch_size)
    if n_images < experiment.batch_size:
        raise UsageError(
            f"batch_size={experiment.batch_size} is larger than the {n_images} training images and the last batch is "
            f"dropped: no step would be left; choose batch_size up to {n_images}"
        )
    return n_images // experiment.batch_size


def rows_of_call(experiment: Experiment, progress: Progress, n_images: int, steps_per_call: int) -> List[slice]:
    """The next batches, as parts of the epoch's order: at least one, all of one size, none beyond `max_steps`."""
    size = experiment.batch_size
    n_full = (n_images - progress.step_in_epoch * size) // size
    n_left = n_full if experiment.max_steps is None else min(n_full, experiment.max_steps - progress.step)
    first = progress.step_in_epoch
    return [slice(at * size, (at + 1) * size) for at in range(first, first + max(1, min(n_left, steps_per_call)))]


def progress_of(manifest: Dict[str, Any], stopping: Optional[EarlyStopping]) -> Progress:
    """Where a restored checkpoint stands; `stopping` takes up its state too."""
    try:
        if stopping is not None:
            stopping.restore(manifest["stopping"])
        return Progress(**manifest["progress"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"ckpt-{manifest['step']}.json is of another version of the kit ({one_line(error)}); --fresh starts anew"
        ) from error


def count_step(progress: Progress, values: Dict[str, Any], n_images: int, loss_over_softmax: bool) -> None:
    """Adds a step's fetched losses and hits; `progress` changes."""
    progress.step += 1
    progress.step_in_epoch += 1
    progress.loss_sum += float(values["loss"])
    progress.data_loss_sum += float(values["data_loss"])
    progress.l2_loss_sum += float(values["l2_loss"])
    progress.n_seen += n_images
    progress.n_correct += int(values["n_correct"])
    data_loss, n_correct = values["data_loss"], values["n_correct"]
    progress.n_one_hot += collapse.is_one_hot(loss_over_softmax, data_loss, n_correct, n_images)


def step_seen(
    progress: Progress, values: Dict[str, Any], n_images: int, n_steps: int, n_before: int, started: float
) -> StepSeen:
    """What watchers hear of a step that `count_step` has counted.

    Args:
        progress: After the step.
        values: As fetched.
        n_images: Images in the batch.
        n_steps: Steps an epoch.
        n_before: Images of the epoch that were seen when this process took it up.
        started: `time.monotonic()` of then.
    """
    speed = (progress.n_seen - n_before) / max(time.monotonic() - started, 1e-9)
    return StepSeen(
        progress.step, progress.step_in_epoch, n_steps, values, n_images, progress.n_correct / progress.n_seen, speed
    )


def note_best(progress: Progress, line: Dict[str, Any]) -> None:
    """Keeps the first epoch of the highest macro-F1 on eval_split; `progress` changes."""
    if progress.best is None or line["macro_f1"] > progress.best["macro_f1"]:
        progress.best = {"epoch": line["epoch"], "step": progress.step, "macro_f1": line["macro_f1"]}


def next_epoch(progress: Progress, experiment: Experiment) -> None:
    """Starts the sums anew, and stops after the last epoch; `progress` changes."""
    progress.epoch += 1
    progress.step_in_epoch = progress.n_seen = progress.n_correct = progress.n_one_hot = 0
    progress.loss_sum = progress.data_loss_sum = progress.l2_loss_sum = 0.0
    if not progress.stopped and progress.epoch >= experiment.epochs:
        progress.stopped = "epochs"


def epoch_line(
    progress: Progress, experiment: Experiment, rate: float, on_eval: SplitScore, seconds: float, first_step: int
) -> Dict[str, Any]:
    """One line of metrics.jsonl; `seconds` and `samples_per_s` alone differ between equal runs."""
    n, scores = progress.step_in_epoch, on_eval.scores
    here = (n - first_step) / max(n, 1)  # after a resume inside the epoch only its last part was timed
    line = {
        "schema": 1,
        "epoch": progress.epoch + 1,
        "step": progress.step,
        "steps": n,
        "learning_rate": rate,
        "loss_sum": progress.loss_sum,
        "loss": progress.loss_sum / n,
        "data_loss": progress.data_loss_sum / n,
        "l2_loss": progress.l2_loss_sum / n,
        "train_accuracy": progress.n_correct / progress.n_seen,
        "eval_split": experiment.eval_split,
        "eval_loss": on_eval.loss,
        "accuracy": scores["accuracy"],
        "macro_f1": scores["macro_f1"],
        "weighted_f1": scores["weighted_f1"],
        "predicted_classes": sum(any(column) for column in zip(*scores["confusion_matrix"])),
        "seconds": round(seconds, 3),
        "samples_per_s": round(progress.n_seen * here / max(seconds, 1e-9), 1),
    }
    if progress.n_one_hot == n and progress.n_correct < progress.n_seen:
        line["one_hot_softmax"] = True  # absent otherwise
    return line


def test_scores(scores: Dict[str, Any]) -> Dict[str, Any]:
    """What a line keeps of the scores on test where a shorter row of the report ends (`registry.test_epochs`)."""
    kept = {key: scores[key] for key in ("accuracy", "macro_f1", "weighted_f1", "n")}
    return {**kept, "predicted_classes": sum(any(column) for column in zip(*scores["confusion_matrix"]))}


def epoch_text(line: Dict[str, Any], experiment: Experiment) -> str:
    """The epoch's line for people."""
    parts: List[str] = [
        f"epoch {line['epoch']}/{experiment.epochs}",
        f"loss_sum {line['loss_sum']:.2f}",
        f"train accuracy {line['train_accuracy']:.4f}",
        f"{line['eval_split']} accuracy {line['accuracy']:.4f} macro-F1 {line['macro_f1']:.4f}",
        f"{line['seconds']:.1f} s, {line['samples_per_s']:.1f} samples/s",
    ]
    return "  ".join(parts)

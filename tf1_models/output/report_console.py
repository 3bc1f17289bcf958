"""`train --console report`: what each report's own program printed, as pure functions of numbers, and who calls them.

Sources: the logs in the report texts; course_models' step line is that of the public program. Nothing here decides a
number: a console is told what the loop has counted. Lines go to a `write` function (stdout).
"""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np

from tf1_models.output import report_plots
from tf1_models.output.watching import StepSeen, Watcher
from tf1_models.spec import Experiment
from tf1_models.storage.files import write_bytes

BAR_CELLS = 29
STEPS_BETWEEN_LINES = 10

# ---- lines -----------------------------------------------------------------------------------------------------------


def course_step_line(step: int, batch: int, n_batches: int, accuracy: float, loss: float, samples_per_s: float) -> str:
    """course_models' line of every 10th batch.

    Args:
        step: Training steps done, this one included: Q5, the log counts from 1 (3915 of 3920 is the last).
        batch: Zero-based number of the batch in its epoch; the percentage is of this one (1913 shows 51 %, not 52).
        n_batches: Batches an epoch.
        accuracy: Of this batch, 0..1.
        loss: Of this batch.
        samples_per_s: Speed.
    """
    percent = int(round(100.0 * batch / n_batches))
    filled = BAR_CELLS * percent // 100
    bar = "=" * filled + ">" + "-" * (BAR_CELLS - filled)
    return (
        f"Global step: {step:>5} - [{bar}] {percent:>3}% - acc: {accuracy:.4f} - loss: {loss:.4f} - "
        f"{samples_per_s:.1f} sample/sec"
    )


def course_end_lines(n_correct: int, matrix: np.ndarray, class_names: Sequence[str]) -> List[str]:
    """course_models' end: a rule, the unrounded test accuracy, `main`, the confusion matrix under the class names.

    Args:
        n_correct: Of the images in `matrix`.
        matrix: int [10, 10], row = true class.
        class_names: Ten names.
    """
    percent = n_correct / int(np.sum(matrix)) * 100  # `correct.mean()*100`: 73.11999999999999, as the report prints
    widths = [max(len(name), len(str(int(np.max(matrix))))) for name in class_names]
    lines = ["#####", f"Test ACC Rate --> {percent} %", "main"]
    lines.append(" ".join(f"{name:>{width}}" for name, width in zip(class_names, widths)))
    for row, name in zip(matrix, class_names):
        lines.append(" ".join(f"{int(count):>{width}}" for count, width in zip(row, widths)) + f"  {name}")
    return lines


def nine_conv_end_lines(ended_by: str, weighted_f1: float) -> List[str]:
    """nine_conv's end; the F1 that it prints is the weighted one (Q14)."""
    stopped = ["Early stopped!"] if ended_by == "early_stopping" else []
    return [*stopped, f"dev 데이터 f1 score: {weighted_f1:.6f}"]


def bn_cnn_end_line(accuracy: float, n_images: int) -> str:
    """bn_cnn's end."""
    return f"Accuracy of the network on the {n_images} test images {100.0 * accuracy:.2f}%"


def prelu_cnn_step_line(batch: int, loss: float) -> str:
    """prelu_cnn's line of every 10,000th batch, which is the first of each epoch: `print(j, loss)` of a tensor."""
    return f"{batch} tensor({loss:.4f})"


def prelu_cnn_end_line(n_correct: int, n_images: int) -> str:
    """prelu_cnn's end: 100 * correct / total in float32, as PyTorch computed it (77.5040054321289)."""
    return f"Accuracy of Test Data: {float(np.float32(100 * n_correct) / np.float32(n_images))}"


def alexnet_bn_end_lines(accuracy: float) -> List[str]:
    """alexnet_bn's end."""
    return ["-- Evaluate --", f"accuracy: {100.0 * accuracy:.2f}%"]


# ---- who calls them --------------------------------------------------------------------------------------------------


class ReportConsole(Watcher):
    """A report's console, told as every watcher is.

    Args:
        experiment: The run.
        folder: Run folder: pictures go there.
        write: Takes one line.
    """

    def __init__(self, experiment: Experiment, folder: str, write: Callable[[str], Any] = print) -> None:
        self.experiment, self.folder, self.write = experiment, folder, write

    def save(self, name: str, content: bytes) -> None:
        """Writes a picture into the run folder; `name` may name a folder in it."""
        path = os.path.join(self.folder, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_bytes(path, content)


class CourseModelsConsole(ReportConsole):
    """Sample grid, step lines, end lines."""

    def start(self, images: np.ndarray, resumed: bool) -> None:
        if not resumed:
            self.save("samples.png", report_plots.sample_grid(images))

    def step(self, seen: StepSeen) -> None:
        batch = seen.step_in_epoch - 1
        if batch % STEPS_BETWEEN_LINES == 0:
            accuracy, loss = int(seen.values["n_correct"]) / seen.n_images, float(seen.values["loss"])
            self.write(course_step_line(seen.step, batch, seen.n_steps, accuracy, loss, seen.samples_per_s))

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        matrix = np.asarray(result["test"]["confusion_matrix"])
        for text in course_end_lines(int(np.trace(matrix)), matrix, class_names):
            self.write(text)


class BnCnnConsole(ReportConsole):
    """Loss curve by epoch, end line."""

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        self.write(bn_cnn_end_line(result["test"]["accuracy"], result["test"]["n"]))
        self.save("loss_curve.png", report_plots.bn_cnn_loss([line["loss"] for line in lines]))


class PreluCnnConsole(ReportConsole):
    """First batch of each epoch, accuracy by epoch, end line."""

    def step(self, seen: StepSeen) -> None:
        batch = seen.step_in_epoch - 1
        if batch % 10000 == 0:
            self.write(prelu_cnn_step_line(batch, float(seen.values["loss"])))

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        matrix = np.asarray(result["test"]["confusion_matrix"])
        self.write(prelu_cnn_end_line(int(np.trace(matrix)), int(matrix.sum())))
        self.save("accuracy_by_epoch.png", report_plots.prelu_cnn_accuracy([line["accuracy"] for line in lines]))


class NineConvConsole(ReportConsole):
    """`Epoch n`, the epoch's summed loss, the end lines."""

    def start_epoch(self, epoch: int, n_epochs: int, step_in_epoch: int, n_steps: int) -> None:
        self.write(f"Epoch {epoch + 1}")

    def end_epoch(self, line: Dict[str, Any]) -> None:
        self.write(f"losses: {line['loss_sum']}")

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        scores = result["dev"] or result["test"]  # dev_split=none leaves test only
        for text in nine_conv_end_lines(result["ended_by"], scores["weighted_f1"]):
            self.write(text)


class AlexnetBnConsole(ReportConsole):
    """End lines and the two JPEGs of the script, which it would have saved blank (Q22)."""

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        for text in alexnet_bn_end_lines(result["test"]["accuracy"]):
            self.write(text)
        validation_loss: Optional[List[float]] = None
        if all("eval_loss" in line for line in lines):
            validation_loss = [line["eval_loss"] for line in lines]
        training, validation = ([line[key] for line in lines] for key in ("train_accuracy", "accuracy"))
        self.save(report_plots.ALEXNET_ACCURACY, report_plots.alexnet_accuracy(training, validation))
        losses = [line["data_loss"] for line in lines]
        self.save(report_plots.ALEXNET_LOSS, report_plots.alexnet_loss(losses, validation_loss))


CONSOLES = {
    "course_models": CourseModelsConsole,
    "bn_cnn": BnCnnConsole,
    "prelu_cnn": PreluCnnConsole,
    "nine_conv": NineConvConsole,
    "alexnet_bn": AlexnetBnConsole,
}


def console(experiment: Experiment, folder: str, write: Callable[[str], Any] = print) -> ReportConsole:
    """The console of a run's report."""
    return CONSOLES[experiment.report](experiment, folder, write)

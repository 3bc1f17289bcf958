"""`train --console report`: what each report's own program printed, as pure functions of numbers, and who calls them.

Sources: the logs in the report texts; course_models' step line is that of the public program; the net as the program
printed it is in `report_layers`. Nothing here decides a number: a console is told what the loop has counted. Lines go
to a `write` function (stdout).
"""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np

from tf1_models.datasets.splits import split_indices
from tf1_models.output import report_layers, report_plots
from tf1_models.output.report_layers import LayerSeen
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


def course_end_lines(n_correct: int, n_images: int) -> List[str]:
    """course_models' end: a rule, the unrounded test accuracy, `main`.

    What the report shows below `main` is no output of text: class names, ten 0s and a scale from 0 to 25, in five
    places the same. A matrix over 10,000 images would hold no ten 0s in a row and go far beyond 25; they are the
    titles and the axis ticks (0 and 25 of 32 pixels) of a row of ten pictures, `report_plots.class_row`.
    """
    percent = n_correct / n_images * 100  # `correct.mean()*100`: 73.11999999999999, as the report prints
    return ["#####", f"Test ACC Rate --> {percent} %", "main"]


def nine_conv_stop_lines(losses: Sequence[float], patience_epochs: int) -> List[str]:
    """What nine_conv prints when its rule stops: the best loss, this one, the count before it was raised (Q21).

    Args:
        losses: Summed loss of each epoch, the last one's at the stop.
        patience_epochs: Of the rule; the count at the stop is what it tolerates.
    """
    best = float("inf")
    for loss in losses[:-1]:
        if not best < loss:
            best = loss
    return [f"min loss: {best}", f"this loss: {losses[-1]}", f"step: {patience_epochs}", "Early stopped!"]


def nine_conv_end_line(weighted_f1: float) -> str:
    """nine_conv's end; the F1 that it prints is the weighted one (Q14)."""
    return f"dev 데이터 f1 score: {weighted_f1:.6f}"


def bn_cnn_end_line(accuracy: float, n_images: int) -> str:
    """bn_cnn's end."""
    return f"Accuracy of the network on the {n_images} test images {100.0 * accuracy:.2f}%"


def prelu_cnn_step_line(batch: int, loss: float) -> str:
    """prelu_cnn's line of every 10,000th batch, which is the first of each epoch: `print(j, loss)` of a tensor.

    Device and gradient function are the report's words, whatever computes here.
    """
    return f"{batch} tensor({loss:.4f}, device='cuda:0', grad_fn=<NllLossBackward>)"


def prelu_cnn_end_line(n_correct: int, n_images: int) -> str:
    """prelu_cnn's end: 100 * correct / total in float32, as PyTorch computed it (77.5040054321289)."""
    return f"Accuracy of Test Data: {float(np.float32(100 * n_correct) / np.float32(n_images))}"


def alexnet_bn_start_lines(n_train: int, n_dev: int, n_test: int, batch_size: int) -> List[str]:
    """What alexnet_bn prints before training: the three generators' counts and the shapes of their first batches.

    The validation generator's batch is the training one's (both 50 in the listing), the test generator's is 100.
    """
    lines = [f"Found {n} images belonging to 10 classes." for n in (n_train, n_dev, n_test)]
    lines += ["", "check shape of data shape"]
    sizes = (("train", n_train, batch_size), ("valid", n_dev, batch_size), ("test", n_test, 100))
    for name, n_images, size in sizes:
        n = min(n_images, size)
        lines.append(f"input data shape from {name}_generator: ({n}, 256, 256, 3)")
        lines.append(f"class data shape from {name}_generator: ({n}, 10)")
    return lines


def alexnet_bn_end_lines(accuracy: float) -> List[str]:
    """alexnet_bn's end."""
    return ["-- Evaluate --", f"accuracy: {100.0 * accuracy:.2f}%"]


# ---- who calls them --------------------------------------------------------------------------------------------------


class ReportConsole(Watcher):
    """A report's console, told as every watcher is.

    Args:
        experiment: The run.
        folder: Run folder: pictures go there.
        layers: The graph's layer table.
        write: Takes one line.
    """

    def __init__(
        self, experiment: Experiment, folder: str, layers: Sequence[LayerSeen], write: Callable[[str], Any] = print
    ) -> None:
        self.experiment, self.folder, self.layers, self.write = experiment, folder, layers, write

    def save(self, name: str, content: bytes) -> None:
        """Writes a picture into the run folder; `name` may name a folder in it."""
        path = os.path.join(self.folder, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_bytes(path, content)


class CourseModelsConsole(ReportConsole):
    """Sample grid, step lines, end lines, a row of ten pictures."""

    def start(self, data: Any, resumed: bool) -> None:
        self._test = (data.x_test, data.y_test)
        if not resumed:
            self.save("samples.png", report_plots.sample_grid(data.x_train))

    def step(self, seen: StepSeen) -> None:
        batch = seen.step_in_epoch - 1
        if batch % STEPS_BETWEEN_LINES == 0:
            accuracy, loss = int(seen.values["n_correct"]) / seen.n_images, float(seen.values["loss"])
            self.write(course_step_line(seen.step, batch, seen.n_steps, accuracy, loss, seen.samples_per_s))

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        matrix = np.asarray(result["test"]["confusion_matrix"])
        for text in course_end_lines(int(np.trace(matrix)), int(matrix.sum())):
            self.write(text)
        self.save("class_row.png", report_plots.class_row(*self._test, class_names))


class BnCnnConsole(ReportConsole):
    """The shapes behind the layers, end line, loss curve by epoch."""

    def start(self, data: Any, resumed: bool) -> None:
        if not resumed:
            for text in report_layers.bn_cnn_shape_lines(self.layers, self.experiment.batch_size):
                self.write(text)

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        self.write(bn_cnn_end_line(result["test"]["accuracy"], result["test"]["n"]))
        self.save("loss_curve.png", report_plots.bn_cnn_loss([line["loss"] for line in lines]))


class PreluCnnConsole(ReportConsole):
    """First batch of each epoch, end line, the module, accuracy by epoch."""

    def step(self, seen: StepSeen) -> None:
        batch = seen.step_in_epoch - 1
        if batch % 10000 == 0:
            self.write(prelu_cnn_step_line(batch, float(seen.values["loss"])))

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        matrix = np.asarray(result["test"]["confusion_matrix"])
        self.write(prelu_cnn_end_line(int(np.trace(matrix)), int(matrix.sum())))
        for text in report_layers.prelu_cnn_module_lines(self.layers, self.experiment.keep_prob):
            self.write(text)
        self.save("accuracy_by_epoch.png", report_plots.prelu_cnn_accuracy([line["accuracy"] for line in lines]))


class NineConvConsole(ReportConsole):
    """`학습시작` (training starts), `Epoch n`, the epoch's summed loss, why it stopped, the end line."""

    def start(self, data: Any, resumed: bool) -> None:
        if not resumed:
            self.write("학습시작")

    def start_epoch(self, epoch: int, n_epochs: int, step_in_epoch: int, n_steps: int) -> None:
        self.write(f"Epoch {epoch + 1}")

    def end_epoch(self, line: Dict[str, Any]) -> None:
        self.write(f"losses: {line['loss_sum']}")

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        patience_epochs = self.experiment.patience_epochs
        if result["ended_by"] == "early_stopping" and patience_epochs is not None:
            for text in nine_conv_stop_lines([line["loss_sum"] for line in lines], patience_epochs):
                self.write(text)
        scores = result["dev"] or result["test"]  # dev_split=none leaves test only
        self.write(nine_conv_end_line(scores["weighted_f1"]))


class AlexnetBnConsole(ReportConsole):
    """The generators' lines, summary, end lines and the script's two JPEGs, which it would have saved blank (Q22)."""

    def start(self, data: Any, resumed: bool) -> None:
        if not resumed:
            train_indices, dev_indices = split_indices(self.experiment.dev_split, data.y_train)
            n_dev = 0 if dev_indices is None else len(dev_indices)
            batch_size = self.experiment.batch_size
            start = alexnet_bn_start_lines(len(train_indices), n_dev, len(data.y_test), batch_size)
            for text in [*start, *report_layers.alexnet_bn_summary_lines(self.layers)]:
                self.write(text)

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


def console(
    experiment: Experiment, folder: str, layers: Sequence[LayerSeen], write: Callable[[str], Any] = print
) -> ReportConsole:
    """The console of a run's report."""
    return CONSOLES[experiment.report](experiment, folder, layers, write)

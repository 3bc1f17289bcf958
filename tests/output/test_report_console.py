"""The reports' own lines, their forms and who calls what; line by line beside the texts: test_consoles_and_texts.py."""

from __future__ import annotations

import os
from typing import Any, Dict, List

import numpy as np
import pytest

from tests.conftest import make_dataset
from tf1_models import registry
from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.output import report_console
from tf1_models.output.report_layers import LayerSeen
from tf1_models.output.watching import StepSeen
from tf1_models.training.layers_seen import layers_seen

PRINTS_ITS_NET = ("bn_cnn", "prelu_cnn", "alexnet_bn")

ALEXNET_START = [
    "Found 45000 images belonging to 10 classes.",
    "Found 5000 images belonging to 10 classes.",
    "Found 10000 images belonging to 10 classes.",
    "",
    "check shape of data shape",
    "input data shape from train_generator: (50, 256, 256, 3)",
    "class data shape from train_generator: (50, 10)",
    "input data shape from valid_generator: (50, 256, 256, 3)",
    "class data shape from valid_generator: (50, 10)",
    "input data shape from test_generator: (100, 256, 256, 3)",
    "class data shape from test_generator: (100, 10)",
]


def matrix_of(n_correct: int, n: int) -> np.ndarray:
    """A confusion matrix with so many on the diagonal."""
    matrix = np.zeros((10, 10), np.int64)
    matrix[0, 0], matrix[0, 1] = n_correct, n - n_correct
    return matrix


# step, batch size -> percentage, as the report's listings print them
@pytest.mark.parametrize(
    "step, n_batches, percent",
    [(3795, 196, 36), (3805, 196, 41), (3845, 196, 61), (3855, 196, 66), (3865, 196, 71), (3875, 196, 77),
     (3885, 196, 82), (3895, 196, 87), (3905, 196, 92), (3915, 196, 97), (9655, 196, 26), (9795, 196, 97),
     (1913, 98, 51), (1923, 98, 61), (1933, 98, 71), (1943, 98, 82), (1953, 98, 92)],
)  # fmt: skip
def test_percentages_of_the_printed_steps(step: int, n_batches: int, percent: int) -> None:
    batch = (step - 1) % n_batches
    assert batch % 10 == 0
    line = report_console.course_step_line(step, batch, n_batches, 0.5, 2.0, 1.0)
    assert f"] {percent:>3}% - " in line


def test_step_line_as_printed() -> None:
    line = report_console.course_step_line(3915, 190, 196, 0.8320, 1.6326, 9145.3)
    bar = "=" * 28 + ">" + "-"
    assert line == f"Global step:  3915 - [{bar}]  97% - acc: 0.8320 - loss: 1.6326 - 9145.3 sample/sec"
    first = report_console.course_step_line(1, 0, 196, 0.0, 2.3, 10.04)
    assert first == f"Global step:     1 - [>{'-' * 29}]   0% - acc: 0.0000 - loss: 2.3000 - 10.0 sample/sec"


@pytest.mark.parametrize("row", registry.runs("course_models"), ids=lambda row: row.run)
def test_unrounded_accuracies_as_printed(row: Any) -> None:
    n_correct = round(row.reported.value * 10_000)
    lines = report_console.course_end_lines(n_correct, 10_000)
    assert lines == ["#####", f"Test ACC Rate --> {row.reported.printed}", "main"]


def test_end_lines_as_printed() -> None:
    assert report_console.nine_conv_end_line(0.76037) == "dev 데이터 f1 score: 0.760370"
    # the report's early-stopped run, epochs 11 to 22; 16 to 21 are not printed but for the best among them
    losses = [491.41037106312977, 483.2114931344986, 495.7262433767319, 481.1542818546295, 477.10681569576263,
              465.99191761016846, 467.0, 470.0, 466.5, 469.0, 466.1, 468.3417340517044]  # fmt: skip
    assert report_console.nine_conv_stop_lines(losses, 5) == [
        "min loss: 465.99191761016846", "this loss: 468.3417340517044", "step: 5", "Early stopped!",
    ]  # fmt: skip
    assert report_console.nine_conv_stop_lines([1.0, float("nan"), 100.0, 101.0], 0)[:2] == [
        "min loss: 100.0", "this loss: 101.0",
    ]  # fmt: skip  # Q21: NaN became the best, and then 100
    assert report_console.bn_cnn_end_line(0.7834, 10_000) == ("Accuracy of the network on the 10000 test images 78.34%")
    assert report_console.prelu_cnn_end_line(7738, 9984) == "Accuracy of Test Data: 77.5040054321289"
    assert report_console.prelu_cnn_step_line(0, 2.46031) == (
        "0 tensor(2.4603, device='cuda:0', grad_fn=<NllLossBackward>)"
    )
    assert report_console.alexnet_bn_start_lines(45_000, 5_000, 10_000, 50) == ALEXNET_START
    few = report_console.alexnet_bn_start_lines(45, 5, 60, 50)
    assert few[5:8] == [
        "input data shape from train_generator: (45, 256, 256, 3)",
        "class data shape from train_generator: (45, 10)",
        "input data shape from valid_generator: (5, 256, 256, 3)",
    ]
    assert few[-1] == "class data shape from test_generator: (60, 10)"
    assert report_console.alexnet_bn_end_lines(0.8191) == ["-- Evaluate --", "accuracy: 81.91%"]


def epoch_line(epoch: int) -> Dict[str, Any]:
    return {
        "epoch": epoch,
        "loss_sum": 266.31748992204666,
        "loss": 1.0 / epoch,
        "data_loss": 0.9 / epoch,
        "train_accuracy": 0.5,
        "accuracy": 0.4,
    }


def drive(report: str, run: str, folder: str, **result: Any) -> List[str]:
    """A console told of two epochs of 21 batches of 4, the way the loop tells it."""
    written: List[str] = []
    experiment = registry.experiment(report, run)
    layers = layers_seen(experiment) if report in PRINTS_ITS_NET else []
    console = report_console.console(experiment, folder, layers, written.append)
    console.start(make_dataset(120, 20), resumed=False)
    step = 0
    for epoch in range(2):
        console.start_epoch(epoch, 2, 0, 21)
        for batch in range(21):
            step += 1
            values = {"loss": np.float32(1.5), "n_correct": np.int32(3)}
            console.step(StepSeen(step, batch + 1, 21, values, n_images=4, accuracy=0.75, samples_per_s=100.0))
        console.end_epoch(epoch_line(epoch + 1))
    matrix = matrix_of(7, 10)
    scores = {"accuracy": 0.7, "weighted_f1": 0.65, "n": 10, "confusion_matrix": matrix.tolist()}
    console.finish(
        {"dev": None, "test": scores, "ended_by": "epochs", **result},
        [epoch_line(1), epoch_line(2)],
        CIFAR10_CLASSES,
    )
    return written


def pictures(folder: Any) -> List[str]:
    return sorted(
        os.path.relpath(os.path.join(base, name), str(folder)).replace(os.sep, "/")
        for base, _, names in os.walk(str(folder))
        for name in names
    )


def test_course_models_prints_every_tenth_step_counted_from_one(tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    written = drive("course_models", "model2", str(tmp_path))
    steps = [int(line.split()[2]) for line in written if line.startswith("Global step")]
    assert steps == [1, 11, 21, 22, 32, 42]  # Q5: from 1, and anew in every epoch
    assert "acc: 0.7500 - loss: 1.5000 - 100.0 sample/sec" in written[0]
    assert written[6:9] == ["#####", "Test ACC Rate --> 70.0 %", "main"]
    assert written[9:] == []
    assert pictures(tmp_path) == ["class_row.png", "samples.png"]


def test_nine_conv(tmp_path: Any) -> None:
    dev = {"weighted_f1": 0.76037}
    written = drive("nine_conv", "final", str(tmp_path), dev=dev, ended_by="early_stopping")
    assert written == [
        "학습시작",
        "Epoch 1",
        "losses: 266.31748992204666",
        "Epoch 2",
        "losses: 266.31748992204666",
        "min loss: 266.31748992204666",
        "this loss: 266.31748992204666",
        "step: 5",
        "Early stopped!",
        "dev 데이터 f1 score: 0.760370",
    ]
    assert pictures(tmp_path) == []


@pytest.mark.tf
def test_the_other_three(tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    written = drive("bn_cnn", "final", str(tmp_path))
    assert written[0] == "torch.Size([30, 32, 16, 16])" and len(written) == 8  # before training
    assert written[-1] == "Accuracy of the network on the 10 test images 70.00%"
    written = drive("prelu_cnn", "final", str(tmp_path))
    assert written[:3] == [
        "0 tensor(1.5000, device='cuda:0', grad_fn=<NllLossBackward>)",
        "0 tensor(1.5000, device='cuda:0', grad_fn=<NllLossBackward>)",
        "Accuracy of Test Data: 70.0",
    ]
    assert written[3] == "CNN(" and written[-1] == ")" and len(written) == 3 + 25  # at the end, from the saved model
    written = drive("alexnet_bn", "as_listed", str(tmp_path))
    assert written[0].startswith("Found ") and written[len(ALEXNET_START)] == 'Model: "sequential"'
    assert written[-2:] == ["-- Evaluate --", "accuracy: 70.00%"] and written[-3] == "_" * 65
    assert pictures(tmp_path) == [
        "accuracy_by_epoch.png",
        "loss_curve.png",
        "result_plot/batch_50_epoch_20_acc_plot.jpg",
        "result_plot/batch_50_epoch_20_loss_plot.jpg",
    ]


@pytest.mark.parametrize("report", registry.REPORTS)
def test_a_resumed_run_prints_no_start(report: str, tmp_path: Any) -> None:
    written: List[str] = []
    experiment = registry.experiment(report, registry.default_run(report))
    layers = [LayerSeen("fc1 Linear", (100,), ((2048, 100),), 204_800)]
    console = report_console.console(experiment, str(tmp_path), layers, written.append)
    console.start(make_dataset(120, 20), resumed=True)
    assert written == [] and pictures(tmp_path) == []


def test_prelu_cnns_line_says_which_batch_it_is() -> None:
    """Batches of 4 are 12,500 an epoch: two lines, the report's own batch size has one."""
    lines: List[str] = []
    console = report_console.console(registry.experiment("prelu_cnn", "final"), "", [], lines.append)
    for number in (1, 2, 10_000, 10_001, 10_002):
        console.step(StepSeen(number, number, 12_500, {"loss": 2.0}, 4, 0.5, 100.0))
    assert [line.split()[0] for line in lines] == ["0", "10000"]

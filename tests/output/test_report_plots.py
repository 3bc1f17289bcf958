"""The reports' pictures: real ones (Q22), with the report's size, titles, labels and limits; no pyplot."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any, List

import numpy as np
import pytest

from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.output import report_plots

pytest.importorskip("matplotlib")


@pytest.fixture
def drawn(monkeypatch: Any) -> List[Any]:
    """Collects the axes that a function draws on."""
    found: List[Any] = []
    plain = report_plots._axes

    def axes(*args: float) -> Any:
        found.append(plain(*args))
        return found[-1]

    monkeypatch.setattr(report_plots, "_axes", axes)
    return found


def picture(content: bytes) -> Any:
    return pytest.importorskip("PIL.Image").open(io.BytesIO(content))


def ink(content: bytes) -> int:
    """Pixels that are not white."""
    return int((np.asarray(picture(content).convert("L")) < 128).sum())


def test_alexnets_two_jpegs(drawn: List[Any]) -> None:
    accuracy = report_plots.alexnet_accuracy([0.3, 0.5, 0.6], [0.35, 0.45, 0.55])
    loss = report_plots.alexnet_loss([2.0, 1.5, 1.0], [2.1, 1.6, 1.4])
    for content in (accuracy, loss):
        assert picture(content).format == "JPEG" and picture(content).size == (1920, 1440)  # 6.4x4.8 inches, 300 dpi
        assert tuple(round(float(value)) for value in picture(content).info["dpi"]) == (300, 300)
    titles = [axes.get_title() for axes in drawn]
    assert titles == ["Training and validation accuracy", "Training and validation loss"]
    assert [axes.get_ylim() for axes in drawn] == [(0.0, 1.0), (0.0, 3.0)]
    labels = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in drawn]
    assert labels == [["Training acc", "Validation acc"], ["Training loss", "Validation loss"]]
    assert [list(line.get_xdata()) for line in drawn[0].get_lines()] == [[0, 1, 2], [0, 1, 2]]
    assert list(drawn[1].get_lines()[1].get_ydata()) == [2.1, 1.6, 1.4]


def test_q22_the_jpegs_are_not_blank() -> None:
    blank = io.BytesIO()  # as the script's savefig after show: a figure without anything on it
    axes = report_plots._axes()
    axes.figure.clear()
    axes.figure.savefig(blank, format="jpg", dpi=report_plots.ALEXNET_DPI)
    assert ink(blank.getvalue()) == 0
    assert ink(report_plots.alexnet_accuracy([0.3, 0.5], [0.3, 0.4])) > 1000
    assert ink(report_plots.alexnet_loss([2.0, 1.0], None)) > 1000


def test_alexnet_loss_without_validation_losses(drawn: List[Any]) -> None:
    report_plots.alexnet_loss([2.0, 1.0], None)
    assert len(drawn[0].get_lines()) == 1


def test_curves_by_epoch(drawn: List[Any]) -> None:
    assert picture(report_plots.bn_cnn_loss([1.5, 1.0])).format == "PNG"
    assert picture(report_plots.prelu_cnn_accuracy([0.5, 0.75])).format == "PNG"
    assert drawn[0].get_title() == "CIFAR-10 CNN loss example"
    assert list(drawn[0].get_lines()[0].get_ydata()) == [1.5, 1.0]
    assert list(drawn[1].get_lines()[0].get_ydata()) == [50.0, 75.0]


def test_sample_grid_places_a_hundred_images(drawn: List[Any]) -> None:
    images = np.random.RandomState(0).randint(0, 256, (120, 32, 32, 3)).astype(np.uint8)
    report_plots.sample_grid(images)
    canvas = np.asarray(drawn[0].get_images()[0].get_array())
    assert canvas.shape == (338, 338, 3)
    assert np.array_equal(canvas[:32, 34:66], images[1]) and np.array_equal(canvas[306:, 306:], images[99])
    report_plots.sample_grid(images[:3])
    few = np.asarray(drawn[1].get_images()[0].get_array())
    assert np.all(few[34:] == 255) and np.array_equal(few[:32, 68:100], images[2])


def test_the_row_below_main_has_ten_pictures_one_of_each_class(monkeypatch: Any) -> None:
    """Titles and ticks as the text has them below `main`: names, ten 0s, a scale that ends at 25."""
    images = np.random.RandomState(0).randint(0, 256, (60, 32, 32, 3)).astype(np.uint8)
    labels = np.arange(60)[::-1] % 9  # no truck
    saved: List[Any] = []
    monkeypatch.setattr(report_plots, "_file", lambda axes, *rest: saved.append(axes))
    report_plots.class_row(images, labels.astype(np.uint8), CIFAR10_CLASSES)
    row = saved[0].figure.axes
    assert [axes.get_title() for axes in row] == list(CIFAR10_CLASSES)
    assert all(list(axes.get_xticks()) == list(axes.get_yticks()) == [0, 25] for axes in row)
    for k, axes in enumerate(row[:9]):
        assert np.array_equal(axes.get_images()[0].get_array(), images[(59 - k) % 9])
    assert not row[9].get_images()


def test_matplotlib_is_imported_only_to_draw_and_pyplot_never() -> None:
    code = (
        "import sys; from tf1_models.output import report_plots, report_console; "
        "assert 'matplotlib' not in sys.modules; report_plots.bn_cnn_loss([1.0]); "
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""The reports' own pictures, as bytes; no display, no pyplot, matplotlib imported when something is drawn.

Q22: alexnet_bn's script calls plt.show() before plt.savefig(), so its JPEGs come out blank; these are drawn.
"""

from __future__ import annotations

import io
from typing import Any, Optional, Sequence

import numpy as np

from tf1_models.errors import MachineError, install_command

# the script's own names, whatever the run
ALEXNET_ACCURACY = "result_plot/batch_50_epoch_20_acc_plot.jpg"
ALEXNET_LOSS = "result_plot/batch_50_epoch_20_loss_plot.jpg"
ALEXNET_DPI = 300
GRID = 10  # samples each way


def _axes(width: float = 6.4, height: float = 4.8) -> Any:
    """Axes of a new figure that belongs to nobody else; matplotlib's own default size."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MachineError(f"the report's pictures need matplotlib ({error}): {install_command('plots')}") from error
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure.add_subplot(1, 1, 1)


def _file(axes: Any, kind: str, dpi: int) -> bytes:
    stream = io.BytesIO()
    axes.figure.savefig(stream, format=kind, dpi=dpi)
    return stream.getvalue()


def _alexnet(
    training: Sequence[float], validation: Optional[Sequence[float]], word: str, title: str, top: float
) -> bytes:
    axes = _axes()
    axes.plot(range(len(training)), training, label=f"Training {word}")
    if validation is not None:
        axes.plot(range(len(validation)), validation, label=f"Validation {word}")
    axes.set_title(title)
    axes.legend()
    axes.set_ylim(0, top)
    return _file(axes, "jpg", ALEXNET_DPI)


def alexnet_accuracy(training: Sequence[float], validation: Sequence[float]) -> bytes:
    """alexnet_bn's accuracy plot: epochs from 0, y from 0 to 1, 300 dpi.

    Args:
        training: Accuracy of each epoch, 0..1.
        validation: The same of the validation images.

    Returns:
        A JPEG file's bytes.
    """
    return _alexnet(training, validation, "acc", "Training and validation accuracy", 1)


def alexnet_loss(training: Sequence[float], validation: Optional[Sequence[float]]) -> bytes:
    """alexnet_bn's loss plot: y from 0 to 3; as `alexnet_accuracy`. No validation losses: their line is left out."""
    return _alexnet(training, validation, "loss", "Training and validation loss", 3)


def bn_cnn_loss(losses: Sequence[float]) -> bytes:
    """bn_cnn's loss curve by epoch.

    Args:
        losses: Mean loss of each epoch.

    Returns:
        A PNG file's bytes.
    """
    axes = _axes()
    axes.plot(range(1, len(losses) + 1), losses)
    axes.set_title("CIFAR-10 CNN loss example")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    return _file(axes, "png", 100)


def prelu_cnn_accuracy(accuracies: Sequence[float]) -> bytes:
    """prelu_cnn's test accuracy after every epoch.

    Args:
        accuracies: Of the images that the report counts (Q8), 0..1; drawn in per cent, epochs from 0 as listed.

    Returns:
        A PNG file's bytes.
    """
    axes = _axes()
    axes.plot(range(len(accuracies)), [100.0 * value for value in accuracies])
    axes.set_xlabel("Epoch")
    axes.set_ylabel("Accuracy")
    return _file(axes, "png", 100)


def sample_grid(images: np.ndarray) -> bytes:
    """course_models' 10x10 grid of sample images. **Assumed**: the first hundred, row by row, in file order.

    Args:
        images: uint8 [N, 32, 32, 3]; with fewer than a hundred the last cells stay white.

    Returns:
        A PNG file's bytes.
    """
    gap_px, size_px = 2, int(images.shape[1])
    cell_px = size_px + gap_px
    canvas = np.full((GRID * cell_px - gap_px, GRID * cell_px - gap_px, 3), 255, np.uint8)
    for number, image in enumerate(images[: GRID * GRID]):
        top, left = (cell_px * place for place in divmod(number, GRID))
        canvas[top : top + size_px, left : left + size_px] = image
    axes = _axes(6.4, 6.4)
    axes.imshow(canvas, interpolation="nearest")
    axes.set_axis_off()
    return _file(axes, "png", 100)


def class_row(images: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> bytes:
    """course_models' last picture: one image of each class in a row, titled, with ticks at 0 and 25 of the 32 pixels.

    Args:
        images: uint8 [N, 32, 32, 3], test images in file order; the first of each class is shown (Assumed).
        labels: uint8 [N], class ids.
        class_names: Ten names.
    """
    first = _axes(width=1.2 * len(class_names), height=1.6)
    figure = first.figure
    figure.clear()
    for k, name in enumerate(class_names):
        axes = figure.add_subplot(1, len(class_names), k + 1)
        axes.set_title(name, fontsize=8)
        axes.set_xticks([0, 25])
        axes.set_yticks([0, 25])
        axes.tick_params(labelsize=6)
        places = np.flatnonzero(labels == k)
        if len(places):
            axes.imshow(images[places[0]])
    figure.tight_layout()
    return _file(figure.axes[0], "png", 100)

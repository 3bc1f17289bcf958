"""curves.png and confusion.png, drawn without a display and without pyplot's global state."""

from __future__ import annotations

import io
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Any, dpi: int = 120) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()


def distinct(series: Sequence[Tuple[str, List[float]]], nearest: float = 0.0) -> List[Tuple[str, List[float]]]:
    """Curves as they can be told apart: those that coincide once, named together; an L2 of 0 throughout not at all.

    Args:
        series: Label and values by epoch of each.
        nearest: How close curves coincide; at least a thousandth of the largest value.

    Returns:
        The same pairs, fewer.
    """
    kept: List[Tuple[str, List[float]]] = []
    nearest = max(nearest, 1e-3 * max((abs(value) for _, some in series for value in some), default=0.0))
    for label, values in series:
        if label == "L2" and not any(values):
            continue
        for at, (name, others) in enumerate(kept):
            if all(abs(one - other) <= nearest for one, other in zip(values, others)):
                kept[at] = (f"{name} and {label}", others)
                break
        else:
            kept.append((label, values))
    return kept


def curves(lines: List[Dict[str, Any]], title: str) -> bytes:
    """Loss, accuracy and macro-F1 by epoch.

    Args:
        lines: Lines of metrics.jsonl.
        title: Above the picture.

    Returns:
        A PNG file's bytes.
    """
    figure = _figure(11, 4.2)
    figure.suptitle(title)
    epochs = [line["epoch"] for line in lines]
    split = lines[0]["eval_split"] if lines else "dev"
    panels = (
        ("mean loss of a step", (("total", "loss"), ("data", "data_loss"), ("L2", "l2_loss")), None),
        ("accuracy", (("train", "train_accuracy"), (split, "accuracy")), (0.0, 1.0)),
        (f"{split} F1", (("macro-F1", "macro_f1"), ("weighted-F1", "weighted_f1")), (0.0, 1.0)),
    )
    for place, (name, series, limits) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, 3, place)
        by_label = [(label, [float(line[key]) for line in lines]) for label, key in series]
        # of an axis from 0 to 1, a line is 0.008 thick
        for label, values in distinct(by_label, 0.0 if limits is None else 0.008):
            axes.plot(epochs, values, marker="." if len(lines) < 60 else None, label=label)
        axes.set_title(name)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if limits is not None:
            axes.set_ylim(*limits)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.tight_layout(rect=(0, 0, 1, 0.94))
    return _png(figure)


def confusion(matrix: np.ndarray, class_names: Sequence[str], title: str) -> bytes:
    """Normalised confusion matrix.

    Args:
        matrix: int64 [10, 10], row = true class.
        class_names: Ten names.
        title: Above the picture.

    Returns:
        A PNG file's bytes; cells are fractions of the true class.
    """
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = _figure(7.5, 6.5)
    axes = figure.add_subplot(1, 1, 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    figure.colorbar(image, ax=axes, label="fraction of the true class")
    ticks = list(range(len(class_names)))
    axes.set_xticks(ticks)
    axes.set_xticklabels(class_names, rotation=45, ha="right")
    axes.set_yticks(ticks)
    axes.set_yticklabels(class_names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title, fontsize=10)
    for row in ticks:
        for column in ticks:
            share = shares[row, column]
            color = "white" if share > 0.5 else "black"
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", fontsize=7, color=color)
    figure.tight_layout()
    return _png(figure)

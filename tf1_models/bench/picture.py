"""bench.png: the kit's ratio over every peer, a panel for each measurement; drawn without a display."""

from __future__ import annotations

import io
from typing import Any, Dict, List

_MEASURES = ("step", "epoch", "evaluate", "input", "startup", "memory")
_TITLES = {
    "step": "training step",
    "epoch": "whole epoch",
    "evaluate": "evaluation",
    "input": "input path",
    "startup": "start to first step",
    "memory": "peak memory",
}
_COLOURS = {
    "kit_resident": "#999999",
    "bare": "#4c72b0",
    "bare_xla": "#8fb0dd",
    "keras": "#c44e52",
    "keras_xla": "#e39a9c",
    "torch": "#dd8452",
    "torch_compile": "#f2bf9c",
    "tf115": "#55a868",
}


def picture(document: Dict[str, Any]) -> bytes:
    """Draws the ratios.

    Args:
        document: Of `document.measure_all`.

    Returns:
        A PNG file's bytes. Bars reach from 1: to the right the kit is faster, starts earlier or needs less.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = [m for m in _MEASURES if any(found.get(m, {}).get("ratios") for found in document["reports"].values())]
    heights = [
        sum(len(found.get(m, {}).get("ratios", {})) + 1 for found in document["reports"].values()) for m in panels
    ]
    figure = Figure(figsize=(9, 1.6 + 0.27 * sum(heights) + 0.7 * len(panels)))
    FigureCanvasAgg(figure)
    m = document["machine"]
    figure.suptitle(
        f"this kit over its peers, above 1 the kit is ahead\n{m['cpu']}, {document['threads']} threads, "
        f"{document['rounds']} rounds; the line shows the lowest and the highest round",
        fontsize=10,
    )
    if panels:
        axes = figure.subplots(len(panels), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
        for measure, panel in zip(panels, axes):
            _panel(panel, measure, document)
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return stream.getvalue()


def _panel(axes: Any, measure: str, document: Dict[str, Any]) -> None:
    labels: List[str] = []
    at = 0
    for report, found in document["reports"].items():
        ratios = found.get(measure, {}).get("ratios", {})
        for peer, ratio in ratios.items():
            star = " *" if peer == found["original"] else ""
            labels.append(f"{report}, {peer}{star}")
            axes.barh(at, ratio["median"] - 1.0, left=1.0, color=_COLOURS.get(peer, "#777777"), height=0.8)
            axes.plot([ratio["low"], ratio["high"]], [at, at], color="black", linewidth=1)
            axes.annotate(
                f"{ratio['median']:.2f}",
                (max(ratio["high"], 1.0), at),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
            )
            at += 1
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(labels)))
    axes.set_yticklabels(labels, fontsize=7)
    axes.invert_yaxis()
    axes.margins(x=0.08)
    axes.set_title(f"{_TITLES[measure]} (* the report's own framework)", fontsize=9)
    axes.grid(axis="x", alpha=0.3)

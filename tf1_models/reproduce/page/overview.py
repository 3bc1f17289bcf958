"""The picture that people look at before they read: a line a number, reported beside ours, coloured by verdict."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any, Dict, List, Mapping, Optional

COLOURS = {"reproduced": "#1a7f37", "higher": "#0b5cad", "lower": "#b3261e", "inconclusive": "#8a6100"}
_NO_VERDICT = "#8c959f"
_KEY = "tf1_models numbers"  # of the PNG's text chunk


def numbers(document: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """What is drawn, top to bottom: rows with a number that a verdict is possible for, in the reports' order.

    Returns:
        `name`, `report`, `reported`, `mean`, `low`, `high`, `outcome`; None where there is none.
    """
    keys = ("report", "reported", "mean", "low", "high", "outcome")
    return [
        {"name": f"{entry['run']}", **{key: entry[key] for key in keys}}
        for entry in document["runs"]
        if entry["reported"] is not None and entry["verdict"] is not None
    ]


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of what is drawn: the picture carries it, so that a stale one is noticed."""
    drawn = [
        {key: round(value, 6) if isinstance(value, float) else value for key, value in row.items()}
        for row in numbers(document)
    ]
    return hashlib.sha256(json.dumps(drawn, sort_keys=True).encode()).hexdigest()


def digest_of(png: bytes) -> Optional[str]:
    """The digest that a picture carries; None when it carries none."""
    mark = png.find(_KEY.encode("latin-1") + b"\0")
    if mark < 0:
        return None
    start = mark + len(_KEY) + 1
    return png[start : start + 64].decode("latin-1")


def png(document: Mapping[str, Any], dpi: int = 110) -> bytes:
    """Draws the document of `summary.build`.

    Returns:
        A PNG file's bytes; needs matplotlib.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows = numbers(document)
    reports = list(dict.fromkeys(row["report"] for row in rows))
    heights = [sum(row["report"] == report for row in rows) + 1.2 for report in reports]
    figure = Figure(figsize=(8.5, 1.2 + 0.19 * sum(heights)))
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        len(reports),
        1,
        height_ratios=heights,
        hspace=0.28,
        left=0.3,
        right=0.98,
        top=1 - 0.75 / figure.get_figheight(),
        bottom=0.5 / figure.get_figheight(),
    )
    for place, report in enumerate(reports):
        axes = figure.add_subplot(grid[place])
        mine = [row for row in rows if row["report"] == report]
        for y, row in enumerate(mine):
            colour = COLOURS.get(row["outcome"] or "", _NO_VERDICT)
            if row["mean"] is not None:
                if row["low"] is not None:
                    axes.plot(
                        [100 * row["low"], 100 * row["high"]],
                        [y, y],
                        color=colour,
                        linewidth=2.5,
                        alpha=0.6,
                        solid_capstyle="butt",
                    )
                axes.plot([100 * row["mean"]], [y], marker="|", color=colour, markersize=9, markeredgewidth=2.2)
            axes.plot(
                [100 * row["reported"]],
                [y],
                marker="D",
                markersize=4,
                zorder=3,
                color="black" if row["mean"] is not None else _NO_VERDICT,
            )
        axes.set_ylim(len(mine) - 0.4, -0.6)
        axes.set_yticks(range(len(mine)))
        axes.set_yticklabels([row["name"] for row in mine], fontsize=7)
        axes.tick_params(axis="x", labelsize=7)
        axes.set_title(report, fontsize=9, loc="left", fontweight="bold")
        axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("percent: test accuracy (nine_conv: weighted F1 on dev)", fontsize=8)
    legend = [Line2D([], [], marker="D", color="black", linestyle="", markersize=4, label="reported")]
    names = {
        "reproduced": "ours, reproduced",
        "inconclusive": "inconclusive",
        "higher": "differs: ours is higher",
        "lower": "differs: ours is lower",
    }
    legend += [Line2D([], [], color=COLOURS[key], linewidth=2.5, label=label) for key, label in names.items()]
    legend.append(Line2D([], [], marker="D", color=_NO_VERDICT, linestyle="", markersize=4, label="not run yet"))
    figure.legend(handles=legend, loc="upper center", ncol=6, fontsize=7, frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi, metadata={_KEY: digest(document)})
    return stream.getvalue()

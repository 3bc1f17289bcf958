"""The results page's charts: curves, and the scatter of reported against ours."""

from __future__ import annotations

import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

from tf1_models.output.inline_svg import N_COLORS, Chart, Drawing, draw, set_axis

Point = Tuple[float, float]
_MARGIN = 0.04  # of the values' span


class Series(NamedTuple):
    """One line, or with `dots` unconnected marks (what a report printed)."""

    label: str
    points: Sequence[Point]
    dots: bool = False
    faint: bool = False  # thinner: one of many overlaid
    color: Optional[int] = None  # series of one colour share the first one's legend entry; None: by position


def curves(title: str, series: Sequence[Series], x_label: str, y_label: str) -> Optional[Chart]:
    """Lines and dots over one pair of axes, with a legend; a log scale where values span more than a factor of 20.

    Args:
        title: For screen readers and the caption.
        series: What to draw; empty ones are left out.
        x_label, y_label: Axes, with units.

    Returns:
        None when there is no point at all.
    """
    series = [one for one in series if one.points]
    if not series:
        return None
    values = [point[1] for one in series for point in one.points if math.isfinite(point[1])]
    log = bool(values) and min(values) > 0.0 and max(values) > 20.0 * min(values)

    def artists(drawing: Drawing) -> None:
        axes = drawing.axes
        axes.margins(_MARGIN)
        set_axis(axes.xaxis, [point[0] for one in series for point in one.points])
        set_axis(axes.yaxis, values, log)
        drawing.label(x_label, y_label)
        for k, one in enumerate(series):
            color = f"c{_color(k, one)}"
            if one.dots or len(one.points) == 1:
                for x, y in one.points:
                    (dot,) = axes.plot([x], [y], "o", markersize=7)
                    drawing.tag(dot, f"{color} said" if one.dots else color, f"{one.label}: {y:.6g}")
            else:
                (line,) = axes.plot(*zip(*one.points))
                drawing.tag(line, f"{color} line{' faint' if one.faint else ''}", one.label)

    svg = draw(title, artists)
    return Chart(svg, title + (" (log scale)" if log else ""), _legend(series))


def _color(position: int, series: Series) -> int:
    return (position if series.color is None else series.color) % N_COLORS


def _legend(series: Sequence[Series]) -> "Tuple[Tuple[str, str], ...]":
    """(classes, label) of each series; of those that share a colour, the first."""
    found: List[Tuple[str, str]] = []
    seen = set()
    for k, one in enumerate(series):
        if one.color is None or one.color not in seen:
            found.append((f"c{_color(k, one)}{' said' if one.dots else ''}", one.label))
            seen.add(one.color)
    return tuple(found)


class Pair(NamedTuple):
    """A row of the scatter: reported value, our mean, interval for one more run (or None), CSS class of the verdict."""

    label: str
    reported: float
    mean: float
    low: Optional[float]
    high: Optional[float]
    kind: str


def scatter(title: str, pairs: Sequence[Pair]) -> Optional[Chart]:
    """Reported against reproduced in percent; a row is reproduced where its bar crosses the diagonal."""
    if not pairs:
        return None
    values = [100.0 * v for p in pairs for v in (p.reported, p.mean, p.low, p.high) if v is not None]
    margin = _MARGIN * (max(values) - min(values)) or 1.0
    ends = [min(values) - margin, max(values) + margin]

    def artists(drawing: Drawing) -> None:
        axes = drawing.axes
        for axis in (axes.xaxis, axes.yaxis):
            set_axis(axis, values)
        axes.set_xlim(*ends)
        axes.set_ylim(*ends)
        drawing.label("reported, %", "ours, %: mean and interval for one more run")
        drawing.tag(axes.plot(ends, ends)[0], "diagonal")
        for p in pairs:
            x, words = 100.0 * p.reported, f"{p.label}: reported {100 * p.reported:.2f}, ours {100 * p.mean:.2f}"
            if p.low is not None and p.high is not None:
                bar = axes.plot([x, x], [100.0 * p.low, 100.0 * p.high])[0]
                drawing.tag(bar, f"interval {p.kind}")
                words += f", interval {100 * p.low:.2f} to {100 * p.high:.2f}"
            drawing.tag(axes.plot([x], [100.0 * p.mean], "o", markersize=8)[0], f"point {p.kind}", words)

    return Chart(draw(title, artists), title)

"""Inline SVG: curves and the scatter; colours come from the page's CSS, so dark mode and print follow."""

from __future__ import annotations

import html
import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

Point = Tuple[float, float]
_WIDTH, _HEIGHT = 560, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 12, 44
N_COLORS = 8  # .c0 … .c7 in the page's CSS


class Series(NamedTuple):
    """One line, or with `dots` unconnected marks (what a report printed)."""

    label: str
    points: Sequence[Point]
    dots: bool = False
    faint: bool = False  # thinner: one of many overlaid
    color: Optional[int] = None  # series of one colour share the first one's legend entry; None: by position


class Axis:
    """Maps values to pixels; logarithmic when the values span more than a factor of 20 and are above 0."""

    def __init__(self, values: Sequence[float], start: float, stop: float, log: Optional[bool] = None) -> None:
        """Args: values to cover; pixel of the low end, of the high end; log scale (None: decide)."""
        low, high = min(values), max(values)
        self.log = (low > 0.0 and high > 20.0 * low) if log is None else log
        if self.log:
            low, high = math.log10(low), math.log10(high)
        margin = 0.04 * (high - low) or 0.5 * (abs(high) or 1.0)
        self.low, self.high = low - margin, high + margin
        self.start, self.stop = start, stop

    def at(self, value: float) -> float:
        """Pixel of a value."""
        place = math.log10(value) if self.log else value
        return self.start + (place - self.low) / (self.high - self.low) * (self.stop - self.start)

    def ticks(self) -> List[float]:
        """Round values inside the axis, about five."""
        if self.log:
            exponents = range(math.floor(self.low), math.ceil(self.high) + 1)
            values = [m * 10.0**e for e in exponents for m in (1, 2, 5)]
            return [value for value in values if self.low <= math.log10(value) <= self.high]
        raw = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw)
        first = math.ceil(self.low / step)
        return [k * step for k in range(first, math.floor(self.high / step) + 1)]


def _number(value: float) -> str:
    return f"{value:.6g}"


def _frame(x: Axis, y: Axis, x_label: str, y_label: str) -> List[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for value in y.ticks():
        at = y.at(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{_number(value)}</text>')
    for value in x.ticks():
        at = x.at(value)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="tick" x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{_number(value)}</text>')
    middle = (_LEFT + right) / 2
    parts.append(
        f'<text class="axis" x="{middle:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">{html.escape(x_label)}</text>'
    )
    parts.append(
        f'<text class="axis" transform="translate(13 {(_TOP + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle">'
        f"{html.escape(y_label)}</text>"
    )
    return parts


def _svg(parts: Sequence[str], title: str) -> str:
    name = html.escape(title, quote=True)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{name}"><title>{name}</title>'
        + "".join(parts)
        + "</svg>"
    )


def curves(title: str, series: Sequence[Series], x_label: str, y_label: str, legend: bool = True) -> str:
    """Lines and dots over one pair of axes, as a figure with a legend.

    Args:
        title: For screen readers and the caption.
        series: What to draw; empty ones are left out.
        x_label, y_label: Axes, with units.
        legend: Whether to list the series below.

    Returns:
        HTML; "" when there is no point at all.
    """
    series = [one for one in series if one.points]
    if not series:
        return ""
    x = Axis([p[0] for one in series for p in one.points], _LEFT, _WIDTH - _RIGHT, log=False)
    y = Axis([p[1] for one in series for p in one.points], _HEIGHT - _BOTTOM, _TOP)
    parts = _frame(x, y, x_label, y_label)
    for k, one in enumerate(series):
        color = f"c{_color(k, one)}"
        label = html.escape(one.label)
        places = [(x.at(px), y.at(py)) for px, py in one.points]
        if one.dots or len(places) == 1:
            kind = "said" if one.dots else "dot"
            parts += [
                f'<circle class="{color} {kind}" cx="{px:.1f}" cy="{py:.1f}" r="3.5"><title>{label}: {_number(v[1])}'
                f"</title></circle>"
                for (px, py), v in zip(places, one.points)
            ]
        else:
            path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
            faint = " faint" if one.faint else ""
            parts.append(f'<polyline class="{color} line{faint}" points="{path}"><title>{label}</title></polyline>')
    scale = " (log scale)" if y.log else ""
    caption = f"<figcaption>{html.escape(title)}{scale}"
    if legend:
        shown = {
            (one.color if one.color is not None else k, one.color is None): (k, one)
            for k, one in reversed(list(enumerate(series)))
        }
        keys = "".join(
            f'<li><i class="c{_color(k, one)}{" said" if one.dots else ""}"></i>{html.escape(one.label)}</li>'
            for k, one in sorted(shown.values())
        )
        caption += f'<ul class="legend">{keys}</ul>'
    return f"<figure>{_svg(parts, title)}{caption}</figcaption></figure>"


def _color(position: int, series: Series) -> int:
    return (position if series.color is None else series.color) % N_COLORS


class Pair(NamedTuple):
    """A row of the scatter: reported value, our mean, interval for one more run (or None), CSS class of the verdict."""

    label: str
    reported: float
    mean: float
    low: Optional[float]
    high: Optional[float]
    kind: str


def scatter(title: str, pairs: Sequence[Pair]) -> str:
    """Reported against reproduced in percent; a row is reproduced where its bar crosses the diagonal."""
    if not pairs:
        return ""
    values = [100 * v for p in pairs for v in (p.reported, p.mean, p.low, p.high) if v is not None]
    x = Axis(values, _LEFT, _WIDTH - _RIGHT, log=False)
    y = Axis(values, _HEIGHT - _BOTTOM, _TOP, log=False)
    parts = _frame(x, y, "reported, %", "ours, %: mean and interval for one more run")
    (x1, y1), (x2, y2) = [(x.at(v), y.at(v)) for v in (x.low, x.high)]
    parts.append(f'<line class="diagonal" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
    for p in pairs:
        at = x.at(100 * p.reported)
        words = f"{p.label}: reported {100 * p.reported:.2f}, ours {100 * p.mean:.2f}"
        if p.low is not None and p.high is not None:
            parts.append(
                f'<line class="bar {p.kind}" x1="{at:.1f}" x2="{at:.1f}" y1="{y.at(100 * p.low):.1f}" '
                f'y2="{y.at(100 * p.high):.1f}"/>'
            )
            words += f", interval {100 * p.low:.2f} to {100 * p.high:.2f}"
        parts.append(
            f'<circle class="point {p.kind}" cx="{at:.1f}" cy="{y.at(100 * p.mean):.1f}" r="4"><title>'
            f"{html.escape(words)}</title></circle>"
        )
    return f"<figure>{_svg(parts, title)}<figcaption>{html.escape(title)}</figcaption></figure>"

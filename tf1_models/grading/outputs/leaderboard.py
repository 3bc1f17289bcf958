"""A grading as one self-contained HTML page: no script from elsewhere, no font, no image; prints, and obeys dark mode.

What stands where is in leaderboard.html.j2. Every text from a submission is escaped, and a content security policy
forbids loading anything, so a file's name cannot become a script. With `anonymous`, no name, path, student, note or
message appears: only pseudonyms. Without matplotlib the page has no picture of the distribution.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from tf1_models.grading.outputs.table import TITLES, score
from tf1_models.grading.people.anonymous import pseudonyms
from tf1_models.grading.statistics.bootstrap import METRICS
from tf1_models.output import inline_svg, pages

_BINS = 20
_WIDTH_PX, _HEIGHT_PX = 620, 170


def render(record: Dict[str, Any], anonymous: bool = False, title: str = "Leaderboard") -> str:
    """The page.

    Args:
        record: See `record.make_record`.
        anonymous: Pseudonyms instead of names (see `anonymous.pseudonym`); invalid submissions are only counted.
        title: Heading.

    Returns:
        HTML text; the same record gives the same bytes.

    Raises:
        MachineError: jinja2 is not installed.
    """
    rows, metric = record["submissions"], record["metric"]
    names = pseudonyms(rows) if anonymous else [row["file"] for row in rows]
    graded = [{**row, "name": name} for name, row in zip(names, rows) if row["status"] == "graded"]
    if anonymous:  # an earlier submission of a student would link two rows to one person
        graded = [row for row in graded if row["counted"]]
    order = [metric] + [name for name in METRICS if name != metric]
    reference = record["reference"]
    mark = reference if reference is not None and reference["metric"] == metric else None
    with_interval = any(row["interval"] for row in graded)
    with_student = not anonymous and any(row["student"] for row in graded)
    return pages.render(
        "grading/outputs/leaderboard.html.j2",
        title=title,
        record=record,
        anonymous=anonymous,
        graded=graded,
        invalid=[row for row in rows if row["status"] == "invalid"],
        alike=_alike(record),
        tiles=_tiles(record),
        histogram=_histogram([row[metric] for row in graded], TITLES[metric], mark),
        head=_head(order, with_student, with_interval),
        order=order,
        with_student=with_student,
        with_interval=with_interval,
        titles=TITLES,
        score=score,
    )


def _tiles(record: Dict[str, Any]) -> List[Tuple[str, str]]:
    """(word, number) at the top of the page."""
    summary, reference, floor = record["summary"], record["reference"], record["policy"]["fail_under"]
    tiles = [(word, score(summary[word])) for word in ("best", "median", "mean")]
    if floor is not None:
        tiles.append((f"below {floor:g}", str(summary["failed"])))
    if reference is not None:
        tiles.append((f"{reference['name']} ({TITLES[reference['metric']]})", score(reference["value"])))
    return tiles


def _head(order: Sequence[str], with_student: bool, with_interval: bool) -> List[Tuple[str, str, bool]]:
    """(text, class, whether it sorts) of each column."""
    head = [("rank", "n", True), ("submission", "", True)] + ([("student", "", True)] if with_student else [])
    head += [(TITLES[order[0]], "n", True)] + ([("95 % interval", "n", True)] if with_interval else [])
    return [
        *head,
        *((TITLES[name], "n", True) for name in order[1:]),
        ("points", "n", True),
        ("F1 by class", "", False),
    ]


def _histogram(
    values: Sequence[float], metric_title: str, reference: Optional[Dict[str, Any]]
) -> Optional[inline_svg.Chart]:
    """How many submissions reached which score, and where the reference lies; None for fewer than three."""
    if len(values) < 3 or inline_svg.missing() is not None:
        return None
    ends = [*values, *([] if reference is None else [reference["value"]])]
    low, high = min(ends), max(ends)
    counts, edges = np.histogram(values, _BINS, (low, high if high > low else low + 0.01))

    def artists(drawing: inline_svg.Drawing) -> None:
        axes = drawing.axes
        inline_svg.set_axis(axes.xaxis, [float(edge) for edge in edges])
        inline_svg.set_axis(axes.yaxis, [0.0, 1.0])
        drawing.label(metric_title, "submissions")
        for count, left, right in zip(counts, edges, edges[1:]):
            if count:
                (bar,) = axes.bar((left + right) / 2, count, 0.92 * (right - left))
                drawing.tag(bar, "c0", f"{left:.3f} to {right:.3f}: {count}")
        if reference is not None:
            line = axes.plot([reference["value"]] * 2, [0, 1.05 * max(counts)])[0]
            drawing.tag(line, "mark", reference["name"])
        axes.set_ylim(0, 1.1 * max(counts))

    return inline_svg.Chart(inline_svg.draw("Distribution of scores", artists, _WIDTH_PX, _HEIGHT_PX))


def _alike(record: Dict[str, Any]) -> List[str]:
    """A line for each group of submissions that are the same or nearly so."""
    items = []
    for group in record["identical"]:
        same = "the same file" if group["same_bytes"] else "the same predictions"
        items.append(f"{same}: {', '.join(group['files'])}")
    for pair in record["near_identical"]:
        items.append(f"{pair['shared_wrong']:.1%} of wrong answers shared: {', '.join(pair['files'])}")
    return items

"""A grading as one self-contained HTML page: no script from elsewhere, no font, no image; prints, and obeys dark mode.

Every text from a submission is escaped, and a content security policy forbids loading anything, so a file's name
cannot become a script. With `anonymous`, no name, path, student, note or message appears: only pseudonyms.
"""

from __future__ import annotations

from html import escape
from typing import Any, Dict, List, Optional, Sequence

from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.grading.outputs.leaderboard_assets import SCRIPT, STYLE
from tf1_models.grading.outputs.table import TITLES, score
from tf1_models.grading.people.anonymous import pseudonyms
from tf1_models.grading.statistics.bootstrap import METRICS

_BINS = 20


def render(record: Dict[str, Any], anonymous: bool = False, title: str = "Leaderboard") -> str:
    """The page.

    Args:
        record: See `record.make_record`.
        anonymous: Pseudonyms instead of names (see `anonymous.pseudonym`); invalid submissions are only counted.
        title: Heading.

    Returns:
        HTML text; the same record gives the same bytes.
    """
    rows, metric = record["submissions"], record["metric"]
    names = pseudonyms(rows) if anonymous else [row["file"] for row in rows]
    graded = [(name, row) for name, row in zip(names, rows) if row["status"] == "graded"]
    if anonymous:  # an earlier submission of a student would link two rows to one person
        graded = [(name, row) for name, row in graded if row["counted"]]
    reference = record["reference"]
    mark = reference if reference is not None and reference["metric"] == metric else None
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="lead">{TITLES[metric]} ranks · key <b>{escape(record["truth"]["name"])}</b>, '
        f"{record['truth']['n']:,} images · {len(graded)} graded, {record['summary']['invalid']} invalid</p>",
        _tiles(record),
        _histogram([row[metric] for _, row in graded], mark),
        _ranking(graded, record, anonymous),
    ]
    if not anonymous:
        body += [_invalid(rows), _alike(record), _roster(record)]
    body.append(_footer(record))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(part for part in body if part)
        + f"\n</main><script>{SCRIPT}</script></body></html>\n"
    )


def _tiles(record: Dict[str, Any]) -> str:
    summary = record["summary"]
    tiles = [("best", score(summary["best"])), ("median", score(summary["median"])), ("mean", score(summary["mean"]))]
    if record["policy"]["fail_under"] is not None:
        tiles.append((f"below {record['policy']['fail_under']:g}", str(summary["failed"])))
    if record["reference"] is not None:
        reference = record["reference"]
        tiles.append((f"{reference['name']} ({TITLES[reference['metric']]})", score(reference["value"])))
    cells = "".join(f"<div><b>{value or '–'}</b><span>{escape(word)}</span></div>" for word, value in tiles)
    return f'<div class="tiles">{cells}</div>'


def _histogram(values: Sequence[float], reference: Optional[Dict[str, Any]]) -> str:
    """How many submissions reached which score, as inline SVG."""
    if len(values) < 3:
        return ""
    low, high = min(values), max(values)
    if reference is not None:
        low, high = min(low, reference["value"]), max(high, reference["value"])
    span = (high - low) or 0.01
    counts = [0] * _BINS
    for value in values:
        counts[min(_BINS - 1, int((value - low) / span * _BINS))] += 1
    wide, top = 600 / _BINS, max(counts)
    bars = "".join(
        f'<rect x="{i * wide + 1:.1f}" y="{90 - 80 * count / top:.1f}" width="{wide - 2:.1f}" '
        f'height="{80 * count / top:.1f}"><title>{low + span * i / _BINS:.3f} to {low + span * (i + 1) / _BINS:.3f}: '
        f"{count}</title></rect>"
        for i, count in enumerate(counts)
        if count
    )
    mark = ""
    if reference is not None:
        x = (reference["value"] - low) / span * 600
        mark = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="90"><title>{escape(reference["name"])}</title></line>'
    axis = f'<text x="0" y="106">{low:.3f}</text><text x="600" y="106" text-anchor="end">{high:.3f}</text>'
    return f'<svg viewBox="-4 0 608 110" role="img" aria-label="Distribution of scores">{bars}{mark}{axis}</svg>'


def _ranking(graded: "Sequence[tuple[str, Dict[str, Any]]]", record: Dict[str, Any], anonymous: bool) -> str:
    if not graded:
        return "<p>No submission could be graded.</p>"
    metric = record["metric"]
    order = [metric] + [name for name in METRICS if name != metric]
    with_interval = any(row["interval"] for _, row in graded)
    with_student = not anonymous and any(row["student"] for _, row in graded)
    heads = [("rank", "num"), ("submission", "")] + ([("student", "")] if with_student else [])
    heads += [(TITLES[name], "num") for name in order[:1]] + ([("95 % interval", "num")] if with_interval else [])
    heads += [(TITLES[name], "num") for name in order[1:]] + [("points", "num"), ("F1 by class", "none")]
    head = "".join(f'<th class="{kind}" scope="col">{escape(text)}</th>' for text, kind in heads)
    lines = []
    for name, row in graded:
        rank = str(row["rank"]) if row["rank"] else "–"
        noise = ' <abbr title="within noise of the rank above">~</abbr>' if row["within_noise_of_rank_above"] else ""
        cells = [f'<td class="num" data-v="{row["rank"] or 10**9}">{rank}{noise}</td>']
        cells.append(f'<td class="name">{escape(name)}{_badges(row)}</td>')
        if with_student:
            cells.append(f"<td>{escape(' '.join(filter(None, (row['student'], row['student_name']))))}</td>")
        cells.append(_score_cell(row[metric], bar=True))
        if with_interval:
            low, high = row["interval"][metric] if row["interval"] else (None, None)
            cells.append(f'<td class="num" data-v="{score(low)}">{score(low)}–{score(high)}</td>')
        cells += [_score_cell(row[other]) for other in order[1:]]
        points = "" if row["points"] is None else f"{row['points']:g}"
        cells.append(f'<td class="num" data-v="{points or -1}">{points}</td>')
        cells.append(f'<td class="classes">{_class_bars(row)}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table id="ranking"><thead><tr>{head}</tr></thead><tbody>\n' + "\n".join(lines) + "\n</tbody></table>"


def _badges(row: Dict[str, Any]) -> str:
    words = [("late", row["late"]), ("does not count", not row["counted"]), ("not passed", row["passed"] is False)]
    return "".join(f' <span class="badge">{word}</span>' for word, shown in words if shown)


def _score_cell(value: float, bar: bool = False) -> str:
    style = f' style="--v:{100 * value:.1f}%"' if bar else ""
    return f'<td class="num{" bar" if bar else ""}" data-v="{value:.12f}"{style}>{score(value)}</td>'


def _class_bars(row: Dict[str, Any]) -> str:
    """Ten small bars, one per class."""
    bars = "".join(
        f'<i style="height:{max(2.0, 22 * one["f1"]):.0f}px" title="{name} {one["f1"]:.3f}"></i>'
        for name, one in zip(CIFAR10_CLASSES, row["per_class"])
    )
    words = ", ".join(f"{name} {one['f1']:.2f}" for name, one in zip(CIFAR10_CLASSES, row["per_class"]))
    return f'<span class="spark" role="img" aria-label="{words}">{bars}</span>'


def _invalid(rows: Sequence[Dict[str, Any]]) -> str:
    invalid = [row for row in rows if row["status"] == "invalid"]
    if not invalid:
        return ""
    items = ""
    for row in invalid:
        reasons = "".join(f"<li>{escape(text)}</li>" for text in row["problems"])
        items += f"<li><b>{escape(row['file'])}</b><ul>{reasons}</ul></li>"
    return f"<details open><summary>Invalid, not graded ({len(invalid)})</summary><ul>{items}</ul></details>"


def _alike(record: Dict[str, Any]) -> str:
    items: List[str] = []
    for group in record["identical"]:
        same = "the same file" if group["same_bytes"] else "the same predictions"
        items.append(f"{same}: {escape(', '.join(group['files']))}")
    for pair in record["near_identical"]:
        items.append(f"{pair['shared_wrong']:.1%} of wrong answers shared: {escape(', '.join(pair['files']))}")
    if not items:
        return ""
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f"<details open><summary>Alike ({len(items)})</summary><ul>{listed}</ul></details>"


def _roster(record: Dict[str, Any]) -> str:
    present = record["roster"]
    if present is None:
        return ""
    items = [f"missing: {escape(text)}" for text in present["missing"]]
    items += [f"unknown: {escape(text)}" for text in present["unknown"]]
    items += [f"repeated: {escape(name)} ({len(files)} submissions)" for name, files in present["repeated"].items()]
    listed = "".join(f"<li>{item}</li>" for item in items)
    head = f"Roster of {present['students']} ({len(items)} remarks)"
    return f"<details><summary>{head}</summary><ul>{listed}</ul></details>"


def _footer(record: Dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {value}" for name, value in record["versions"].items())
    return (
        f"<footer>Key sha256 <code>{escape(record['truth']['sha256'][:16])}…</code> · {escape(versions)} · "
        "macro-F1 over the fixed ten classes, an absent class counts 0 · equal scores share a rank · "
        "~ within noise of the rank above"
        "</footer>"
    )

"""A grading as Markdown: the ranking and what needs attention, for an issue or a course page."""

from __future__ import annotations

from typing import Any, Dict, List

from tf1_models.grading.outputs.table import TITLES, score
from tf1_models.grading.statistics.bootstrap import METRICS
from tf1_models.output.markdown import escape, markdown_table


def render(record: Dict[str, Any]) -> str:
    """The whole document."""
    metric, truth = record["metric"], record["truth"]
    others = [name for name in METRICS if name != metric]
    with_interval = any(row["interval"] for row in record["submissions"])
    head = ["rank", "submission", TITLES[metric]] + (["95 % interval"] if with_interval else [])
    head += [TITLES[name] for name in others] + ["points"]
    table = []
    for row in record["submissions"]:
        if row["status"] != "graded":
            continue
        cells = [str(row["rank"] or "–"), escape(row["file"]), score(row[metric])]
        if with_interval:
            cells.append("–".join(score(v) for v in row["interval"][metric]) if row["interval"] else "")
        table.append(cells + [score(row[n]) for n in others] + ["" if row["points"] is None else f"{row['points']:g}"])
    lines = [
        "# Grading",
        "",
        f"Key {escape(truth['name'])}, {truth['n']:,} images; {TITLES[metric]} ranks. "
        f"{record['summary']['graded']} graded, {record['summary']['invalid']} invalid.",
        "",
        markdown_table(head, table, right=[name for name in head if name != "submission"]),
        *_attention(record),
    ]
    return "\n".join(lines) + "\n"


def _attention(record: Dict[str, Any]) -> List[str]:
    lines: List[str] = []
    invalid = [row for row in record["submissions"] if row["status"] == "invalid"]
    if invalid:
        lines += ["", "## Invalid, not graded", ""]
        for row in invalid:
            lines.append(f"- {escape(row['file'])}")
            lines += [f"  - {escape(text)}" for text in row["problems"]]
    if record["identical"] or record["near_identical"]:
        lines += ["", "## Alike", ""]
        lines += [f"- identical: {escape(', '.join(group['files']))}" for group in record["identical"]]
        for pair in record["near_identical"]:
            lines.append(f"- {pair['shared_wrong']:.1%} of wrong answers shared: {escape(', '.join(pair['files']))}")
    present = record["roster"]
    if present is not None and (present["missing"] or present["unknown"] or present["repeated"]):
        lines += ["", "## Roster", ""]
        lines += [f"- missing: {escape(text)}" for text in present["missing"]]
        lines += [f"- unknown: {escape(text)}" for text in present["unknown"]]
        lines += [f"- repeated: {escape(text)}" for text in present["repeated"]]
    return lines

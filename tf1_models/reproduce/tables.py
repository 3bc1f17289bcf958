"""Markdown, CSV and the README's block, from the document that `summary.build` makes."""

from __future__ import annotations

import csv
import io
from typing import Any, Dict, List, Mapping, Sequence

from tf1_models import registry
from tf1_models.markdown import markdown_table, percent

README_BLOCK = "results"  # its name in the README
METRIC_WORDS = {"test_accuracy": "test accuracy", "dev_f1_weighted": "weighted F1, dev"}
_CSV = (
    "report", "run", "metric", "reported", "printed", "n_scored", "binomial_sd", "rounding_sd", "basis", "selection",
    "epochs", "mean", "sd", "n", "collapsed", "low", "high", "best_of", "verdict", "outcome", "images", "reason",
)  # fmt: skip


def ours(entry: Mapping[str, Any]) -> str:
    """Mean, sd and n in one cell, e.g. "76.31 ± 0.42 (3)"."""
    if not entry["n"] and not entry["collapsed"]:
        return "-"
    text = "-" if not entry["n"] else percent(entry["mean"])
    if entry["sd"] is not None:
        text += f" ± {percent(entry['sd'])}"
    text += f" ({entry['n']})"
    return text + (f", {entry['collapsed']} collapsed" if entry["collapsed"] else "")


def band(entry: Mapping[str, Any]) -> str:
    """The band in one cell."""
    return "-" if entry["low"] is None else f"{percent(entry['low'])} to {percent(entry['high'])}"


def _report_table(entries: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [e["run"], e["epochs"], percent(e["reported"]), ours(e), band(e), e["verdict"] or "none", e["reason"]]
        for e in entries
    ]
    head = ["run", "epochs", "reported, %", "ours, % (seeds)", "band, %", "verdict", "why"]
    return markdown_table(head, rows)


def _variant_table(variants: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [f"{v['report']} / {v['variant']}", v["run"], percent(v["reported"]), ours(v), band(v), v["verdict"] or "none",
         v["why"]]
        for v in variants
    ]
    head = ["variant", "beside", "reported there, %", "ours, % (seeds)", "band, %", "verdict", "what it decides"]
    return markdown_table(head, rows)


def closing_lines(document: Mapping[str, Any]) -> List[str]:
    """Families, chance and sensitivity, each a paragraph."""
    return [
        *(family["words"] for family in document["families"]),
        document["chance"]["words"],
        document["sensitivity"]["words"],
    ]


def markdown(document: Mapping[str, Any]) -> str:
    """The whole document as Markdown."""
    parts = ["# Reported and reproduced", ""]
    for report in registry.REPORTS:
        entries = [entry for entry in document["runs"] if entry["report"] == report]
        parts += [f"## {report}", "", METRIC_WORDS[entries[0]["metric"]] + ".", "", _report_table(entries), ""]
    if document["variants"]:
        parts += ["## Variants", "", _variant_table(document["variants"]), ""]
    parts += ["## Spread, chance, sensitivity", ""]
    for line in closing_lines(document):
        parts += [line, ""]
    if document["failures"] or document["damaged"]:
        parts += ["## Failed", ""]
        parts += [f"- `{record['folder']}`: {record['message']}" for record in document["failures"]]
        parts += [f"- `{record['folder']}`: {record['why']}" for record in document["damaged"]]
        parts += [""]
    parts += ["## Environment", ""]
    parts += ["- " + ", ".join(f"{key} {value}" for key, value in place.items()) for place in document["environments"]]
    parts += ["", "## How a number is judged", "", document["statistics"].strip(), ""]
    return "\n".join(parts)


def csv_text(document: Mapping[str, Any]) -> str:
    """The 79 rows as CSV; fractions unrounded, empty where there is none."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_CSV)
    for entry in document["runs"]:
        writer.writerow(["" if entry[key] is None else entry[key] for key in _CSV])
    return stream.getvalue()


def readme_block(document: Mapping[str, Any]) -> str:
    """What stands between the README's two markers: rows that were run, and how many were not."""
    run = [entry for entry in document["runs"] if entry["seeds"]]
    rows = [
        [e["report"], e["run"], percent(e["reported"]), ours(e), band(e), e["verdict"] or "none"] for e in run
    ]
    head = ["report", "run", "reported, %", "ours, % (seeds)", "band, %", "verdict"]
    waiting: Dict[str, int] = {}
    for entry in document["runs"]:
        if not entry["seeds"] and entry["verdict"] is not None:
            waiting[entry["report"]] = waiting.get(entry["report"], 0) + 1
    parts = [markdown_table(head, rows), ""] if rows else []
    if waiting:
        parts += ["Not run: " + ", ".join(f"{report} {n}" for report, n in waiting.items()) + ".", ""]
    if document["variants"]:
        parts += [_variant_table(document["variants"]), ""]
    if rows:
        for line in closing_lines(document):
            parts += [line, ""]
    return "\n".join(parts).strip()

"""Markdown, CSV and the README's block, from the document that `summary.build` makes."""

from __future__ import annotations

import collections
import csv
import io
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from tf1_models import registry
from tf1_models.output.markdown import markdown_table, percent

README_BLOCK = "results"  # its name in reproduce/README.md
HEADLINE_BLOCK = "headline"  # in the README
BY_REPORT_BLOCK = "by_report"  # in the README
METRIC_WORDS = {"test_accuracy": "test accuracy", "dev_f1_weighted": "weighted F1, dev"}
_CSV = (
    "report", "run", "metric", "reported", "printed", "n_scored", "binomial_sd", "rounding_sd", "basis", "selection",
    "epochs", "mean", "sd", "n", "collapsed", "low", "high",
    "deviation", "half_width", "best_of", "more_seeds", "verdict", "outcome", "images", "reason",
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


def deviation(entry: Mapping[str, Any]) -> str:
    """Reported less ours in points, e.g. "+0.42"."""
    return "-" if entry["deviation"] is None else f"{100 * entry['deviation']:+.2f}"


def half_width(entry: Mapping[str, Any]) -> str:
    """Half the interval for one more run, in points; of a best-of row its lower half."""
    return "-" if entry["half_width"] is None else f"{100 * entry['half_width']:.2f}"


_JUDGED_HEAD = ("reported, %", "ours, % (seeds)", "deviation", "half-width", "verdict")


def _judged(entry: Mapping[str, Any]) -> List[str]:
    return [percent(entry["reported"]), ours(entry), deviation(entry), half_width(entry), entry["verdict"] or "none"]


def _report_table(entries: Sequence[Mapping[str, Any]]) -> str:
    rows = [[e["run"], e["epochs"], *_judged(e), e["reason"]] for e in entries]
    head = ["run", "epochs", *_JUDGED_HEAD, "why"]
    return markdown_table(head, rows)


def _variant_table(variants: Sequence[Mapping[str, Any]]) -> str:
    rows = [[f"{v['report']} / {v['variant']}", v["run"], *_judged(v), v["why"]] for v in variants]
    return markdown_table(["variant", "beside", *_JUDGED_HEAD, "what it decides"], rows)


def _numbers(document: Mapping[str, Any]) -> List[Mapping[str, Any]]:
    """Rows with a number that can have a verdict."""
    return [entry for entry in document["runs"] if entry["reported"] is not None and entry["verdict"] is not None]


def _tally(numbers: Sequence[Mapping[str, Any]]) -> Tuple[int, int, int, int]:
    """How many reproduced, differ, are inconclusive, and have no verdict yet."""
    of = collections.Counter(entry["outcome"] for entry in numbers)
    judged = (of["reproduced"], of["higher"] + of["lower"], of["inconclusive"])
    return (*judged, len(numbers) - sum(judged))


def headline(document: Mapping[str, Any]) -> str:
    """One sentence that a person can quote: of N numbers so many reproduced, so many not, on which images and seeds."""
    numbers = _numbers(document)
    reproduced, differ, inconclusive, waiting = _tally(numbers)
    # a variant's seeds are trainings too, though they judge no row; one training may serve several of both
    trainings = {
        (entry["report"], one["variables_sha256"])
        for entry in [*numbers, *document["variants"]]
        for one in entry["seeds"]
    }
    text = f"Of the {len(numbers)} reported numbers that can be judged, "
    if waiting == len(numbers):
        return text + (
            "none has a verdict yet on the official CIFAR-10 pixels "
            f"({len(trainings)} trainings there are finished; a report's noise takes three seeds of a run)."
        )
    return text + (
        f"{reproduced} reproduced, {differ} differ and {inconclusive} are inconclusive, on the "
        f"official CIFAR-10 pixels ({len(trainings)} trainings); {waiting} have no verdict yet."
    )


def by_report(document: Mapping[str, Any]) -> str:
    """The headline's counts a line a report, beside the number of the report's headline run."""
    rows = []
    for report in registry.REPORTS:
        entries = [entry for entry in document["runs"] if entry["report"] == report]
        first = next(entry for entry in entries if entry["run"] == registry.default_run(report))
        own = [first["run"], percent(first["reported"]), ours(first), first["verdict"]]
        rows.append([report, *own, *_tally(_numbers({"runs": entries}))])
    head = ["report", "its headline run", "reported, %", "ours, % (seeds)", "verdict"]
    return markdown_table([*head, "reproduced", "differ", "inconclusive", "no verdict yet"], rows)


def lossy_table(entries: Sequence[Mapping[str, Any]]) -> str:
    """What was run on the JPEG copy."""
    rows = [[e["report"], e["run"], percent(e["reported"]), ours(e)] for e in entries]
    return markdown_table(["report", "run", "reported, %", "on the JPEG copy, % (seeds)"], rows)


EXPLANATIONS = "What would explain a number that does not reproduce; none of this enters a verdict:"


def closing_lines(document: Mapping[str, Any]) -> List[str]:
    """Noise, families, readings, claims, chance and sensitivity, each a paragraph."""
    return [
        *document["noise"],
        *(family["words"] for family in document["families"]),
        *(reading["words"] for reading in document["readings"]),
        *(claim["words"] for claim in document["claims"]),
        document["chance"]["words"],
        document["sensitivity"]["words"],
    ]


def _explanations(document: Mapping[str, Any]) -> List[str]:
    lines = [f"- {one['words']}" for one in document["explanations"]]
    return [EXPLANATIONS, "", *lines, ""] if lines else []


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
    parts += _explanations(document)
    if document["lossy"]:
        parts += ["## On the JPEG copy", "", "These enter no verdict.", "", lossy_table(document["lossy"]), ""]
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
    rows = [[e["report"], e["run"], *_judged(e)] for e in run]
    head = ["report", "run", *_JUDGED_HEAD]
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
    parts += _explanations(document)
    if document["lossy"]:
        parts += [
            "On the JPEG copy of CIFAR-10, 2 to 4 points below the official pixels; these enter no verdict:",
            "",
            lossy_table(document["lossy"]),
            "",
        ]
    return "\n".join(parts).strip()

"""A grading as text for a terminal: the ranking, then everything that needs a person's eye."""

from __future__ import annotations

import unicodedata
from typing import Any, Dict, List, Sequence

from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.grading.outputs.diff import diff_lines
from tf1_models.grading.statistics.bootstrap import METRICS

_SHOWN_REASONS = 5
TITLES = {"macro_f1": "macro-F1", "weighted_f1": "weighted-F1", "accuracy": "accuracy"}


def width(text: str) -> int:
    """Columns that a text takes on a terminal: Hangul and Han take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def aligned(rows: Sequence[Sequence[str]], right: str) -> List[str]:
    """Rows as lines of aligned columns.

    Args:
        rows: Texts, as many in every row.
        right: One character a column, 'r' aligns right.
    """
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = []
        for text, wide, side in zip(row, widths, right):
            pad = " " * (wide - width(text))
            cells.append(pad + text if side == "r" else text + pad)
        lines.append("  ".join(cells).rstrip())
    return lines


def score(value: Any) -> str:
    """A fraction with four decimals, '' for none."""
    return "" if value is None else f"{float(value):.4f}"


def render(record: Dict[str, Any]) -> str:
    """The whole text."""
    rows, metric = record["submissions"], record["metric"]
    truth = record["truth"]
    lines = [f"key {truth['name']}: {truth['n']:,} images; {TITLES[metric]} ranks"]
    lines += [f"warning: {text}" for text in truth["warnings"]]
    graded = [row for row in rows if row["status"] == "graded"]
    if graded:
        lines += ["", *_ranking(graded, record)]
    if len(rows) == 1 and graded:
        lines += ["", *_details(graded[0])]
    elif graded:
        lines += ["", _summary(record)]
    invalid = [row for row in rows if row["status"] == "invalid"]
    if invalid:
        lines += ["", f"invalid, not graded ({len(invalid)}):"]
        for row in invalid:
            lines += _reasons(row, everything=len(rows) == 1)
    for part in (_notes(rows), _comparison(record), _likeness(record), _roster(record), _rest(record)):
        lines += ["", *part] if part else []
    return "\n".join(lines) + "\n"


def _ranking(graded: Sequence[Dict[str, Any]], record: Dict[str, Any]) -> List[str]:
    metric = record["metric"]
    others = [name for name in METRICS if name != metric]
    with_student = any(row["student"] for row in graded)
    with_interval = any(row["interval"] for row in graded)
    with_pass = record["policy"]["fail_under"] is not None
    reference = record["reference"]
    head = ["rank", "submission"] + (["student"] if with_student else []) + [TITLES[metric]]
    head += (["95 % interval"] if with_interval else []) + [TITLES[name] for name in others] + ["points"]
    head += (["passed"] if with_pass else []) + ([f"vs {reference['name']}"] if reference else [])
    right = "rl" + ("l" if with_student else "") + "r" + ("l" if with_interval else "") + "rrr"
    right += ("l" if with_pass else "") + ("l" if reference else "")
    table = [head]
    for row in graded:
        # '~': the difference from the rank above is within noise
        mark = "~" if row["within_noise_of_rank_above"] else ""
        cells = [f"{mark}{row['rank']}" if row["rank"] else "-", row["file"]]
        cells += [" ".join(filter(None, (row["student"], row["student_name"])))] if with_student else []
        cells.append(score(row[metric]))
        if with_interval:
            low, high = row["interval"][metric] if row["interval"] else (None, None)
            cells.append(f"{score(low)}-{score(high)}")
        cells += [score(row[name]) for name in others] + ["" if row["points"] is None else f"{row['points']:g}"]
        cells += [{True: "yes", False: "no", None: ""}[row["passed"]]] if with_pass else []
        if reference:
            versus = row["vs_reference"]
            p = "" if versus["p"] is None else f" p={versus['p']:.2g}"
            cells.append(f"{versus['difference']:+.4f} {versus['verdict']}{p}")
        table.append(cells)
    lines = aligned(table, right)
    if any(row["within_noise_of_rank_above"] for row in graded):
        lines.append("~ the difference from the rank above is within noise (paired, 95 %)")
    return lines


def _details(row: Dict[str, Any]) -> List[str]:
    """One submission: per class, and the confusion matrix."""
    table = [["class", "precision", "recall", "F1", "images"]]
    for one in row["per_class"]:
        values = [f"{one[field]:.4f}" for field in ("precision", "recall", "f1")]
        table.append([one["class"], *values, str(one["support"])])
    lines = aligned(table, "lrrrr")
    matrix = [["true \\ predicted", *(name[:5] for name in CIFAR10_CLASSES)]]
    matrix += [[name, *map(str, counts)] for name, counts in zip(CIFAR10_CLASSES, row["confusion_matrix"])]
    return [*lines, "", *aligned(matrix, "l" + "r" * len(CIFAR10_CLASSES))]


def _summary(record: Dict[str, Any]) -> str:
    summary = record["summary"]
    text = f"{summary['graded']} graded, {summary['invalid']} invalid"
    if summary["counted"]:
        text += f"; mean {summary['mean']:.4f}, median {summary['median']:.4f}, best {summary['best']:.4f}"
    if record["policy"]["fail_under"] is not None:
        text += f"; {summary['failed']} below {record['policy']['fail_under']:g}"
    return text


def _reasons(row: Dict[str, Any], everything: bool) -> List[str]:
    problems = row["problems"]
    shown = problems if everything else problems[:_SHOWN_REASONS]
    lines = [f"  {row['file']}", *(f"    {text}" for text in shown)]
    if len(shown) < len(problems):
        lines.append(f"    and {len(problems) - len(shown)} more lines (--json lists them)")
    return lines


def _notes(rows: Sequence[Dict[str, Any]]) -> List[str]:
    noted = [row for row in rows if row["notes"]]
    lines = [f"  {row['file']}: {'; '.join(row['notes'])}" for row in noted[:50]]
    if len(noted) > 50:
        lines.append(f"  and {len(noted) - 50} more files (--json lists them)")
    return ["notes:", *lines] if lines else []


def _comparison(record: Dict[str, Any]) -> List[str]:
    found = record["comparison"]
    if found is None:
        return []
    lines = [f"{found['first']} against {found['second']}, on the same images:"]
    for metric, test in found["tests"].items():
        word = "different" if test["significant"] else "within noise"
        lines.append(f"  {TITLES[metric]} {test['difference']:+.4f}, p = {test['p']:.3g} ({test['test']}): {word}")
    return lines


def _likeness(record: Dict[str, Any]) -> List[str]:
    lines = []
    for group in record["identical"]:
        same = "the same file" if group["same_bytes"] else "the same predictions"
        lines.append(f"identical ({same}): {', '.join(group['files'])}")
    for pair in record["near_identical"]:
        lines.append(
            f"near-identical: {', '.join(pair['files'])}: {pair['shared_wrong']:.1%} of the wrong answers shared, "
            f"{pair['agreement']:.1%} of all (independent: {pair['agreement_if_independent']:.1%})"
        )
    return lines


def _roster(record: Dict[str, Any]) -> List[str]:
    present = record["roster"]
    if present is None:
        return []
    lines = [f"roster of {present['students']}: {len(present['missing'])} missing, {len(present['unknown'])} unknown"]
    lines += [f"  missing: {text}" for text in present["missing"]]
    lines += [f"  unknown: {text}" for text in present["unknown"]]
    lines += [f"  repeated: {text}: {', '.join(names)}" for text, names in present["repeated"].items()]
    return lines


def _rest(record: Dict[str, Any]) -> List[str]:
    lines = []
    if record["reference"] is not None:
        lines += [f"reference: {text}" for text in record["reference"]["notes"]]
    if record["skipped"]:
        shown = ", ".join(record["skipped"][:5]) + (", …" if len(record["skipped"]) > 5 else "")
        lines.append(f"passed over ({len(record['skipped'])} files of other kinds): {shown}")
    if record.get("diff"):
        lines += ["compared with the earlier grading:", *(f"  {line}" for line in diff_lines(record["diff"]))]
    return lines

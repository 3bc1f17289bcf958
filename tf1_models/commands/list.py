"""`list`: every run of every report, from the experiment rows alone; imports no TensorFlow."""

from __future__ import annotations

import argparse
from typing import Any, Dict, List

_COLUMNS = ("report", "run", "metric", "reported", "basis", "epochs", "batch_size", "parameters")

EXAMPLES = (
    "list",
    "list nine_conv",
    "list --variants --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's options."""
    parser.add_argument("reports", nargs="*", metavar="REPORT", help="only these reports")
    parser.add_argument("--variants", action="store_true", help="the variants outside the reports' runs instead")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    from tf1_models import registry

    for report in args.reports:
        registry.experiments_module(report)  # an unknown word ends here
    reports = args.reports or list(registry.REPORTS)
    rows = _variants(reports) if args.variants else _runs(reports)
    if args.json:
        from tf1_models.storage.files import to_json

        print(to_json({"schema": 1, "variants" if args.variants else "runs": rows}))
    elif args.variants:
        for row in rows:
            words = " ".join(f"{key}={value}" for key, value in row["overrides"].items())
            print(f"{row['report']} --run {row['run']} {words}\n    {row['name']}: {row['why']}")
    else:
        _print_table(rows)
    return 0


def _runs(reports: List[str]) -> List[Dict[str, Any]]:
    from tf1_models import registry

    return [
        {
            "report": row.report,
            "run": row.run,
            "metric": row.reported.metric,
            "reported": row.reported.value,
            "printed": row.reported.printed,
            "basis": row.reported.basis,
            "epochs": row.epochs,
            "batch_size": row.batch_size,
            "parameters": row.parameters,
            "note": row.note,
        }
        for report in reports
        for row in registry.runs(report)
    ]


def _variants(reports: List[str]) -> List[Dict[str, Any]]:
    from tf1_models import registry

    return [
        {"report": report, "run": v.run, "name": v.name, "overrides": v.overrides, "why": v.why}
        for report in reports
        for v in registry.experiments_module(report).VARIANTS
    ]


def _print_table(rows: List[Dict[str, Any]]) -> None:
    cells = [list(_COLUMNS)]
    for row in rows:
        shown = {
            **row,
            "reported": "-" if row["reported"] is None else f"{100 * row['reported']:.2f} %",
            "parameters": f"{row['parameters']:,}",
        }
        cells.append([str(shown[column]) for column in _COLUMNS])
    widths = [max(len(line[place]) for line in cells) for place in range(len(_COLUMNS))]
    for line in cells:
        print(
            "  ".join(
                cell.ljust(width) if place < 2 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(line, widths))
            )
        )

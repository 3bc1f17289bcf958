"""Where a start-up's seconds go, the kit's beside PyTorch's:

    python -m tests.bench.bench_startup --python-torch TORCH/bin/python [--write tf1_models/bench/README.md]

Programs start in turn, after one of each that warms the file cache. Writes tests/bench/records/startup_parts.json;
without --python-torch the record is rendered as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from typing import Any, Dict, List

from tests.bench.bench_commits import commit_of
from tests.bench.bench_table import RECORDS
from tests.conftest import ROOT
from tf1_models.bench import interleave, machine, measures, plan, ratios
from tf1_models.bench.worker import Worker
from tf1_models.output.markdown import markdown_table, write_block
from tf1_models.storage.files import write_json

PATH = os.path.join(RECORDS, "startup_parts.json")
BLOCK = "startup"
REPORTS = ("prelu_cnn", "nine_conv")
PARTS = (
    "Python, NumPy, the program",
    "data read and digested",
    "framework imported",
    "net",
    "initial values",
    "first checkpoint",
    "data of one batch",
    "first call",
)


def started(program: str, python: str, settings: Dict[str, Any]) -> Dict[str, float]:
    """Seconds of each part of one start."""
    worker = Worker(program, [python, "-m", "tests.bench.started_parts"], {**settings, "program": program})
    since = time.perf_counter()
    try:
        marks = worker.start(interleave.TIMEOUT_S)["marks"]
    finally:
        worker.close()
    seconds = {}
    for part, at in marks:
        seconds[part], since = at - since, at
    return seconds


def measure(report: str, pythons: Dict[str, str], rounds: int, threads: int) -> Dict[str, Dict[str, List[float]]]:
    """Program -> part -> seconds, a value a round."""
    found: Dict[str, Dict[str, List[float]]] = {program: {} for program in pythons}
    with tempfile.TemporaryDirectory() as scratch:
        wishes = plan.Wishes((report,), ("startup",), (), rounds, 1.0, threads, scratch)
        settings = measures.settings_of(report, "startup", wishes, measures.Images(scratch, None))
        for number in range(rounds + 1):
            for program in list(pythons) if number % 2 == 0 else list(pythons)[::-1]:
                seconds = started(program, pythons[program], settings)
                if number:
                    for part, value in seconds.items():
                        found[program].setdefault(part, []).append(round(value, 4))
    return found


def render(document: Dict[str, Any]) -> str:
    """Medians in seconds, a column a program and report."""
    columns = {
        f"{report}, {'the kit' if program == 'kit' else 'PyTorch'}": parts
        for report, programs in document["reports"].items()
        for program, parts in programs.items()
    }
    rows = [
        [part, *(f"{ratios.median(parts[part]):.2f}" if part in parts else "-" for parts in columns.values())]
        for part in PARTS
    ]
    sums = [ratios.median([sum(row) for row in zip(*parts.values())]) for parts in columns.values()]
    rows.append(["in all", *(f"{value:.2f}" for value in sums)])
    return markdown_table(["seconds", *columns], rows)


def recorded() -> Dict[str, Any]:
    """The record."""
    with open(PATH, encoding="utf-8") as stream:
        document: Dict[str, Any] = json.load(stream)
    return document


def main() -> None:
    """Measures where an interpreter is named; prints the block, and puts it on a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python-torch", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", metavar="README.md", help="rewrite the block of this page")
    args = parser.parse_args()
    if args.python_torch:
        pythons = {"kit": sys.executable, "torch": args.python_torch}
        reports = {report: measure(report, pythons, args.rounds, args.threads) for report in REPORTS}
        about = {"schema": 1, "threads": args.threads, "machine": machine.describe(), "commit": commit_of(ROOT)}
        write_json(PATH, {**about, "reports": reports})
    text = render(recorded())
    print(text)
    if args.write:
        write_block(args.write, BLOCK, text)


if __name__ == "__main__":
    main()

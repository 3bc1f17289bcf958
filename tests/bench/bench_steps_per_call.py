"""The real loop with one and with several steps a Session call, in turn: python -m tests.bench.bench_steps_per_call

A ratio is the speed with one step a call over that with several, as in `bench`. Writes
tests/bench/records/steps_per_call.json after each report.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import Any, Dict

from tests.bench.bench_commits import commit_of
from tests.bench.bench_table import RECORDS
from tests.conftest import ROOT
from tf1_models.bench import interleave, machine, measures, plan
from tf1_models.bench.worker import Worker
from tf1_models.storage.files import write_json


def main() -> None:
    """Measures the reports' steps and writes the record after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="*", default=["prelu_cnn", "bn_cnn", "course_models"])
    parser.add_argument("--steps-per-call", type=int, nargs="+", default=[2, 8, 32])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", default=os.path.join(RECORDS, "steps_per_call.json"))
    args = parser.parse_args()
    about = {"schema": 1, "threads": args.threads, "machine": machine.describe(), "commit": commit_of(ROOT)}
    document: Dict[str, Any] = {**about, "reports": {}}
    with tempfile.TemporaryDirectory() as scratch:
        wishes = plan.Wishes(tuple(args.reports), ("step",), (), args.rounds, args.seconds, args.threads, scratch)
        images = measures.Images(scratch, None)
        for report in args.reports:
            settings = measures.settings_of(report, "step", wishes, images)
            workers = {
                str(n): Worker(str(n), plan.program("kit_loop"), {**settings, "steps_per_call": n})
                for n in (1, *args.steps_per_call)
            }
            found = interleave.measure(workers, args.rounds, args.seconds, print)
            images.clear()
            document["reports"][report] = {"unit": "images/s", **found}
            write_json(args.out, document)
            for key in ("ratios", "cpu_ratios"):
                print(report, key, {n: round(row["median"], 3) for n, row in found[key].items()})
                sys.stdout.flush()


if __name__ == "__main__":
    main()

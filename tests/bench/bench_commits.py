"""This checkout's training loop beside another commit's: python -m tests.bench.bench_commits CHECKOUT [REPORT …]

`other` is CHECKOUT, a worktree of the other commit (`git worktree add CHECKOUT COMMIT`). Both run here, on this
interpreter, in turn, as in `bench`; a ratio above 1: this checkout takes a step in less time. With --loop-alone a step
is computed once and answered from memory from then on: what is left is the loop's own time, which the kernels' scatter
hides otherwise. Writes tests/bench/records/commits.json, or loop_alone.json.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from typing import Any, Dict

from tests.bench.bench_table import RECORDS
from tests.conftest import ROOT
from tf1_models.bench import interleave, machine, measures, plan, ratios
from tf1_models.bench.worker import Worker
from tf1_models.storage.files import write_json

PROGRAM = """
import runpy, sys
sys.path.insert(0, {0!r})
if {1!r}:
    from tf1_models.session.tensorflow_setup import import_tensorflow
    session, values = import_tensorflow().Session, {{}}
    plain = session.run
    def run(self, fetches, *rest, **named):
        if not (isinstance(fetches, dict) and "train" in fetches):
            return plain(self, fetches, *rest, **named)
        if not values:
            values.update(plain(self, fetches, *rest, **named))
        return dict(values)
    session.run = run
runpy.run_module("tf1_models.bench.peers.kit_loop", run_name="__main__")
"""


def commit_of(folder: str) -> str:
    """With "+" where the checkout has changes."""
    words = ["git", "-C", folder, "describe", "--always", "--abbrev=12", "--dirty=+", "--match="]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Measures the reports' steps and writes the record after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout")
    parser.add_argument("reports", nargs="*", default=["prelu_cnn", "bn_cnn", "nine_conv"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--loop-alone", action="store_true", help="without the step's kernels")
    args = parser.parse_args()
    path = os.path.join(RECORDS, "loop_alone.json" if args.loop_alone else "commits.json")
    folders = {"kit": ROOT, "other": os.path.abspath(args.checkout)}
    document: Dict[str, Any] = {
        "schema": 1,
        "threads": args.threads,
        "machine": machine.describe(),
        "commits": {name: commit_of(folder) for name, folder in folders.items()},
        "reports": {},
    }
    with tempfile.TemporaryDirectory() as scratch:
        wishes = plan.Wishes(tuple(args.reports), ("step",), (), args.rounds, args.seconds, args.threads, scratch)
        images = measures.Images(scratch, None)
        for report in args.reports:
            settings = measures.settings_of(report, "step", wishes, images)
            if args.loop_alone:
                settings["steps_per_call"] = 1
            workers = {
                name: Worker(name, [sys.executable, "-c", PROGRAM.format(folder, args.loop_alone)], settings)
                for name, folder in folders.items()
            }
            found = interleave.measure(workers, args.rounds, args.seconds, print)
            images.clear()
            document["reports"][report] = {"unit": "images/s", **found}
            write_json(path, document)
            us = {name: round(1e6 * ratios.median(row["unit_s"]), 1) for name, row in found["peers"].items()}
            print(report, "microseconds a step", us)
            print(report, {key: found[key]["other"]["median"] for key in ("ratios", "cpu_ratios")}, flush=True)


if __name__ == "__main__":
    main()

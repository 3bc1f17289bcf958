"""Evaluation before and after, beside PyTorch: python -m tests.bench.bench_evaluation [--python-torch TORCH/bin/python]

`kit` is `evaluate` and `predict` as they are; `before` the graph that may train, as both ran it until 2026-11-27. Only
nets with PReLU differ (`frozen_graph.pays`). Programs run in turn, as in `bench`; writes
tests/bench/records/evaluation.json. On a machine that is not quiet only the ratios count, `cpu_ratios` (by processor
time) and `ratios` (by the clock).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from typing import Any, Dict

from tests.bench.bench_table import RECORDS
from tf1_models.bench import interleave, machine, measures, plan
from tf1_models.bench.worker import Worker
from tf1_models.storage.files import write_json


def measure(report: str, wishes: plan.Wishes, images: measures.Images) -> Dict[str, Any]:
    """A report's section, as `bench`'s."""
    settings = measures.settings_of(report, "evaluate", wishes, images)
    before = {**settings, "graph_of_variables": True}
    workers = {
        "kit": plan.worker("kit", settings, wishes),
        "before": Worker("before", plan.program("kit_graph"), before),
        "bare_xla": plan.worker("bare_xla", settings, wishes),
    }
    if "torch" in wishes.pythons:
        workers["torch_compile"] = plan.worker("torch_compile", settings, wishes)
    found = interleave.measure(workers, wishes.rounds, wishes.burst_s, print)
    images.clear()
    return {"unit": "images/s", **found}


def main() -> None:
    """Measures the reports and writes the record after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="*", default=["prelu_cnn"])
    parser.add_argument("--python-torch", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    document: Dict[str, Any] = {"schema": 1, "threads": args.threads, "machine": machine.describe(), "reports": {}}
    with tempfile.TemporaryDirectory() as scratch:
        pythons = {"torch": args.python_torch} if args.python_torch else {}
        wishes = plan.Wishes(
            tuple(args.reports), ("evaluate",), (), args.rounds, args.seconds, args.threads, scratch, pythons=pythons
        )
        images = measures.Images(scratch, None)
        for report in args.reports:
            document["reports"][report] = measure(report, wishes, images)
            write_json(os.path.join(RECORDS, "evaluation.json"), document)
            for key in ("ratios", "cpu_ratios"):
                medians = {name: round(row["median"], 2) for name, row in document["reports"][report][key].items()}
                print(report, key, medians, flush=True)


if __name__ == "__main__":
    main()

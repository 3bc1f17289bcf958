"""What was tried for small batches and for evaluation, beside what the kit does: python -m tests.bench.bench_tries

Writes tests/bench/records/tries.json. `as it is` comes first; a ratio is its speed over the try's, so below 1 the try
is faster. Programs run in turn, as in `bench`; on a machine that is not quiet `cpu_ratios` (by processor time) count.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import Any, Dict, Tuple

from tests.bench.bench_table import RECORDS
from tests.bench.tried_step import STEPS_A_CALL
from tf1_models.bench import interleave, machine, measures, plan
from tf1_models.bench.worker import Worker
from tf1_models.storage.files import write_json

# read by TensorFlow 2.x alone: oneDNN's part of an op runs in the op's own thread too, instead of in the pool's only
_CALLING_THREAD = {"TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD": "1"}
STEPS: Dict[str, Tuple[Dict[str, Any], Dict[str, str]]] = {
    "as it is": ({"way": "run"}, {}),
    "batches gathered a step ahead in a second thread": ({"way": "ahead"}, {}),
    "make_callable": ({"way": "callable"}, {}),
    f"{STEPS_A_CALL} steps a call": ({"way": "several"}, {}),
    "one op at a time": ({"way": "run", "inter": 1}, {}),
    "oneDNN in the calling thread": ({"way": "run"}, _CALLING_THREAD),
}
EVALUATIONS: Dict[str, Tuple[Dict[str, Any], Dict[str, str]]] = {
    "as it is": ({}, {}),
    "XLA": ({"xla": True}, {"TF_XLA_FLAGS": "--tf_xla_cpu_global_jit"}),
    "batches of 100": ({"candidate_eval_batch": 100}, {}),
    "batches of 500": ({"candidate_eval_batch": 500}, {}),
    "oneDNN in the calling thread": ({}, _CALLING_THREAD),
    "oneDNN told that weights stay": ({}, {"TF_ONEDNN_ASSUME_FROZEN_WEIGHTS": "1"}),
}


def measure(report: str, what: str, wishes: plan.Wishes, images: measures.Images) -> Dict[str, Any]:
    """One report's `step` or `evaluate`."""
    settings = measures.settings_of(report, what, wishes, images)
    command = [sys.executable, "-m", "tests.bench.tried_step"] if what == "step" else plan.program("kit_graph")
    tries = STEPS if what == "step" else EVALUATIONS
    workers = {name: Worker(name, command, {**settings, **own}, variables) for name, (own, variables) in tries.items()}
    found = interleave.measure(workers, wishes.rounds, wishes.burst_s, print)
    images.clear()
    return {"unit": "images/s", **found}


def main() -> None:
    """Measures and writes the record after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="*", default=["prelu_cnn", "bn_cnn"])
    parser.add_argument("--only", choices=("step", "evaluate"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", default=os.path.join(RECORDS, "tries.json"))
    args = parser.parse_args()
    document: Dict[str, Any] = {"schema": 1, "threads": args.threads, "machine": machine.describe(), "reports": {}}
    with tempfile.TemporaryDirectory() as scratch:
        wishes = plan.Wishes(
            tuple(args.reports), ("step", "evaluate"), (), args.rounds, args.seconds, args.threads, scratch
        )
        images = measures.Images(scratch, None)
        for report in args.reports:
            for what in (args.only,) if args.only else ("step", "evaluate"):
                found = measure(report, what, wishes, images)
                document["reports"].setdefault(report, {})[what] = found
                write_json(args.out, document)
                for key in ("ratios", "cpu_ratios"):
                    print(report, what, key, {name: round(row["median"], 3) for name, row in found[key].items()})
                    sys.stdout.flush()


if __name__ == "__main__":
    main()

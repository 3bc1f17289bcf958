"""The real loop with one and with several steps a Session call, in turn: python -m tests.bench.bench_steps_per_call

Trains copies of one run, in child processes that take turns, and compares the images per second that metrics.jsonl
notes for each epoch after the first. `--out` writes what was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from typing import Any, Dict, List


def samples_per_s(report: str, steps_per_call: int, args: argparse.Namespace) -> float:
    """Median over a run's epochs but the first."""
    with tempfile.TemporaryDirectory() as out:
        command = [
            sys.executable,
            "-m",
            "tf1_models",
            "train",
            report,
            "--data",
            args.data,
            "--out",
            out,
            "--epochs",
            str(args.epochs),
            "--threads",
            str(args.threads),
            "--steps-per-call",
            str(steps_per_call),
            "--quiet",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        paths = [os.path.join(folder, name) for folder, _, names in os.walk(out) for name in names]
        (path,) = [path for path in paths if path.endswith("metrics.jsonl")]
        with open(path) as stream:
            speeds = [json.loads(line)["samples_per_s"] for line in stream]
    return statistics.median(speeds[1:])


def main() -> None:
    """Prints a row for each report, and writes all as JSON."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("reports", nargs="*", default=["prelu_cnn", "bn_cnn"])
    parser.add_argument("--data", default="digits")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps-per-call", type=int, default=20)
    parser.add_argument("--out", help="write the record here")
    args = parser.parse_args()
    record: Dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "threads": args.threads,
        "steps_per_call": args.steps_per_call,
        "data": args.data,
        "reports": {},
    }
    for report in args.reports:
        speeds: Dict[int, List[float]] = {1: [], args.steps_per_call: []}
        for _ in range(args.rounds):
            for steps_per_call, found in speeds.items():
                found.append(samples_per_s(report, steps_per_call, args))
        ratios = [many / one for one, many in zip(*speeds.values())]
        record["reports"][report] = {"one": speeds[1], "several": speeds[args.steps_per_call], "ratios": ratios}
        print(
            f"{report}: {statistics.median(speeds[1]):.0f} images/s with one step a call, "
            f"{statistics.median(speeds[args.steps_per_call]):.0f} with {args.steps_per_call}; ratio "
            f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})",
            flush=True,
        )
    if args.out:
        with open(args.out, "w") as stream:
            json.dump(record, stream, indent=1)
            stream.write("\n")


if __name__ == "__main__":
    main()

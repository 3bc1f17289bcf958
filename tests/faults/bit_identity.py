"""Two runs, the same bytes: python -m tests.faults.bit_identity [--repeats N] [--threads 1 2] [--json FILE]

Short runs of all five graphs at full width on made-up images, each repeated in processes of their own with the same
seed, data, version and machine. Compared are the SHA-256 of every variable (as `train` prints it), of the predictions
and of metrics.jsonl without its times. Prints a row per graph and thread count, and whether one and two threads agree:
there identity is not promised, and the README says so.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import time
from typing import Any, Dict, List, Optional, Tuple

from tests.conftest import make_dataset
from tests.faults import fault_record, short_runs
from tests.faults.fault_record import Place
from tf1_models.storage.files import sha256_file, to_json
from tf1_models.storage.sealed import read_sealed

Hashes = Tuple[str, str, str]
FULL_WIDTH = {"course_models": {"dense_units": "1024"}}  # the kill tests' run is narrower


def one_run(report: str, threads: int, data: Any, settings: Optional[Dict[str, str]] = None) -> Hashes:
    """Trains in a forked child; returns the hashes of variables, predictions and metrics."""
    out, settings = tempfile.mkdtemp(), {**FULL_WIDTH.get(report, {}), **(settings or {})}
    try:
        if short_runs.wait(short_runs.start(lambda: short_runs.run(report, out, data, settings, threads))) != 0:
            raise SystemExit(f"a run of {report} failed")
        folder = short_runs.run_folder(out)
        metrics = to_json(short_runs.metrics_lines(folder)).encode("utf-8")
        return (
            read_sealed(os.path.join(folder, "result.json"))["variables_sha256"],
            sha256_file(os.path.join(folder, "result.npy")),
            hashlib.sha256(metrics).hexdigest(),
        )
    finally:
        shutil.rmtree(out)


def main(words: Optional[List[str]] = None) -> int:
    """Runs the repetitions and prints one record; exit 1 when two runs differ that should not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="runs of each graph and thread count (default 5)")
    parser.add_argument("--reports", nargs="+", default=list(short_runs.RUNS), choices=list(short_runs.RUNS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--json", metavar="FILE", help="also write the record there")
    args = parser.parse_args(words)
    tf, data, began = short_runs.import_all(), make_dataset(), time.monotonic()
    places = {n: Place(f"same bytes at {n} {'threads' if n > 1 else 'thread'}") for n in args.threads}
    cells: Dict[str, Dict[str, Any]] = {}
    for report in args.reports:
        first: Dict[int, Hashes] = {}
        for n in args.threads:
            first[n] = one_run(report, n, data)
            same = [one_run(report, n, data) == first[n] for _ in range(args.repeats - 1)]
            places[n].add("survived", sum(same))
            places[n].add("lost", len(same) - sum(same))
            print(
                f"{report:14} {n} threads: {sum(same)} of {len(same)} repetitions have the first run's bytes, "
                f"variables {first[n][0][:16]}",
                file=sys.stderr,
                flush=True,
            )
        other = one_run(report, args.threads[0], data, {"seed": "1"})
        one_hash = len({hashes[0] for hashes in first.values()}) == 1
        cells[report] = {
            "variables_sha256": {str(n): hashes[0] for n, hashes in first.items()},
            "thread_counts_agree": one_hash if len(first) > 1 else None,
            "another_seed_differs": other[0] != first[args.threads[0]][0],
        }
        if len(first) > 1:
            print(f"{report:14} thread counts {'agree' if one_hash else 'differ'}", file=sys.stderr, flush=True)
    command = f"python -m tests.faults.bit_identity --repeats {args.repeats}"
    details = {"repeats": args.repeats, "graphs": cells}
    record = fault_record.document(command, tf.__version__, list(places.values()), time.monotonic() - began, details)
    code = fault_record.finish(record, args.json)
    return code if all(cell["another_seed_differs"] for cell in cells.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Kills a sweep again and again: does it end with the same bytes as one left alone, on one machine and on a cluster?

    python -m tests.faults.sweep_kill local      eight small digits runs, killed with SIGKILL five times
    python -m tests.faults.sweep_kill cluster    the same on two dask workers, one of them killed midway

Prints wall times and how many runs were started more than once, and with `--out FILE.json` writes a record (see
`fault_record`); exit code 1 when any result.json differs by a byte.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from typing import Dict, List

from tests.conftest import ROOT
from tests.faults import fault_record

# 30 steps an epoch: two epochs and a piece, so that kills fall before, between and inside epochs
SWEEP = [
    "reproduce",
    "bn_cnn",
    "--runs",
    "final",
    "--data",
    "digits",
    "--max-steps",
    "70",
    "--seeds",
    "8",
    "batch_size=50",
    "--threads",
    "1",
]
ENVIRONMENT = {**os.environ, "PYTHONPATH": ROOT}


def start(words: List[str]) -> "subprocess.Popen[bytes]":
    """A process in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", *words], env=ENVIRONMENT, start_new_session=True, stdout=subprocess.DEVNULL
    )


def descendants(process: int) -> List[int]:
    """Every living process below one, from /proc."""
    parents: Dict[int, int] = {}
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat") as stream:
                parents[int(name)] = int(stream.read().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    found, fresh = [], {process}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh}
        found += sorted(fresh)
    return found


def kill(process: "subprocess.Popen[bytes]", with_children: bool) -> None:
    """SIGKILL to a process started here, and to its own children at the same moment or not at all."""
    targets = [process.pid] + (descendants(process.pid) if with_children else [])
    for target in targets:
        try:
            os.kill(target, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()


def results(out: str) -> Dict[str, str]:
    """Run folder's name -> SHA-256 of its result.json."""
    found = {}
    for folder, _, names in os.walk(out):
        if "result.json" in names:
            with open(os.path.join(folder, "result.json"), "rb") as stream:
                found[os.path.basename(folder)] = hashlib.sha256(stream.read()).hexdigest()
    return found


def starts(out: str) -> List[int]:
    """How often each run was started, from its run.json."""
    from tf1_models.storage.sealed import read_sealed

    return [
        len(read_sealed(os.path.join(folder, "run.json"))["starts"])
        for folder, _, names in sorted(os.walk(out))
        if "run.json" in names
    ]


def undisturbed(out: str) -> float:
    """One sweep left alone; returns its wall time."""
    began = time.monotonic()
    assert start(["tf1_models", *SWEEP, "--out", out, "--jobs", "2"]).wait() == 0
    return time.monotonic() - began


def killed_locally(out: str, kills: int, seed: int, base_s: float) -> float:
    """The sweep killed at random moments (every second time without its children), then finished."""
    moments = random.Random(seed)
    began = time.monotonic()
    for number in range(kills):
        sweep = start(["tf1_models", *SWEEP, "--out", out, "--jobs", "2"])
        delay = moments.uniform(0.15, 1.0) * base_s / 3
        time.sleep(delay)
        alive = sweep.poll() is None
        whole = number % 2 == 0
        kill(sweep, with_children=whole)
        what = "whole tree" if whole else "the sweep alone"
        when = "while running" if alive else "already done"
        print(f"kill {number + 1}: after {delay:.1f} s, {what}, {when}, {len(results(out))} of 8 finished", flush=True)
    assert start(["tf1_models", *SWEEP, "--out", out, "--jobs", "2"]).wait() == 0
    return time.monotonic() - began


def trains(worker: int, out: str) -> bool:
    """Whether a child of this worker has trained an epoch of a run that is not finished."""
    for child in descendants(worker):
        try:
            with open(f"/proc/{child}/cmdline", "rb") as stream:
                words = stream.read().decode().split("\0")
            seed = words[words.index("--seed") + 1]
        except (OSError, ValueError, IndexError):
            continue
        for folder, _, names in os.walk(out):
            if folder.endswith(f"-seed{seed}") and "metrics.jsonl" in names and "result.json" not in names:
                return True
    return False


def killed_on_cluster(out: str) -> float:
    """Scheduler and two workers of one slot; the first worker dies with its child in the middle of a run."""
    scheduler_file = os.path.join(out + "-scheduler.json")
    dask = "distributed.cli"
    cluster = [start([f"{dask}.dask_scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", scheduler_file])]
    try:
        while not os.path.exists(scheduler_file):
            time.sleep(0.2)
        import json

        time.sleep(1.0)
        with open(scheduler_file) as stream:
            address = json.load(stream)["address"]
        for name in ("one", "two"):
            cluster.append(
                start(
                    [
                        f"{dask}.dask_worker",
                        address,
                        "--nthreads",
                        "1",
                        "--name",
                        name,
                        "--no-nanny",
                        "--no-dashboard",
                        "--resources",
                        "RUN=1",
                    ]
                )
            )
        time.sleep(5.0)
        began = time.monotonic()
        sweep = start(["tf1_models", *SWEEP, "--out", out, "--scheduler", address, "--resources", "RUN=1"])
        while (len(results(out)) < 3 or not trains(cluster[1].pid, out)) and sweep.poll() is None:
            time.sleep(0.05)
        kill(cluster.pop(1), with_children=True)
        at_s = time.monotonic() - began
        print(f"worker one killed after {at_s:.1f} s, {len(results(out))} of 8 finished", flush=True)
        assert sweep.wait() == 0
        return time.monotonic() - began
    finally:
        for process in cluster:
            kill(process, with_children=True)


def main() -> int:
    """Runs one of the two experiments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["local", "cluster"])
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", metavar="FILE.json")
    args = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        alone, disturbed = os.path.join(work, "alone"), os.path.join(work, "disturbed")
        base_s = undisturbed(alone)
        print(f"left alone, two at a time: {base_s:.1f} s, starts {starts(alone)}", flush=True)
        if args.what == "local":
            wall_s = killed_locally(disturbed, args.kills, args.seed, base_s)
        else:
            wall_s = killed_on_cluster(disturbed)
        one, other = results(alone), results(disturbed)
        same = len(one) == 8 and one == other
        again = starts(disturbed)
        repeated = f"{sum(n > 1 for n in again)} of 8 runs were started again ({sum(again) - 8} more starts)"
        verdict = "byte for byte the same" if same else "DIFFERENT"
        print(f"disturbed: {wall_s:.1f} s, starts {again}: {repeated}; result.json {verdict}")
    injected = args.kills if args.what == "local" else 1
    place = fault_record.Place(
        f"{args.kills} times at random moments, two runs at a time"
        if args.what == "local"
        else "one of two dask workers, in the middle of a run"
    )
    place.add("survived" if same else "lost", injected)
    details = {"alone_s": round(base_s, 1), "disturbed_s": round(wall_s, 1), "runs": 8, "more_starts": sum(again) - 8}
    command = f"python -m tests.faults.sweep_kill {args.what}"
    if args.what == "local":
        command += f" --kills {args.kills} --seed {args.seed}"
    from tf1_models.session.tensorflow_setup import import_tensorflow

    record = fault_record.document(command, import_tensorflow().__version__, [place], time.monotonic() - began, details)
    return fault_record.finish(record, args.out)


if __name__ == "__main__":
    sys.exit(main())

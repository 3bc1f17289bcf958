"""Measures the speeds that `reproduce` estimates unmeasured runs by, and writes tf1_models/reproduce/runs/speeds.json.

    python -m tests.bench.measure_speeds [--seconds S] [--only REPORT]

One row of each kind of work (`cost.speed_key`), one thread, digits (the images' size is CIFAR-10's); training steps
alone are timed, after the first. A kind that is in the file already is measured again only with --fresh.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any, Dict, List, Optional, Sequence

from tests.conftest import ROOT
from tf1_models import registry, spec
from tf1_models.output.watching import StepSeen, Watcher
from tf1_models.reproduce.runs import cost, machine_speed
from tf1_models.spec import Experiment
from tf1_models.storage.files import write_json


class _Done(Exception):
    """Enough was timed."""


class _Timer(Watcher):
    """Times steps after the first, epochs' ends left out."""

    def __init__(self, seconds: float) -> None:
        self._wanted, self._since = seconds, 0.0
        self.seconds, self.images, self._steps = 0.0, 0, 0

    def start_epoch(self, epoch: int, n_epochs: int, step_in_epoch: int, n_steps: int) -> None:
        self._since = time.perf_counter()

    def step(self, seen: StepSeen) -> None:
        now = time.perf_counter()
        if self._steps:
            self.seconds += now - self._since
            self.images += seen.n_images
        self._since = now
        self._steps += 1
        if self.seconds >= self._wanted and self._steps > 2:
            raise _Done


def _measure(report: str, run: str, seconds: float) -> float:
    """Training images a second, in this process."""
    from tf1_models.datasets.load import load
    from tf1_models.output.progress import Log
    from tf1_models.training import loop

    row = registry.experiment(report, run, {"epochs": "100000", "patience_epochs": "none"})
    timer = _Timer(seconds)
    data = load("digits")
    with tempfile.TemporaryDirectory() as out:
        options = loop.Options(out=out, threads=1, checkpoint_minutes=1e6, watchers=[timer])
        folder, record = loop.prepare(row, data, options)
        try:
            loop.train(row, data, folder, record, options, Log(quiet=True))
        except _Done:
            pass
        finally:
            folder.close()
    return timer.images / timer.seconds


def kinds() -> Dict[str, Experiment]:
    """Speed key -> the first row of that kind."""
    found: Dict[str, Experiment] = {}
    for report in registry.REPORTS:
        for row in registry.runs(report):
            found.setdefault(cost.speed_key(spec.identity(row)), row)
    return found


def main(words: Optional[Sequence[str]] = None) -> int:
    """Measures what is asked for; the file is written after each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="of training steps a kind (default 5)")
    parser.add_argument("--only", metavar="REPORT")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    if args.child:
        print(_measure(args.child[0], args.child[1], args.seconds))
        return 0
    document: Dict[str, Any] = {"schema": 1, "gflops": 0.0, "speeds": {}}
    if os.path.isfile(machine_speed.PATH) and not args.fresh:
        with open(machine_speed.PATH, encoding="utf-8") as stream:
            document = json.load(stream)
    rates: List[float] = []
    for key, row in kinds().items():
        if key in document["speeds"] or (args.only and row.report != args.only):
            continue
        rates.append(machine_speed.gflops())
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.bench.measure_speeds",
                "--seconds",
                str(args.seconds),
                "--child",
                row.report,
                row.run,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        # each beside the machine's own rate at that moment: on a shared machine both move together
        document["gflops"] = document["gflops"] or round(rates[0], 2)
        document["speeds"][key] = round(float(done.stdout) * document["gflops"] / rates[-1], 1)
        write_json(machine_speed.PATH, document)
        print(f"{row.report}/{row.run}: {float(done.stdout):.1f} images/s at {rates[-1]:.1f} GFLOP/s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

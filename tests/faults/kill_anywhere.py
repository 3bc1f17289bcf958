"""SIGKILL at any moment of a run, restart, compare: python -m tests.faults.kill_anywhere [--kills N] [--json FILE]

Short runs of all five graphs; among what must survive are batch norm's statistics, a schedule and the stopping state.
`--kills` random moments, three in five inside the writing of a checkpoint or of the result; then every rename, fsync
and unlink of the reports in `--every-point`, and every rename that TensorFlow's Saver makes in `--every-save`. Each
killed run is started again (`--again` of them are killed once more during that), and the hash of the final variables,
metrics.jsonl (times aside) and result.json must equal those of a run left alone; nothing temporary may be left.
With `--json` the same command again continues where an earlier one was stopped (FILE.part holds what it had counted).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, Optional

from tests.conftest import make_dataset
from tests.faults import fault_record, kill_points, short_runs
from tests.faults.fault_record import Place
from tf1_models.storage.files import write_json

IN_WRITING = 0.6  # share of the random moments that fall inside a writing
NAMES = {
    "anywhere": "at a random moment",
    "writing": "inside a checkpoint's or the result's writing",
    "point": "before each rename, fsync and unlink",
    "saver": "between the renames by TensorFlow's Saver",
    "again": "again, while restarting",
}


class Harness:
    """Undisturbed outcomes of the chosen reports, and the counting of what kills do to them."""

    def __init__(
        self, folder: str, reports: List[str], seed: int, part: Optional[str] = None, threads: int = 1
    ) -> None:
        self.folder, self.reports, self.seed, self.part, self.threads = folder, reports, seed, part, threads
        self.data, self.rng = make_dataset(32, 10), random.Random()
        beside = f", {threads} threads" if threads > 1 else ""
        self.places = {key: Place(name + beside) for key, name in NAMES.items()}
        self.by_report = {report: 0 for report in reports}
        self.failures: List[Dict[str, Any]] = []
        self.finished_before = self.left_behind = self.cases = self.skip = 0
        self.seconds_before, self.began = 0.0, time.monotonic()
        self.measured: Dict[str, Dict[str, Any]] = {}
        self.expected: Dict[str, Dict[str, Any]] = {}
        for report in reports:
            out = os.path.join(folder, report)
            os.mkdir(out)
            self.measured[report] = kill_points.measure(self.work(report, out), folder)
            self.expected[report] = short_runs.outcome(out)
            shutil.rmtree(out)

    def state(self) -> Dict[str, Any]:
        """Everything counted so far, JSON-ready."""
        return {
            "cases": self.cases,
            "places": {key: dataclasses.asdict(place) for key, place in self.places.items()},
            "by_report": self.by_report,
            "failures": self.failures,
            "finished_before": self.finished_before,
            "left_behind": self.left_behind,
            "seconds": self.seconds(),
        }

    def resume(self, state: Dict[str, Any]) -> None:
        """Takes up a state; the cases counted there are not run again."""
        self.skip, self.seconds_before = state["cases"], state["seconds"]
        self.places = {key: Place(**place) for key, place in state["places"].items()}
        self.by_report, self.failures = state["by_report"], state["failures"]
        self.finished_before, self.left_behind = state["finished_before"], state["left_behind"]

    def seconds(self) -> float:
        """Wall time, that of earlier parts included."""
        return self.seconds_before + time.monotonic() - self.began

    def random_done(self) -> int:
        """Random moments that fell into a run."""
        return self.places["anywhere"].injected + self.places["writing"].injected

    def work(self, report: str, out: str) -> Callable[[], Any]:
        """A run to start, or to continue, in a folder."""
        return lambda: short_runs.run(report, out, self.data, threads=self.threads)

    def kill_randomly(self, kind: str, report: str, work: Callable[[], Any]) -> int:
        """One kill of kind "anywhere" or "writing"; returns the exit code."""
        known = self.measured[report]
        if kind == "anywhere":
            return kill_points.anywhere(work, known["seconds"], self.rng)
        return kill_points.writing(work, known["windows"], self.rng)

    def case(self, kind: str, report: str, killed: Callable[[Callable[[], Any]], int], again: bool = False) -> bool:
        """One killed run, perhaps killed once more, then finished and compared; False when no kill fell into it."""
        self.cases += 1
        if self.cases <= self.skip:
            return False
        out = os.path.join(self.folder, f"case{self.cases}")
        work = self.work(report, out)
        faults = [kind] if killed(work) == -signal.SIGKILL else []
        if faults and again:
            second = "writing" if self.rng.random() < IN_WRITING else "anywhere"
            if self.kill_randomly(second, report, work) == -signal.SIGKILL:
                faults.append("again")
        if faults:
            code = short_runs.wait(short_runs.start(work))
            same = code == 0 and short_runs.outcome(out) == self.expected[report]
            temporary = short_runs.leftovers(out) if code == 0 else []
            for fault in faults:
                self.places[fault].add("survived" if same else "lost")
            self.by_report[report] += len(faults)
            self.left_behind += len(temporary)
            if not same or temporary:
                self.failures.append({"report": report, "kinds": faults, "exit": code, "left": temporary})
        else:
            self.finished_before += 1
        shutil.rmtree(out, ignore_errors=True)
        if self.part:
            write_json(self.part, self.state())
        return bool(faults)

    def random_kills(self, kills: int, again: int) -> None:
        """`kills` random moments over all reports in turn; the first `again` to fall are killed twice."""
        turns = [report for report in short_runs.TURNS if report in self.reports]
        last = self.cases + 4 * kills + 20
        while self.random_done() < kills and self.cases < last:
            self.rng.seed(f"{self.seed} {self.cases}")
            report = turns[self.cases % len(turns)]
            kind = "writing" if self.rng.random() < IN_WRITING else "anywhere"

            def killed(work: Callable[[], Any], kind: str = kind, report: str = report) -> int:
                return self.kill_randomly(kind, report, work)

            fell = self.case(kind, report, killed, again=self.places["again"].injected < again)
            if fell and self.random_done() % 10 == 0:
                self.tell(f"{self.random_done()} of {kills} random kills")

    def every_point(self, report: str) -> None:
        """One kill before each rename, fsync and unlink of a report's run."""
        total = self.measured[report]["points"]
        for number in range(1, total + 1):

            def killed(work: Callable[[], Any], number: int = number) -> int:
                return kill_points.point(work, number)

            self.case("point", report, killed)
            if number % 10 == 0 or number == total:
                self.tell(f"{report}: {number} of {total} points")

    def every_save(self, report: str) -> None:
        """Kills at both renames of each checkpoint that a report's run saves, and after them."""
        saves = [window.what for window in self.measured[report]["windows"]].count("checkpoint")
        for number in range(1, saves + 1):
            for undone in (2, 1, 0):

                def killed(work: Callable[[], Any], number: int = number, undone: int = undone) -> int:
                    return kill_points.saver(work, number, undone)

                self.case("saver", report, killed)
        self.tell(f"{report}: the renames of {saves} saves")

    def tell(self, text: str) -> None:
        """A line of progress."""
        lost = sum(place.lost for place in self.places.values())
        print(f"{text}, {lost} lost", file=sys.stderr, flush=True)


def main(words: Optional[List[str]] = None) -> int:
    """Runs the kills and prints one record; exit 1 when anything was lost, left behind or could not be killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="random moments in all (default 200)")
    parser.add_argument("--again", type=int, default=50, help="how many of them are killed again while restarting")
    parser.add_argument("--reports", nargs="+", default=list(short_runs.RUNS), choices=list(short_runs.RUNS))
    parser.add_argument(
        "--every-point",
        nargs="*",
        default=["bn_cnn"],
        choices=list(short_runs.RUNS),
        metavar="REPORT",
        help="reports whose every rename, fsync and unlink is a kill (default: bn_cnn)",
    )
    parser.add_argument(
        "--every-save",
        nargs="*",
        default=["bn_cnn", "nine_conv"],
        choices=list(short_runs.RUNS),
        metavar="REPORT",
        help="reports killed between the Saver's renames (default: these two)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="TensorFlow's threads in each run (default 1)")
    parser.add_argument("--json", metavar="FILE", help="also write the record there")
    args = parser.parse_args(words)
    tf = short_runs.import_all()
    part = f"{args.json}.part" if args.json else None
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(folder, args.reports, args.seed, part, args.threads)
        harness.tell(f"{len(args.reports)} undisturbed runs")
        if part and os.path.exists(part):
            with open(part, encoding="utf-8") as stream:
                harness.resume(json.load(stream))
            harness.tell(f"continuing after {harness.skip} cases")
        for report in args.reports:
            if report in args.every_save:
                harness.every_save(report)
            if report in args.every_point:
                harness.every_point(report)
        harness.random_kills(args.kills, args.again)
    details = {
        "seed": args.seed,
        "threads": args.threads,
        "kills_by_report": harness.by_report,
        "points_by_report": {report: known["points"] for report, known in harness.measured.items()},
        "finished_before_the_kill": harness.finished_before,
        "left_behind": harness.left_behind,
        "failures": harness.failures,
    }
    places = list(harness.places.values())
    command = f"python -m tests.faults.kill_anywhere --kills {args.kills} --again {args.again} --seed {args.seed}"
    if args.threads > 1:
        command += f" --threads {args.threads}"
    for option in ("every_point", "every_save"):
        if getattr(args, option) != parser.get_default(option):
            command += " ".join([f" --{option.replace('_', '-')}", *getattr(args, option)])
    record = fault_record.document(command, tf.__version__, places, harness.seconds(), details)
    code = fault_record.finish(record, args.json)
    if part and os.path.exists(part):
        os.unlink(part)
    return 1 if harness.left_behind or harness.random_done() < args.kills else code


if __name__ == "__main__":
    sys.exit(main())

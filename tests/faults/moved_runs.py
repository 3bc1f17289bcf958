"""Run folders moved and copied while unfinished: python -m tests.faults.moved_runs [--each N] [--json FILE]

A short run is killed at a random rename, fsync or unlink; its folder then goes elsewhere, its `checkpoint` state file
naming the old place by absolute paths, as plain TensorFlow writes it and follows it. What is left in the old place is
the original, damaged, nothing, or another run. The same command on the new place must continue there, end as the
undisturbed run does, and neither read nor change the old place.
"""

from __future__ import annotations

import argparse
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
from tf1_models.checkpoints import saving
from tf1_models.output.progress import Log
from tf1_models.storage.files import sha256_file

REPORTS = ("bn_cnn", "prelu_cnn")
SMALL = {"bn_cnn": {"channels": "3,4,5"}}


def content(root: str) -> Dict[str, str]:
    """Every file below a folder, by its SHA-256."""
    return {
        os.path.join(path, name): sha256_file(os.path.join(path, name))
        for path, _, names in os.walk(root)
        for name in names
    }


def copied(old: str, new: str, other: str) -> None:
    """The original stays as it is."""
    shutil.copytree(old, new)


def damaged(old: str, new: str, other: str) -> None:
    """In the original every checkpoint file is overwritten: whoever reads there fails or gets other weights."""
    shutil.copytree(old, new)
    folder = short_runs.run_folder(old)
    for name in os.listdir(folder):
        if name.startswith("ckpt-"):
            path = os.path.join(folder, name)
            size = os.path.getsize(path)
            with open(path, "wb") as stream:
                stream.write(b"\xff" * size)


def moved(old: str, new: str, other: str) -> None:
    """Nothing is left."""
    os.rename(old, new)


def replaced(old: str, new: str, other: str) -> None:
    """Another run, of another seed, takes the old place: its checkpoints are sound, but wrong."""
    os.rename(old, new)
    shutil.copytree(other, old)
    moved_to = short_runs.run_folder(new)
    folder = moved_to.replace(new, old)
    os.rename(short_runs.run_folder(old), folder)
    for suffix in (".index", ".data-00000-of-00001", ".json"):
        source = saving.prefix(folder, saving.list_steps(folder)[0]) + suffix
        for step in saving.list_steps(moved_to):
            if saving.prefix(folder, step) + suffix != source:
                shutil.copy(source, saving.prefix(folder, step) + suffix)


WAYS: Dict[str, Callable[[str, str, str], None]] = {
    "copied, the original still there": copied,
    "copied, the original's checkpoints damaged": damaged,
    "moved": moved,
    "moved, another run in the old place": replaced,
}


def point_back(old: str, new: str) -> None:
    """Writes the state file of the new place as plain TensorFlow would have: with absolute paths into the old one."""
    folder = short_runs.run_folder(new)
    step = saving.list_steps(folder)[0]
    target = saving.prefix(folder.replace(new, old), step)
    with open(os.path.join(folder, "checkpoint"), "w", encoding="utf-8") as stream:
        stream.write(f'model_checkpoint_path: "{target}"\nall_model_checkpoint_paths: "{target}"\n')


def _between(out: str) -> bool:
    """Whether a killed run has a checkpoint and no result yet."""
    begun = [path for path, _, names in os.walk(out) if "run.json" in names]
    return bool(begun) and bool(saving.list_steps(begun[0])) and "result.json" not in os.listdir(begun[0])


def main(words: Optional[List[str]] = None) -> int:
    """Moves and copies, and prints one record; exit 1 when a run did not continue in its new place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=5, help="runs for each of the four ways (default 5)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="also write the record there")
    args = parser.parse_args(words)
    tf, data, began = short_runs.import_all(), make_dataset(32, 10), time.monotonic()
    rng = random.Random(args.seed)
    places = [Place(name) for name in WAYS]
    failures: List[Dict[str, Any]] = []
    followed = 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = os.path.realpath(scratch)
        known: Dict[str, Any] = {}

        def start(report: str, out: str, seed: int = 0, said: Optional[str] = None) -> Any:
            log = Log(quiet=True)
            if said:
                log.open(said)
            return short_runs.run(report, out, data, {**SMALL.get(report, {}), "seed": str(seed)}, log=log)

        for report in REPORTS:
            out = os.path.join(scratch, f"{report}-undisturbed")
            measured = kill_points.measure(lambda: start(report, out), scratch)  # noqa: B023
            other = os.path.join(scratch, f"{report}-other")
            if short_runs.wait(short_runs.start(lambda: start(report, other, 1))) != 0:  # noqa: B023
                raise SystemExit("an undisturbed run failed")
            known[report] = {"points": measured["points"], "expected": short_runs.outcome(out), "other": other}
        cases = [(place, report) for place in places for report, _ in zip(REPORTS * args.each, range(args.each))]
        for number, (place, report) in enumerate(cases):
            old, new = os.path.join(scratch, f"old{number}"), os.path.join(scratch, f"new{number}")
            said = os.path.join(scratch, f"said{number}")
            while True:  # until the kill falls between the first checkpoint and the result
                at = rng.randrange(known[report]["points"]) + 1
                code = kill_points.point(lambda: start(report, old), at)  # noqa: B023
                if code == -signal.SIGKILL and _between(old):
                    break
                shutil.rmtree(old, ignore_errors=True)  # killed before its folder was made: nothing there
            WAYS[place.name](old, new, known[report]["other"])
            point_back(old, new)
            followed += tf.train.get_checkpoint_state(short_runs.run_folder(new)).model_checkpoint_path.startswith(old)
            before = content(old)
            code = short_runs.wait(short_runs.start(lambda: start(report, new, said=said)))  # noqa: B023
            resumed = False
            if os.path.exists(said):
                with open(said, encoding="utf-8") as stream:
                    resumed = "resuming at" in stream.read()
            good = (
                code == 0
                and resumed
                and content(old) == before
                and short_runs.outcome(new) == known[report]["expected"]
            )
            place.add("survived" if good else "lost")
            if not good:
                failures.append({"way": place.name, "report": report, "point": at, "exit": code, "resumed": resumed})
            shutil.rmtree(old, ignore_errors=True)
            shutil.rmtree(new)
            print(f"{number + 1} of {len(cases)}, {len(failures)} lost", file=sys.stderr, flush=True)
    details = {"seed": args.seed, "state_file_names_the_old_place": followed, "failures": failures}
    command = f"python -m tests.faults.moved_runs --each {args.each} --seed {args.seed}"
    record = fault_record.document(command, tf.__version__, places, time.monotonic() - began, details)
    return fault_record.finish(record, args.json)


if __name__ == "__main__":
    sys.exit(main())

"""A power cut at every step of the save protocol: python -m tests.faults.write_order [--mixed N] [--json FILE]

A short run of `bn_cnn` is recorded, and the continuation of one that was cut: before each sync, rename and unlink, what
its folder held and how much of that was synced (see `power_cuts`). For each of these moments the states that a disk may
hold after a power cut are made: every un-synced name and byte dropped, only the bytes, only the names, and `--mixed`
random parts of both. In each the latest committed step must still be found sound, with metrics.jsonl as its manifest
vouches for it; where everything un-synced was dropped, the run is also trained to its end, which must equal the
undisturbed one. The folder itself is taken to be on the disk. Where strace is installed, one more run shows whether the
system calls, TensorFlow's own included, come in the order that this model took from Python's.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import pickle
import random
import shutil
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set

from tests.conftest import make_dataset
from tests.faults import fault_record, power_cuts, short_runs, system_calls
from tests.faults.fault_record import Place
from tf1_models.checkpoints import saving
from tf1_models.errors import KitError
from tf1_models.training import results
from tf1_models.training.run_folder import RunFolder

SETTINGS = {"epochs": "2", "channels": "3,4,5"}
NAMES = {
    "all": "all that was not synced is gone",
    "content": "un-synced bytes are gone, their names are there",
    "names": "un-synced names are gone",
    "mixed": "some un-synced names and bytes are gone",
}


def record_run(out: str, data: Any, path: str, committed: Any) -> None:
    """Trains one run, or continues one of which `committed` is on the disk, and pickles its moments."""
    recorder = power_cuts.Recorder(out)
    if committed is not None:
        recorder.adopt(committed)
    write_sealed, finish = saving.write_sealed, results.finish

    def write_manifest(target: str, document: Dict[str, Any]) -> None:
        write_sealed(target, document)
        recorder.committed = document["step"]

    def write_result(*args: Any) -> Any:
        value = finish(*args)
        recorder.committed = "result"
        return value

    setattr(saving, "write_sealed", write_manifest)  # noqa: B010
    setattr(results, "finish", write_result)  # noqa: B010
    short_runs.run("bn_cnn", out, data, SETTINGS)
    recorder.see("the end")
    with open(path, "wb") as stream:
        pickle.dump(recorder.moments, stream)


def keeps(folder: str, committed: Any) -> bool:
    """Whether a folder, after a power cut, still has what had been committed, by the kit's own checks."""
    try:
        opened = RunFolder(folder)
    except KitError:
        return False
    try:
        if opened.is_finished():
            return bool(opened.result())
        opened.sweep()
        manifest = saving.latest_sound(folder, lambda line: None)
        opened.rewind_metrics(manifest["metrics"] if manifest else None)
        if committed is None:
            return True
        return committed != "result" and manifest is not None and manifest["step"] >= committed
    except KitError:
        return False
    finally:
        opened.close()


def fill(folder: str, state: power_cuts.State) -> None:
    """Makes a folder that holds a state."""
    os.makedirs(folder)
    for name, content in state.items():
        with open(os.path.join(folder, name), "wb") as stream:
            stream.write(content)


def digest(state: power_cuts.State) -> bytes:
    """Names a state by what of it is read again: neither the lock nor what is written for people."""
    found = hashlib.sha256()
    for name, content in sorted(state.items()):
        if name not in ("lock", "log.txt") and not name.startswith("events."):
            found.update(f"{name} {len(content)} ".encode() + content)
    return found.digest()


class Cuts:
    """Tries the states of recorded moments, and counts."""

    def __init__(self, out: str, args: argparse.Namespace) -> None:
        self.out, self.args, self.rng = out, args, random.Random(args.seed)
        self.places = {key: Place(name) for key, name in NAMES.items()}
        self.failures: List[Dict[str, Any]] = []
        self.seen: Set[Any] = set()
        self.trained = self.n_moments = 0

    def survives(self, state: power_cuts.State, committed: Any, undisturbed: "Undisturbed", to_the_end: bool) -> bool:
        """Whether a state still has what was committed and, if tried, is trained to the undisturbed run's outcome."""
        folder = os.path.join(self.out, undisturbed.below)
        try:
            fill(folder, state)
            if not keeps(folder, committed):
                return False
            if not to_the_end:
                return True
            shutil.rmtree(self.out)
            fill(folder, state)
            self.trained += 1
            code = short_runs.wait(short_runs.start(undisturbed.work(self.out)))
            return (
                code == 0 and short_runs.outcome(self.out) == undisturbed.outcome and not short_runs.leftovers(self.out)
            )
        finally:
            shutil.rmtree(self.out)

    def cut(self, moments: List[power_cuts.Moment], undisturbed: "Undisturbed") -> None:
        """Cuts the power at each moment."""
        self.n_moments += len(moments)
        for number, moment in enumerate(moments):
            for kind, state in power_cuts.states(moment, self.args.mixed, self.rng):
                key = (kind, moment.committed, digest(state))
                if key in self.seen:
                    continue
                self.seen.add(key)
                place = self.places[kind]
                to_the_end = kind == "all" and place.injected % self.args.resume_every == 0
                kept = self.survives(state, moment.committed, undisturbed, to_the_end)
                place.add("survived" if kept else "lost")
                if not kept:
                    self.failures.append(
                        {
                            "kind": kind,
                            "moment": number,
                            "before": moment.what,
                            "committed": moment.committed,
                            "names": sorted(state),
                        }
                    )


class Undisturbed(NamedTuple):
    """The run that nothing befell: its data, its folder's path below the results folder, its outcome."""

    data: Any
    below: str
    outcome: Dict[str, Any]

    def work(self, out: str) -> Callable[[], Any]:
        """The run, to start or to continue in a results folder."""
        return lambda: short_runs.run("bn_cnn", out, self.data, SETTINGS)


def recorded(out: str, data: Any, committed: Any = None) -> List[power_cuts.Moment]:
    """The moments of one run, which is trained in a child."""
    path = out + ".moments"
    if short_runs.wait(short_runs.start(lambda: record_run(out, data, path, committed))) != 0:
        raise SystemExit("a recorded run failed")
    with open(path, "rb") as stream:
        moments: List[power_cuts.Moment] = pickle.load(stream)
    return moments


def one_save(moments: List[power_cuts.Moment]) -> List[str]:
    """What the protocol does between the first commit and the second."""
    steps = [moment.committed for moment in moments]
    first = next(step for step in steps if step is not None)
    second = next(step for step in steps if step not in (None, first))
    return [moment.what for moment in moments[steps.index(first) : steps.index(second)]]


def main(words: Optional[List[str]] = None) -> int:
    """Records, cuts and prints one record; exit 1 when a committed step was lost or the order is another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mixed", type=int, default=50, help="random states of each moment (default 50)")
    parser.add_argument(
        "--resume-every",
        type=int,
        default=1,
        metavar="N",
        help="train every N-th state of which all un-synced was dropped to its end (default 1)",
    )
    parser.add_argument("--no-strace", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="also write the record there")
    args = parser.parse_args(words)
    tf, data, began = short_runs.import_all(), make_dataset(), time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = os.path.realpath(scratch)
        cuts = Cuts(os.path.join(scratch, "cut"), args)
        first = os.path.join(scratch, "begun")
        moments = recorded(first, data)
        below = os.path.relpath(short_runs.run_folder(first), first)
        undisturbed = Undisturbed(data, below, short_runs.outcome(first))
        cuts.cut(moments, undisturbed)
        start = [moment for moment in moments if moment.what.startswith("replace ckpt-")][-1]  # a save to sweep away
        second = os.path.join(scratch, "continued")
        fill(os.path.join(second, below), power_cuts.as_seen(start))
        cuts.cut(recorded(second, data, start.committed), undisturbed)
        traced = None if args.no_strace else system_calls.trace(scratch, SETTINGS)
    details = {
        "seed": args.seed,
        "moments": cuts.n_moments,
        "trained_to_the_end": cuts.trained,
        "strace": traced,
        "order_of_one_save": one_save(moments),
        "failures": cuts.failures[:20],
    }
    command = f"python -m tests.faults.write_order --mixed {args.mixed} --seed {args.seed}"
    places = list(cuts.places.values())
    record = fault_record.document(command, tf.__version__, places, time.monotonic() - began, details)
    code = fault_record.finish(record, args.json)
    ordered = traced is None or 0 < traced["manifests"] == traced["all synced before"]
    return code if ordered else 1


if __name__ == "__main__":
    sys.exit(main())

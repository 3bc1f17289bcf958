"""One bit flipped at a time, then the run is started again: python -m tests.faults.flip_bits [--flips N] [--json FILE]

Seeded places, spread over every kind of file that a run or its data is read from again. After each flip what the kit
does with such a file is done for real: an interrupted run is continued to its end, a finished one is opened, reported
and evaluated, cached data are loaded. The outcome is
- detected: refused with one line before use;
- survived: the outcome equals the undisturbed one, because the flip was passed over for the previous checkpoint and
  said so (`recovered` in the details) or nothing of the kit reads that file;
- lost: anything else: another outcome without a word, or another exception than the kit's own.
A run of a shrunk `course_models` graph with early stopping, so that a continuation takes a fraction of a second.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import numpy as np

from tests.conftest import make_dataset
from tests.faults import fault_record, short_runs
from tests.faults.fault_record import Place
from tf1_models import registry
from tf1_models.checkpoints import checkpoint_source, saving
from tf1_models.datasets import cache, find
from tf1_models.errors import Interrupted, KitError
from tf1_models.output.progress import Log
from tf1_models.output.watching import Watcher
from tf1_models.reproduce.verdicts import folders
from tf1_models.scoring import inference
from tf1_models.training import loop

SETTINGS = {
    "graph": "model",
    "filters": "2,2,2",
    "kernels_px": "2,2,2",
    "pools_after": "1,2,3",
    "dense_units": "4",
    "epochs": "3",
    "batch_size": "12",
    "dev_split": "first_quarter",
    "patience_epochs": "1",
}


class Kind(NamedTuple):
    """Files of one kind, and what the kit does with their folder.

    Attributes:
        name: For the table.
        share: Of the flips.
        folder: "interrupted", "finished" or "cache".
        files: Names in the folder, of which each flip takes one at random.
        use: Takes the folder's copy; returns what must be equal to the undisturbed value.
    """

    name: str
    share: float
    folder: str
    files: List[str]
    use: Callable[[str], Any]


class Words(Log):
    """Keeps the lines instead of printing them."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.lines: List[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


class Terminator(Watcher):
    """Sends this process SIGTERM at the end of an epoch, as a scheduler would."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def end_epoch(self, line: Dict[str, Any]) -> None:
        if line["epoch"] == self.epoch:
            os.kill(os.getpid(), signal.SIGTERM)


class Bench:
    """An interrupted run, a finished one and a data cache, and their undisturbed uses."""

    def __init__(self, root: str, tf: Any) -> None:
        self.root, self.tf, self.data = root, tf, make_dataset()
        self.words = Words()
        self.row = registry.experiment("course_models", "model2", SETTINGS)
        for name in ("interrupted", "finished"):
            try:
                self._train(self.path(name), Terminator(2) if name == "interrupted" else None)
            except Interrupted:
                pass
        cache.write(self.data, self.path("cache"))

    def path(self, name: str) -> str:
        """The pristine folder of a name."""
        return os.path.join(self.root, name)

    def _train(self, out: str, watcher: Optional[Watcher] = None) -> None:
        options = loop.Options(out=out, threads=1, watchers=[watcher] if watcher else [])
        folder, record = loop.prepare(self.row, self.data, options)
        try:
            if folder.is_finished():
                folder.result()
            else:
                loop.train(self.row, self.data, folder, record, options, self.words)
        finally:
            folder.close()

    def continued(self, out: str) -> Any:
        """`train` on the folder, to the end."""
        self._train(out)
        return short_runs.outcome(out)

    def reported(self, out: str) -> Any:
        """`report` on a finished run."""
        found = folders.read_finished(short_runs.run_folder(out), out)
        return [found.run, found.lines, found.confusion]

    def evaluated(self, out: str) -> Any:
        """`evaluate` on a finished run: its checkpoint found, checked and restored."""
        source = checkpoint_source.find(short_runs.run_folder(out))
        return inference.probabilities(source, self.data.x_test, threads=1).tobytes()

    def loaded(self, folder: str) -> Any:
        """`--data` on a cache."""
        data = cache.read(folder)
        arrays = [data.x_train, data.y_train, data.x_test, data.y_test]
        return [data.digest, data.class_names, data.name, *(array.tobytes() for array in arrays)]

    def kinds(self) -> List[Kind]:
        """What is flipped; shares sum to 1."""
        run = short_runs.run_folder(self.path("interrupted"))
        steps = saving.list_steps(run)
        last = saving.list_steps(short_runs.run_folder(self.path("finished")))[0]
        parts = {"data": ".data-00000-of-00001", "index": ".index", "manifest": ".json"}
        names = {key: [f"ckpt-{step}{suffix}" for step in steps] for key, suffix in parts.items()}
        final = [f"ckpt-{last}{suffix}" for suffix in parts.values()]
        return [
            Kind("checkpoint data, run continued", 0.14, "interrupted", names["data"], self.continued),
            Kind("checkpoint index, run continued", 0.10, "interrupted", names["index"], self.continued),
            Kind("checkpoint manifest, run continued", 0.10, "interrupted", names["manifest"], self.continued),
            Kind("`checkpoint` state file, run continued", 0.04, "interrupted", ["checkpoint"], self.continued),
            Kind("metrics.jsonl, run continued", 0.08, "interrupted", ["metrics.jsonl"], self.continued),
            Kind("run.json, run continued", 0.08, "interrupted", ["run.json"], self.continued),
            Kind(
                "result.json and result.npy, run opened",
                0.10,
                "finished",
                ["result.json", "result.npy"],
                self.continued,
            ),
            Kind(
                "metrics.jsonl, run.json and result.json, run reported",
                0.12,
                "finished",
                ["metrics.jsonl", "run.json", "result.json"],
                self.reported,
            ),
            Kind("checkpoint, run evaluated", 0.12, "finished", final, self.evaluated),
            Kind("cached data", 0.12, "cache", [*cache.NAMES, find.MANIFEST], self.loaded),
        ]


def flip(path: str, rng: random.Random) -> Dict[str, Any]:
    """Flips one random bit of a file; returns where."""
    at, bit = rng.randrange(os.path.getsize(path)), rng.randrange(8)
    with open(path, "r+b") as stream:
        stream.seek(at)
        (byte,) = stream.read(1)
        stream.seek(at)
        stream.write(bytes([byte ^ (1 << bit)]))
    return {"file": os.path.basename(path), "byte": at, "bit": bit}


def one_flip(bench: Bench, kind: Kind, place: Place, expected: Any, rng: random.Random) -> Dict[str, Any]:
    """Flips a bit in a copy and uses it; counts the outcome and returns what happened."""
    copy = os.path.join(bench.root, "copy")
    shutil.copytree(bench.path(kind.folder), copy)
    where = copy if kind.folder == "cache" else short_runs.run_folder(copy)
    what = flip(os.path.join(where, rng.choice(kind.files)), rng)
    bench.words.lines = []
    try:
        found = kind.use(copy)
        outcome, what["how"] = ("survived", "equal") if found == expected else ("lost", "SILENT")
        said = any("is not scored" in line for line in bench.words.lines)
        if outcome == "lost" and said and _without_best(found) == _without_best(expected):
            outcome, what["how"] = "detected", "the best epoch's checkpoint, which enters no verdict, is not scored"
        if any("passed over" in line for line in bench.words.lines):
            what["how"] += ", recovered"
    except KitError as error:
        outcome = "detected" if str(error).isprintable() else "lost"
        what["how"] = str(error).replace(copy, "")
    except Exception as error:
        outcome, what["how"] = "lost", f"{type(error).__name__}: {error}"
    place.add(outcome)
    shutil.rmtree(copy)
    return {**what, "outcome": outcome}


def _without_best(found: Dict[str, Any]) -> Dict[str, Any]:
    """An outcome without the best epoch's scores, and without the seal that covers them."""
    result = json.loads(found["result"])
    return {**found, "result": {key: result[key] for key in result if key not in ("best", "checksum")}}


def main(words: Optional[List[str]] = None) -> int:
    """Flips and prints one record; exit 1 when a flip was silent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="also write the record there")
    args = parser.parse_args(words)
    tf, began, rng = short_runs.import_all(), time.monotonic(), random.Random(args.seed)
    places: List[Place] = []
    lost: List[Dict[str, Any]] = []
    how: Dict[str, Dict[str, int]] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as root:
        bench = Bench(root, tf)
        for kind in bench.kinds():
            pristine = os.path.join(root, "pristine")
            shutil.copytree(bench.path(kind.folder), pristine)
            expected = kind.use(pristine)
            shutil.rmtree(pristine)
            place, counts = Place(kind.name), {"recovered": 0, "unused": 0}
            for _ in range(max(1, round(args.flips * kind.share))):
                what = one_flip(bench, kind, place, expected, rng)
                if what["outcome"] == "lost":
                    lost.append({"kind": kind.name, **what})
                elif what["outcome"] == "survived":
                    counts["recovered" if what["how"].endswith("recovered") else "unused"] += 1
            places.append(place)
            how[kind.name] = counts
            print(
                f"{place.name:55} {place.injected:4} flips, {place.detected:4} refused, {counts['recovered']:4} "
                f"recovered, {counts['unused']:4} unused, {place.lost} lost",
                file=sys.stderr,
                flush=True,
            )
    command = f"python -m tests.faults.flip_bits --flips {args.flips} --seed {args.seed}"
    details = {"seed": args.seed, "survived_how": how, "lost": lost[:20], "numpy": np.__version__}
    record = fault_record.document(command, tf.__version__, places, time.monotonic() - began, details)
    return fault_record.finish(record, args.json)


if __name__ == "__main__":
    sys.exit(main())

"""Ten thousand epochs, one step each, through the real loop: python -m tests.faults.long_run [--epochs N] [--json FILE]

A `course_models` graph shrunk through its settings, on twenty made-up images. At every tenth of the run: nodes of the
(finalized) graph, resident memory, threads, open files, files in the run folder, bytes of what is written per epoch
and of everything else, seconds per epoch. Nothing may grow beyond what `ALLOWED` documents: a line per epoch in
metrics.jsonl, log.txt and the event file, and in memory the epochs' numbers, which the curves are drawn from.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from typing import Any, Dict, List, Optional, Tuple

from tests.conftest import make_dataset
from tests.faults import fault_record, short_runs
from tests.faults.fault_record import Place
from tf1_models import registry
from tf1_models.output.progress import Log
from tf1_models.output.watching import Watcher
from tf1_models.training import loop

SETTINGS = {
    "graph": "model",
    "filters": "2,2,2",
    "kernels_px": "2,2,2",
    "pools_after": "1,2,3",
    "dense_units": "4",
    "batch_size": "12",
    "schedule": "constant",
    "learning_rate": "0.00001",
}
# quantity -> how much it may grow per epoch
ALLOWED = {
    "graph nodes": 0.0,
    "open files": 0.0,
    "threads": 0.0,
    "files in the run folder": 0.0,
    "bytes of metrics.jsonl": 800.0,  # one line
    "bytes of the event file": 800.0,  # ten scalars
    "bytes of log.txt": 200.0,  # one line
    "bytes of everything else there": 0.5,  # step numbers gain digits
    "resident bytes": 6144.0,  # the epoch's line as a dict, and the allocator's rounding
}
# and once, whatever the number of epochs: allocators round up, and step numbers gain digits
ONCE = {"resident bytes": 8 << 20, "bytes of everything else there": 64}


def _open_files() -> int:
    """Descriptors of this process, sockets and pipes among them."""
    return len(os.listdir("/proc/self/fd"))


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _folder_sizes(folder: str) -> Tuple[int, Dict[str, int]]:
    """How many files a run folder has, and the bytes of its three growing files and of the rest."""
    sizes = {
        "bytes of metrics.jsonl": 0,
        "bytes of the event file": 0,
        "bytes of log.txt": 0,
        "bytes of everything else there": 0,
    }
    names = os.listdir(folder)
    for name in names:
        key = "bytes of everything else there"
        if name in ("metrics.jsonl", "log.txt"):
            key = f"bytes of {name}"
        elif name.startswith("events."):
            key = "bytes of the event file"
        sizes[key] += os.path.getsize(os.path.join(folder, name))
    return len(names), sizes


class Watch(Watcher):
    """Measures at the end of every n-th epoch."""

    def __init__(self, tf: Any, folder: str, every: int) -> None:
        self.tf, self.folder, self.every = tf, folder, every
        self.rows: List[Dict[str, float]] = []
        self.since = time.monotonic()

    def end_epoch(self, line: Dict[str, Any]) -> None:
        epoch = line["epoch"]
        if epoch % self.every:
            return
        graph = self.tf.get_default_graph()
        if not graph.finalized:
            raise AssertionError("the graph is not finalized")
        n_files, sizes = _folder_sizes(self.folder)
        row: Dict[str, float] = {
            "epoch": epoch,
            "graph nodes": len(graph.get_operations()),
            "open files": _open_files(),
            "threads": len(os.listdir("/proc/self/task")),
            "files in the run folder": n_files,
            **sizes,
            "resident bytes": _resident_bytes(),
            "ms an epoch": round(1000 * (time.monotonic() - self.since) / self.every, 2),
        }
        self.rows.append(row)
        self.since = time.monotonic()
        print(
            f"epoch {epoch}: " + ", ".join(f"{value} {key}" for key, value in row.items() if key != "epoch"),
            file=sys.stderr,
            flush=True,
        )


def slope(rows: List[Dict[str, float]], key: str) -> float:
    """Growth per epoch: least squares over the measurements after the first, in which caches still fill."""
    used = rows[1:] if len(rows) > 2 else rows
    x, y = [row["epoch"] for row in used], [row[key] for row in used]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / spread if spread else 0.0


def judge(rows: List[Dict[str, float]]) -> Tuple[List[Place], Dict[str, float]]:
    """Holds every measurement to the second one plus what is allowed; returns places and slopes."""
    places, slopes = [], {}
    for key, allowed in ALLOWED.items():
        place = Place(key)
        slopes[key] = round(slope(rows, key), 3)
        first = rows[min(1, len(rows) - 1)]
        for row in rows[2:]:
            most = first[key] + ONCE.get(key, 0) + allowed * (row["epoch"] - first["epoch"])
            place.add("survived" if row[key] <= most else "lost")
        places.append(place)
    return places, slopes


def main(words: Optional[List[str]] = None) -> int:
    """Trains, measures and prints one record; exit 1 when something grew beyond what is documented."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10_000)
    parser.add_argument("--json", metavar="FILE", help="also write the record there")
    args = parser.parse_args(words)
    if args.epochs < 30:
        parser.error("--epochs: at least 30")
    tf, data, began = short_runs.import_all(), make_dataset(12, 10), time.monotonic()
    row = registry.experiment("course_models", "model2", {**SETTINGS, "epochs": str(args.epochs)})
    with tempfile.TemporaryDirectory() as out:
        options = loop.Options(out=out, threads=1)
        folder, record = loop.prepare(row, data, options)
        watch = Watch(tf, folder.path, args.epochs // 10)
        options.watchers = [watch]
        log = Log(quiet=True)
        log.open(folder.file("log.txt"))
        try:
            loop.train(row, data, folder, record, options, log)
        finally:
            log.close()
            folder.close()
        final = _folder_sizes(folder.path)
    places, slopes = judge(watch.rows)
    for key, value in slopes.items():
        print(f"{key:32} {value:10.3f} an epoch, {ALLOWED[key]:g} allowed", file=sys.stderr, flush=True)
    details = {
        "epochs": args.epochs,
        "growth_per_epoch": slopes,
        "allowed_per_epoch": ALLOWED,
        "measured": watch.rows,
        "run_folder_at_the_end": {"files": final[0], **final[1]},
    }
    command = f"python -m tests.faults.long_run --epochs {args.epochs}"
    return fault_record.finish(
        fault_record.document(command, tf.__version__, places, time.monotonic() - began, details), args.json
    )


if __name__ == "__main__":
    sys.exit(main())

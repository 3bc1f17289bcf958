"""Measures `grade` as a user runs it, one fresh process per figure, and prints JSON.

    python tests/bench/bench_grade.py [--files 1000] [--scaling 1000,2500,5000,10000] [--rows 10000]

`forms`: seconds and peak memory for N files of class ids (.npy), float32 scores (.npy) and `id,label` rows (.csv).
`scaling`: the same for .npy ids and growing N, with seconds per thousand files: linear growth keeps them level.
`first_output`: one file, until the process has printed its table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any, Dict, List

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def predictions(labels: np.ndarray, seed: int) -> np.ndarray:
    """uint8 [n] at 60 to 90 % accuracy; hard images are hard for everybody, as in a real class."""
    random = np.random.RandomState(seed)
    hard = np.random.RandomState(7).rand(len(labels))
    wrong = random.rand(len(labels)) * hard > 0.35 + 0.3 * random.rand()
    predicted = labels.copy()
    predicted[wrong] = (predicted[wrong] + 1 + random.geometric(0.6, int(wrong.sum())) % 9) % 10
    return predicted


def write_class(folder: str, labels: np.ndarray, count: int, form: str) -> None:
    """`count` submissions, each called result.npy (or .csv) in a folder of its own."""
    ids = np.arange(len(labels)).astype(str).tolist()
    for i in range(count):
        own = os.path.join(folder, f"student{i:05d}")
        os.makedirs(own)
        predicted = predictions(labels, i)
        if form == "csv":
            text = "id,label\n" + "".join(f"{n},{k}\n" for n, k in zip(ids, predicted.tolist()))
            with open(os.path.join(own, "result.csv"), "w", encoding="ascii") as stream:
                stream.write(text)
        elif form == "scores":
            scores = np.random.RandomState(i).rand(len(labels), 10).astype(np.float32)
            scores[np.arange(len(labels)), predicted] += 1.0
            np.save(os.path.join(own, "result.npy"), scores)
        else:
            np.save(os.path.join(own, "result.npy"), predicted)


def run(words: List[str]) -> Dict[str, Any]:
    """One process of the command line: seconds and peak memory."""
    environment = {**os.environ, "PYTHONPATH": ROOT}
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "tf1_models", "grade", *words], env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise RuntimeError(f"grade left with status {status}")
    return {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
    }


def measure(folder: str, key: str, labels: np.ndarray, count: int, form: str) -> Dict[str, Any]:
    """Writes a class, grades it, removes it."""
    below = os.path.join(folder, f"{form}{count}")
    write_class(below, labels, count, form)
    record = os.path.join(folder, "record.json")
    result = {"files": count, **run(["--truth", key, below, "--json", "--record", record])}
    with open(record, encoding="utf-8") as stream:
        graded = json.load(stream)["summary"]["graded"]
    if graded != count:
        raise RuntimeError(f"{graded} of {count} files were graded")
    shutil.rmtree(below)
    return result


def main() -> int:
    """Runs all measurements."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--scaling", default="1000,2500,5000,10000")
    options = parser.parse_args()
    labels = np.random.RandomState(0).permutation(np.arange(options.rows) % 10).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        key = os.path.join(folder, "key.npy")
        np.save(key, labels)
        one = os.path.join(folder, "one.npy")
        np.save(one, predictions(labels, 0))
        run(["--truth", key, one])  # compiles the modules once
        result: Dict[str, Any] = {
            "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "numpy": str(np.__version__)},
            "rows": options.rows,
            "first_output": min((run(["--truth", key, one]) for _ in range(5)), key=lambda r: r["seconds"]),
            "help": min((run(["--help"]) for _ in range(5)), key=lambda r: r["seconds"]),
            "forms": {form: measure(folder, key, labels, options.files, form) for form in ("ids", "scores", "csv")},
            "scaling": [],
        }
        for count in [int(word) for word in options.scaling.split(",") if word]:
            found = measure(folder, key, labels, count, "ids")
            found["seconds_per_1000"] = round(found["seconds"] / count * 1000, 3)
            result["scaling"].append(found)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

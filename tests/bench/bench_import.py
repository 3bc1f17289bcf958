"""TensorFlow's import as the kit does it beside the plain one: python -m tests.bench.bench_import [ROUNDS]

Fresh processes in turn, after one of each that warms the file cache; seconds, processor seconds and resident memory
right after the import, and the ratios within a round (median, low, high). `packages` leaves out packages only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Dict, List

from tests.conftest import ROOT
from tf1_models.bench import ratios

_PROGRAM = """
import contextlib, json, sys, time
from tf1_models.session import lean_import
from tf1_models.bench.peers import protocol
from tf1_models.session.tensorflow_setup import import_tensorflow
if sys.argv[1] == "plain":
    lean_import.lean = contextlib.nullcontext
if sys.argv[1] == "packages":
    lean_import.lean = lean_import.without_optional_packages
since, cpu_since = time.perf_counter(), time.process_time()
import_tensorflow()
seconds, cpu_s = time.perf_counter() - since, time.process_time() - cpu_since
found = protocol.resident_mb()
print(json.dumps({"s": seconds, "processor s": cpu_s, "MB": found["anonymous"] + found["file"]}))
"""


def once(kind: str) -> Dict[str, float]:
    """Seconds and MB of one import in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PROGRAM, kind],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    found: Dict[str, float] = json.loads(done.stdout.decode())
    return found


def main(rounds: int) -> None:
    """Prints a line for each unit and each kind of import that is held against the kit's."""
    found: Dict[str, List[Dict[str, float]]] = {"plain": [], "packages": [], "lean": []}
    for number in range(rounds + 1):
        for kind in list(found) if number % 2 else list(found)[::-1]:
            row = once(kind)
            if number:
                found[kind].append(row)
    for unit in ("s", "processor s", "MB"):
        for kind in ("plain", "packages"):
            other, lean = [row[unit] for row in found[kind]], [row[unit] for row in found["lean"]]
            ratio = ratios.paired(other, lean)
            print(
                f"{kind} {ratios.median(other):.2f} {unit}, the kit's {ratios.median(lean):.2f} {unit}, {kind}/kit "
                f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

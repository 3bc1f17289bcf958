"""TensorFlow's import as the kit does it beside the plain one: python -m tests.bench.bench_import [ROUNDS]

Fresh processes in turn, after one of each that warms the file cache; seconds and resident memory right after the
import, and the ratios within a round (median, low, high).
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Dict, List

from tests.conftest import ROOT
from tf1_models.bench import ratios

_PROGRAM = """
import json, sys, time
from tf1_models.session import lean_import
from tf1_models.bench.peers import protocol
from tf1_models.session.tensorflow_setup import import_tensorflow
if sys.argv[1] == "plain":
    lean_import.LEFT_OUT = ()
since = time.perf_counter()
import_tensorflow()
found = protocol.resident_mb()
print(json.dumps({"s": time.perf_counter() - since, "MB": found["anonymous"] + found["file"]}))
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
    """Prints a line for seconds and one for MB."""
    found: Dict[str, List[Dict[str, float]]] = {"plain": [], "lean": []}
    for number in range(rounds + 1):
        for kind in ("plain", "lean") if number % 2 else ("lean", "plain"):
            row = once(kind)
            if number:
                found[kind].append(row)
    for unit in ("s", "MB"):
        plain, lean = ([row[unit] for row in found[kind]] for kind in ("plain", "lean"))
        ratio = ratios.paired(plain, lean)
        print(
            f"plain {ratios.median(plain):.2f} {unit}, the kit's {ratios.median(lean):.2f} {unit}, plain/kit "
            f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

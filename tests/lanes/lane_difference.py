"""Whole trainings on both TensorFlows, several seeds a side: does the difference of their scores hold zero?

    python -m tests.lanes.lane_difference --python-tf115 PY37/bin/python [--seeds 5] [--out FILE.json] [key=value ...]

This interpreter trains each seed on its TensorFlow, the other one on 1.15.5: one command, the same images (digits),
one thread. Seeds and lanes alternate. Printed are both lanes' test accuracy and macro-F1, Welch's 95 % interval for the
difference of the means (2.x minus 1.15.5) and its p; exit code 1 when an interval leaves out zero.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from typing import Any, Dict, List

import numpy as np

from tests.conftest import ROOT
from tf1_models.files import to_json, write_bytes

LEVEL = 0.95
SCORES = ("accuracy", "macro_f1")


def trained(python: str, report: str, seed: int, out: str, settings: List[str]) -> Dict[str, Any]:
    """result.json of one run in a process of its own.

    Raises:
        SystemExit: the run failed; its last words.
    """
    words = [python, "-m", "tf1_models", "train", report, "--data", "digits", "--seed", str(seed), "--threads", "1",
             "--out", out, "--json", "-q", *settings]
    done = subprocess.run(words, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": ROOT}, cwd=out)
    if done.returncode:
        raise SystemExit(f"{' '.join(words[1:])}: {done.stderr.strip().splitlines()[-1:]}")
    result: Dict[str, Any] = json.loads(done.stdout)
    return result


def version(python: str) -> str:
    """The TensorFlow that an interpreter has."""
    words = [python, "-c", "import tensorflow; print(tensorflow.__version__)"]
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=True).stdout.strip()


def welch(one: List[float], other: List[float]) -> Dict[str, float]:
    """Difference of means, its interval and p, unequal variances.

    Args:
        one: Scores of one lane.
        other: Scores of the other lane.
    """
    from scipy.stats import t

    shares = [float(np.var(lane, ddof=1)) / len(lane) for lane in (one, other)]
    error = math.sqrt(sum(shares))
    difference = float(np.mean(one) - np.mean(other))
    if error == 0.0:
        same = difference == 0.0
        return {"difference": difference, "low": difference, "high": difference, "p": 1.0 if same else 0.0}
    freedom = error**4 / sum(share**2 / (len(lane) - 1) for share, lane in zip(shares, (one, other)))
    half = float(t.ppf(0.5 + LEVEL / 2.0, freedom)) * error
    return {"difference": difference, "low": difference - half, "high": difference + half,
            "p": 2.0 * float(t.sf(abs(difference) / error, freedom))}


def main(words: Any = None) -> int:
    """Trains, compares, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python-tf115", required=True, metavar="PATH")
    parser.add_argument("--report", default="prelu_cnn")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", metavar="FILE.json")
    parser.add_argument("settings", nargs="*", metavar="key=value")
    args = parser.parse_args(words)
    if args.seeds < 2:
        parser.error("--seeds takes 2 or more: one run a lane has no spread")
    began = time.monotonic()
    pythons = {"2.x": sys.executable, "1.15": args.python_tf115}
    lanes: Dict[str, Dict[str, Any]] = {
        name: {"tensorflow": version(python), **{key: [] for key in SCORES}} for name, python in pythons.items()
    }
    with tempfile.TemporaryDirectory() as work:
        for seed in range(args.seeds):
            for name, python in pythons.items():
                out = os.path.join(work, name)
                os.makedirs(out, exist_ok=True)
                result = trained(python, args.report, seed, out, args.settings)
                lane = lanes[name]
                for key in SCORES:
                    lane[key].append(result["test"][key])
                print(f"seed {seed}, {lane['tensorflow']}: accuracy {lane['accuracy'][-1]:.4f}, macro-F1 "
                      f"{lane['macro_f1'][-1]:.4f}", file=sys.stderr, flush=True)
    found = {key: welch(lanes["2.x"][key], lanes["1.15"][key]) for key in SCORES}
    document = {"schema": 1, "report": args.report, "settings": args.settings, "data": "digits", "seeds": args.seeds,
                "level": LEVEL, "lanes": list(lanes.values()), "welch": found,
                "seconds": round(time.monotonic() - began, 1)}
    text = to_json(document)
    print(text)
    if args.out:
        write_bytes(args.out, (text + "\n").encode())
    return 0 if all(row["low"] <= 0.0 <= row["high"] for row in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

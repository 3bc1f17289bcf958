"""Whole trainings on two sides, several seeds each: does the difference of their test scores hold zero?

    python -m tests.lanes.score_difference --python-tf115 PY37/bin/python      this TensorFlow and the real 1.15.5
    python -m tests.lanes.score_difference --setting precision=bf16            without and with a setting of the run
    python -m tests.lanes.score_difference --readme tests/lanes/README.md     renders the records, trains nothing

One command, the same images, one thread on either side; seeds and sides alternate. Printed are accuracy, macro-F1 and
the training's seconds, Welch's 95 % interval for the difference of the mean scores (second side minus first) and its p;
exit code 1 when an interval leaves out zero. `--out FILE.json` writes what is printed.
"""

from __future__ import annotations

import argparse
import glob
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from typing import Any, Dict, List, NamedTuple

import numpy as np

from tests.conftest import ROOT
from tf1_models.output import markdown
from tf1_models.storage.files import to_json, write_bytes

LEVEL = 0.95
BLOCK = "lanes"
RECORDS = sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "records", "*.json")))
SCORES = ("accuracy", "macro_f1")


class Side(NamedTuple):
    """Interpreter and settings of one side's runs."""

    python: str
    settings: List[str]


def trained(side: Side, report: str, data: str, seed: int) -> Dict[str, Any]:
    """result.json of one run in a process of its own, and the seconds of its epochs.

    Raises:
        SystemExit: the run failed; its last words.
    """
    with tempfile.TemporaryDirectory() as out:
        words = [
            side.python,
            "-m",
            "tf1_models",
            "train",
            report,
            "--data",
            data,
            "--seed",
            str(seed),
            "--threads",
            "1",
            "--out",
            out,
            "--json",
            "-q",
            *side.settings,
        ]
        done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ROOT}, cwd=out)
        if done.returncode:
            raise SystemExit(f"{' '.join(words[1:])}: {' '.join(done.stderr.strip().splitlines()[-1:])}")
        seconds = 0.0
        for folder, _, names in os.walk(out):
            if "metrics.jsonl" in names:
                with open(os.path.join(folder, "metrics.jsonl"), encoding="utf-8") as stream:
                    seconds += sum(json.loads(line)["seconds"] for line in stream)
    return {**json.loads(done.stdout)["test"], "seconds": round(seconds, 1)}


def version(python: str) -> str:
    """The TensorFlow that an interpreter has."""
    words = [python, "-c", "import tensorflow; print(tensorflow.__version__)"]
    return subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
    ).stdout.strip()


def welch(one: List[float], other: List[float]) -> Dict[str, float]:
    """Mean of `other` minus mean of `one`, its interval and p, unequal variances.

    Args:
        one: Scores of one side, two or more.
        other: Scores of the other side.
    """
    from scipy.stats import t

    shares = [float(np.var(side, ddof=1)) / len(side) for side in (one, other)]
    error = math.sqrt(sum(shares))
    difference = float(np.mean(other) - np.mean(one))
    if error == 0.0:
        return {"difference": difference, "low": difference, "high": difference, "p": float(difference == 0.0)}
    freedom = error**4 / sum(share**2 / (len(side) - 1) for share, side in zip(shares, (one, other)))
    half = float(t.ppf(0.5 + LEVEL / 2.0, freedom)) * error
    return {
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
        "p": 2.0 * float(t.sf(abs(difference) / error, freedom)),
    }


def compare(sides: List[Side], report: str, data: str, seeds: int) -> Dict[str, Any]:
    """Trains every seed on both sides in turn; returns the document."""
    began = time.monotonic()
    found: List[Dict[str, Any]] = [
        {"tensorflow": version(side.python), "settings": side.settings, **{key: [] for key in (*SCORES, "seconds")}}
        for side in sides
    ]
    for seed in range(seeds):
        for side, row in zip(sides, found):
            result = trained(side, report, data, seed)
            for key in (*SCORES, "seconds"):
                row[key].append(result[key])
            print(
                f"seed {seed}, {row['tensorflow']} {' '.join(side.settings)}: accuracy {result['accuracy']:.4f}, "
                f"macro-F1 {result['macro_f1']:.4f}, {result['seconds']} s",
                file=sys.stderr,
                flush=True,
            )
    return {
        "schema": 1,
        "report": report,
        "data": data,
        "seeds": seeds,
        "level": LEVEL,
        "sides": found,
        "welch": {key: welch(found[0][key], found[1][key]) for key in SCORES},
        "wall_s": round(time.monotonic() - began, 1),
    }


def claim(record: Dict[str, Any]) -> str:
    """What a record of two sides allows to say: no difference found and how large one may be, or the difference."""
    percent = f"{100 * record['level']:.0f} %"
    words = []
    for key in SCORES:
        found = record["welch"][key]
        low, high = (100 * found[name] for name in ("low", "high"))
        if low <= 0.0 <= high:
            words.append(f"{key}: no difference found, at most {max(-low, high):.2f} points ({percent})")
        else:
            words.append(f"{key}: a difference of {low:+.2f} to {high:+.2f} points ({percent})")
    one, other = (" ".join([side["tensorflow"], *side["settings"]]) for side in record["sides"])
    seeds = f"{record['seeds']} seeds a side"
    return f"- {one} and {other}, {record['report']} on {record['data']} alone, {seeds}: {'; '.join(words)}."


def table(paths: List[str]) -> str:
    """The README's block: a row per record and score, and what each record allows to say."""
    rows, claims = [], []
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            record = json.load(stream)
        claims.append(claim(record))
        names = [" ".join([side["tensorflow"], *side["settings"]]) for side in record["sides"]]
        for key in SCORES:
            means = [markdown.percent(float(np.mean(side[key]))) for side in record["sides"]]
            found = record["welch"][key]
            points = [f"{100 * found[name]:+.2f}" for name in ("difference", "low", "high")]
            run = f"{record['report']} on {record['data']}, {record['seeds']} seeds a side"
            rows.append(
                [
                    run,
                    key,
                    names[0],
                    means[0],
                    names[1],
                    means[1],
                    points[0],
                    " to ".join(points[1:]),
                    f"{found['p']:.2f}",
                ]
            )
    head = ["run", "score, %", "one side", "mean", "other side", "mean", "difference", "95 % interval", "p"]
    return "\n".join([markdown.markdown_table(head, rows), "", *claims])


def main() -> int:
    """Trains, compares, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    second = parser.add_mutually_exclusive_group(required=True)
    second.add_argument("--python-tf115", metavar="PATH", help="interpreter of the second side")
    second.add_argument("--readme", metavar="README.md", help="rewrite its block from the records, and nothing else")
    second.add_argument("--setting", metavar="key=value", help="of the second side's runs alone")
    parser.add_argument("--report", default="prelu_cnn")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", metavar="FILE.json")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="of both sides' runs")
    args = parser.parse_args()
    if args.readme:
        markdown.write_block(args.readme, BLOCK, table(RECORDS))
        return 0
    if args.seeds < 2:
        parser.error("--seeds takes 2 or more: one run a side has no spread")
    first = Side(sys.executable, args.settings)
    other = Side(args.python_tf115 or sys.executable, args.settings + ([args.setting] if args.setting else []))
    document = compare([first, other], args.report, args.data, args.seeds)
    text = to_json(document)
    print(text)
    if args.out:
        write_bytes(args.out, (text + "\n").encode())
    return 0 if all(row["low"] <= 0.0 <= row["high"] for row in document["welch"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Do runs that only form their sums otherwise score alike? Seed by seed, from two trainings of each:

    python -m tests.reproduce.paired_runs [RUNS …] [--write tf1_models/reproduce/README.md]

RUNS, folders of run folders, are read into the record; without any the record is rendered as it is.

Run folders are a pair when report, run, seed, images and every setting but `convolutions` and `epochs` are
the same. Compared are the evaluated scores of the epochs that both have (from the first on; after them one has ended).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from tf1_models.output.markdown import markdown_table, write_block
from tf1_models.reproduce.verdicts import folders, intervals
from tf1_models.storage.files import write_json

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "records", "paired_runs.json")
BLOCK = "paired"


def read(roots: Sequence[str]) -> List[Dict[str, Any]]:
    """Pairs in the order of report, run and seed: `direct` and `other` hold the score after each common epoch.

    Raises:
        SystemExit: no pair.
    """
    found: Dict[Tuple[str, ...], Dict[str, List[float]]] = {}
    for folder in (folder for root in roots for folder in folders.run_folders(root)):
        with open(os.path.join(folder, "run.json"), encoding="utf-8") as stream:
            record = json.load(stream)
        settings = dict(record["settings"])
        way = settings.pop("convolutions")
        del settings["epochs"]
        rest = json.dumps([record["data_digest"], settings], sort_keys=True)
        scores = [line["accuracy"] for line in folders.metrics_lines(folder)]
        ways = found.setdefault((record["report"], record["run"], str(record["seed"]), rest), {})
        if len(scores) > len(ways.get(way, [])):
            ways[way] = scores
    pairs = []
    for (report, run, seed, _), ways in sorted(found.items()):
        for way in sorted(set(ways) - {"direct"}):
            n = min(len(ways.get("direct", [])), len(ways[way]))
            if n:
                both = {"direct": ways["direct"][:n], "other": ways[way][:n]}
                pairs.append({"report": report, "run": run, "seed": int(seed), "convolutions": way, **both})
    if not pairs:
        raise SystemExit("no two run folders that differ in `convolutions` alone")
    return pairs


def render(pairs: Sequence[Dict[str, Any]]) -> str:
    """A line a pair, and the mean difference over seeds with its 95 % interval: of the last scores, which verdicts are
    about, and of the means over the epochs."""
    rows, of_last, of_means = [], [], []
    for pair in pairs:
        last = [100 * pair[way][-1] for way in ("direct", "other")]
        means = [100 * float(np.mean(pair[way])) for way in ("direct", "other")]
        of_last.append(last[1] - last[0])
        of_means.append(means[1] - means[0])
        name = f"{pair['report']} {pair['run']}, seed {pair['seed']}, {pair['convolutions']}"
        scores = [f"{value:.2f}" for value in (*last, *means)]
        rows.append(
            [name, len(pair["direct"]), *scores[:2], f"{of_last[-1]:+.2f}", *scores[2:], f"{of_means[-1]:+.2f}"]
        )
    head = ["run", "epochs", "last, direct", "last, Winograd", "difference"]
    text = markdown_table([*head, "mean, direct", "mean, Winograd", "difference"], rows)
    if len(pairs) < 2:
        return text
    return text + (
        f"\n\nTest accuracy in percent, after the last epoch that both have, and its mean over these epochs. Over "
        f"{len(pairs)} seeds the difference is {_interval(of_last)} points in the last and {_interval(of_means)} in "
        "the mean (95 %)."
    )


def _interval(differences: Sequence[float]) -> str:
    """Mean and half-width of its 95 % interval."""
    mean, sd = intervals.mean_and_sd(differences)
    assert mean is not None and sd is not None, "two or more differences"
    half = intervals.t_quantile(0.975, len(differences) - 1) * sd / math.sqrt(len(differences))
    return f"{mean:+.2f} ± {half:.2f}"


def main(words: Optional[List[str]] = None) -> int:
    """Writes the record where run folders are named; prints the block, and puts it on a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="RUNS")
    parser.add_argument("--write", metavar="README.md", help="rewrite the block of this page")
    args = parser.parse_args(words)
    if args.runs:
        write_json(PATH, {"schema": 1, "pairs": read(args.runs)})
    text = render(recorded())
    print(text)
    if args.write:
        write_block(args.write, BLOCK, text)
    return 0


def recorded() -> List[Dict[str, Any]]:
    """The record's pairs."""
    with open(PATH, encoding="utf-8") as stream:
        pairs: List[Dict[str, Any]] = json.load(stream)["pairs"]
    return pairs


if __name__ == "__main__":
    sys.exit(main())

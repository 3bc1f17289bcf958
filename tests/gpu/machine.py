"""The kit's commands on the machine that is asked, each a process of its own, and what a run of them leaves."""

from __future__ import annotations

import glob
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any, Dict, List, NamedTuple, Optional


class Failed(Exception):
    """A command of the kit ended with an error; its last line says which."""


class Machine(NamedTuple):
    """Where the answers come from: the data, the folder of the runs, and the words that each run gets."""

    data: str
    runs: str
    small: bool
    python_torch: Optional[str]

    def kit(self, words: List[str], env: Optional[Dict[str, str]] = None, may_fail: bool = False) -> Dict[str, Any]:
        """Runs a verb with --json; its document, with `exit_code` and `wall_s` beside it.

        Raises:
            Failed: exit code other than 0, unless it `may_fail`.
        """
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "tf1_models", *words, "--json"],
            capture_output=True,
            env={**os.environ, **(env or {})},
        )
        if done.returncode and not may_fail:
            last = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
            raise Failed(f"{' '.join(words)}: exit {done.returncode}: {last}")
        document = json.loads(done.stdout.decode("utf-8")) if done.stdout.strip() else {}
        return {**document, "exit_code": done.returncode, "wall_s": round(time.monotonic() - began, 2)}

    def train_words(self, report: str, name: str, *words: str, epochs: Optional[int] = None) -> List[str]:
        """`train` into a folder of its own; `epochs` None: the report's (one, when small)."""
        epochs = 1 if self.small and epochs is None else epochs
        more = [] if epochs is None else ["--epochs", str(epochs)]
        gpu = [] if self.small else ["--require-gpu"]
        return ["train", report, "--data", self.data, "--out", os.path.join(self.runs, name), "-q", *gpu, *more, *words]

    def train(
        self,
        report: str,
        name: str,
        *words: str,
        epochs: Optional[int] = None,
        env: Optional[Dict[str, str]] = None,
    ) -> Dict[str, Any]:
        """A run's scores, speed and identity."""
        result = self.kit(self.train_words(report, name, *words, epochs=epochs), env)
        (folder,) = glob.glob(os.path.join(self.runs, name, "*", "*", "*"))
        with open(os.path.join(folder, "metrics.jsonl")) as stream:
            lines = [json.loads(line) for line in stream]
        with open(os.path.join(folder, "run.json")) as stream:
            start = json.load(stream)["starts"][-1]
        kept = {split: _scores(result.get(split)) for split in ("dev", "test")}
        speeds = [line["samples_per_s"] for line in lines]
        return {
            **kept,
            "epochs": result["epochs"],
            "ended_by": result["ended_by"],
            "wall_s": result["wall_s"],
            "samples_per_s": statistics.median(speeds[1:] or speeds),
            "variables_sha256": result["variables_sha256"],
            "devices": start["runtime"]["devices"],
            "folder": os.path.relpath(folder, self.runs),
        }


def _scores(scores: Optional[Dict[str, Any]]) -> Optional[Dict[str, float]]:
    return None if scores is None else {key: scores[key] for key in ("accuracy", "macro_f1", "weighted_f1")}

"""Runs below folders with odd names, through every verb that reads or writes them.

    python -m tests.faults.odd_paths [--names NAME …]

For each name: train is interrupted, resumed and finished, then evaluate, predict, checkpoint inspect and report read
the run. A name either works throughout or is refused by the first command, with one line and exit code 3, before
anything is trained. Prints a line a name; exit 1 when one did neither.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from typing import Dict, List, Optional, Sequence

from tests.conftest import ROOT

NAMES = (
    "runs[1]",
    "a*b",
    "what?",
    "back\\slash",
    "ram:",
    "100%",
    "50%d",
    "a:b",
    "no#1",
    "two words",
    "line\nbreak",
    "실험",
    "'quoted'",
    "{brace}",
    "~tilde",
    "-dash",
    "n" * 200,
)
SETTINGS = ("--data", "digits", "--threads", "1", "batch_size=200", "epochs=2", "channels=3,4,5", "-q")
REFUSED = 3


def _kit(words: Sequence[str], folder: str, program: Optional[str] = None) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": ROOT, "TF_CPP_MIN_LOG_LEVEL": "2"}
    start = ["-c", program] if program else ["-m", "tf1_models"]
    return subprocess.run([sys.executable, *start, *words], cwd=folder, env=environment, capture_output=True, text=True)


_CUT = """
import os, signal, sys
from tf1_models.output import training_bars, watching
class Cut(watching.Watcher):
    def step(self, seen):
        if seen.step == 3:
            os.kill(os.getpid(), signal.SIGTERM)
training_bars.watchers_for = lambda quiet: [Cut()]
from tf1_models.cli import main
sys.exit(main(sys.argv[1:]))
"""


def try_name(name: str, folder: str) -> str:
    """What became of a name: "works", "refused: …", or what went wrong."""
    out = os.path.join(folder, name, "runs")
    words = ["train", "bn_cnn", *SETTINGS, f"--out={out}"]
    cut = _kit(words, folder, _CUT)
    if cut.returncode == REFUSED and len(cut.stderr.splitlines()) == 1:
        return f"refused: {cut.stderr.strip()[:100]}"
    if cut.returncode != 130:
        return f"FAILED at train ({cut.returncode}): {cut.stderr.strip()[-200:]}"
    done = _kit(words, folder)
    if done.returncode:
        return f"FAILED at resume ({done.returncode}): {done.stderr.strip()[-200:]}"
    (run,) = [path for path, _, names in os.walk(out) if "result.json" in names]
    later: Dict[str, List[str]] = {
        "evaluate": ["evaluate", run],
        "predict": ["predict", run, "--out", os.path.join(folder, "p.npy"), "--force"],
        "inspect": ["checkpoint", "inspect", run],
        "report": ["report", out],
    }
    for verb, more in later.items():
        found = _kit(more, folder)
        if found.returncode:
            return f"FAILED at {verb} ({found.returncode}): {found.stderr.strip()[-200:]}"
    if not os.path.isfile(os.path.join(out, "report.html")):
        return "FAILED: no report.html"
    return "works"


def main(words: Optional[Sequence[str]] = None) -> int:
    """Tries the names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", nargs="*", default=list(NAMES))
    args = parser.parse_args(words)
    bad = 0
    for name in args.names:
        with tempfile.TemporaryDirectory() as folder:
            said = try_name(name, folder)
        bad += said.startswith("FAILED")
        print(f"{name[:24]!r:30} {said!r}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""What a machine with a GPU has to answer, the weightiest first: python -m tests.gpu.prove --data FOLDER --out FOLDER

GPU machines are had for minutes. Each question is a few ordinary commands of the kit in processes of their own; what
they answer is written to OUT/record.json as it comes. The same command again goes on where the last one stopped: a
question that has an answer is not asked twice, one that would not end in the time left is not begun.

`--small` asks the same of the embedded digits, a few steps each, with or without a GPU: it shows that this script
works, and its record says so. No figure of it belongs in a document.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import numpy as np

from tf1_models.storage.files import to_json, write_bytes

DETERMINISTIC = {"TF_DETERMINISTIC_OPS": "1"}
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}
STEPS_PER_CALL = (1, 20, 100)
SEEDS = (0, 1, 2)


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


def doctor(machine: Machine, _: Dict[str, Any]) -> Dict[str, Any]:
    """What `doctor` says, beside the driver's own tool."""
    words = ["doctor"] if machine.small else ["doctor", "--require-gpu"]
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total,compute_cap", "--format=csv,noheader"]
    try:
        says = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode().strip()
    except OSError as error:
        says = str(error)
    document = machine.kit(words, may_fail=True)
    return {"nvidia_smi": says, "exit_code": document["exit_code"], "lines": document["lines"]}


def steps_per_call(machine: Machine, _: Dict[str, Any]) -> Dict[str, Any]:
    """Images a second of the flagship by steps a Session call; `best` serves the runs below."""
    speeds = {
        str(n): machine.train("nine_conv", f"calls-{n}", "--steps-per-call", str(n), epochs=2)["samples_per_s"]
        for n in (STEPS_PER_CALL[:2] if machine.small else STEPS_PER_CALL)
    }
    return {"samples_per_s": speeds, "best": max(speeds, key=lambda n: speeds[n])}


def _calls(answers: Dict[str, Any]) -> List[str]:
    return ["--steps-per-call", answers.get("steps_per_call", {}).get("best", "1")]


def flagship(machine: Machine, answers: Dict[str, Any]) -> Dict[str, Any]:
    """`nine_conv final` as reported."""
    return machine.train("nine_conv", "flagship", *_calls(answers))


def twice(machine: Machine, answers: Dict[str, Any]) -> Dict[str, Any]:
    """The same run twice, as it is and with TensorFlow's deterministic ops: the same bytes? At what cost?"""
    found: Dict[str, Any] = {}
    for report in ("prelu_cnn", "nine_conv"):
        for name, env in (("default", {}), ("deterministic", DETERMINISTIC)):
            runs = [
                machine.train(report, f"twice-{report}-{name}-{k}", *_calls(answers), epochs=2, env=env) for k in (0, 1)
            ]
            found[f"{report} {name}"] = {
                "same_bytes": runs[0]["variables_sha256"] == runs[1]["variables_sha256"],
                "samples_per_s": [run["samples_per_s"] for run in runs],
            }
    return found


def killed(machine: Machine, answers: Dict[str, Any]) -> Dict[str, Any]:
    """A run killed after its first epoch and continued, beside one that was left alone; deterministic ops for both."""
    alone = machine.train("prelu_cnn", "alone", *_calls(answers), epochs=3, env=DETERMINISTIC)
    words = machine.train_words("prelu_cnn", "killed", *_calls(answers), epochs=3)
    process = subprocess.Popen(
        [sys.executable, "-m", "tf1_models", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **DETERMINISTIC},
    )
    while process.poll() is None:
        metrics = glob.glob(os.path.join(machine.runs, "killed", "*", "*", "*", "metrics.jsonl"))
        if metrics and os.path.getsize(metrics[0]):
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.01)
    exit_code = process.wait()
    continued = machine.train("prelu_cnn", "killed", *_calls(answers), epochs=3, env=DETERMINISTIC)
    return {
        "was_killed": exit_code == -signal.SIGKILL,
        "same_bytes": continued["variables_sha256"] == alone["variables_sha256"],
    }


def both_ways(machine: Machine, _: Dict[str, Any]) -> Dict[str, Any]:
    """Checkpoints of the processor on the GPU, and one of the GPU on the processor."""
    verified = machine.kit(["verify", "--no-scores"], may_fail=True)
    run = machine.train("prelu_cnn", "both-ways", epochs=1)
    folder = os.path.join(machine.runs, run["folder"])
    files = {}
    for name, env in (("gpu", {}), ("processor", NO_GPU)):
        files[name] = os.path.join(machine.runs, f"both-ways-{name}.npy")
        machine.kit(["predict", folder, "--data", machine.data, "--out", files[name]], env)
    one, other = (np.load(path) for path in files.values())
    return {
        "verify": {"exit_code": verified["exit_code"], "checkpoints": verified.get("checkpoints")},
        "images": len(one),
        "images_that_differ": int((one != other).reshape(len(one), -1).any(axis=1).sum()),
    }


def paired_seeds(machine: Machine, answers: Dict[str, Any]) -> Dict[str, Any]:
    """A cheap row with three seeds, to lay beside the processor's runs of the same seeds."""
    seeds = SEEDS[:1] if machine.small else SEEDS
    runs = [machine.train("prelu_cnn", f"seed-{s}", "--seed", str(s), *_calls(answers)) for s in seeds]
    return {str(seed): run for seed, run in zip(seeds, runs)}


def precision(machine: Machine, answers: Dict[str, Any]) -> Dict[str, Any]:
    """The same row in tf32 and fp16; on a processor they are refused, which is the answer there."""
    found: Dict[str, Any] = {}
    for kind in ("tf32", "fp16"):
        for seed in SEEDS[:1] if machine.small else SEEDS:
            words = (f"precision={kind}", "--seed", str(seed), *_calls(answers))
            try:
                found[f"{kind} {seed}"] = machine.train("prelu_cnn", f"{kind}-{seed}", *words)
            except Failed as error:
                if not machine.small:
                    raise
                found[f"{kind} {seed}"] = str(error)
    return found


def beside_pytorch(machine: Machine, _: Dict[str, Any]) -> Dict[str, Any]:
    """The bench's own document for all five reports; PyTorch where an interpreter that has it is named."""
    words = ["bench", "--only", "step,evaluate", "--peers", "kit,kit_resident,torch,torch_compile", "-q"]
    words += ["--python-torch", machine.python_torch] if machine.python_torch else []
    return machine.kit([*words, "prelu_cnn", "--quick"] if machine.small else [*words, "--rounds", "3"])


def other_rows(machine: Machine, answers: Dict[str, Any]) -> Dict[str, Any]:
    """Rows that take hours on a processor, the shorter ones first."""
    rows = [("nine_conv", "single_fc"), ("nine_conv", "without_conv9"), ("alexnet_bn", "batch_100_epochs_30")]
    rows += [("course_models", "sim07_filters_256_50"), ("alexnet_bn", "batch_200_epochs_30")]
    rows += [("alexnet_bn", "batch_250_epochs_30"), ("nine_conv", "without_conv256_a")]
    return {
        f"{report} {run}": machine.train(report, f"row-{run}", "--run", run, *_calls(answers))
        for report, run in (rows[:1] if machine.small else rows)
    }


class Question(NamedTuple):
    """One question and the seconds that must be left for it to be begun (guesses, until a card has answered)."""

    ask: Callable[[Machine, Dict[str, Any]], Dict[str, Any]]
    least_s: int


QUESTIONS = (
    Question(doctor, 20),
    Question(steps_per_call, 60),
    Question(flagship, 120),
    Question(paired_seeds, 120),
    Question(both_ways, 60),
    Question(twice, 90),
    Question(killed, 45),
    Question(beside_pytorch, 150),
    Question(precision, 180),
    Question(other_rows, 300),
)


def main(words: Optional[List[str]] = None) -> int:
    """Asks what has no answer yet; exit 1 when a question failed."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--data", help="CIFAR-10 in any form; `data prepare`'s is read fastest")
    parser.add_argument("--out", required=True, help="folder of the record and the runs")
    parser.add_argument("--minutes", type=float, default=9.0, help="begin nothing that would end later (default 9)")
    parser.add_argument("--only", help="comma list of questions: " + ", ".join(q.ask.__name__ for q in QUESTIONS))
    parser.add_argument("--python-torch", help="interpreter that has PyTorch (default: this one)")
    parser.add_argument("--small", action="store_true", help="digits and a step or two: shows that the script works")
    args = parser.parse_args(words)
    if not args.small and not args.data:
        parser.error("--data: where is CIFAR-10? (or --small)")
    only = args.only.split(",") if args.only else None
    unknown = set(only or ()) - {question.ask.__name__ for question in QUESTIONS}
    if unknown:
        parser.error(f"--only: no question {', '.join(sorted(unknown))}; see --help")
    data = "digits" if args.small else args.data
    machine = Machine(data, os.path.join(args.out, "runs"), args.small, args.python_torch)
    return ask_all(machine, args.out, args.minutes, only)


def ask_all(
    machine: Machine, out: str, minutes: float, only: Optional[List[str]] = None, questions: Any = QUESTIONS
) -> int:
    """Asks in order, within the time; the record is written after each answer.

    Returns:
        1 when a question failed, else 0; one that was not begun is no failure and is printed.
    """
    began, path = time.monotonic(), os.path.join(out, "record.json")
    os.makedirs(machine.runs, exist_ok=True)
    record: Dict[str, Any] = {"schema": 1, "small": machine.small, "answers": {}, "failed": {}}
    if os.path.exists(path):
        with open(path) as stream:
            record = json.load(stream)
    for question in questions:
        name, left_s = question.ask.__name__, 60 * minutes - (time.monotonic() - began)
        if name in record["answers"] or (only and name not in only):
            continue
        if left_s < question.least_s:
            print(f"{name}: not begun, {left_s:.0f} s left of the {question.least_s} that it needs", flush=True)
            continue
        asked = time.monotonic()
        record["failed"].pop(name, None)
        try:
            answer = question.ask(machine, record["answers"])
            record["answers"][name] = {**answer, "date": time.strftime("%Y-%m-%d")}
        except Failed as error:
            record["failed"][name] = str(error)
        seconds = time.monotonic() - asked
        print(f"{name}: {record['failed'].get(name, 'answered')} ({seconds:.0f} s)", flush=True)
        write_bytes(path, (to_json(record) + "\n").encode("utf-8"))
    return 1 if record["failed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())

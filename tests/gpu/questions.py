"""What a machine with a GPU has to answer, the weightiest first; each question takes the answers before it."""

from __future__ import annotations

import glob
import os
import signal
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List, NamedTuple

import numpy as np

from tests.gpu.machine import Failed, Machine

DETERMINISTIC = {"TF_DETERMINISTIC_OPS": "1"}
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}
STEPS_PER_CALL = (1, 20, 100)
SEEDS = (0, 1, 2)


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

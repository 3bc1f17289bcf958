"""Hours a run will take: from samples/s that were measured here, else from shipped speeds scaled to this machine."""

from __future__ import annotations

import statistics
from typing import Any, Dict, List, Mapping, Optional, Sequence

from tf1_models.errors import InputError
from tf1_models.reproduce.runs import machine_speed
from tf1_models.reproduce.runs.queue import Task, epochs_done, state_of
from tf1_models.reproduce.verdicts import folders
from tf1_models.storage.files import to_json
from tf1_models.storage.sealed import read_sealed


def speed_key(identity: Mapping[str, Any]) -> str:
    """Runs with equal keys do the same work a step: the same graph, batch, optimizer and augmentation."""
    names = ("graph", "batch_size", "optimizer", "augmentation")
    same = {key: value for key, value in sorted(identity.items()) if key in names or key.startswith("net.")}
    return to_json(same, indent=None)


def measured_speeds(root: str) -> Dict[str, float]:
    """Speed key -> median samples/s over the epochs of every run below a results folder, finished or not.

    Training steps alone are timed, on this or another machine, with the threads of that run: an estimate.
    """
    samples: Dict[str, List[float]] = {}
    for folder in folders.run_folders(root):
        try:
            key = speed_key(read_sealed(f"{folder}/run.json")["identity"])
        except (InputError, KeyError):
            continue
        found = [line.get("samples_per_s") for line in folders.metrics_lines(folder)]
        samples.setdefault(key, []).extend(value for value in found if isinstance(value, float) and value > 0.0)
    return {key: statistics.median(values) for key, values in samples.items() if values}


def speeds(root: str, found: Sequence[Task], threads: int) -> Dict[str, float]:
    """Measured speeds, and for kinds of work that were never trained here the shipped ones, scaled to this machine.

    Args:
        root: Results folder.
        found: The tasks that are asked about; where all were measured, nothing else is.
        threads: Of each run.
    """
    measured = measured_speeds(root)
    if all(speed_key(task.identity) in measured for task in found):
        return measured
    return {**machine_speed.shipped(threads), **measured}


def seconds_left(task: Task, speeds: Mapping[str, float]) -> Optional[float]:
    """Training time that a task still needs; 0 when finished, None when nothing like it was measured."""
    if state_of(task) == "finished":
        return 0.0
    speed = speeds.get(speed_key(task.identity))
    if speed is None:
        return None
    max_steps = task.identity.get("max_steps")
    images = (task.epochs - epochs_done(task)) * task.n_train
    if max_steps is not None:
        images = min(images, max_steps * task.identity["batch_size"])
    return max(images, 0) / speed


def by_cost(found: Sequence[Task], speeds: Mapping[str, float]) -> List[Task]:
    """Cheap first, so that verdicts come early; those of unknown cost last, in the reports' order."""

    def key(task: Task) -> Any:
        left = seconds_left(task, speeds)
        return (left is None, left or 0.0)

    return sorted(found, key=key)


def in_all(left: Sequence[Optional[float]]) -> str:
    """What unfinished runs need together, in words; those of unknown cost are counted, not left out."""
    known = [seconds for seconds in left if seconds is not None]
    words = [f"about {hours(sum(known))} of training one after the other"] if known else []
    if len(known) < len(left):
        words.append(f"{len(left) - len(known)} of unknown cost (no run like them was measured)")
    return " and ".join(words) or "nothing left to train"


def hours(seconds: Optional[float]) -> str:
    """Seconds for people."""
    if seconds is None:
        return "unknown"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"

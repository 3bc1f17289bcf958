"""Run folders below a results folder: finished ones, what an unfinished one has, what failed and why."""

from __future__ import annotations

import fcntl
import json
import os
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional

from tf1_models import registry
from tf1_models.errors import InputError, one_line
from tf1_models.reproduce.verdicts.finished import FinishedRun
from tf1_models.storage.files import sha256_file
from tf1_models.storage.reading import open_regular
from tf1_models.storage.sealed import read_sealed, write_sealed
from tf1_models.training.run_folder import MAX_METRICS_BYTES

FAILURE = "failure.json"
_VERSIONS = ("tensorflow", "numpy", "python", "machine", "devices", "threads", "onednn")
_FRACTIONS = ("accuracy", "macro_f1", "weighted_f1")


class Finished(NamedTuple):
    """A finished run folder: the run, and what only its own page section shows."""

    run: FinishedRun
    lines: List[Dict[str, Any]]  # metrics.jsonl
    confusion: Dict[str, Any]  # split -> confusion matrix


class Folders(NamedTuple):
    """Everything below a results folder; `damaged` are (path, why)."""

    finished: List[Finished]
    failures: List[Dict[str, Any]]
    damaged: List[Dict[str, str]]


def run_folders(root: str) -> Iterator[str]:
    """Folders `<root>/<report>/<run>/<name>` in which a run was started or failed, sorted."""
    for report in registry.REPORTS:
        for run in _listed(os.path.join(root, report)):
            for name in _listed(os.path.join(root, report, run)):
                path = os.path.join(root, report, run, name)
                if any(os.path.isfile(os.path.join(path, word)) for word in ("run.json", "result.json", FAILURE)):
                    yield path


def _listed(folder: str) -> List[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def metrics_lines(folder: str) -> List[Dict[str, Any]]:
    """Whole lines of metrics.jsonl; a half-written last one (a kill) is left out."""
    lines: List[Dict[str, Any]] = []
    try:
        stream, size = open_regular(os.path.join(folder, "metrics.jsonl"), MAX_METRICS_BYTES)
        with stream:
            whole = stream.read(size).split(b"\n")[:-1]
        for text in whole:
            line = json.loads(text.decode("utf-8"))
            if not isinstance(line, dict):
                break
            lines.append(line)
    except (OSError, ValueError, RecursionError, InputError):
        pass
    return lines


def read_failure(folder: str) -> Optional[Dict[str, Any]]:
    """What `write_failure` left there, if it is whole."""
    try:
        return read_sealed(os.path.join(folder, FAILURE))
    except InputError:
        return None


def write_failure(folder: str, record: Mapping[str, Any]) -> None:
    """Notes why a run failed, beside what it left; removed when the run finishes."""
    os.makedirs(folder, exist_ok=True)
    write_sealed(os.path.join(folder, FAILURE), dict(record))


def clear_failure(folder: str) -> None:
    """Forgets a failure."""
    try:
        os.unlink(os.path.join(folder, FAILURE))
    except OSError:
        pass


def is_locked(folder: str) -> bool:
    """Whether a living process trains in the folder (see `run_folder.RunFolder`)."""
    try:
        with open(os.path.join(folder, "lock"), "rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)  # given back when the file is closed
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _scores(scores: Optional[Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    if scores is None:
        return None
    columns = [sum(row[k] for row in scores["confusion_matrix"]) for k in range(len(scores["confusion_matrix"]))]
    return {
        **{key: float(scores[key]) for key in _FRACTIONS},
        "n": int(scores["n"]),
        "one_class": sum(count > 0 for count in columns) == 1,
    }


def _check_metrics(folder: str, steps: int) -> None:
    """Holds metrics.jsonl, which verdicts of shorter runs are read from, to the last manifest, which vouches for it.

    Where the checkpoints were removed to save room, nothing vouches for it.

    Raises:
        InputError: a bit of it is not what was written.
    """
    manifest = os.path.join(folder, f"ckpt-{steps}.json")
    if not os.path.lexists(manifest):
        return
    vouched = read_sealed(manifest)["metrics"]
    path = os.path.join(folder, "metrics.jsonl")
    if not os.path.isfile(path) or sha256_file(path) != vouched["sha256"]:
        raise InputError(
            "metrics.jsonl is damaged: it does not match the last checkpoint; --fresh trains the run again"
        )


def read_finished(folder: str, root: str) -> Finished:
    """Reads a finished run folder.

    Raises:
        InputError: a file is damaged or not of this kit.
    """
    record = read_sealed(os.path.join(folder, "run.json"))
    result = read_sealed(os.path.join(folder, "result.json"))
    lines = metrics_lines(folder)
    try:
        _check_metrics(folder, int(result["steps"]))
        same = all(record[key] == result[key] for key in ("report", "run", "seed", "data_digest"))
        if not same or [line["epoch"] for line in lines] != list(range(1, len(lines) + 1)):
            raise InputError("run.json, metrics.jsonl and result.json are not of one run")
        starts = record.get("starts") or []
        runtime = starts[-1]["runtime"] if starts else {}
        splits = {line["eval_split"] for line in lines}
        run = FinishedRun(
            report=record["report"],
            run=record["run"],
            seed=record["seed"],
            identity=record["identity"],
            data=record["data"],
            data_digest=record["data_digest"],
            data_lossy=record["data_lossy"],
            epochs=result["epochs"],
            ended_by=result["ended_by"],
            scores={split: _scores(result[split]) for split in ("dev", "test")},
            by_epoch={
                "accuracy": [float(line["accuracy"]) for line in lines],
                "weighted_f1": [float(line["weighted_f1"]) for line in lines],
            },
            eval_split=splits.pop() if len(splits) == 1 else "",
            variables_sha256=result["variables_sha256"],
            versions={key: runtime[key] for key in _VERSIONS if key in runtime},
            folder=os.path.relpath(folder, root).replace(os.sep, "/"),
            test_at={str(line["epoch"]): _test_there(line["test"]) for line in lines if "test" in line},
            commits=list(dict.fromkeys(start["git_commit"] for start in starts if start.get("git_commit"))),
        )
        confusion = {s: result[s]["confusion_matrix"] for s in ("dev", "test") if result[s] is not None}
        return Finished(run, lines, confusion)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise InputError(f"not a run folder of this kit: {one_line(error)}") from error


def _test_there(scores: Mapping[str, Any]) -> Dict[str, Any]:
    kept = {key: float(scores[key]) for key in _FRACTIONS}
    return {**kept, "n": int(scores["n"]), "one_class": scores["predicted_classes"] == 1}


def read_all(root: str) -> Folders:
    """Reads everything below a results folder; a damaged folder stops nothing, it is listed.

    Raises:
        InputError: there is no such folder.
    """
    if not os.path.isdir(root):
        raise InputError(f"no folder {root!r}; `reproduce` and `train` write run folders below ./runs")
    found = Folders([], [], [])
    for path in run_folders(root):
        relative = os.path.relpath(path, root).replace(os.sep, "/")
        failure = read_failure(path)
        if os.path.isfile(os.path.join(path, "result.json")):
            try:
                found.finished.append(read_finished(path, root))
                continue
            except InputError as error:
                found.damaged.append({"folder": relative, "why": str(error)})
        if failure is not None:
            found.failures.append({**failure, "folder": relative})
    return found

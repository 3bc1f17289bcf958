"""A longer run begins where a finished shorter one of the same computation ended: nothing is trained twice.

The shorter run's last checkpoint, its best one and its metrics are copied into the new run folder with the new
configuration in their manifests; from there the run is resumed as any other. run.json keeps the starts of the run
that it continues, so that it says how every epoch was computed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from tf1_models import registry
from tf1_models.checkpoints import saving
from tf1_models.errors import InputError, one_line
from tf1_models.output.progress import Log
from tf1_models.storage.files import fsync_file, fsync_folder, writing
from tf1_models.storage.reading import open_regular
from tf1_models.storage.sealed import read_sealed, write_sealed
from tf1_models.training import computation, epoch_state
from tf1_models.training.run_folder import MAX_METRICS_BYTES, RunFolder

_SAME = ("report", "seed", "data_digest", "split_hash")


class Finished(NamedTuple):
    """A finished run folder."""

    path: str
    record: Dict[str, Any]  # run.json
    result: Dict[str, Any]  # result.json


def shorter_run(root: str, folder: RunFolder, record: Dict[str, Any]) -> Optional[Finished]:
    """The longest finished run below a results folder whose end the run of `record` passes through.

    Args:
        root: Results folder (`--out`).
        folder: The run folder of `record`; a run is no predecessor of itself.
        record: The run.json that is about to be written.
    """
    found: List[Tuple[int, str, Finished]] = []
    for path in _folders_of(root, record["report"]):
        if os.path.realpath(path) == os.path.realpath(folder.path):
            continue
        try:
            other = Finished(
                path, read_sealed(os.path.join(path, "run.json")), read_sealed(os.path.join(path, "result.json"))
            )
        except InputError:  # unfinished, or damaged: whoever continues that folder is told
            continue
        if _passes_through(record, other):
            found.append((other.record["identity"]["epochs"], path, other))
    return max(found)[2] if found else None


def _folders_of(root: str, report: str) -> Iterator[str]:
    base = os.path.join(root, report)
    for run in sorted(os.listdir(base)) if os.path.isdir(base) else []:
        for name in sorted(os.listdir(os.path.join(base, run))) if os.path.isdir(os.path.join(base, run)) else []:
            if os.path.isfile(os.path.join(base, run, name, "result.json")):
                yield os.path.join(base, run, name)


def _passes_through(record: Dict[str, Any], other: Finished) -> bool:
    mine, identity = record["identity"], other.record.get("identity") or {}
    return (
        all(record[key] == other.record.get(key) for key in _SAME)
        and "epochs" in identity
        and mine.get("max_steps") is None  # it could end before the other one does
        and mine["epochs"] > identity["epochs"]
        and other.result["ended_by"] != "max_steps"
        and computation.begins_with(mine, identity)
        and all(mine.get(key) == identity.get(key) for key in computation.SUMS)  # the same bits, not only the same sums
    )


def begin(root: str, folder: RunFolder, record: Dict[str, Any], log: Log) -> None:
    """Fills a run folder that has no checkpoint yet from the longest finished run that it can continue, if any.

    Args:
        root: Results folder.
        folder: The run's own, locked.
        record: From `loop.prepare`.
        log: Says what is continued, or why not.

    Raises:
        MachineError: the folder cannot be written.
    """
    if saving.list_steps(folder.path):
        return
    other = shorter_run(root, folder, record)
    if other is None:
        return
    try:
        manifests = _manifests(other)
        lines = _metrics(other, record, manifests[-1])
    except (InputError, OSError) as error:
        log.line(
            f"starting anew: {other.path} is the same run to epoch {other.result['epochs']}, but {one_line(error)}"
        )
        return
    continues = {key: other.record[key] for key in ("run", "identity")}
    folder.write_run(
        {
            **record,
            "starts": other.record["starts"],
            "continues": {**continues, "variables_sha256": other.result["variables_sha256"]},
        }
    )
    folder.rewind_metrics({"size": 0, "sha256": hashlib.sha256().hexdigest()})  # a kill here may have left some
    at_epoch = {manifest["progress"]["epoch"]: manifest for manifest in manifests}
    for line in lines:
        folder.append_metrics(line)
        if line["epoch"] in at_epoch:
            _adopt(other, folder, record, at_epoch[line["epoch"]])
    log.line(f"continuing {other.path}, which ended after {other.result['epochs']} epochs: the same run until there")


def _manifests(other: Finished) -> List[Dict[str, Any]]:
    """Of the best checkpoint, if it is another, and of the last; both sound."""
    last = saving.read_manifest(other.path, other.result["steps"])
    best = last["progress"]["best"]
    steps = [] if best is None or best["step"] == last["step"] else [best["step"]]
    return [*(saving.read_manifest(other.path, step) for step in steps), last]


def _metrics(other: Finished, record: Dict[str, Any], last: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Its lines of metrics.jsonl as the longer run writes them: with test scores where shorter rows end."""
    stream, size = open_regular(os.path.join(other.path, "metrics.jsonl"), MAX_METRICS_BYTES)
    with stream:
        past = stream.read(size)[: last["metrics"]["size"]]
    if hashlib.sha256(past).hexdigest() != last["metrics"]["sha256"]:
        raise InputError("its metrics.jsonl does not match its last checkpoint")
    lines = [json.loads(text) for text in past.decode("utf-8").splitlines()]
    if lines[-1]["epoch"] in registry.test_epochs(record["report"], record["identity"]):
        lines[-1].setdefault("test", epoch_state.test_scores(other.result["test"]))
    return lines


def _adopt(other: Finished, folder: RunFolder, record: Dict[str, Any], manifest: Dict[str, Any]) -> None:
    """Copies one checkpoint; its manifest, written last, is of the new run."""
    source, target = (saving.prefix(path, manifest["step"]) for path in (other.path, folder.path))
    progress = dict(manifest["progress"])
    if progress["stopped"] == "epochs":
        progress["stopped"] = ""
    with writing("a checkpoint"):
        for suffix in manifest["files"]:
            shutil.copyfile(source + suffix, target + suffix)
            fsync_file(target + suffix)
        fsync_folder(folder.path)
        write_sealed(
            target + ".json",
            {
                **manifest,
                "progress": progress,
                "metrics": folder.metrics_record(),
                "config": folder.config_record(record),
            },
        )

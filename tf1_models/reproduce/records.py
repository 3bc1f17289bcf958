"""records.json: the finished runs behind the README's tables, without paths, command lines or pictures."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any, Dict, List, Sequence, Tuple

from tf1_models import registry
from tf1_models.errors import InputError, one_line
from tf1_models.reproduce.verdicts import configuration
from tf1_models.reproduce.verdicts.finished import FinishedRun, draw_for
from tf1_models.storage.files import to_json, write_bytes

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "records.json")
_WHERE_ANY = ("test_at", "commits")  # they stand where there is something in them
_LEFT_OUT = ("folder", *_WHERE_ANY)
_FIELDS = tuple(field.name for field in dataclasses.fields(FinishedRun) if field.name not in _LEFT_OUT)


def read(path: str = PATH) -> List[FinishedRun]:
    """The committed runs.

    Raises:
        InputError: unreadable, or not this kit's records.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
        if document["schema"] != 1:
            raise InputError(f"{os.path.basename(path)} has schema {document['schema']}; this kit reads 1")
        return [
            FinishedRun(**{key: row[key] for key in _FIELDS}, **{key: row[key] for key in _WHERE_ANY if key in row})
            for row in document["runs"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{os.path.basename(path)} cannot be read: {one_line(error)}") from error


def belongs(run: FinishedRun) -> bool:
    """Whether a run enters a table: on CIFAR-10, not cut, and of a report's row or variant."""
    if run.images() not in ("official", "lossy"):
        return False
    if any(draw_for(run, row) is not None for row in registry.runs(run.report)):
        return True
    return run.ended_by != "max_steps" and configuration.variant_of(run.report, run.identity) is not None


def _key(run: FinishedRun) -> Tuple[Any, ...]:
    return (
        registry.REPORTS.index(run.report),
        run.run,
        to_json(dict(run.identity), indent=None),
        run.data_digest,
        run.seed,
    )


def _record(run: FinishedRun) -> Dict[str, Any]:
    record = {key: getattr(run, key) for key in _FIELDS}
    by_epoch = {"accuracy": run.by_epoch["accuracy"]}
    if any(row.reported.metric == "dev_f1_weighted" for row in registry.runs(run.report)):
        by_epoch["weighted_f1"] = run.by_epoch["weighted_f1"]
    more = {key: getattr(run, key) for key in _WHERE_ANY if getattr(run, key)}
    return {**record, "by_epoch": by_epoch, **more}


def merge(old: Sequence[FinishedRun], new: Sequence[FinishedRun]) -> List[FinishedRun]:
    """Old records with those of `new` that belong in a table; the same run is replaced."""
    merged = {_key(run): run for run in old}
    merged.update({_key(run): run for run in new if belongs(run)})
    return [merged[key] for key in sorted(merged)]


def write(runs: Sequence[FinishedRun], path: str = PATH) -> None:
    """Writes records.json, one run a line, so that a change is a change of few lines.

    Raises:
        OSError: it cannot be written.
    """
    lines = ",\n".join(to_json(_record(run), indent=None) for run in runs)
    write_bytes(path, f'{{"schema": 1, "runs": [\n{lines}\n]}}\n'.encode())

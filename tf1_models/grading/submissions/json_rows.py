"""JSON submissions: a list of classes, of ten scores, of {"id", "label"} objects, or an object of id -> class."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from tf1_models.classes import N_CLASSES
from tf1_models.grading.submissions.array_labels import labels_of_array
from tf1_models.grading.submissions.class_labels import BAD, ClassReader
from tf1_models.grading.submissions.findings import Findings, shown
from tf1_models.grading.submissions.limits import MAX_JSON_BRACKETS, MAX_JSON_VALUES, MAX_ROWS, MAX_UNICODE_BYTES
from tf1_models.grading.submissions.rows import Rows
from tf1_models.grading.submissions.text_strict import set_ids

_HOLDERS = ("predictions", "prediction", "labels", "label", "result", "results", "pred", "y_pred", "y")


class _Constant(str):
    """NaN or Infinity, or a number too long to be one of ours, as written."""


class _Pairs(list):
    """An object as its (name, value) pairs: a dict would swallow a repeated name."""


def _whole(text: str) -> Any:
    # int() of a million digits takes seconds (quadratic) on every Python this runs on
    return int(text) if len(text) <= 19 else _Constant(text[:40])


def json_rows(data: bytes, findings: Findings) -> Optional[Rows]:
    """Rows of a JSON file; every problem goes into the findings (rows count from 1)."""
    value = _parse(data, findings)
    if findings.bad:
        return None
    if isinstance(value, _Pairs):
        holders = [v for k, v in value if k in _HOLDERS and isinstance(v, list)]
        if len(holders) == 1:
            if len(value) > 1:
                findings.note("other fields of the JSON object ignored")
            value = holders[0]
        elif holders:
            findings.problem("a JSON object with more than one list of predictions")
            return None
    if not isinstance(value, list) or not value:
        findings.problem("expected a JSON list of classes, of scores or of {id, label}, or an object of id: class")
        return None
    if len(value) > MAX_ROWS:
        findings.problem(f"{len(value):,} rows; at most {MAX_ROWS:,} are read")
        return None
    if isinstance(value, _Pairs):
        return _labelled([(k, v) for k, v in value], findings)
    if isinstance(value[0], _Pairs):
        return _objects(value, findings)
    if isinstance(value[0], list):
        return _scores(value, findings)
    rows = Rows(np.full(len(value), BAD, dtype=np.int8))
    _read_labels(value, rows, findings)
    return rows


def _parse(data: bytes, findings: Findings) -> Any:
    """The document, after checks that bound the memory it takes."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]:
        findings.problem("UTF-16 text; save it as UTF-8")
        return None
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
        findings.note("byte-order mark ignored")
    if not data.strip():
        findings.problem("an empty file")
        return None
    if data.count(b",") > MAX_JSON_VALUES or data.count(b"[") + data.count(b"{") > MAX_JSON_BRACKETS:
        findings.problem(f"JSON with more than {MAX_JSON_VALUES:,} values or {MAX_JSON_BRACKETS:,} brackets")
        return None
    if not data.isascii() and len(data) > MAX_UNICODE_BYTES:
        findings.problem(f"JSON of {len(data):,} bytes that is not plain ASCII")
        return None
    try:
        text = data.decode("utf-8")
        return json.loads(text, parse_int=_whole, parse_constant=_Constant, object_pairs_hook=_Pairs)
    except UnicodeDecodeError:
        findings.problem("not UTF-8 text; save it as UTF-8")
    except RecursionError:
        findings.problem("JSON nested too deeply")
    except ValueError as error:
        at = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        findings.problem(f"not valid JSON{at}")
    return None


def _token(value: Any) -> Tuple[str, str]:
    """(text for the class reader, reason when it cannot be one)."""
    if isinstance(value, _Constant):
        return "", f"{shown(value)} is not a class"
    if isinstance(value, bool) or value is None:
        return "", f"{json.dumps(value)} is not a class"
    if isinstance(value, (int, str)):
        return str(value), ""
    if isinstance(value, float):
        return repr(value), ""
    return "", "a list or an object where a class is expected"


def _read_labels(values: List[Any], rows: Rows, findings: Findings) -> None:
    reader = ClassReader()
    for row, value in enumerate(values):
        token, why = _token(value)
        if not why:
            rows.labels[row], note, why = reader.read(token)
            if note:
                findings.note(note, 1)
        if why:
            findings.problem_at(row + 1, why, "row")


def _labelled(pairs: List[Tuple[str, Any]], findings: Findings) -> Rows:
    """{id: class}."""
    rows = Rows(np.full(len(pairs), BAD, dtype=np.int8))
    _read_labels([value for _, value in pairs], rows, findings)
    ids = [name.strip() for name, _ in pairs]
    for row, text in enumerate(ids):
        if not text or len(text) > 200:
            findings.problem_at(row + 1, "no image id" if not text else "an image id that is too long", "row")
            ids[row] = ""
    set_ids(rows, ids)
    return rows


def _objects(values: List[Any], findings: Findings) -> Optional[Rows]:
    """[{"id": .., "label": ..}, ..]."""
    pairs: List[Tuple[str, Any]] = []
    for row, value in enumerate(values):
        fields: Dict[str, Any] = dict(value) if isinstance(value, _Pairs) else {}
        if set(fields) != {"id", "label"} or len(value) != 2 or type(fields["id"]) not in (int, str):
            findings.problem_at(row + 1, 'expected {"id": …, "label": …}', "row")
            pairs.append(("bad", None))
            continue
        pairs.append((str(fields["id"]), fields["label"]))
    return None if findings.bad else _labelled(pairs, findings)


def _scores(values: List[Any], findings: Findings) -> Optional[Rows]:
    """[[ten scores], ..]."""
    for row, value in enumerate(values):
        good = isinstance(value, list) and not isinstance(value, _Pairs) and len(value) == N_CLASSES
        if not good or any(type(score) not in (int, float) for score in value):
            size = f"{len(value)} values" if isinstance(value, list) else "no list"
            why = f"{size}; expected {N_CLASSES} numbers" if not good else "a score that is no finite number"
            findings.problem_at(row + 1, why, "row")
    if findings.bad:
        return None
    whole = all(type(score) is int for value in values for score in value)
    return labels_of_array(np.array(values, dtype=np.int64 if whole else np.float64), findings)

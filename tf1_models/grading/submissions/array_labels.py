"""An array that a student saved -> one class id per row: ids, class names, one-hot rows or ten scores."""

from __future__ import annotations

from typing import Optional

import numpy as np

from tf1_models.classes import N_CLASSES
from tf1_models.grading.submissions.class_labels import BAD, FROM_ONE, ClassReader
from tf1_models.grading.submissions.findings import Findings, shown
from tf1_models.grading.submissions.limits import MAX_ROWS, MAX_TEXT_ITEM_CHARS
from tf1_models.grading.submissions.rows import Rows


def labels_of_array(array: np.ndarray, findings: Findings) -> Optional[Rows]:
    """Class ids of an array; every value is checked before any cast (a cast turns 300 into 44 without a word).

    Args:
        array: [N], [N, 1] or [N, 1, 1] integers 0..9, whole floats or class names; [N, 10] or [N, 1, 10] finite
            floats (the largest wins, the first of equals) or one-hot integers or booleans.
        findings: Takes problems (rows count from 1) and notes.

    Returns:
        The rows (labels -1 where bad), or None when the shape or type rules out every reading.
    """
    if array.ndim == 3 and array.shape[1] == 1 and array.shape[2] in (1, N_CLASSES):
        array = array[:, 0, :]
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    shape = "(" + ", ".join(str(size) for size in array.shape[:8]) + ("," if array.ndim == 1 else "") + ")"
    if array.size == 0:
        findings.problem(f"an empty array, shape {shape}")
        return None
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] != N_CLASSES):
        hint = ""
        if array.ndim == 2 and array.shape[0] == N_CLASSES:
            hint = "; it seems to be transposed: save its .T"
        elif array.ndim == 2 and array.shape[0] == 1:
            hint = "; save its .ravel()"
        findings.problem(f"shape {shape}; expected (N,) class ids or (N, {N_CLASSES}) scores{hint}")
        return None
    if array.shape[0] > MAX_ROWS:
        findings.problem(f"{array.shape[0]:,} rows; at most {MAX_ROWS:,} are read")
        return None
    kind = array.dtype.kind
    if array.ndim == 2:
        return _of_scores(array, findings) if kind == "f" else _of_one_hot(array, findings)
    if kind in "US":
        return _of_text(array, findings)
    if kind == "b":
        findings.problem("an array of True and False; class ids are 0 to 9")
        return None
    return _of_ids(array, findings)


def _of_ids(array: np.ndarray, findings: Findings) -> Rows:
    """[N] integers or floats."""
    is_float = array.dtype.kind == "f"
    good = (array >= 0) & (array <= N_CLASSES - 1)  # NaN compares false
    if is_float:
        good &= np.floor(np.where(good, array, 0)) == np.where(good, array, 0)
    if not good.all():
        if float(array.min()) == 1.0 and float(array.max()) == float(N_CLASSES):  # NaN compares false
            findings.problem(FROM_ONE)
        _report(array, ~good, findings)
    elif is_float:
        findings.note("whole numbers stored as floats read as class ids", len(array))
    return Rows(np.where(good, array, BAD).astype(np.int8))


def _report(array: np.ndarray, bad: np.ndarray, findings: Findings) -> None:
    """A problem for each bad value of [N], the first ones in words."""
    rows = np.flatnonzero(bad)
    for row in rows[:100]:
        value = array[row]
        if array.dtype.kind == "f" and not np.isfinite(value):
            why = f"{float(value)} is not a class id"
        elif array.dtype.kind == "f" and 0 <= float(value) <= N_CLASSES - 1:
            why = f"{float(value):.6g} is not a whole class id"
        else:
            why = f"{shown(value.item())} is out of range: class ids are 0 to {N_CLASSES - 1}"
        findings.problem_at(int(row) + 1, why, "row")
    findings.more_problems(len(rows) - min(len(rows), 100))


def _of_scores(array: np.ndarray, findings: Findings) -> Rows:
    """[N, 10] floats: the largest score's class."""
    labels = array.argmax(axis=1).astype(np.int8)
    finite = np.isfinite(array)
    if not finite.all():
        rows = np.flatnonzero(~finite.all(axis=1))
        for row in rows[:100]:
            column = int(np.flatnonzero(~finite[row])[0])
            findings.problem_at(int(row) + 1, f"the score of class {column} is {float(array[row, column])}", "row")
        findings.more_problems(len(rows) - min(len(rows), 100))
        labels[rows] = BAD
        return Rows(labels, scores=True)
    best = array[np.arange(len(array)), labels]
    equal = array == best[:, None]
    if np.count_nonzero(equal) > len(array):
        tied = int((equal.sum(axis=1) > 1).sum())
        findings.note(f"{tied:,} rows with equal largest scores: the first class counts")
    return Rows(labels, scores=True)


def _of_one_hot(array: np.ndarray, findings: Findings) -> Optional[Rows]:
    """[N, 10] integers or booleans: exactly one 1 a row."""
    if array.dtype.kind not in "iub":
        findings.problem(f"shape ({array.shape[0]}, {N_CLASSES}) of text; expected float scores")
        return None
    ones = array == 1
    good = (ones.sum(axis=1) == 1) & ((array == 0).sum(axis=1) == N_CLASSES - 1)
    if not good.all():
        findings.problem(
            f"shape ({array.shape[0]}, {N_CLASSES}) of {array.dtype.name}: neither float scores nor one-hot rows "
            f"(first bad row: {int(np.flatnonzero(~good)[0]) + 1})"
        )
        return None
    findings.note("one-hot rows read as class ids")
    return Rows(ones.argmax(axis=1).astype(np.int8))


def _of_text(array: np.ndarray, findings: Findings) -> Optional[Rows]:
    """[N] fixed-width text."""
    width = array.dtype.itemsize // (4 if array.dtype.kind == "U" else 1)
    if width > MAX_TEXT_ITEM_CHARS:
        findings.problem(f"an array of texts of {width:,} characters; class names have at most 10")
        return None
    if array.dtype.kind == "U":
        codes = np.ascontiguousarray(array).view(np.dtype("u4").newbyteorder(array.dtype.byteorder))
        if int(codes.max()) > 0x10FFFF:
            findings.problem("an array of damaged text")
            return None
    reader, labels = ClassReader(), np.empty(len(array), np.int8)
    for row, value in enumerate(array.tolist()):
        token = value.decode("ascii", "replace") if isinstance(value, bytes) else value
        labels[row], note, why = reader.read(token)
        if why:
            findings.problem_at(row + 1, why, "row")
        elif note:
            findings.note(note, 1)
    return Rows(labels)

"""Class scores in text: ten columns, perhaps behind an id, as `DataFrame.to_csv` and `numpy.savetxt` write them."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from tf1_models.classes import CIFAR10_CLASSES, N_CLASSES
from tf1_models.grading.submissions.array_labels import labels_of_array
from tf1_models.grading.submissions.findings import Findings, shown
from tf1_models.grading.submissions.limits import MAX_LINE_CHARS
from tf1_models.grading.submissions.rows import Rows
from tf1_models.grading.submissions.text_strict import id_text, set_ids, split_line

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_FLOAT = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?|[+-]?(nan|inf(inity)?)", re.ASCII | re.IGNORECASE
)
_NUMBERED = re.compile(r"[^0-9]*([0-9])")


class ScoreColumns(NamedTuple):
    """Attributes:
    classes: The class of each of the ten score columns, in the file's order.
    has_id: A column of image ids stands before them.
    has_header: Line 1 names the columns.
    """

    classes: Sequence[int]
    has_id: bool
    has_header: bool


def score_columns(words: Sequence[str], id_words: Sequence[str], findings: Findings) -> Optional[ScoreColumns]:
    """What line 1 says of ten or eleven columns.

    Args:
        words: Its values, lower-case.
        id_words: Names of an id column; "" is pandas' unnamed one.
        findings: Takes notes.

    Returns:
        None when it is no line of a table of class scores.
    """
    if len(words) not in (N_CLASSES, N_CLASSES + 1):
        return None
    has_id = len(words) == N_CLASSES + 1
    named = _classes_of(words[-N_CLASSES:])
    if named is not None and (not has_id or words[0] in id_words):
        if named != list(range(N_CLASSES)):
            findings.note("score columns put in the order of their names")
        return ScoreColumns(named, has_id, True)
    if all(_FLOAT.fullmatch(word) for word in words[-N_CLASSES:]) and (not has_id or id_text_is_whole(words[0])):
        return ScoreColumns(range(N_CLASSES), has_id, False)
    return None


def id_text_is_whole(word: str) -> bool:
    """Whether the first of eleven columns without a header holds ids: a whole number, where scores have a point."""
    return re.fullmatch(r"[0-9]{1,9}(\.0+)?", word, re.ASCII) is not None


def _classes_of(words: Sequence[str]) -> Optional[List[int]]:
    """The class each of ten names is: the ten names, or a digit each behind the same letters."""
    if sorted(words) == sorted(CIFAR10_CLASSES):
        return [CIFAR10_CLASSES.index(word) for word in words]
    found = [_NUMBERED.fullmatch(word) for word in words]
    if all(found) and len({word[:-1] for word in words}) == 1:
        classes = [int(match.group(1)) for match in found if match]
        if sorted(classes) == list(range(N_CLASSES)):
            return classes
    return None


def score_rows(
    body: bytes, separator: str, columns: ScoreColumns, first_line: int, findings: Findings
) -> Optional[Rows]:
    """Reads every line below the header.

    Args:
        body: UTF-8 lines separated by LF.
        separator: Between columns.
        columns: From `score_columns`.
        first_line: Number of the first line.
        findings: Takes problems and notes.

    Returns:
        A row a line, or None when they are no scores; as `labels_of_array` says of such an array in a .npy.
    """
    lines, ids = body.split(b"\n"), []
    n_columns = N_CLASSES + int(columns.has_id)
    texts: List[List[str]] = []
    for row, raw in enumerate(lines):
        number = first_line + row
        values = split_line(raw.decode("utf-8"), separator) if len(raw) <= MAX_LINE_CHARS else []
        if len(values) != n_columns:
            what = f"{len(values)} columns" if values else f"{len(raw):,} characters"
            findings.problem_at(number, f"{what}; expected {n_columns}" if raw.strip() else "a blank line between rows")
            continue
        if columns.has_id:
            ids.append(id_text(values[0], number, findings))
        scores = [value.strip(" \t") for value, _ in values[-N_CLASSES:]]
        wrong = next((score for score in scores if not _FLOAT.fullmatch(score)), None)
        if wrong is not None:
            findings.problem_at(number, f"{shown(wrong)} is no score")
            continue
        texts.append(scores)
    if findings.bad:
        return None
    whole = all(_INTEGER.fullmatch(score) for scores in texts for score in scores)
    array = np.array([[float(score) for score in scores] for scores in texts], np.float64)
    in_order = np.empty_like(array)
    in_order[:, list(columns.classes)] = array
    rows = labels_of_array(in_order.astype(np.int64) if whole else in_order, findings)
    if rows is not None:
        rows.first_line = first_line
        if columns.has_id:
            set_ids(rows, ids)
    return rows

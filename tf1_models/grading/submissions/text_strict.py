"""The strict reader of label text: line by line, every odd value remarked on, every bad one reported with its line."""

from __future__ import annotations

import re
from typing import List, Optional, Tuple

import numpy as np

from tf1_models.grading.submissions.class_labels import BAD, FROM_ONE, NOTE_QUOTES, NOTE_SPACES, ClassReader
from tf1_models.grading.submissions.findings import Findings
from tf1_models.grading.submissions.limits import MAX_LINE_CHARS
from tf1_models.grading.submissions.rows import Rows

# An id without leading zeros; a spreadsheet's '7.0' is 7.
_ID = re.compile(r"(0|[1-9][0-9]{0,17})(\.0+)?", re.ASCII)
_MAX_ID_CHARS = 200
NOTE_ID_FLOAT = "image ids written with a decimal point (7.0) read as whole numbers"


def decode_line(line: bytes) -> str:
    """A line as text; its UTF-8 was checked before."""
    return line.decode("utf-8")


def split_line(line: str, separator: str) -> List[Tuple[str, bool]]:
    """(value, was quoted) of every column; quotes may only surround a whole value, so splitting is enough."""
    values = []
    for value in line.split(separator):
        bare = value.strip(" \t")
        if len(bare) >= 2 and bare[0] == bare[-1] and bare[0] in "\"'" and bare[0] not in bare[1:-1]:
            values.append((bare[1:-1], True))
        else:
            values.append((value, False))
    return values


def strict_rows(
    body: bytes,
    separator: str,
    n_columns: int,
    label_column: int,
    id_column: Optional[int],
    first_line: int,
    findings: Findings,
) -> Rows:
    """Reads every line.

    Args:
        body: UTF-8 lines separated by LF, without header and trailing blank lines.
        separator: Between columns.
        n_columns: Columns that every line must have.
        label_column: Where the label stands.
        id_column: Where the image id stands, None without ids.
        first_line: Line number of the first row.
        findings: Takes problems and notes.

    Returns:
        One row per line; bad ones have label -1 (and id -1 or '').
    """
    lines = body.split(b"\n")
    reader = ClassReader()
    labels = np.full(len(lines), BAD, dtype=np.int8)
    ids: List[str] = [""] * len(lines) if id_column is not None else []
    n_blank = 0
    for row, raw in enumerate(lines):
        number = first_line + row
        if len(raw) > MAX_LINE_CHARS:
            findings.problem_at(number, f"{len(raw):,} characters; a row is an id and a label at most")
            continue
        line = raw.decode("utf-8")
        if not line.strip():
            n_blank += 1
            findings.problem_at(number, "a blank line between rows")
            continue
        values = split_line(line, separator)
        if len(values) != n_columns:
            findings.problem_at(number, f"{len(values)} columns; expected {n_columns}")
            continue
        if n_columns > 2 and any('"' in value for value, quoted in values if not quoted):
            findings.problem_at(number, "a quote that does not surround a whole value: where columns end is unclear")
            continue
        if id_column is not None:
            ids[row] = id_text(values[id_column], number, findings)
        labels[row] = _label(values[label_column], number, reader, findings)
    if reader.from_one_to_ten():
        findings.problem(FROM_ONE)
    rows = Rows(labels, first_line=first_line, word="line", n_blank=n_blank)
    if id_column is not None:
        set_ids(rows, ids)
    return rows


def _label(value: "Tuple[str, bool]", number: int, reader: ClassReader, findings: Findings) -> int:
    label, note, why = reader.read(value[0])
    if why:
        findings.problem_at(number, why)
        return BAD
    if value[1]:
        findings.note(NOTE_QUOTES, 1)
    if note:
        findings.note(note, 1)
    return label


def id_text(value: "Tuple[str, bool]", number: int, findings: Findings) -> str:
    """An id's canonical text, '' when it has a problem."""
    bare = value[0].strip(" \t")
    if value[1]:
        findings.note(NOTE_QUOTES, 1)
    elif bare != value[0]:
        findings.note(NOTE_SPACES, 1)
    if not bare:
        findings.problem_at(number, "no image id")
    elif len(bare) > _MAX_ID_CHARS:
        findings.problem_at(number, f"an image id of {len(bare)} characters")
        return ""
    whole = _ID.fullmatch(bare)
    if whole is None:
        return bare
    if whole.group(2):
        findings.note(NOTE_ID_FLOAT, 1)
    return whole.group(1)


def set_ids(rows: Rows, ids: List[str]) -> None:
    """Gives rows their ids: integers when every given one is, else text; the key decides which it wants.

    Args:
        rows: Takes the ids.
        ids: One canonical text per row, '' where bad.
    """
    whole = [_ID.fullmatch(text) is not None and "." not in text for text in ids if text]
    if all(whole):
        rows.int_ids = np.array([int(text) if text else -1 for text in ids], dtype=np.int64)
    else:
        rows.text_ids = ids

"""What stands around the rows of a text: a fence, comment lines, brackets, a list on one line, an empty last column.

Each is taken off only where nothing else can be meant, and leaves a note; line numbers stay those of the file.
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional

import numpy as np

from tf1_models.classes import N_CLASSES
from tf1_models.grading.submissions.class_labels import BAD, NOTE_QUOTES, ClassReader
from tf1_models.grading.submissions.findings import Findings
from tf1_models.grading.submissions.limits import MAX_ROWS
from tf1_models.grading.submissions.rows import Rows

_FENCE = b"```"
_BRACKETED = re.compile(rb"[ \t]*\[{1,2}[ \t]*([^\[\],;\s]+)[ \t]*\]{1,2}[ \t]*,?[ \t]*")
_BETWEEN = re.compile(r"[ \t\n]*[,;][ \t\n]*|[ \t\n]+")


class Shape(NamedTuple):
    """Attributes:
    body: Lines separated by LF.
    first_line: Number of the first of them in the file.
    comment: The last comment line above them, without its mark; it may be the header (`numpy.savetxt`).
    """

    body: bytes
    first_line: int
    comment: Optional[bytes]


def bare(body: bytes, findings: Findings) -> Optional[Shape]:
    """Takes off a fence, comment lines at the top and brackets around single values; None with a problem."""
    first_line, comment = 1, None
    lines = body.split(b"\n") if body[:1] in (b"`", b"#", b"[", b" ") else []
    if len(lines) > 2 and lines[0].startswith(_FENCE) and lines[-1].strip() == _FENCE:
        lines, first_line = lines[1:-1], 2
        findings.note("the fence (```) around the rows taken off")
    n_comments = 0
    while n_comments < len(lines) and lines[n_comments].startswith(b"#"):
        n_comments += 1
    if n_comments:
        comment = lines[n_comments - 1].lstrip(b"# \t")
        lines, first_line = lines[n_comments:], first_line + n_comments
        findings.note("comment lines (#) at the top ignored")
    if lines and all(_BRACKETED.fullmatch(line) for line in lines):
        lines = [_BRACKETED.sub(rb"\1", line) for line in lines]
        findings.note("brackets around values removed")
    elif not lines and body[:1] in (b"`", b"#"):
        findings.problem("no row below the comment lines")
        return None
    return Shape(b"\n".join(lines) if lines else body, first_line, comment)


def listed_rows(body: bytes, findings: Findings) -> Optional[Rows]:
    """Rows of a text that is one list of labels: `[3, 8, 8]`, a printed array, or all labels on one line.

    Args:
        body: UTF-8 text without trailing blank lines.
        findings: Takes problems (values count from 1) and notes.

    Returns:
        The rows, or None when the text is no such list.
    """
    text = body.strip(b" \t")
    brackets = text[:1] == b"[" and text[-1:] == b"]"
    if brackets:
        text = text[1:-1]
        if b"[" in text or b"]" in text:
            return None
    elif b"\n" in text:
        return None
    if sum(text.count(between) for between in (b",", b";", b" ", b"\t", b"\n")) > 3 * MAX_ROWS:
        findings.problem(f"a list of more values than the {MAX_ROWS:,} that are read")
        return Rows(np.empty(0, np.int8), word="value")
    values: List[str] = [value for value in _BETWEEN.split(text.decode("utf-8").strip(" \t\n,")) if value]
    if len(values) <= 2 and not brackets:
        return None  # a label, or an id and a label
    if "..." in values:
        findings.problem("a printed array whose middle was left out ('...'); save it with numpy.savetxt or numpy.save")
        return Rows(np.empty(0, np.int8), word="value")
    if len(values) in (N_CLASSES, N_CLASSES + 1):
        findings.problem(
            f"one line of {len(values)} values: labels of as many images, or the scores of one? "
            "Write a row for each image"
        )
        return Rows(np.empty(0, np.int8), word="value")
    reader, labels = ClassReader(), np.full(len(values), BAD, np.int8)
    for at, value in enumerate(values):
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        labels[at], note, why = reader.read(value[1:-1] if quoted else value)
        if why:
            findings.problem_at(at + 1, why, "value")
        for said in ([NOTE_QUOTES] if quoted else []) + ([note] if note else []):
            findings.note(said, 1)
    findings.note("one list of labels read, in its order")
    return Rows(labels, word="value")


def without_empty_column(body: bytes, separator: bytes, findings: Findings) -> bytes:
    """Takes off an empty last column that every line has, where two columns or more are left."""
    lines = body.split(b"\n")
    if any(line.rstrip(b" \t")[-1:] != separator or line.count(separator) < 2 for line in lines):
        return body
    findings.note("an empty last column ignored")
    return b"\n".join(line.rstrip(b" \t")[:-1] for line in lines)


def with_points(body: bytes, findings: Findings) -> bytes:
    """Decimal commas as points; for text whose columns are separated otherwise."""
    if b"," not in body or re.search(rb"(?<![0-9]),|,(?![0-9])", body):
        return body
    findings.note("decimal commas (8,0) read")
    return body.replace(b",", b".")

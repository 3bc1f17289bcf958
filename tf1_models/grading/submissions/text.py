"""CSV and plain-text label files: what precedes the rows (encoding, line ends, header), then the fast or strict reader.

The dialect is ours and small: one record a line, at most `id` and label, separated by comma, semicolon or tab, quotes
only around a whole value. numpy.loadtxt, genfromtxt and pandas are never used on a student's file: they open URLs and
compressed names, and guess.
"""

from __future__ import annotations

import dataclasses
from typing import List, Optional

from tf1_models.grading.submissions.findings import Findings, shown
from tf1_models.grading.submissions.limits import MAX_LINE_CHARS, MAX_ROWS, MAX_UNICODE_BYTES
from tf1_models.grading.submissions.rows import Rows
from tf1_models.grading.submissions.text_fast import fast_rows
from tf1_models.grading.submissions.text_strict import decode_line, split_line, strict_rows

ID_WORDS = frozenset(
    ("id", "ids", "image_id", "imageid", "image_ids", "image", "img", "index", "idx", "no", "number", "row", "filename",
     "file", "file_name")
)  # fmt: skip
LABEL_WORDS = frozenset(
    ("label", "labels", "class", "classes", "class_id", "class_name", "category", "prediction", "predictions",
     "predicted", "pred", "preds", "y", "y_pred", "target", "targets", "result", "results")
)  # fmt: skip
_UNNAMED = ("", "unnamed: 0")  # pandas' index column
_SEPARATORS = (b",", b";", b"\t")


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where the values stand in a line.

    Attributes:
        separator: One character.
        n_columns: Columns of every line.
        label: Column of the label.
        id: Column of the image id, None without.
        has_header: Line 1 is a header.
    """

    separator: str
    n_columns: int
    label: int
    id: Optional[int]
    has_header: bool


def text_rows(data: bytes, findings: Findings, fast: bool = True) -> Optional[Rows]:
    """Rows of a CSV or text file; every problem goes into the findings.

    Args:
        data: The file's bytes.
        findings: Takes problems (lines count from 1) and notes.
        fast: False leaves out the vectorised reader; the result is the same (tested).

    Returns:
        The rows, or None when not even rows can be told.
    """
    body = _plain_lines(data, findings)
    if body is None:
        return None
    end = body.find(b"\n")
    first = body if end < 0 else body[:end]
    layout = _layout(first, findings)
    if layout is None:
        return None
    if layout.has_header:
        if end < 0:
            findings.problem("a header, but no row below it")
            return None
        body = body[end + 1 :]
    first_line = 2 if layout.has_header else 1
    simple = layout.separator == "," and layout.label == layout.n_columns - 1 and layout.n_columns <= 2
    if fast and simple:
        rows = fast_rows(body, two_columns=layout.n_columns == 2)
        if rows is not None:
            rows.first_line = first_line
            return rows
    return strict_rows(body, layout.separator, layout.n_columns, layout.label, layout.id, first_line, findings)


def _plain_lines(data: bytes, findings: Findings) -> Optional[bytes]:
    """The bytes with LF line ends, without byte-order mark and trailing blank lines; None when it is not such text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        findings.problem("UTF-16 text; save it as UTF-8")
        return None
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
        findings.note("byte-order mark ignored")
    if b"\0" in data:
        every_other = max(data[:1000:2].count(0), data[1:1000:2].count(0)) * 4 > min(len(data), 1000)
        findings.problem("UTF-16 text; save it as UTF-8" if every_other else "NUL bytes: a binary file, not text")
        return None
    if not data.strip():
        findings.problem("an empty file" if not data else "an empty file: blank lines only")
        return None
    if b"\r" in data:
        if b"\n" in data:
            data = data.replace(b"\r\n", b"\n")
            stray = data.find(b"\r")
            if stray >= 0:
                line = data.count(b"\n", 0, stray) + 1
                findings.problem(f"a carriage return inside line {line}: line ends of two kinds")
                return None
            findings.note("Windows line ends (CRLF) read")
        else:
            data = data.replace(b"\r", b"\n")
            findings.note("old Macintosh line ends (CR) read")
    body = data.rstrip(b" \t\n")
    if data[len(body) :].count(b"\n") > 1:
        findings.note("blank lines at the end ignored")
    lines = body.count(b"\n") + 1
    if lines > MAX_ROWS:
        findings.problem(f"{lines:,} lines; at most {MAX_ROWS:,} are read")
        return None
    return body if _is_utf8(body, findings) else None


def _is_utf8(body: bytes, findings: Findings) -> bool:
    """Whether the text is UTF-8; a long one must be ASCII (see `limits.MAX_UNICODE_BYTES`)."""
    if body.isascii():
        return True
    if len(body) > MAX_UNICODE_BYTES:
        findings.problem(f"a text of {len(body):,} bytes that is not plain ASCII")
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        findings.problem(f"not UTF-8 text (line {line}); save it as UTF-8")
        return False
    return True


def _layout(first: bytes, findings: Findings) -> Optional[Layout]:
    """The columns, from line 1."""
    if len(first) > MAX_LINE_CHARS:
        findings.problem(f"line 1 has {len(first):,} characters; one label per line is expected")
        return None
    separator = next((s for s in _SEPARATORS if s in first), b",").decode("ascii")
    if separator != ",":
        findings.note("columns separated by " + ("semicolons" if separator == ";" else "tabs"))
    values = split_line(decode_line(first), separator)
    words = [value.strip(" \t").lower() for value, _ in values]
    named = [word for word in words if word in LABEL_WORDS or word in ID_WORDS]
    unnamed = len(words) > 1 and words[0] in _UNNAMED
    if named or unnamed:
        if any(quoted for _, quoted in values):
            findings.note("quoted header read")
        return _header_layout(words, separator, findings)
    if len(words) > 2:
        findings.problem(_too_many(len(words)))
        return None
    return Layout(separator, len(words), len(words) - 1, 0 if len(words) == 2 else None, has_header=False)


def _too_many(count: int) -> str:
    hint = "; class scores are read from .npy and .json only" if count in (10, 11) else ""
    return f"{count} columns; expected a label, or an id and a label{hint}"


def _header_layout(words: List[str], separator: str, findings: Findings) -> Optional[Layout]:
    """The columns a header names: exactly one label, at most one id, besides pandas' unnamed index nothing else."""
    labels = [i for i, word in enumerate(words) if word in LABEL_WORDS]
    ids = [i for i, word in enumerate(words) if word in ID_WORDS]
    unnamed = [i for i, word in enumerate(words) if i == 0 and word in _UNNAMED and len(words) > 1]
    if unnamed and not labels and len(words) == 2:  # pandas: DataFrame(predictions).to_csv() writes ',0'
        labels = [1]
    if unnamed and not ids:
        ids = unnamed
        findings.note("the unnamed first column read as image ids")
    elif unnamed:
        findings.note("the unnamed first column ignored")
    known = set(labels) | set(ids) | set(unnamed)
    extra = [words[i] for i in range(len(words)) if i not in known]
    listed = ", ".join(shown(word) for word in words[:12])
    if len(labels) != 1 or len(ids) > 1 or extra:
        findings.problem(f"header {listed}; expected 'id,label' or 'label', and no other column")
        return None
    return Layout(separator, len(words), labels[0], ids[0] if ids else None, has_header=True)

"""CSV and plain-text label files: what precedes the rows (encoding, line ends, header), then the fast or strict reader.

The dialect is ours and small: one record a line, an id and a label or ten scores, separated by comma, semicolon, tab or
spaces, quotes only around a whole value. numpy.loadtxt, genfromtxt and pandas are never used on a student's file: they
open URLs and compressed names, and guess.
"""

from __future__ import annotations

from typing import List, Optional

from tf1_models.classes import N_CLASSES
from tf1_models.grading.submissions import text_header as header
from tf1_models.grading.submissions import text_scores, text_shape
from tf1_models.grading.submissions.findings import Findings, shown
from tf1_models.grading.submissions.limits import MAX_LINE_CHARS, MAX_ROWS, MAX_UNICODE_BYTES
from tf1_models.grading.submissions.rows import Rows
from tf1_models.grading.submissions.text_fast import fast_rows
from tf1_models.grading.submissions.text_strict import decode_line, split_line, strict_rows

NO_ROWS = "a header, but no row below it"
_SEPARATORS = (b";", b"\t", b",")


def text_rows(data: bytes, findings: Findings, fast: bool = True) -> Optional[Rows]:
    """Rows of a CSV or text file; every problem goes into the findings.

    Args:
        data: The file's bytes.
        findings: Takes problems (lines count from 1) and notes.
        fast: False leaves out the vectorised reader; the result is the same (tested).

    Returns:
        The rows, or None when not even rows can be told.
    """
    plain = _plain_lines(data, findings)
    shape = text_shape.bare(plain, findings) if plain is not None else None
    if shape is None:
        return None
    listed = text_shape.listed_rows(shape.body, findings)
    if listed is not None:
        return listed if len(listed.labels) else None
    body, first_line, separator = _columns(shape.body, findings), shape.first_line, _separator(shape.body)
    first, _, rest = body.partition(b"\n")
    if shape.comment is not None and header.names(shape.comment, separator):  # numpy.savetxt(header="id,label")
        first, rest, first_line = shape.comment, body, first_line - 1
    if len(first) > MAX_LINE_CHARS:
        findings.problem(f"line {first_line} has {len(first):,} characters; one label per line is expected")
        return None
    values = split_line(decode_line(first), separator)
    words = [value.strip(" \t").lower() for value, _ in values]
    scores = text_scores.score_columns(words, (*header.ID_WORDS, *header.UNNAMED), findings)
    if scores is not None:
        if scores.has_header and not rest:
            findings.problem(NO_ROWS)
            return None
        lines = rest if scores.has_header else body
        return text_scores.score_rows(lines, separator, scores, first_line + int(scores.has_header), findings)
    layout = header.layout(values, separator, findings)
    if layout is None:
        return None
    if not layout.has_header:
        return _read(body, layout, first_line, findings, fast)
    if not rest:
        findings.problem(NO_ROWS)
        return None
    if not layout.guessed:
        return _read(rest, layout, first_line + 1, findings, fast)
    return _read_under_unknown_header(rest, layout, words, first_line + 1, findings, fast)


def _read(body: bytes, layout: header.Layout, first_line: int, findings: Findings, fast: bool) -> Rows:
    """The rows below a header, by the vectorised reader where it can."""
    simple = layout.separator == "," and layout.label == layout.n_columns - 1 and layout.n_columns <= 2
    if fast and simple:
        rows = fast_rows(body, two_columns=layout.n_columns == 2)
        if rows is not None:
            rows.first_line = first_line
            return rows
    return strict_rows(body, layout.separator, layout.n_columns, layout.label, layout.id, first_line, findings)


def _read_under_unknown_header(
    body: bytes, layout: header.Layout, words: List[str], first_line: int, findings: Findings, fast: bool
) -> Optional[Rows]:
    """Rows below words that are no header the kit knows: taken where the values leave one reading."""
    fitting = []
    for one in header.readings(layout):
        tried = Findings()
        rows = _read(body, one, first_line, tried, fast)
        if not tried.bad and (one.id is None or header.tells_images_apart(rows)):
            fitting.append(one)
    listed = ", ".join(shown(word) for word in words)
    if len(fitting) != 1:
        why = "either column could be the label" if fitting else "no column below it fits"
        findings.problem(f"header {listed}; expected 'id,label' or 'label' ({why})")
        return None
    meant = "label" if fitting[0].id is None else "id, label" if fitting[0].label else "label, id"
    findings.note(f"header {listed} taken as {meant}")
    return _read(body, fitting[0], first_line, findings, fast)


def _separator(body: bytes) -> str:
    """What separates the columns of `_columns`' text."""
    first = body.partition(b"\n")[0]
    return next((s for s in _SEPARATORS if s in first), b",").decode("ascii")


def _columns(body: bytes, findings: Findings) -> bytes:
    """The text with its columns told apart by one character, points for decimal commas, no empty last column."""
    first = body.partition(b"\n")[0]
    if len(first) > MAX_LINE_CHARS:
        return body
    separator = next((s for s in _SEPARATORS if s in first), None)
    if separator is None:
        if len(first.split()) not in (2, N_CLASSES, N_CLASSES + 1):
            return body
        findings.note("columns separated by spaces")
        return b"\n".join(b",".join(line.split()) for line in body.split(b"\n"))
    if separator != b",":
        findings.note("columns separated by " + ("semicolons" if separator == b";" else "tabs"))
        body = text_shape.with_points(body, findings)
    if first.rstrip(b" \t")[-1:] == separator:
        body = text_shape.without_empty_column(body, separator, findings)
    return body


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
    return _as_utf8(body, findings)


def _as_utf8(body: bytes, findings: Findings) -> Optional[bytes]:
    """The text as UTF-8, also from CP949 (what a Korean Excel calls CSV); a long one must be ASCII."""
    if body.isascii():
        return body
    if len(body) > MAX_UNICODE_BYTES:
        findings.problem(f"a text of {len(body):,} bytes that is not plain ASCII")
        return None
    try:
        body.decode("utf-8")
        return body
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
    try:
        text = body.decode("cp949")
    except UnicodeDecodeError:
        findings.problem(f"not UTF-8 text (line {line}); save it as UTF-8")
        return None
    findings.note("CP949 text read (Korean Windows)")
    return text.encode("utf-8")

"""One submission's bytes -> its predictions, or every reason why it is invalid. Nothing a file holds raises from here.

The parsers run in this process because they only read: nothing is executed, unpickled, imported or extracted, so a
submission has no code that could reach the key, and no C++ library that could abort the interpreter. What a parser
did not foresee (MemoryError and RecursionError too) makes this one file invalid.
"""

from __future__ import annotations

import dataclasses
import zlib
from typing import Optional

import numpy as np

from tf1_models.errors import Refused, one_line, printable
from tf1_models.grading.submissions.alignment import KeyShape, align
from tf1_models.grading.submissions.findings import Findings
from tf1_models.grading.submissions.json_rows import json_rows
from tf1_models.grading.submissions.limits import MAX_BYTES
from tf1_models.grading.submissions.npy import npy_rows, npz_rows
from tf1_models.grading.submissions.opening import too_large
from tf1_models.grading.submissions.rows import Rows
from tf1_models.grading.submissions.text import text_rows
from tf1_models.storage import npy_header

GZIP_MAGIC = b"\x1f\x8b"


@dataclasses.dataclass
class Reading:
    """What became of one submission's bytes.

    Attributes:
        predicted: uint8 [n] class ids in the key's order, None when invalid.
        findings: Problems and notes.
        form: "npy", "npz", "csv", "txt" or "json".
        n_rows: Rows of data found, None when not even that.
        scores: It held class scores.
    """

    predicted: Optional[np.ndarray]
    findings: Findings
    form: str
    n_rows: Optional[int] = None
    scores: bool = False


def unpacked(data: bytes, findings: Findings) -> bytes:
    """The content of a gzip file, up to the cap of any submission.

    Raises:
        Refused: damaged, cut short, more than one member, or larger than the cap.
    """
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = stream.decompress(data, MAX_BYTES + 1)
    except zlib.error as error:
        raise Refused(f"a damaged gzip file ({error})") from None
    if len(content) > MAX_BYTES:
        raise Refused(f"more than {MAX_BYTES:,} bytes (64 MB) after decompression; at most that is read")
    if not stream.eof:
        raise Refused("a gzip file that was cut short")
    if stream.unused_data:
        raise Refused("a gzip file with something behind its end")
    findings.note("decompressed (gzip)")
    return content


def form_of(data: bytes, form: str) -> str:
    """The form to read: the extension's (`.npy` …), else what the first bytes say."""
    if form in (".npy", ".npz", ".csv", ".txt", ".json"):
        return form[1:]
    if form == ".tsv":
        return "csv"
    if data[:6] == npy_header.MAGIC:
        return "npy"
    if data[:4] == b"PK\3\4":
        return "npz"
    return "json" if data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{") else "csv"


def read_rows(data: bytes, form: str, findings: Findings) -> Optional[Rows]:
    """Rows of bytes in a form of `form_of`; problems go into the findings.

    Returns:
        The rows, or None when there are none to speak of.
    """
    if len(data) > MAX_BYTES:
        findings.problem(too_large(len(data)))
        return None
    if not data:
        findings.problem("an empty file")
        return None
    if form == "npy":
        return npy_rows(data, findings)
    if form == "npz":
        return npz_rows(data, findings)
    if form == "json":
        return json_rows(data, findings)
    if data[:1] == b"\x80" and data[1:2] in (b"\2", b"\3", b"\4", b"\5") and data[-1:] == b".":
        findings.problem("a pickle, not text; pickles are programs and are never loaded")
        return None
    return text_rows(data, findings)


def read_predictions(data: bytes, form: str, key: KeyShape) -> Reading:
    """Reads one submission.

    Args:
        data: Its bytes.
        form: Extension as `sources.Source.form` has it.
        key: What it must cover.

    Returns:
        The reading; `predicted` is None exactly when there is a problem. Never raises.
    """
    findings, known = Findings(), form_of(data, form)
    reading = Reading(None, findings, known)
    try:
        if data[:2] == GZIP_MAGIC and known in ("csv", "txt", "json"):
            data = unpacked(data, findings)
            known = reading.form = form_of(data, "" if form in ("", ".gz") else form)
        with np.errstate(all="ignore"):  # older NumPy warns of NaN in comparisons; a warning on stderr is noise here
            rows = read_rows(data, known, findings)
        if rows is not None:
            reading.n_rows, reading.scores = rows.n, rows.scores
            reading.predicted = align(rows, key, findings)
    except Refused as reason:
        findings.problem(str(reason))
    except MemoryError:
        findings.problem("needs more memory than there is")
    except Exception as error:  # a parser's surprise is this file's problem, never the batch's
        findings.problem(f"cannot be read ({type(error).__name__}: {printable(one_line(error))[:120]})")
    if findings.bad:
        reading.predicted = None
    elif reading.predicted is None:
        findings.problem("cannot be read")
    return reading

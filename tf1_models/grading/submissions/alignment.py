"""Rows -> one class id per image of the key, in the key's order, or every reason why that cannot be done."""

from __future__ import annotations

import dataclasses
import re
from typing import Dict, List, Optional, Tuple

import numpy as np

from tf1_models.grading.submissions.class_labels import BAD
from tf1_models.grading.submissions.findings import Findings, shown
from tf1_models.grading.submissions.limits import SHOWN_PROBLEMS
from tf1_models.grading.submissions.rows import Rows

# An image file's name with one number in its stem: what precedes the number, the number, what follows.
_FILE_NAME = re.compile(
    r"((?:[^\n]*[/\\])?[^/\\0-9]*)([0-9]{1,17})([^/\\0-9.]*(?:\.[A-Za-z][A-Za-z0-9]{0,4})?)", re.ASCII
)
# What a count of rows usually is, in the terms of the reports whose splits these are.
_KNOWN_COUNTS = {
    5_000: "5,000 rows are the validation split of alexnet_bn (a tenth of each class)",
    9_984: "9,984 rows are the test images without the last incomplete batch of 32 (drop_last)",
    10_000: "10,000 rows are the test split",
    12_500: "12,500 rows are the dev split (the first quarter of the training images)",
    37_500: "37,500 rows are the training images without the dev split",
    50_000: "50,000 rows are all training images",
    300_000: "300,000 rows are Kaggle's test set",
}


@dataclasses.dataclass
class KeyShape:
    """What a submission must cover; holds no label, so the format check can use it too.

    Attributes:
        n: Images; None accepts any number.
        int_ids: int64 [n] ids of the images in the key's order, None when the key is positional or has text ids.
        text_ids: Text id -> position.
        subset: A submission may name more images than the key holds (Kaggle scores a part); the rest is ignored.
    """

    n: Optional[int]
    int_ids: Optional[np.ndarray] = None
    text_ids: Optional[Dict[str, int]] = None
    subset: bool = False

    def __post_init__(self) -> None:
        if self.int_ids is not None:
            self._order = np.argsort(self.int_ids, kind="stable")
            self._sorted = self.int_ids[self._order]

    def positions(self, ids: np.ndarray) -> np.ndarray:
        """int64 [m] positions of integer ids in the key, -1 for unknown ones."""
        at = np.minimum(np.searchsorted(self._sorted, ids), len(self._sorted) - 1)
        return np.where(self._sorted[at] == ids, self._order[at], -1)


def count_problem(found: int, expected: int) -> str:
    """The message for a wrong number of rows, with what that number usually means."""
    text = f"{found:,} rows where {expected:,} are expected"
    if found in _KNOWN_COUNTS:
        text += f": {_KNOWN_COUNTS[found]}"
        if expected in _KNOWN_COUNTS and expected != 300_000:
            known = _KNOWN_COUNTS[expected].split(" are ", 1)[1]
            text += f"; predict {known}"
    elif found == expected + 1:
        text += "; one too many: is the first row a header?"
    else:
        batch = next((b for b in (32, 64, 100, 128, 200, 250, 256, 512) if found == expected // b * b), None)
        text += f"; the last incomplete batch of {batch} seems to be missing" if batch else ""
    return text


def align(rows: Rows, key: KeyShape, findings: Findings) -> Optional[np.ndarray]:
    """Puts rows into the key's order.

    Args:
        rows: As parsed.
        key: What they must cover.
        findings: Takes wrong counts; unknown, repeated and missing ids.

    Returns:
        uint8 [n] class ids, or None when there is any problem.
    """
    positional_key = key.int_ids is None and key.text_ids is None
    if rows.text_ids is not None and key.text_ids is None:
        rows = _with_numbers_of_names(rows, findings)
    if not rows.has_ids:
        if key.n is not None and rows.n != key.n:
            findings.problem(count_problem(rows.n, key.n))
        elif not positional_key:
            findings.note("without image ids: rows taken in the order of the key")
        return None if findings.bad else rows.labels.astype(np.uint8)
    n = key.n if key.n is not None else rows.n
    if rows.n != n and not key.subset:
        findings.problem(count_problem(rows.n, n))
    positions = _positions_by_order(rows, n, findings) if positional_key else _positions_by_id(rows, key, findings)
    _check_repeated(rows, positions, findings)
    _check_missing(rows, positions, n, key, findings)
    if findings.bad:
        return None
    predicted = np.empty(n, dtype=np.uint8)
    named = positions >= 0
    predicted[positions[named]] = rows.labels[named].astype(np.uint8)
    return predicted


def _with_numbers_of_names(rows: Rows, findings: Findings) -> Rows:
    """Rows whose ids are file names (`0.png`, `test/img_00001.jpg`) with the numbers in their place.

    Only where all names are alike but for one number; a folder's name may hold digits, the file's stem one number.
    """
    found = [_FILE_NAME.fullmatch(text) for text in rows.text_ids or []]
    if not found or not all(found):
        return rows
    patterns = {(match.group(1), match.group(3)) for match in found if match}
    if len(patterns) != 1 or (patterns == {("", "")} and len({len(text) for text in rows.text_ids or []}) != 1):
        return rows  # '07' among unpadded numbers is a typing mistake, not a way to write ids
    ((before, after),) = patterns
    findings.note(f"image ids read from names like {shown(before + 'N' + after)}")
    return dataclasses.replace(
        rows, text_ids=None, int_ids=np.array([int(match.group(2)) for match in found if match], dtype=np.int64)
    )


def _whole_ids(rows: Rows, allowed: str, report: bool, findings: Findings) -> np.ndarray:
    """int64 [rows] ids, -1 where bad; ids that are no whole numbers are reported unless `report` is false."""
    if rows.int_ids is not None:
        return rows.int_ids
    ids = np.full(len(rows.labels), -1, dtype=np.int64)
    for row, text in enumerate(rows.text_ids or []):
        if text.isdigit() and text.isascii() and len(text) < 19 and (text == "0" or text[0] != "0"):
            ids[row] = int(text)
        elif text and report:
            findings.problem_at(rows.first_line + row, f"unknown image id {shown(text)}: {allowed}", rows.word)
    return ids


def _base(ids: np.ndarray, n: int) -> int:
    """1 when ids count from 1 to n (Kaggle), 0 when from 0."""
    return 1 if (ids == n).any() and not (ids == 0).any() else 0


def _positions_by_order(rows: Rows, n: int, findings: Findings) -> np.ndarray:
    """Positions for a key without ids: they must be 0…n-1 or, as Kaggle counts, 1…n."""
    ids = _whole_ids(rows, f"ids are 0 to {n - 1:,} or 1 to {n:,}", True, findings)
    base = _base(ids, n)
    if base:
        findings.note(f"image ids counted from 1 to {n:,}")
    given = ids >= 0
    known = given & (ids >= base) & (ids < n + base)
    _report_unknown(rows, given & ~known, f"ids are {base} to {n - 1 + base:,}", findings)
    return np.where(known, ids - base, -1)


def _positions_by_id(rows: Rows, key: KeyShape, findings: Findings) -> np.ndarray:
    """Positions for a key with ids."""
    if key.int_ids is not None:
        ids = _whole_ids(rows, "the key's ids are whole numbers", not key.subset, findings)
        given, positions = ids >= 0, np.where(ids >= 0, key.positions(ids), -1)
    else:
        lookup = key.text_ids or {}
        texts = rows.text_ids
        if texts is None:
            texts = [str(i) if i >= 0 else "" for i in np.asarray(rows.int_ids).tolist()]
        given = np.array([bool(text) for text in texts], dtype=bool)
        positions = np.array([lookup.get(text, -1) if text else -1 for text in texts], dtype=np.int64)
    unknown = given & (positions < 0)
    if not key.subset:
        _report_unknown(rows, unknown, "the key has no such image", findings)
    elif unknown.any():
        findings.note(f"{int(unknown.sum()):,} rows of images that the key does not score ignored")
    return positions


def _id_of(rows: Rows, row: int) -> str:
    return str(rows.int_ids[row]) if rows.int_ids is not None else (rows.text_ids or [])[row]


def _report_unknown(rows: Rows, unknown: np.ndarray, allowed: str, findings: Findings) -> None:
    at = np.flatnonzero(unknown)
    for row in at[:100].tolist():
        text = f"unknown image id {shown(_id_of(rows, row))}: {allowed}"
        findings.problem_at(rows.first_line + row, text, rows.word)
    findings.more_problems(max(0, len(at) - 100))


def _check_repeated(rows: Rows, positions: np.ndarray, findings: Findings) -> None:
    """Every later row of an image that an earlier row already named."""
    named = np.flatnonzero(positions >= 0)
    _, first, back = np.unique(positions[named], return_index=True, return_inverse=True)
    repeated = np.flatnonzero(first[back.reshape(-1)] != np.arange(len(named)))
    for i in repeated[:100].tolist():
        row, before = int(named[i]), int(named[first[back.reshape(-1)[i]]])
        text = f"image id {shown(_id_of(rows, row))} again: it stands in {rows.word} {rows.first_line + before}"
        findings.problem_at(rows.first_line + row, text, rows.word)
    findings.more_problems(max(0, len(repeated) - 100))


def _check_missing(rows: Rows, positions: np.ndarray, n: int, key: KeyShape, findings: Findings) -> None:
    present = np.zeros(n, dtype=bool)
    present[positions[positions >= 0]] = True
    missing = np.flatnonzero(~present)
    if not missing.size:
        return
    names = _missing_names(rows, missing[:SHOWN_PROBLEMS], key)
    more = f" and {missing.size - SHOWN_PROBLEMS:,} more" if missing.size > SHOWN_PROBLEMS else ""
    images = "1 image" if missing.size == 1 else f"{missing.size:,} images"
    findings.problem(f"{images} without a row: id {', '.join(names)}{more}")


def _missing_names(rows: Rows, missing: np.ndarray, key: KeyShape) -> List[str]:
    if key.int_ids is not None:
        return [str(i) for i in key.int_ids[missing].tolist()]
    if key.text_ids is not None:
        names = list(key.text_ids)
        return [shown(names[i]) for i in missing.tolist()]
    base = _base(rows.int_ids, key.n if key.n is not None else rows.n) if rows.int_ids is not None else 0
    return [str(i + base) for i in missing.tolist()]


def key_ids(rows: Rows) -> Tuple[Optional[np.ndarray], Optional[Dict[str, int]]]:
    """The ids of a key's rows as `KeyShape` takes them.

    Raises:
        ValueError: an id is repeated or bad; the text says which.
    """
    if not rows.has_ids:
        return None, None
    if (rows.labels == BAD).any():
        raise ValueError("a row without a class")
    if rows.int_ids is not None:
        values, counts = np.unique(rows.int_ids, return_counts=True)
        if (counts > 1).any():
            raise ValueError(f"image id {values[counts > 1][0]} occurs twice")
        return rows.int_ids, None
    lookup: Dict[str, int] = {}
    for position, text in enumerate(rows.text_ids or []):
        if text in lookup:
            raise ValueError(f"image id {shown(text)} occurs twice")
        lookup[text] = position
    return None, lookup

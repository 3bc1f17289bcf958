"""The vectorised reader of well-formed label text: ASCII digits and official class names, nothing to remark on.

It declines (None) whatever is not exactly so; the strict reader then decides. Both give the same rows: a test says so.
"""

from __future__ import annotations

from typing import Optional

import numpy as np

from tf1_models.classes import CIFAR10_CLASSES, N_CLASSES
from tf1_models.grading.submissions.rows import Rows

_LF, _COMMA, _ZERO = 10, 44, 48
_LONGEST = max(len(name) for name in CIFAR10_CLASSES)
_MAX_ID_DIGITS = 9
_TOKENS = np.array(
    [str(k).encode("ascii") for k in range(N_CLASSES)] + [name.encode("ascii") for name in CIFAR10_CLASSES],
    dtype=f"S{_LONGEST}",
)
_ORDER = np.argsort(_TOKENS)
_SORTED = _TOKENS[_ORDER]


def fast_rows(body: bytes, two_columns: bool) -> Optional[Rows]:
    """Rows of `label` or `id,label` lines.

    Args:
        body: Lines separated by LF, without header and without a trailing LF.
        two_columns: `id,label` instead of `label`.

    Returns:
        The rows, or None when a line is not perfectly plain.
    """
    raw = np.frombuffer(body, dtype=np.uint8)
    ends = np.append(np.flatnonzero(raw == _LF), raw.size)
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    ids = None
    if two_columns:
        commas = np.flatnonzero(raw == _COMMA)
        if commas.size != ends.size or (commas < starts).any() or (commas >= ends).any():
            return None
        ids = _numbers(raw, starts, commas - starts)
        if ids is None:
            return None
        starts = commas + 1
    labels = _classes(raw, starts, ends - starts)
    return None if labels is None else Rows(labels, int_ids=ids, word="line")


def _numbers(raw: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> Optional[np.ndarray]:
    """int64 [n] from decimal digits without leading zeros, or None."""
    longest = int(lengths.max())
    if int(lengths.min()) < 1 or longest > _MAX_ID_DIGITS:
        return None
    if ((raw[starts] == _ZERO) & (lengths > 1)).any():
        return None
    values = np.zeros(starts.size, dtype=np.int64)
    for j in range(longest):
        inside = lengths > j
        digits = raw[np.where(inside, starts + j, starts)] - _ZERO  # uint8: other characters wrap above 9
        if (digits > 9).any():
            return None
        values = np.where(inside, values * 10 + digits, values)
    return values


def _classes(raw: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> Optional[np.ndarray]:
    """int8 [n] from digits or class names, or None."""
    longest = int(lengths.max())
    if int(lengths.min()) < 1 or longest > _LONGEST:
        return None
    if longest == 1:
        digits = raw[starts] - _ZERO
        return None if (digits > 9).any() else digits.astype(np.int8)
    letters = np.zeros((starts.size, _LONGEST), dtype=np.uint8)
    for j in range(longest):
        inside = np.flatnonzero(lengths > j)
        letters[inside, j] = raw[starts[inside] + j]
    tokens = letters.view(f"S{_LONGEST}")[:, 0]
    at = np.minimum(np.searchsorted(_SORTED, tokens), len(_SORTED) - 1)
    if (_SORTED[at] != tokens).any():
        return None
    return (_ORDER[at] % N_CLASSES).astype(np.int8)

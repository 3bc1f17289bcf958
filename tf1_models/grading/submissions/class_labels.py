"""One token of text -> one class id, and what was odd about it; the same rule for CSV, text and JSON."""

from __future__ import annotations

import re
from typing import Dict, Tuple

from tf1_models.classes import CIFAR10_CLASSES, N_CLASSES
from tf1_models.grading.submissions.findings import shown

# Words of well-known tutorials for two of the classes.
ALIASES = {"auto": 1, "car": 1, "plane": 0, "aeroplane": 0}
_NAMES = {name: k for k, name in enumerate(CIFAR10_CLASSES)}
# '3', '3.0' (spreadsheets), '3.000000000000000000e+00' (numpy.savetxt); nothing that rounds
_INTEGRAL = re.compile(r"([0-9])(\.0*)?([eE][+-]?0{1,4})?", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,4})?", re.ASCII)

BAD = -1
_ONE_TO_TEN = frozenset(str(k) for k in range(1, N_CLASSES + 1))
FROM_ONE = "labels from 1 to 10 and no 0: class ids are 0 to 9; subtract 1"
NOTE_SPACES = "spaces around values ignored"
NOTE_FLOAT = "whole numbers written with a decimal point (3.0) read as class ids"
NOTE_CASE = "class names in another letter case read"
NOTE_QUOTES = "quotes around values removed"


class ClassReader:
    """Reads tokens; equal tokens are decided once.

    `read(token)` gives (class id 0..9 or BAD, note or '', reason when BAD).
    """

    def __init__(self) -> None:
        self._seen: Dict[str, Tuple[int, str, str]] = {}

    def from_one_to_ten(self) -> bool:
        """Whether the tokens so far are numbers from 1 to 10 with a 10 and no 0."""
        words = {token.strip(" \t") for token in self._seen}
        return "10" in words and words <= _ONE_TO_TEN

    def read(self, token: str) -> Tuple[int, str, str]:
        """Decides one token (without its quotes)."""
        known = self._seen.get(token)
        if known is None:
            known = decide(token)
            if len(self._seen) < 1000:
                self._seen[token] = known
        return known


def decide(token: str) -> Tuple[int, str, str]:
    """See `ClassReader`."""
    bare = token.strip(" \t")
    note = NOTE_SPACES if bare != token else ""
    whole = _INTEGRAL.fullmatch(bare)
    if whole:
        return int(whole.group(1)), (note if len(bare) == 1 else NOTE_FLOAT), ""
    if bare.isascii():  # 'K' (Kelvin) lower-cases to 'k': only ASCII may be a class name
        lower = bare.lower()
        if lower in _NAMES:
            return _NAMES[lower], (note if lower == bare else NOTE_CASE), ""
        if lower in ALIASES:
            k = ALIASES[lower]
            return k, f"'{lower}' read as '{CIFAR10_CLASSES[k]}'", ""
    return BAD, "", why_not(bare)


def why_not(bare: str) -> str:
    """The reason why a token is no class."""
    if not bare:
        return "no label"
    if bare.lower() in ("nan", "inf", "-inf", "+inf", "infinity", "-infinity", "na", "n/a", "null", "none"):
        return f"{shown(bare)} is not a class"
    if _NUMBER.fullmatch(bare):
        if re.fullmatch(r"[+-]?[0-9]+", bare, re.ASCII):
            return f"{shown(bare)} is out of range: class ids are 0 to {N_CLASSES - 1}, one digit"
        return f"{shown(bare)} is not a class id 0 to {N_CLASSES - 1}"
    return f"{shown(bare)} is neither a class id 0 to {N_CLASSES - 1} nor a class name ({', '.join(CIFAR10_CLASSES)})"

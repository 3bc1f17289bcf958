"""What a user says about a foreign checkpoint's names: a scope, renamed variables, moving averages."""

from __future__ import annotations

import dataclasses
import os
from typing import Dict, List, Optional, Sequence, Tuple

from tf1_models.errors import InputError, UsageError, nearest
from tf1_models.storage.reading import open_regular, shown

_MAX_FILE_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class NameOptions:
    """How the file's names are to be read.

    Attributes:
        scope: Leading scope of the wanted variables with its slash, "" for none; None: looked for.
        renames: (OLD, NEW) by variable: OLD in the file, with or without the scope, NEW in the graph. One `*` in both
            stands for the same text.
        use_averages: Take `<name>/ExponentialMovingAverage` for every trainable variable.
    """

    scope: Optional[str] = None
    renames: Tuple[Tuple[str, str], ...] = ()
    use_averages: bool = False


def options_of(scope: Optional[str], renames: Sequence[str], use_averages: bool) -> NameOptions:
    """Options from the words of a command line.

    Args:
        scope: --scope, with or without its last slash; None where it was not given.
        renames: Each OLD=NEW, or a text file with one such pair a line (blank lines and lines from # on are skipped).
        use_averages: --use-averages.

    Raises:
        UsageError: no pair, a name twice, or more than one `*`.
        InputError: the file cannot be read.
    """
    pairs: List[Tuple[str, str]] = []
    for word in renames:
        pairs += [_pair(word, "--rename")] if "=" in word else _pairs_in(word)
    for side, what in ((0, "renamed twice"), (1, "filled twice")):
        names = [pair[side] for pair in pairs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise UsageError(f"--rename: {shown(twice)} is {what}; give every name once")
    return NameOptions(None if scope is None else _with_slash(scope), tuple(pairs), use_averages)


def _with_slash(scope: str) -> str:
    bare = scope.strip("/")
    return bare + "/" if bare else ""


def _pair(word: str, where: str) -> Tuple[str, str]:
    old, _, new = (part.strip() for part in word.partition("="))
    if not old or not new or "=" in new or old.count("*") != new.count("*") or old.count("*") > 1:
        raise UsageError(
            f"{where}: {shown(word)!r} is no OLD=NEW: OLD is the file's name, NEW the graph's, and one * "
            "in both stands for the same text"
        )
    return old, new


def _pairs_in(path: str) -> List[Tuple[str, str]]:
    if not os.path.lexists(path):
        raise UsageError(f"--rename: {shown(path)!r} is neither OLD=NEW nor a file with one such pair a line")
    stream, size = open_regular(path, _MAX_FILE_BYTES)
    with stream:
        content = stream.read(size)
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{shown(path)} is no UTF-8 text; --rename reads one OLD=NEW a line") from None
    pairs = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].strip()
        if words:
            pairs.append(_pair(words, f"{shown(path)}, line {number}"))
    if not pairs:
        raise InputError(f"{shown(path)} holds no OLD=NEW")
    return pairs


def old_names(options: NameOptions, wanted: Sequence[str]) -> Dict[str, List[str]]:
    """Under which names of the file, its scope left out, each of the graph's variables is looked for, first to last.

    Raises:
        UsageError: a rename whose NEW is none of the graph's names.
    """
    plain = {new: old for old, new in options.renames if "*" not in new}
    patterns = [(old, new) for old, new in options.renames if "*" in new]
    unknown = next((new for new in plain if new not in wanted), None)
    if unknown is not None:
        raise UsageError(
            f"--rename {plain[unknown]}={unknown}: the graph has no variable {unknown!r}"
            f"{nearest(unknown, list(wanted))}"
        )
    taken = set(plain.values())
    names: Dict[str, List[str]] = {}
    for name in wanted:
        if name in plain:
            names[name] = [plain[name]]
            continue
        matches = [apply(pattern, name) for pattern in patterns]
        names[name] = [old for old in [*matches, name] if old is not None and old not in taken]
    return names


def apply(pattern: Tuple[str, str], name: str) -> Optional[str]:
    """The file's name of a graph's name under OLD=NEW with a `*`; None where NEW does not match."""
    before, _, after = pattern[1].partition("*")
    if len(name) <= len(before) + len(after) or not name.startswith(before) or not name.endswith(after):
        return None
    return pattern[0].replace("*", name[len(before) : len(name) - len(after)])

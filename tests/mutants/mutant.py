"""A mutant: one small wrong change of the package's text, and the tests that should notice it."""

from __future__ import annotations

import hashlib
import os
from typing import Iterable, List, NamedTuple, Optional, Tuple

from tests.conftest import ROOT


class Mutant(NamedTuple):
    """A change of one place of a file.

    Attributes:
        old: Text as it stands there; it must occur exactly once in the file, or `at` says which occurrence.
        new: What takes its place.
        wrong: What is wrong with it, in words.
        at: Which occurrence of `old`, from 0; None: the only one.
        tests: pytest's words for the tests that should notice it; empty: the group's.
        equivalent: Why no test can notice it; "" for all others.
    """

    old: str
    new: str
    wrong: str
    at: Optional[int] = None
    tests: Tuple[str, ...] = ()
    equivalent: str = ""


class Group(NamedTuple):
    """Mutants of one file that the same tests should notice.

    Attributes:
        file: Below the root.
        tests: pytest's words: files, or file::test.
        mutants: In the file's order, roughly.
    """

    file: str
    tests: Tuple[str, ...]
    mutants: Tuple[Mutant, ...]


class Case(NamedTuple):
    """A mutant with all that running it takes.

    Attributes:
        place: Name of the module that lists it.
        file: Below the root.
        mutant: The change.
        tests: pytest's words.
    """

    place: str
    file: str
    mutant: Mutant
    tests: Tuple[str, ...]

    @property
    def key(self) -> str:
        """12 hex digits that name the change, whatever tests it has."""
        text = "\0".join([self.file, self.mutant.old, self.mutant.new, str(self.mutant.at)])
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]

    def digest(self, root: str = ROOT) -> str:
        """16 hex digits over the change, the file that it is made in and the test files: equal, an outcome still holds
        (as far as these files decide it)."""
        digest = hashlib.sha256("\0".join([self.key, *self.tests]).encode("utf-8"))
        for name in sorted({self.file, *(word.partition("::")[0] for word in self.tests)}):
            with open(os.path.join(root, name), "rb") as stream:
                digest.update(stream.read())
        return digest.hexdigest()[:16]

    def words(self) -> str:
        """For people."""
        return f"{self.place}: {os.path.basename(self.file)}: {self.mutant.wrong}"


def cases(place: str, groups: Iterable[Group]) -> List[Case]:
    """The mutants of a place one by one."""
    return [
        Case(place, group.file, mutant, mutant.tests or group.tests) for group in groups for mutant in group.mutants
    ]


def mutate(text: str, mutant: Mutant) -> str:
    """The file's text with the change.

    Raises:
        ValueError: `old` does not occur as the mutant says.
    """
    n = text.count(mutant.old)
    if mutant.at is None and n != 1:
        raise ValueError(f"occurs {n} times, not once: {mutant.old!r}")
    if mutant.at is not None and not mutant.at < n > 1:
        raise ValueError(f"occurs {n} times, so no occurrence {mutant.at} is to be told from others: {mutant.old!r}")
    start = -1
    for _ in range((mutant.at or 0) + 1):
        start = text.index(mutant.old, start + 1)
    return text[:start] + mutant.new + text[start + len(mutant.old) :]

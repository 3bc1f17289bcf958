"""One file's problems (they make it invalid) and notes (it was read, with this remark)."""

from __future__ import annotations

from typing import Dict, List, Optional

from tf1_models.errors import printable
from tf1_models.grading.submissions.limits import SHOWN_PROBLEMS, SHOWN_VALUE_CHARS


def shown(value: object) -> str:
    """A stranger's text for a message: quoted, printable, cut at 40 characters."""
    text = str(value)
    cut = text[: SHOWN_VALUE_CHARS * 4]
    cut = printable(cut)[:SHOWN_VALUE_CHARS]
    return f"'{cut}'" if len(text) <= SHOWN_VALUE_CHARS else f"'{cut}…'"


class Findings:
    """Collects every problem at once: of the whole file first, then by line, the first 20 lines and a count."""

    def __init__(self) -> None:
        self._whole: List[str] = []
        self._located: List["tuple[int, int, str]"] = []
        self._n_located = 0
        self._notes: Dict[str, int] = {}
        self._located_word = "line"

    def problem(self, text: str) -> None:
        """A problem of the whole file; one text is kept once."""
        if text not in self._whole:
            self._whole.append(text)

    def problem_at(self, number: int, text: str, word: str = "line") -> None:
        """A problem of one line (text files) or row (arrays); `number` counts from 1."""
        self._n_located += 1
        self._located_word = word
        # Kept a little beyond what is shown: alignment reports after parsing, and the first lines must win.
        if len(self._located) < SHOWN_PROBLEMS * 8 or number < self._located[-1][0]:
            self._located.append((number, len(self._located), text))
            if len(self._located) > SHOWN_PROBLEMS * 16:
                self._located = sorted(self._located)[: SHOWN_PROBLEMS * 8]

    def more_problems(self, count: int) -> None:
        """Counts located problems that are not listed one by one."""
        self._n_located += count

    def note(self, text: str, count: int = 0) -> None:
        """A remark on how the file was read; counts of the same remark add up."""
        self._notes[text] = self._notes.get(text, 0) + count

    @property
    def bad(self) -> bool:
        """True once there is a problem."""
        return bool(self._whole) or self._n_located > 0

    def problems(self) -> List[str]:
        """Every problem: whole file, then lines in order (20 at most), then how many more there are."""
        lines = sorted(self._located)[:SHOWN_PROBLEMS]
        texts = self._whole + [f"{self._located_word} {number}: {text}" for number, _, text in lines]
        rest = self._n_located - len(lines)
        if rest > 0:
            texts.append(f"and {rest:,} more problems of this kind")
        return texts

    def notes(self) -> List[str]:
        """Every remark, in the order in which they arose."""
        return [f"{text} ({count:,} times)" if count > 1 else text for text, count in self._notes.items()]


def refused(reason: str, findings: Optional[Findings] = None) -> Findings:
    """Findings with one problem."""
    findings = findings or Findings()
    findings.problem(reason)
    return findings

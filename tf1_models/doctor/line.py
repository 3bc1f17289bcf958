"""One line of the doctor's answer, and how lines are printed."""

from __future__ import annotations

import os
from typing import Any, Dict, List, NamedTuple, Optional

OK = "ok"
WARNING = "warning"
FAILED = "failed"
NOT_NEEDED = "not needed"

_COLOURS = {OK: "32", WARNING: "33", FAILED: "31", NOT_NEEDED: "2"}


class Line(NamedTuple):
    """What one check found.

    Attributes:
        check: Its name: python, packages, tensorflow, device, driver, cuda, memory, disk, data, checkpoints.
        status: `OK`, `WARNING`, `FAILED` (red) or `NOT_NEEDED`.
        text: What was found, in words.
        mend: The command that mends it; None where nothing is to be mended.
        environment: True when a red line is the machine's fault (exit 4), False for data and checkpoints (exit 1).
    """

    check: str
    status: str
    text: str
    mend: Optional[str] = None
    environment: bool = True

    def as_json(self) -> Dict[str, Any]:
        """The line as it stands in `--json`."""
        return {"check": self.check, "status": self.status, "text": self.text, "mend": self.mend}


def exit_code(lines: List[Line]) -> int:
    """4 when the machine lacks something, 1 when only data or checkpoints are bad, else 0: warnings are no fault."""
    red = [line for line in lines if line.status == FAILED]
    if any(line.environment for line in red):
        return 4
    return 1 if red else 0


def status(lines: List[Line]) -> str:
    """The worst status of all lines: `failed`, `warning` or `ok`."""
    found = {line.status for line in lines}
    return FAILED if FAILED in found else WARNING if WARNING in found else OK


def colours(stream: Any) -> bool:
    """True on a terminal that wants colours."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def render(lines: List[Line], coloured: bool = False) -> str:
    """The lines for people: check, status, words, and below each the command that mends it."""
    out = []
    for line in lines:
        word = f"{line.status:<10}"
        if coloured:
            word = f"\x1b[{_COLOURS[line.status]}m{word}\x1b[0m"
        out.append(f"{line.check:<12}{word}  {line.text}")
        if line.mend is not None:
            out.append(f"{'':12}{'':10}  mend: {line.mend}")
    return "\n".join(out)

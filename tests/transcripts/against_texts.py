"""Holds `consoles.py` to the reports' texts, which are no part of the repository.

    python -m tests.transcripts.against_texts FOLDER        (FOLDER has course_models.txt, bn_cnn.txt, …)

Printed are lines of the table that do not stand in the text, and lines of the text that have a form which the table
knows and are not in it; for each report, how many lines stand. 1 where there was any.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import Iterable, List, Pattern

from tests.transcripts import consoles

MENDS = (  # what scanning did, and what stood there
    (r"\\_", "_"),
    (r"^(O|\(\):) tensor", "0 tensor"),
    (r"N[IL]ILoss", "NllLoss"),
    (r">\]$", ">)"),
    (r"le=05", "1e-05"),
    (r"\(\*\*relayer\*\)", "(fc_layer)"),
    (r"^\}$", ")"),
    (r" ?\t ?", "\t"),
    (r"\[=+>-*\]", "[]"),
)
NUMBER = re.compile(r"\d+(\.\d+)?")


def mended(line: str) -> str:
    """A line of a text without its blanks at both ends, one blank for many, and with what scanning did undone."""
    line = " ".join(part for part in line.strip(" \n").split(" ") if part)
    for pattern, words in MENDS:
        line = re.sub(pattern, words, line)
    return line.strip()


def stands(shown: consoles.Shown, words: str, text: str) -> bool:
    """Whether a mended line of a text is this one: the same, cut off before its last field, or with more behind it."""
    words = mended(words)
    if shown.left_out:
        return words in text
    if shown.misprinted:
        words, text = NUMBER.sub("#", words), NUMBER.sub("#", text)
    start = os.path.commonprefix([words, text])
    return words == text or (len(start) >= 30 and len(start) >= min(len(text), words.rfind(" - "), words.rfind(",")))


def forms(rows: Iterable[consoles.Shown]) -> List[Pattern[str]]:
    """The forms that lines of a report's output have."""
    found = {re.sub(r"\\\{.*?\\\}", ".*", re.escape(mended(row.words))) for row in rows if "{" in row.words}
    return [re.compile(f"^{NUMBER.sub('[0-9.]+', form)}") for form in sorted(found)]


def complaints(report: str, lines: List[str]) -> List[str]:
    """What table and text of one report do not have in common."""
    listings = [listing for listing in consoles.LISTINGS if listing.report == report]
    text = [mended(line) for line in lines]
    found = []
    for listing in listings:
        for shown, words in zip(listing.lines, consoles.filled(listing)):
            if not stands(shown, words, text[shown.line - 1]):
                found.append(f"{report}.txt:{shown.line}: {text[shown.line - 1]!r} is not {words!r}")
    rows = [row for listing in listings for row in listing.lines]
    known = {row.line for row in rows}
    for number, line in enumerate(text, 1):
        if number not in known and any(form.match(line) for form in forms(rows)):
            found.append(f"{report}.txt:{number}: is not in the table: {line!r}")
    return found


def main() -> int:
    """Prints the complaints of all reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", help="where the texts are")
    folder, found = parser.parse_args().folder, []
    for report in dict.fromkeys(listing.report for listing in consoles.LISTINGS):
        with open(os.path.join(folder, f"{report}.txt"), encoding="utf-8") as stream:
            found += complaints(report, stream.readlines())
        n_lines = sum(len(listing.lines) for listing in consoles.LISTINGS if listing.report == report)
        print(f"{report}: {n_lines} lines looked up")
    print("\n".join([*found, f"{len(found)} complaints"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

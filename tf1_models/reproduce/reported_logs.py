"""What the reports logged beside their final numbers: epoch sums, step lines; from reported_logs.csv."""

from __future__ import annotations

import csv
import os
import re
from typing import Dict, List, NamedTuple, Optional

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reported_logs.csv")


class Logged(NamedTuple):
    """One printed value; `epoch` or `step` is None where the report does not say."""

    epoch: Optional[int]
    step: Optional[int]
    quantity: str
    value: float
    note: str


def read() -> Dict[str, List[Logged]]:
    """ "<report>/<run>" -> its logged values, in the order of the report."""
    found: Dict[str, List[Logged]] = {}
    with open(PATH, encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            number = re.match(r"\d+(\.\d+)?", row["printed"])  # "0.3 수준": about
            if number is None:
                continue
            logged = Logged(
                int(row["epoch"]) if row["epoch"] else None,
                int(row["step"]) if row["step"] else None,
                row["quantity"],
                float(number.group(0)),
                row["note"],
            )
            found.setdefault(f"{row['report']}/{row['run']}", []).append(logged)
    return found

"""The one shape in which every script here writes its figures, and the README's table reads them.

    {"schema": 1, "script": "tests/faults/kill_anywhere.py", "tensorflow": "2.21.0" or null,
     "faults": 310, "survived": 310, "detected": 0, "lost": 0, "seconds": 1234.5,
     "where": [{"name": "anywhere", "injected": 60, "survived": 60, "detected": 0, "lost": 0}, ...], "details": {...}}

survived: the outcome equals that of an undisturbed run; detected: refused in words before use; lost: neither.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Optional

from tf1_models.storage.files import to_json, write_bytes

COUNTS = ("survived", "detected", "lost")


@dataclasses.dataclass
class Place:
    """Where faults were injected and what became of them."""

    name: str
    injected: int = 0
    survived: int = 0
    detected: int = 0
    lost: int = 0

    def add(self, outcome: str, n: int = 1) -> None:
        """Counts faults with one outcome: "survived", "detected" or "lost"."""
        self.injected += n
        setattr(self, outcome, getattr(self, outcome) + n)


def document(
    script: str, tensorflow: Optional[str], places: List[Place], seconds: float, details: Dict[str, Any]
) -> Dict[str, Any]:
    """A record from its places; the totals are their sums, so that the two cannot disagree."""
    totals = {key: sum(getattr(place, key) for place in places) for key in COUNTS}
    return {
        "schema": 1,
        "script": script,
        "tensorflow": tensorflow,
        "faults": sum(place.injected for place in places),
        **totals,
        "seconds": round(seconds, 1),
        "where": [dataclasses.asdict(place) for place in places if place.injected],
        "details": details,
    }


def problems(record: Any) -> List[str]:
    """What is wrong with a record; empty when it can be believed."""
    if not isinstance(record, dict) or record.get("schema") != 1:
        return ["no record of schema 1"]
    found = [
        f"{key} is missing"
        for key in ("script", "tensorflow", "faults", *COUNTS, "seconds", "where")
        if key not in record
    ]
    if found:
        return found
    for place in record["where"]:
        if place["injected"] != sum(place[key] for key in COUNTS):
            found.append(f"{place['name']}: {place['injected']} injected, but their outcomes sum to another number")
    for total, key in (("faults", "injected"), *((key, key) for key in COUNTS)):
        if record[total] != sum(place[key] for place in record["where"]):
            found.append(f"{total} is not the sum over its places")
    return found


def finish(record: Dict[str, Any], path: Optional[str]) -> int:
    """Prints a record, writes it to `path` if given, and returns the exit code: 1 when anything was lost."""
    text = to_json(record)
    print(text, flush=True)
    if path:
        write_bytes(path, (text + "\n").encode("utf-8"))
    return 1 if record["lost"] else 0

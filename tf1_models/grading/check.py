"""`grade check`: is this file in order? Without labels, for students, with every problem at once."""

from __future__ import annotations

import hashlib
from typing import Any, Dict, List, Optional, Sequence

from tf1_models.errors import Refused, UsageError
from tf1_models.grading.people.anonymous import pseudonym
from tf1_models.grading.submissions.alignment import KeyShape
from tf1_models.grading.submissions.reading import read_predictions
from tf1_models.grading.submissions.sources import Source, collect


def check_source(source: Source, rows: Optional[int]) -> Dict[str, Any]:
    """Checks one source.

    Args:
        source: From `sources.collect`.
        rows: Rows it must have, None for any number.

    Returns:
        JSON-ready dict: `file`, `status` ("valid" or "invalid"), `format`, `rows`, `problems`, `notes`, `sha256` and
        `leaderboard_name`.
    """
    out: Dict[str, Any] = {
        "file": source.name,
        "status": "invalid",
        "format": None,
        "rows": None,
        "problems": [],
        "notes": [],
        "sha256": None,
        "leaderboard_name": None,
    }
    try:
        data = source.read()
    except Refused as reason:
        out["problems"] = [str(reason)]
        return out
    except Exception as error:
        out["problems"] = [f"cannot be read ({type(error).__name__})"]
        return out
    digest = hashlib.sha256(data).hexdigest()
    reading = read_predictions(data, source.form, KeyShape(rows))
    out.update(format=reading.form, rows=reading.n_rows, sha256=digest, leaderboard_name=pseudonym(digest))
    out.update(problems=reading.findings.problems(), notes=reading.findings.notes())
    if reading.predicted is not None:
        out["status"] = "valid"
    return out


def check_paths(paths: Sequence[str], rows: Optional[int]) -> Dict[str, Any]:
    """Checks everything below some paths.

    Returns:
        JSON-ready document with `submissions`.

    Raises:
        UsageError: there is nothing to check.
    """
    collected = collect(paths)
    if not collected.sources:
        raise UsageError("nothing to check: no .npy, .npz, .csv, .txt or .json was found")
    found = [check_source(source, rows) for source in collected.sources]
    return {"schema": 1, "kind": "check", "rows": rows, "submissions": found}


def render(document: Dict[str, Any]) -> str:
    """The check in words."""
    lines: List[str] = []
    for row in document["submissions"]:
        if row["status"] == "valid":
            lines.append(f"{row['file']}: valid, {row['rows']:,} rows ({row['format']})")
            lines.append(f"  leaderboard name, where names are hidden: {row['leaderboard_name']}")
        else:
            lines.append(f"{row['file']}: invalid, it would not be graded")
            lines += [f"  {text}" for text in row["problems"]]
        lines += [f"  note: {text}" for text in row["notes"]]
    return "\n".join(lines) + "\n"

"""Gradescope's `results.json`: always valid, also when a submission or the grader is broken.

The platform wants a number as score, so an invalid file has to carry 0 there; its output says in the first line that
this is no grade, and `extra_data.status` says `invalid`. Everywhere else an invalid file has no score at all.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from tf1_models.grading.outputs.table import TITLES

VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")
CRASHED = (
    "NOT GRADED: the autograder failed. This is not your fault and not a grade: tell the course staff, and hand in "
    "again later."
)


def results(record: Dict[str, Any], visibility: str = "visible", leaderboard: bool = True) -> Dict[str, Any]:
    """The document for a grading of one submission.

    Args:
        record: See `record.make_record`; its first row is the submission.
        visibility: Of the score's test; anything but "visible" hides the total from the student until then.
        leaderboard: Add leaderboard entries (shown only where the assignment turns the leaderboard on).

    Returns:
        JSON-ready dict; floats are finite.
    """
    row, metric = record["submissions"][0], record["metric"]
    full = record["policy"]["points"]["max_points"]
    if row["status"] == "invalid":
        first_line = "NOT GRADED: the file cannot be graded. Mend it and hand in again:"
        return failure(first_line, row["problems"], full, row["sha256"])
    lines = [f"{TITLES[name]}: {row[name]:.4f}" for name in TITLES]
    if row["interval"]:
        low, high = row["interval"][metric]
        lines.append(f"95 % interval of {TITLES[metric]}: {low:.4f} to {high:.4f}")
    if row["vs_reference"]:
        lines.append(f"{row['vs_reference']['difference']:+.4f} against the reference {record['reference']['name']}")
    lines += [f"note: {text}" for text in row["notes"]]
    test = {
        "name": TITLES[metric],
        "score": row["points"],
        "max_score": full,
        "status": "failed" if row["passed"] is False else "passed",
        "output": "\n".join(lines),
        "output_format": "text",
        "visibility": visibility,
    }
    document: Dict[str, Any] = {
        "score": row["points"],
        "output": "The file is valid and was graded.",
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [test],
        "extra_data": {
            "status": "graded",
            "metric": metric,
            "scores": {name: row[name] for name in TITLES},
            "sha256": row["sha256"],
            "key_sha256": record["truth"]["sha256"],
            "versions": record["versions"],
        },
    }
    if leaderboard:
        document["leaderboard"] = [
            {"name": TITLES[name], "value": round(row[name], 4), "order": "desc"}
            for name in sorted(TITLES, key=lambda name: name != metric)
        ]
    return document


def failure(first_line: str, reasons: List[str], max_points: float, sha256: Optional[str] = None) -> Dict[str, Any]:
    """The document for a submission that got no grade.

    Args:
        first_line: What happened.
        reasons: Every reason.
        max_points: Full points of the assignment.
        sha256: Of the submission, None unknown.
    """
    output = "\n".join([first_line, *(f"- {text}" for text in reasons)])
    return {
        "score": 0.0,
        "output": output,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [
            {
                "name": "The file can be graded",
                "score": 0.0,
                "max_score": max_points,
                "status": "failed",
                "output": output,
                "output_format": "text",
                "visibility": "visible",
            }
        ],
        "extra_data": {"status": "invalid", "problems": list(reasons), "sha256": sha256},
    }

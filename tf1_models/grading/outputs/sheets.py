"""A grading as CSV: all of it, or the columns that Canvas, Moodle and nbgrader import.

A cell that a spreadsheet would run as a formula gets a leading apostrophe. An ungraded submission has an empty grade,
never 0.
"""

from __future__ import annotations

import csv
import io
from typing import Any, Dict, List, Optional, Sequence

from tf1_models.grading.people.roster import Roster

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: Any) -> str:
    """A value as a cell; texts that would be a formula are defused, numbers are left alone."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return "'" + text if text.startswith(_FORMULA) else text


def to_csv(table: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV text with LF line ends."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[safe_cell(value) for value in row] for row in table])
    return out.getvalue()


def full_sheet(record: Dict[str, Any]) -> str:
    """Every submission and score; the columns are stable."""
    metric = record["metric"]
    head = [
        "file", "student", "student_name", "status", "counted", "rank", "macro_f1", "weighted_f1", "accuracy", "points",
        "passed", "metric", "interval_low", "interval_high", "within_noise_of_rank_above", "vs_reference", "late",
        "problems", "notes", "sha256",
    ]  # fmt: skip
    names = [one["class"] for row in record["submissions"] if row["per_class"] for one in row["per_class"]][:10]
    table: List[List[Any]] = [head + [f"f1_{name}" for name in names]]
    for row in record["submissions"]:
        low, high = row["interval"][metric] if row["interval"] else (None, None)
        versus = row["vs_reference"]["difference"] if row["vs_reference"] else None
        cells = [row[field] for field in head[:11]]
        cells += [metric, low, high, row["within_noise_of_rank_above"], versus, row["late"]]
        cells += ["; ".join(row["problems"]), "; ".join(row["notes"]), row["sha256"]]
        table.append(cells + [one["f1"] for one in row["per_class"] or [{"f1": None}] * len(names)])
    return to_csv(table)


def _people(record: Dict[str, Any], roster: Optional[Roster]) -> List[Dict[str, Any]]:
    """One dict per student: roster fields, and `row` (their submission that counts, None when missing)."""
    counted = [row for row in record["submissions"] if row["counted"]]
    by_student = {str(row["student"]): row for row in counted if row["student"] is not None}
    people: List[Dict[str, Any]] = []
    if roster is not None:
        for i, person in enumerate(roster.people):
            people.append({**person, "row": by_student.pop(roster.student_id(i), None)})
    strangers = list(by_student.values()) + [row for row in counted if row["student"] is None]
    for row in sorted(strangers, key=lambda r: str(r["file"])):
        people.append({"id": row["student"] or row["file"], "name": row["student_name"] or "", "row": row})
    return people


def _grade(row: Optional[Dict[str, Any]]) -> Any:
    return None if row is None or row["points"] is None else row["points"]


def _full_name(person: Dict[str, Any]) -> str:
    return person.get("name") or f"{person.get('first_name', '')} {person.get('last_name', '')}".strip()


def grade_book(record: Dict[str, Any], roster: Optional[Roster], kind: str, assignment: str) -> str:
    """A CSV that a grade book imports.

    Args:
        record: See `record.make_record`.
        roster: The class list; its students without a submission get an empty grade.
        kind: "canvas", "moodle" or "nbgrader".
        assignment: The assignment's name in the grade book.
    """
    people, full = _people(record, roster), record["policy"]["points"]["max_points"]
    if kind == "canvas":
        table: List[List[Any]] = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment]]
        table.append(["    Points Possible", "", "", "", "", full])
        for person in people:
            fields = [person.get(field, "") for field in ("id", "sis_id", "login", "section")]
            table.append([_full_name(person), *fields, _grade(person["row"])])
    elif kind == "moodle":
        table = [
            ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed",
             "Last modified (submission)", "Last modified (grade)", "Feedback comments"]
        ]  # fmt: skip
        for person in people:
            number = str(person.get("id", ""))
            identifier = f"Participant {number}" if number.isdigit() else number
            table.append(
                [identifier, _full_name(person), person.get("email", ""), _status(person["row"]),
                 _grade(person["row"]), full, "Yes", "", "", feedback(person["row"], record["metric"])]
            )  # fmt: skip
    else:
        table = [
            ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
             "late_submission_penalty", "score", "max_score"]
        ]  # fmt: skip
        for person in people:
            points = _grade(person["row"])
            names = [person.get("last_name", ""), person.get("first_name", ""), person.get("email", "")]
            number = next((person[f] for f in ("id", "sis_id", "login") if person.get(f)), "")
            penalty = None if points is None else 0.0
            table.append([assignment, "", "", number, *names, points, penalty, points, full])
    return to_csv(table)


def _status(row: Optional[Dict[str, Any]]) -> str:
    if row is None:
        return "No submission"
    return "Graded" if row["status"] == "graded" else "Invalid file, not graded"


def feedback(row: Optional[Dict[str, Any]], metric: str) -> str:
    """One line for the student."""
    if row is None:
        return ""
    if row["status"] == "invalid":
        return "Not graded: " + "; ".join(row["problems"])
    return f"{metric} {row[metric]:.4f}, accuracy {row['accuracy']:.4f}, rank {row['rank']}"

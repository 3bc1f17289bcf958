"""Gives submissions to students; of one student's several, the latest counts, and both say so."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence

from tf1_models.grading.people.roster import Roster, from_path
from tf1_models.grading.people.students import StudentFinder
from tf1_models.grading.submissions.entry import Entry


def assign_student(entry: Entry, finder: StudentFinder, roster: Optional[Roster]) -> None:
    """Finds whose submission it is: by the platform's pattern or the regex, else by a folder that the roster knows."""
    student = finder.find(entry.row.file)
    if student is not None and roster is not None:
        entry.roster_index = roster.find(student.keys)
    if roster is not None and entry.roster_index is None:
        known = from_path(entry.row.file, roster)
        if known is not None:
            student, entry.roster_index = known, roster.find(known.keys)
    if student is None:
        return
    entry.order, entry.order_by = student.order, student.order_by
    entry.row.student, entry.row.student_name, entry.row.late = student.id, student.name or None, student.late
    if roster is not None and entry.roster_index is not None:
        entry.row.student = roster.student_id(entry.roster_index)


def supersede(entries: Sequence[Entry]) -> None:
    """Of a student's submissions only the latest counts, whatever its state; the others say so."""
    groups: Dict[str, List[Entry]] = {}
    for entry in entries:
        if entry.row.student is not None:
            groups.setdefault(str(entry.row.student), []).append(entry)
    for group in groups.values():
        if len(group) < 2:
            continue
        if all(entry.order for entry in group):
            group.sort(key=lambda e: (e.order, e.modified, e.row.file))
            by = group[-1].order_by
        else:
            group.sort(key=lambda e: (e.modified, e.row.file))
            by = "the time of the file" if group[-1].modified != group[-2].modified else "its name"
        latest = group[-1]
        latest.row.notes.append(f"the latest of this student's {len(group)} submissions (by {by}): it counts")
        for entry in group[:-1]:
            entry.row.counted = False
            entry.row.notes.append(f"does not count: {latest.row.file} is later (by {by})")

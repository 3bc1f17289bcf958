"""The class list: who is missing, who is unknown, who handed in more than once (the latest counts)."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
from typing import Any, Dict, List, Optional, Tuple

from tf1_models.errors import InputError, Refused
from tf1_models.grading.people.students import Student, spellings, squeezed
from tf1_models.grading.submissions.names import clean_name
from tf1_models.grading.submissions.opening import read_regular

# Column heads of the exports of Canvas, Moodle, Gradescope and nbgrader, squeezed -> our field
_COLUMNS = {
    "id": "id", "studentid": "id", "sid": "id", "idnumber": "id", "identifier": "id", "userid": "id",
    "sisuserid": "sis_id", "sisloginid": "login", "username": "login", "login": "login", "loginid": "login",
    "student": "name", "name": "name", "fullname": "name", "firstname": "first_name", "givenname": "first_name",
    "lastname": "last_name", "surname": "last_name", "familyname": "last_name",
    "email": "email", "emailaddress": "email", "section": "section",
}  # fmt: skip


@dataclasses.dataclass
class Roster:
    """A class list.

    Attributes:
        people: One dict of fields (id, name, email …, as given) per student, in the file's order.
        sha256: Hex digest of the file.
    """

    people: List[Dict[str, str]]
    sha256: str

    def __post_init__(self) -> None:
        self._by_key: Dict[str, Optional[int]] = {}
        for i, person in enumerate(self.people):
            names = [person.get("name", ""), f"{person.get('first_name', '')} {person.get('last_name', '')}"]
            keys = [squeezed(person.get(field, "")) for field in ("id", "sis_id", "login", "email")]
            keys += [key for name in names for key in spellings(name)]
            if person.get("id", "").lower().startswith("participant "):  # Moodle's worksheet
                keys.append(squeezed(person["id"][len("participant ") :]))
            for key in set(keys):
                if key:  # a name that two students share identifies neither
                    self._by_key[key] = None if self._by_key.get(key, i) != i else i

    def find(self, keys: Tuple[str, ...]) -> Optional[int]:
        """Index of the student whom one of the keys (tried in order) names, None when nobody or more than one."""
        for key in keys:
            for spelling in [squeezed(key), *spellings(key)]:
                at = self._by_key.get(spelling)
                if at is not None:
                    return at
        return None

    def label(self, i: int) -> str:
        """A student in words: identifier and name."""
        person = self.people[i]
        name = person.get("name") or f"{person.get('first_name', '')} {person.get('last_name', '')}".strip()
        number = next((person[f] for f in ("id", "sis_id", "login", "email") if person.get(f)), "")
        return f"{number} ({name})" if number and name else number or name

    def student_id(self, i: int) -> str:
        """The identifier that a grading shows for a student."""
        person = self.people[i]
        return next((person[f] for f in ("id", "sis_id", "login", "email", "name") if person.get(f)), self.label(i))


def load_roster(path: str) -> Roster:
    """Reads a class list: CSV with a header (a platform's export does), or one identifier a line.

    Raises:
        InputError: unreadable, not UTF-8, or without a student.
    """
    import hashlib

    try:
        data = read_regular(os.path.realpath(path))
        text = data.decode("utf-8-sig")
    except (Refused, UnicodeDecodeError) as error:
        reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise InputError(f"roster {path}: {reason}") from None
    try:
        lines = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(f"roster {path}: {error}") from None
    heads = [_COLUMNS.get(squeezed(cell), "") for cell in lines[0]] if lines else []
    people = []
    if any(heads):
        for row in lines[1:]:
            person = {head: clean_name(cell.strip()) for head, cell in zip(heads, row) if head and cell.strip()}
            if person and not person.get("name", "").lower().startswith("points possible"):
                people.append(person)
    else:
        people = [{"id": clean_name(row[0].strip())} for row in lines if row[0].strip()]
    if not people:
        raise InputError(f"roster {path}: no student; write one identifier a line, or a CSV with a header as id,name")
    return Roster(people, hashlib.sha256(data).hexdigest())


def from_path(name: str, roster: Roster) -> Optional[Student]:
    """Without a platform's pattern: a folder or file stem that the roster knows."""
    for part in name.split("/"):
        for candidate in (part, os.path.splitext(part)[0]):
            if roster.find((candidate,)) is not None:
                return Student(candidate, "", (candidate,))
    return None


def attendance(roster: Roster, of_submission: "List[Tuple[str, Optional[int]]]") -> Dict[str, Any]:
    """Who is missing, unknown and repeated.

    Args:
        roster: The class list.
        of_submission: (submission's name, index of its student or None), for every submission.

    Returns:
        JSON-ready dict: `students`, `missing` (labels), `unknown` (submission names), `repeated` (label -> names).
    """
    handed_in: Dict[int, List[str]] = {}
    for name, at in of_submission:
        if at is not None:
            handed_in.setdefault(at, []).append(name)
    return {
        "students": len(roster.people),
        "missing": [roster.label(i) for i in range(len(roster.people)) if i not in handed_in],
        "unknown": [name for name, at in of_submission if at is None],
        "repeated": {roster.label(i): names for i, names in sorted(handed_in.items()) if len(names) > 1},
    }

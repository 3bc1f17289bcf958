"""Whose submission it is: the folder and file patterns of Moodle, Canvas and Gradescope, or the grader's own regex."""

from __future__ import annotations

import dataclasses
import re
from typing import Dict, List, Optional, Tuple

from tf1_models.errors import UsageError, one_line, printable
from tf1_models.grading.submissions.names import clean_name

# "Kim Minji_1234567_assignsubmission_file_/result.npy", or flat: "Kim Minji_1234567_assignsubmission_file_result.npy"
_MOODLE = re.compile(r"(?P<name>.+)_(?P<id>[0-9]+)_assignsubmission_(?:file|onlinetext)(?:_.*)?")
# "kimminji_LATE_12345_678901_result.npy": name, user, attachment (its number grows with time), original name
_CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>[0-9]+)_(?P<order>[0-9]+)_.+")
_GRADESCOPE = re.compile(r"submission_(?P<order>[0-9]+)")
_METADATA_FIELD = re.compile(r"\s*-?\s*:(name|email|sid|created_at):\s*(.*?)\s*")


@dataclasses.dataclass(frozen=True)
class Student:
    """Who handed something in.

    Attributes:
        id: The platform's identifier, or what the regex captured.
        name: As the platform spells it, '' unknown.
        keys: Everything by which a roster may know them.
        order: Sorts a student's submissions by time, '' unknown.
        order_by: What `order` is, in words.
        late: The platform marked it late.
    """

    id: str
    name: str = ""
    keys: Tuple[str, ...] = ()
    order: str = ""
    order_by: str = ""
    late: bool = False


class StudentFinder:
    """Finds the student of a submission from its name."""

    def __init__(self, id_regex: Optional[str], metadata: Dict[str, bytes]) -> None:
        """Prepares the rules.

        Args:
            id_regex: Searched in the whole name; the group `id`, else the first group, is the student. None uses the
                platforms' patterns.
            metadata: Folder -> Gradescope's `submission_metadata.yml`.

        Raises:
            UsageError: the regex is none, or captures nothing.
        """
        self._regex = None
        if id_regex is not None:
            try:
                self._regex = re.compile(id_regex)
            except re.error as error:
                raise UsageError(f"--id-regex {id_regex!r} is no regular expression: {one_line(error)}") from None
            if not self._regex.groups:
                raise UsageError(f"--id-regex {id_regex!r} captures nothing; put the student's part into (…)")
        self._gradescope = _read_metadata(metadata)

    def find(self, name: str) -> Optional[Student]:
        """The student who handed in the submission of this name, None when nothing tells."""
        if self._regex is not None:
            return self._by_regex(name)
        for part in name.split("/"):
            for rule in (_by_moodle, self._by_gradescope, _by_canvas):
                student = rule(part)
                if student is not None:
                    return student
        return None

    def _by_regex(self, name: str) -> Optional[Student]:
        assert self._regex is not None
        found = self._regex.search(name)
        if found is None:
            return None
        value = found.groupdict().get("id") or next((group for group in found.groups() if group), None)
        return Student(value, "", (value,)) if value else None

    def _by_gradescope(self, part: str) -> Optional[Student]:
        found = _GRADESCOPE.fullmatch(part)
        if found is None:
            return None
        fields = self._gradescope.get(part, {})
        keys = tuple(fields[word] for word in ("sid", "email", "name") if fields.get(word))
        order, by = fields.get("created_at", ""), "Gradescope's time of submission"
        if not order:
            order, by = found.group("order").zfill(18), "Gradescope's submission number"
        return Student(keys[0] if keys else part, fields.get("name", ""), keys or (part,), order, by)


def _by_moodle(part: str) -> Optional[Student]:
    found = _MOODLE.fullmatch(part)
    if found is None:
        return None
    return Student(found.group("id"), found.group("name"), (found.group("id"), found.group("name")))


def _by_canvas(part: str) -> Optional[Student]:
    found = _CANVAS.fullmatch(part)
    if found is None:
        return None
    name, number = found.group("name"), found.group("id")
    order = found.group("order").zfill(18)
    return Student(number, name, (number, name), order, "Canvas's attachment number", bool(found.group("late")))


def _read_metadata(metadata: Dict[str, bytes]) -> Dict[str, Dict[str, str]]:
    """submission_N -> name, email, sid, created_at of its first submitter; lines that mean nothing are passed over."""
    found: Dict[str, Dict[str, str]] = {}
    for content in metadata.values():
        current: Dict[str, str] = {}
        for line in content.decode("utf-8", "replace").splitlines()[:1_000_000]:
            head = _GRADESCOPE.fullmatch(line.rstrip().rstrip(":"))
            if head is not None:
                current = found.setdefault(line.rstrip().rstrip(":"), {})
                continue
            field = _METADATA_FIELD.fullmatch(line[:1000])
            if field is not None and field.group(1) not in current:
                value = clean_name(field.group(2).strip("'\""))
                if value:
                    current[field.group(1)] = value
    return found


def squeezed(text: str) -> str:
    """Letters and digits only, lower case: how Canvas writes 'Kim, Min-ji' (kimminji)."""
    return "".join(c for c in printable(clean_name(text)).casefold() if c.isalnum())


def spellings(text: str) -> List[str]:
    """A name in the orders in which platforms squeeze it: as written, and with the last word first."""
    words = text.replace(",", " ").split()
    turned = " ".join(words[-1:] + words[:-1])
    return list(dict.fromkeys(key for key in (squeezed(text), squeezed(turned)) if key))

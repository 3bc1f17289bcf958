"""Whose submission it is, by the platforms' patterns; the class list; and which of several counts."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict

import numpy as np
import pytest

from tests.grading import builders as b
from tf1_models import grade
from tf1_models.errors import InputError, UsageError
from tf1_models.grading.people.roster import load_roster
from tf1_models.grading.people.students import StudentFinder

HandIn = Callable[[Dict[str, Any]], str]
METADATA = b"""---
submission_11:
  :submitters:
  - :name: Kim Minji
    :sid: '2024001'
    :email: kim@x.edu
  :created_at: 2026-03-01 10:00:00 Z
submission_12:
  :submitters:
  - :name: Lee Seojun
    :email: lee@x.edu
  :created_at: 2026-03-02 10:00:00 Z
"""


@pytest.mark.parametrize(
    "name, student, person",
    [
        ("Kim Minji_1234567_assignsubmission_file_/result.npy", "1234567", "Kim Minji"),
        ("김 민지_1234567_assignsubmission_file_/code/result.npy", "1234567", "김 민지"),
        ("O_Neil Pat_77_assignsubmission_file_result.npy", "77", "O_Neil Pat"),
        ("kimminji_12345_678901_result.npy", "12345", "kimminji"),
        ("kimminji_LATE_12345_678901_result-1.npy", "12345", "kimminji"),
        ("assignment_1_export/submission_11/result.npy", "2024001", "Kim Minji"),
        ("submission_12/result.npy", "lee@x.edu", "Lee Seojun"),
        ("submission_13/result.npy", "submission_13", ""),
        ("kim/result.npy", None, None),
        ("result.npy", None, None),
    ],
)
def test_platform_patterns(name: str, student: Any, person: Any) -> None:
    """Moodle's and Canvas's names, Gradescope's folders with their metadata."""
    found = StudentFinder(None, {"assignment_1_export": METADATA}).find(name)
    assert (None if found is None else found.id) == student
    assert (None if found is None else found.name) == person


def test_late_marks_and_order() -> None:
    """Canvas marks late files and numbers attachments; Gradescope gives the time."""
    finder = StudentFinder(None, {"": METADATA})
    early, late = finder.find("kim_1_9_r.npy"), finder.find("kim_LATE_1_10_r.npy")
    assert early is not None and late is not None
    assert late.late and not early.late and early.order < late.order
    first, second = finder.find("submission_11/r.npy"), finder.find("submission_12/r.npy")
    assert first is not None and second is not None and first.order < second.order


def test_a_regex_of_ones_own() -> None:
    """The named group, else the first; a regex that cannot work is a usage error."""
    assert StudentFinder(r"hw3[-_](\d+)", {}).find("x/hw3-42/result.npy").id == "42"  # type: ignore[union-attr]
    assert StudentFinder(r"(\w)(?P<id>\d+)", {}).find("s7.npy").id == "7"  # type: ignore[union-attr]
    assert StudentFinder(r"(\d+)", {}).find("kim.npy") is None
    for bad in ("(", "no group"):
        with pytest.raises(UsageError, match="--id-regex"):
            StudentFinder(bad, {})


def test_rosters_of_several_platforms(tmp_path: Any) -> None:
    """Column names of the common exports; a student is found by any of their spellings."""
    canvas = tmp_path / "canvas.csv"
    canvas.write_text(
        'Student,ID,SIS User ID,SIS Login ID,Section,A1\n    Points Possible,,,,,10\n"Kim, Min Ji",11,s11,mkim,1,\n',
        encoding="utf-8",
    )
    roster = load_roster(str(canvas))
    assert len(roster.people) == 1
    for spelling in ("11", "s11", "mkim", "kimminji", "Min Ji Kim", "KIM MIN JI"):
        assert roster.find((spelling,)) == 0, spelling
    assert roster.find(("lee",)) is None
    moodle = tmp_path / "moodle.csv"
    moodle.write_text("\ufeffIdentifier,Full name,Email address\nParticipant 77,김민지,k@x.edu\n", encoding="utf-8")
    assert load_roster(str(moodle)).find(("77",)) == 0 and load_roster(str(moodle)).find(("김민지",)) == 0
    plain = tmp_path / "plain.txt"
    plain.write_text("2024001\n2024002\n")
    assert load_roster(str(plain)).find(("2024002",)) == 1
    twins = tmp_path / "twins.csv"
    twins.write_text("id,name\n1,Kim Minji\n2,Kim Minji\n")
    assert load_roster(str(twins)).find(("kimminji",)) is None and load_roster(str(twins)).find(("2",)) == 1
    for bad, expected in ((b"", "no student"), (b"\xff\xfe\x00", "not UTF-8")):
        path = tmp_path / "bad.csv"
        path.write_bytes(bad)
        with pytest.raises(InputError, match=expected):
            load_roster(str(path))


def test_missing_unknown_repeated_and_the_latest_counts(
    key: str, labels: np.ndarray, hand_in: HandIn, tmp_path: Any
) -> None:
    """The later submission counts, also when it is the worse one, and both say so; only it is ranked."""
    good, bad = b.npy(labels), b.npy(b.noisy(labels, 0.5, 1))
    folder = hand_in(
        {
            "kim_1_100_result.npy": good,
            "kim_LATE_1_101_result-1.npy": bad,
            "lee_2_102_result.npy": b.npy(b.noisy(labels, 0.2, 2)),
            "stranger_9_103_result.npy": good,
            "notes_result.npy": good,
        }
    )
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name\n1,Kim\n2,Lee\n3,Park\n")
    record = grade.grade(key, folder, roster=str(roster))
    rows = {row["file"]: row for row in record["submissions"]}
    assert rows["kim_1_100_result.npy"]["counted"] is False and rows["kim_1_100_result.npy"]["rank"] is None
    assert rows["kim_1_100_result.npy"]["accuracy"] == 1.0  # still scored
    assert rows["kim_LATE_1_101_result-1.npy"]["counted"] and rows["kim_LATE_1_101_result-1.npy"]["late"]
    assert "does not count: kim_LATE_1_101_result-1.npy is later" in rows["kim_1_100_result.npy"]["notes"][0]
    assert "attachment number" in rows["kim_LATE_1_101_result-1.npy"]["notes"][0]
    present = record["roster"]
    assert present["missing"] == ["3 (Park)"]
    assert present["unknown"] == ["notes_result.npy", "stranger_9_103_result.npy"]
    assert present["repeated"] == {"1 (Kim)": ["kim_1_100_result.npy", "kim_LATE_1_101_result-1.npy"]}
    assert record["summary"]["counted"] == 4


def test_an_invalid_latest_submission_counts_and_is_not_zero(key: str, labels: np.ndarray, hand_in: HandIn) -> None:
    """It has no score; the earlier one is still there for the grader to decide."""
    folder = hand_in({"kim_1_100_result.npy": b.npy(labels), "kim_1_101_result.npy": b""})
    rows = {row["file"]: row for row in grade.grade(key, folder)["submissions"]}
    assert rows["kim_1_101_result.npy"]["counted"] and rows["kim_1_101_result.npy"]["macro_f1"] is None
    assert rows["kim_1_100_result.npy"]["counted"] is False and rows["kim_1_100_result.npy"]["accuracy"] == 1.0


def test_without_a_platforms_order_the_files_time_decides(key: str, labels: np.ndarray, hand_in: HandIn) -> None:
    """And a folder that the roster knows is a student."""
    folder = hand_in({"2024001/b.npy": b.npy(labels), "2024001/a.npy": b.npy(b.noisy(labels, 0.3, 1)), "r.csv": b""})
    os.utime(os.path.join(folder, "2024001/b.npy"), (1_000_000_000, 1_000_000_000))
    roster = os.path.join(os.path.dirname(folder), "roster.txt")
    with open(roster, "w", encoding="utf-8") as stream:
        stream.write("2024001\n2024002\n")
    record = grade.grade(key, os.path.join(folder), roster=roster)
    rows = {row["file"]: row for row in record["submissions"]}
    assert rows["2024001/a.npy"]["counted"] and not rows["2024001/b.npy"]["counted"]
    assert "by the time of the file" in rows["2024001/a.npy"]["notes"][-1]
    assert record["roster"]["missing"] == ["2024002"]


def test_gradescopes_export_as_a_zip(key: str, labels: np.ndarray, tmp_path: Any) -> None:
    """The metadata file inside it names the students."""
    path = tmp_path / "export.zip"
    path.write_bytes(
        b.zipped(
            {
                "assignment_9_export/submission_metadata.yml": METADATA,
                "assignment_9_export/submission_11/result.npy": b.npy(labels),
                "assignment_9_export/submission_12/result.npy": b.npy(b.noisy(labels, 0.4, 1)),
            }
        )
    )
    rows = grade.grade(key, str(path))["submissions"]
    assert [(row["rank"], row["student"], row["student_name"]) for row in rows] == [
        (1, "2024001", "Kim Minji"),
        (2, "lee@x.edu", "Lee Seojun"),
    ]

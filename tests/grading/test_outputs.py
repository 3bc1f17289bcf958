"""The ways out: table, CSV and grade books, Markdown, HTML, Gradescope's results; hostile names in each."""

from __future__ import annotations

import csv
import html.parser
import io
import json
from typing import Any, Callable, Dict, List

import numpy as np
import pytest

from tests.grading import builders as b
from tf1_models import grade
from tf1_models.grading.check import check_paths
from tf1_models.grading.outputs import gradescope, leaderboard, markdown, sheets, table
from tf1_models.grading.people.anonymous import pseudonym
from tf1_models.grading.people.roster import load_roster
from tf1_models.storage.files import to_json

HandIn = Callable[[Dict[str, Any]], str]
EVIL = '=HYPERLINK("x")<script>alert(1)<'


@pytest.fixture
def record(key: str, labels: np.ndarray, hand_in: HandIn) -> Dict[str, Any]:
    """Good, alike, invalid and hostile-named submissions with every extra."""
    predicted = b.noisy(labels, 0.3, 1)
    folder = hand_in(
        {
            f"{EVIL}_1_assignsubmission_file_/result.npy": b.npy(labels),
            "김민지_2_assignsubmission_file_/result.npy": b.npy(predicted),
            "copy_3_assignsubmission_file_/result.csv": b.csv_ids(predicted.tolist()),
            "+bad|x*_4_assignsubmission_file_/result.csv": b"1\n<b>\n",
            "-late.npy": b"",
            "report.pdf": b"x",
        }
    )
    roster = folder + ".csv"
    with open(roster, "w", encoding="utf-8") as stream:
        stream.write("id,first_name,last_name,email\n1,Eve,Il,e@x.edu\n2,민지,김,k@x.edu\n9,Missing,Person,m@x.edu\n")
    return grade.grade(key, folder, roster=roster, fail_under=0.8, reference="0.7", draws=100)


def roster_of(record: Dict[str, Any], tmp_path: Any) -> Any:
    return load_roster(str(tmp_path / "handed_in.csv"))


def test_table_shows_ranks_reasons_likeness_and_roster(record: Dict[str, Any]) -> None:
    """Everything that needs a person's eye is there, columns line up also with Hangul."""
    text = table.render(record)
    for expected in (
        "invalid, not graded (2)",
        "identical (the same predictions)",
        "1 missing",
        "missing: 9 (Missing Person)",
        "unknown: -late.npy",
        "passed over (1 files",
        "vs 0.7",
    ):
        assert expected in text
    lines = [line for line in text.splitlines() if "assignsubmission" in line and "/result" in line and "0." in line]
    ends = {table.width(line[: line.index("  0.")]) for line in lines[:3] if "  0." in line}
    assert len(ends) <= 1
    assert table.width("김a") == 3 and table.width("e\u0301") == 1


def rows_of(text: str) -> "List[Dict[str, str]]":
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_defuses_formulas_and_leaves_invalid_scores_empty(record: Dict[str, Any]) -> None:
    """Texts starting with = + - @ TAB CR get an apostrophe; numbers stay numbers; invalid is never 0."""
    rows = rows_of(sheets.full_sheet(record))
    assert len(rows) == 5
    for row in rows:
        assert not row["file"].startswith(("=", "+", "-", "@"))
        if row["status"] == "invalid":
            assert row["macro_f1"] == row["points"] == row["rank"] == "" and row["problems"]
        else:
            assert 0.0 <= float(row["macro_f1"]) <= 1.0 and float(row["f1_cat"]) >= 0.0
    assert {row["file"][0] for row in rows} >= {"'"}
    assert [sheets.safe_cell(v) for v in ("=1", "\t1", "a=1", -1.5, None, True)] == [
        "'=1",
        "'\t1",
        "a=1",
        "-1.5",
        "",
        "yes",
    ]


def test_grade_books_have_the_platforms_columns(record: Dict[str, Any], tmp_path: Any) -> None:
    """Every student of the roster has a line; missing and invalid ones an empty grade; strangers come last."""
    roster = roster_of(record, tmp_path)
    canvas = list(csv.reader(io.StringIO(sheets.grade_book(record, roster, "canvas", "HW 3"))))
    assert canvas[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "HW 3"]
    assert canvas[1][0].strip() == "Points Possible" and canvas[1][5] == "100.0"
    by_id = {line[1]: line for line in canvas[2:]}
    assert by_id["1"][5] == "100.0" and by_id["9"][5] == "" and by_id["4"][5] == ""
    moodle = rows_of(sheets.grade_book(record, roster, "moodle", "HW 3"))
    assert moodle[0]["Identifier"] == "Participant 1" and moodle[0]["Grade"] == "100.0"
    assert moodle[2]["Status"] == "No submission" and moodle[2]["Grade"] == ""
    assert any(row["Feedback comments"].startswith("Not graded:") and row["Grade"] == "" for row in moodle)
    nbgrader = rows_of(sheets.grade_book(record, roster, "nbgrader", "HW 3"))
    assert list(nbgrader[0]) == [
        "assignment",
        "duedate",
        "timestamp",
        "student_id",
        "last_name",
        "first_name",
        "email",
        "raw_score",
        "late_submission_penalty",
        "score",
        "max_score",
    ]
    assert nbgrader[1]["last_name"] == "김" and nbgrader[0]["score"] == "100.0"
    without = rows_of(sheets.grade_book(record, None, "moodle", "HW 3"))
    assert len(without) == 5


def test_markdown_escapes_names(record: Dict[str, Any]) -> None:
    """No markup of a stranger's survives."""
    text = markdown.render(record)
    assert "<script>" not in text and "&lt;script&gt;" in text and "bad\\|x\\*" in text
    assert "## Invalid, not graded" in text and "## Alike" in text and "## Roster" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1


class _Page(html.parser.HTMLParser):
    """Checks nesting, and collects what could load or run something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: List[str] = []
        self.tags: List[str] = []
        self.loads: List[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.loads += [f"{name}={value}" for name, value in attrs if name in ("src", "href") or name.startswith("on")]
        if tag not in ("meta", "line", "rect", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("line", "rect"):
            return
        assert self.open.pop() == tag


def test_the_html_page_is_self_contained_and_escaped(record: Dict[str, Any]) -> None:
    """Well nested, one script (ours), nothing loaded, no handler from a name; the same record gives the same page."""
    text = leaderboard.render(record)
    page = _Page()
    page.feed(text)
    assert page.open == [] and page.loads == [] and page.tags.count("script") == 1
    assert "http:" not in text and "https:" not in text and "default-src 'none'" in text
    assert "&lt;script&gt;alert(1)&lt;" in text and "김민지" in text
    assert text == leaderboard.render(record)


def test_no_text_of_a_record_becomes_markup(record: Dict[str, Any]) -> None:
    """Hostile words wherever a stranger, a roster, a key or an option can bring one in; the picture's tooltips too."""
    rows = [
        {**row, "file": EVIL, "student": EVIL, "student_name": EVIL, "problems": [EVIL], "late": True}
        for row in record["submissions"]
    ]
    assert {row["status"] for row in rows} == {"graded", "invalid"} and len(rows) == 5
    hostile = {
        **record,
        "submissions": rows,
        "truth": {**record["truth"], "name": EVIL, "sha256": EVIL},
        "reference": {**record["reference"], "name": EVIL},
        "versions": {EVIL: EVIL},
        "identical": [{"same_bytes": True, "files": [EVIL, EVIL]}],
        "roster": {"students": 1, "missing": [EVIL], "unknown": [EVIL], "repeated": {EVIL: [EVIL]}},
    }
    text = leaderboard.render(hostile, title=EVIL)
    page = _Page()
    page.feed(text)
    assert page.open == [] and page.loads == [] and page.tags.count("script") == 1 and page.tags.count("svg") == 1
    assert "<script>alert" not in text and text.count("&lt;script&gt;alert(1)&lt;") >= 3 * len(rows) + 9
    drawing = text[text.index("<svg") : text.index("</svg>")]
    assert 'aria-label="Distribution of scores"' in drawing and "alert(1)" in drawing


def test_the_columns_sort_by_value_and_the_bars_do_not(record: Dict[str, Any]) -> None:
    text = leaderboard.render(record)
    head = text[text.index("<thead>") : text.index("</thead>")]
    assert head.count("<th") == 10 and head.count("<button") == 8  # thead itself, and the bars
    first = text[text.index("<tbody>") : text.index("</tr>", text.index("<tbody>"))]
    assert 'data-v="1"' in first and 'data-v="1.000000000000"' in first and first.count("<i ") == 10


def test_the_anonymous_page_has_no_name_path_student_or_message(
    record: Dict[str, Any], labels: np.ndarray, hand_in: HandIn
) -> None:
    """Only pseudonyms, which `grade check` tells the author of a file, and nobody else can compute."""
    text = leaderboard.render(record, anonymous=True)
    for secret in ("김민지", "copy_3", "Missing", "HYPERLINK", "result.npy", "bad|x", "e@x.edu", "identical", "header"):
        assert secret not in text
    row = next(row for row in record["submissions"] if row["rank"] == 1)
    assert pseudonym(row["sha256"]) in text
    checked = check_paths([hand_in({"mine/x.npy": b.npy(labels)}) + "/mine/x.npy"], 100)["submissions"][0]
    assert checked["leaderboard_name"] == pseudonym(row["sha256"])


def single(record: Dict[str, Any], row: Dict[str, Any]) -> Dict[str, Any]:
    return {**record, "submissions": [row]}


def check_results(document: Dict[str, Any]) -> None:
    """The platform's rules: strict JSON, a score, known words."""
    again = json.loads(to_json(document), parse_constant=lambda word: pytest.fail(word))
    assert isinstance(again["score"], (int, float))
    assert again["visibility"] in gradescope.VISIBILITIES and again["stdout_visibility"] in gradescope.VISIBILITIES
    assert again["output_format"] in ("text", "html", "simple_format", "md", "ansi")
    for test in again["tests"]:
        assert test["status"] in ("passed", "failed") and 0 <= test["score"] <= test["max_score"]
        assert test["visibility"] in gradescope.VISIBILITIES
    for entry in again.get("leaderboard", []):
        assert set(entry) == {"name", "value", "order"} and entry["order"] in ("asc", "desc")


def test_gradescope_results_are_valid_for_every_submission(record: Dict[str, Any]) -> None:
    """Graded, failed and invalid ones; an invalid one says that it is no grade, with every reason."""
    for row in record["submissions"]:
        if not row["counted"]:
            continue
        document = gradescope.results(single(record, row))
        check_results(document)
        assert document["extra_data"]["status"] == row["status"]
        if row["status"] == "invalid":
            assert document["output"].startswith("NOT GRADED")
            assert all(reason in document["output"] for reason in row["problems"])
            assert "leaderboard" not in document
        else:
            assert document["score"] == row["points"]
            assert document["leaderboard"][0]["name"] == "macro-F1"
    assert "leaderboard" not in gradescope.results(single(record, record["submissions"][0]), leaderboard=False)
    check_results(gradescope.failure(gradescope.CRASHED, [], 10.0))

"""`grade`, `grade check` and `grade bundle` as users start them: exit codes, streams, options anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.grading import builders as b


@pytest.fixture
def here(tmp_path: Any) -> Any:
    """A folder with a key and submissions."""
    labels = np.arange(100) % 10
    (tmp_path / "key.npy").write_bytes(b.npy(labels))
    (tmp_path / "good.npy").write_bytes(b.npy(b.noisy(labels, 0.2, 1)))
    (tmp_path / "also.csv").write_bytes(b.csv_ids(b.noisy(labels, 0.4, 2).tolist()))
    (tmp_path / "bad.csv").write_bytes(b"id,label\n0,cat\n0,12\n")
    return tmp_path


def test_exit_codes(kit: Any, here: Any) -> None:
    """0 graded, a batch with invalid files too; 1 below the threshold; 3 the only file invalid or --strict; 2 usage."""
    cases = [
        (["good.npy"], 0),
        (["good.npy", "bad.csv"], 0),
        (["good.npy", "bad.csv", "--strict"], 3),
        (["bad.csv"], 3),
        (["missing.npy"], 3),
        (["good.npy", "--fail-under", "0.5"], 0),
        (["good.npy", "--fail-under", "0.99"], 1),
        (["good.npy", "--fail-under", "99"], 2),
        (["good.npy", "--metric", "f1"], 2),
        (["good.npy", "--roster", "none.csv"], 3),
        ([], 2),
    ]
    for words, code in cases:
        done = kit("grade", "--truth", "key.npy", *words, cwd=here)
        assert done.returncode == code, (words, done.stderr)
        assert "Traceback" not in done.stderr + done.stdout
        if code == 2 or "--roster" in words:
            assert done.stdout == "" and done.stderr.strip()
    assert kit("grade", "good.npy", cwd=here).returncode == 2
    assert kit("grade", "--truth", "none.npy", "good.npy", cwd=here).returncode == 3


def test_options_may_stand_anywhere_and_json_is_one_document(kit: Any, here: Any) -> None:
    """Between, before and after the files; names of the interface are there; a regrade is the same bytes."""
    words = [
        ["--truth", "key.npy", "--json", "--metric", "accuracy", "good.npy", "bad.csv"],
        ["good.npy", "--metric", "accuracy", "bad.csv", "--truth", "key.npy", "--json"],
        ["--metric", "accuracy", "bad.csv", "--json", "good.npy", "--truth", "key.npy"],
    ]
    texts = {kit("grade", *one, cwd=here).stdout for one in words}
    assert len(texts) == 1
    record = json.loads(texts.pop())
    rows = {row["file"]: row for row in record["submissions"]}
    assert rows["good.npy"]["status"] == "graded" and rows["bad.csv"]["status"] == "invalid"
    for field in ("file", "status", "macro_f1", "weighted_f1", "accuracy", "rank", "problems"):
        assert field in rows["bad.csv"]
    assert rows["bad.csv"]["macro_f1"] is None and len(rows["bad.csv"]["problems"]) >= 3
    assert record["metric"] == "accuracy"


def test_every_output_is_written(kit: Any, here: Any) -> None:
    """Files beside the table on stdout; a grading of a folder; diff against the record."""
    done = kit(
        "grade", "--truth", "key.npy", "good.npy", "also.csv", "--record", "r.json", "--html", "l.html", cwd=here
    )
    assert done.returncode == 0 and done.stderr == "" and "on the same images:" in done.stdout
    assert "<!doctype html>" in (here / "l.html").read_text(encoding="utf-8")
    again = kit("grade", "--truth", "key.npy", "good.npy", "also.csv", "--diff", "r.json", cwd=here)
    assert "unchanged: 2" in again.stdout
    for option, start in (("--csv", "file,student"), ("--md", "# Grading")):
        assert kit("grade", "--truth", "key.npy", "good.npy", option, cwd=here).stdout.startswith(start)
    canvas = kit("grade", "--truth", "key.npy", "good.npy", "--gradebook", "canvas", "--assignment", "HW", cwd=here)
    assert canvas.stdout.startswith("Student,ID,SIS User ID,SIS Login ID,Section,HW\n")
    done = kit("grade", "--truth", "key.npy", "good.npy", "--html", "no/such/folder.html", cwd=here)
    assert done.returncode == 4 and "cannot be written" in done.stderr


def test_numpy_alone_grades_and_only_a_page_takes_more(kit: Any, here: Any) -> None:
    """Without a page nothing imports TensorFlow, matplotlib or jinja2; without matplotlib a page has no picture."""
    program = (
        "import sys; heavy = ('tensorflow', 'matplotlib', 'jinja2', 'sklearn', 'scipy')\n"
        "blocked = sys.argv.pop(1).split(); sys.modules.update({name: None for name in blocked})\n"
        "from tf1_models.cli import main; code = main(['grade', '--truth', 'key.npy', *sys.argv[1:]])\n"
        "print(*(name for name in heavy if sys.modules.get(name)), file=sys.stderr); sys.exit(code)"
    )

    def graded(blocked: str, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", program, blocked, "good.npy", "also.csv", *words],
            cwd=str(here),
            env={**os.environ, "PYTHONPATH": ROOT},
            capture_output=True,
            text=True,
        )

    for option in ("--json", "--csv", "--md", "--record=r.json", "--gradebook=canvas"):
        done = graded("tensorflow matplotlib jinja2 sklearn scipy", option)
        assert (done.returncode, done.stderr) == (0, "\n"), option
    (here / "more.npy").write_bytes(b.npy(np.arange(100) % 10))
    done = graded("tensorflow", "more.npy", "--html", "l.html")
    assert (done.returncode, done.stderr) == (0, "matplotlib jinja2\n")
    assert "<svg" in (here / "l.html").read_text(encoding="utf-8")
    done = graded("matplotlib", "more.npy", "--html", "l.html")
    assert done.returncode == 0 and done.stderr.startswith("l.html: No charts: matplotlib is missing;")
    assert "<svg" not in (here / "l.html").read_text(encoding="utf-8")
    done = graded("jinja2", "--html", "none.html")
    assert done.returncode == 4 and "pip install jinja2" in done.stderr and not (here / "none.html").exists()


def test_gradescope_file_is_valid_even_when_grading_fails(kit: Any, here: Any) -> None:
    """Good file, invalid file, two files, broken key: a valid document each time."""
    for truth, files, code in (
        ("key.npy", ["good.npy"], 0),
        ("key.npy", ["bad.csv"], 3),
        ("key.npy", ["good.npy", "also.csv"], 2),
        ("none.npy", ["good.npy"], 3),
    ):
        done = kit("grade", "--truth", truth, *files, "--gradescope", "results.json", cwd=here)
        assert done.returncode == code
        document = json.loads((here / "results.json").read_text(encoding="utf-8"))
        assert isinstance(document["score"], (int, float))
        assert (document["extra_data"]["status"] == "graded") == (code == 0)


def test_check_tells_everything_without_labels(kit: Any, here: Any) -> None:
    """Line numbers, no key needed, exit 3 when it would not be graded."""
    good = kit("grade", "check", "good.npy", "--rows", "100", cwd=here)
    assert good.returncode == 0 and "valid, 100 rows (npy)" in good.stdout and "leaderboard name" in good.stdout
    bad = kit("grade", "check", "bad.csv", cwd=here)
    assert bad.returncode == 3
    assert (
        "line 3: '12' is out of range" in bad.stdout and "line 3: image id '0' again: it stands in line 2" in bad.stdout
    )
    assert "2 rows where 10,000 are expected" in bad.stdout
    document = json.loads(kit("grade", "check", "--rows", "0", "--json", "good.npy", "also.csv", cwd=here).stdout)
    assert [row["status"] for row in document["submissions"]] == ["valid", "valid"]
    assert kit("grade", "check", cwd=here).returncode == 2
    (here / "check").write_bytes(b"0\n" * 100)
    assert kit("grade", "--truth", "key.npy", "./check", cwd=here).returncode == 0


def test_bundle_is_written(kit: Any, here: Any) -> None:
    """One line says what to do with it; without --out nothing happens."""
    done = kit("grade", "bundle", "--truth", "key.npy", "--out", "a.zip", "--metric", "weighted_f1", cwd=here)
    assert (
        done.returncode == 0 and "keep it private" in done.stdout and os.path.getsize(str(here / "a.zip")) < 1_000_000
    )
    assert kit("grade", "bundle", "--truth", "key.npy", cwd=here).returncode == 2
    assert kit("grade", "bundle", "--truth", "key.npy", "--out", "no/a.zip", cwd=here).returncode == 4
    assert kit("grade", "bundle", "--out", "a.zip", cwd=here).returncode == 2


def test_help_is_quick_and_each_form_has_its_own(kit: Any, here: Any) -> None:
    """No NumPy for --help; the three forms differ."""
    texts = [kit("grade", *words, "--help", cwd=here) for words in ([], ["check"], ["bundle"])]
    assert all(done.returncode == 0 for done in texts) and len({done.stdout for done in texts}) == 3
    assert "--fail-under" in texts[0].stdout and "--rows" in texts[1].stdout and "--visibility" in texts[2].stdout
    start = time.monotonic()
    kit("grade", "--truth", "key.npy", "good.npy", cwd=here)
    assert time.monotonic() - start < 5  # half a second on a quiet machine: tests/bench/bench_grade.py


def test_names_in_any_script_reach_a_terminal_without_a_locale(kit: Any, here: Any) -> None:
    """Continuous integration often has none."""
    (here / "김민지.npy").write_bytes((here / "good.npy").read_bytes())
    environment = {"LANG": "", "LC_ALL": "C", "PYTHONIOENCODING": "", "PYTHONUTF8": "1"}
    done = kit("grade", "--truth", "key.npy", "김민지.npy", cwd=here, env=environment)
    assert done.returncode == 0 and "김민지.npy" in done.stdout

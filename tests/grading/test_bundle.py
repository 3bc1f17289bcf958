"""The autograder bundle, run as the platform would: unpacked into a folder, its run script started, results read."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from typing import Any, Dict, Optional

import numpy as np
import pytest

from tests.grading import builders as b
from tests.grading.test_outputs import check_results
from tf1_models import grade
from tf1_models.errors import UsageError
from tf1_models.grading.autograding.bundle import MAX_BUNDLE_BYTES, make_bundle
from tf1_models.grading.options import Scoring

SCORING = Scoring("weighted_f1", fail_under=0.5, max_points=20)
MEMORY = 768 * 1024 * 1024


class Platform:
    """A folder laid out as the platform lays it out."""

    def __init__(self, root: Any, bundle: str) -> None:
        self.root = str(root)
        self.source = os.path.join(self.root, "source")
        self.submission = os.path.join(self.root, "submission")
        os.makedirs(self.submission)
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(self.source)

    def hand_in(self, **files: bytes) -> None:
        for name, content in files.items():
            with open(os.path.join(self.submission, name.replace("__", ".")), "wb") as stream:
                stream.write(content)

    def start(self) -> "subprocess.Popen[bytes]":
        """The run script, with the platform's memory, a bare environment and no package on the path."""
        environment = {"PATH": os.environ["PATH"], "AUTOGRADER_ROOT": self.root, "AUTOGRADER_PYTHON": sys.executable}

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

        return subprocess.Popen(
            ["bash", os.path.join(self.source, "run_autograder")],
            env=environment,
            cwd=self.root,
            preexec_fn=limit,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self) -> Dict[str, Any]:
        """Runs to the end and reads the results as the platform does."""
        child = self.start()
        self.output = b"".join(child.communicate(timeout=120))
        assert child.returncode == 0
        return self.results()

    def results(self) -> Dict[str, Any]:
        with open(os.path.join(self.root, "results", "results.json"), encoding="utf-8") as stream:
            document: Dict[str, Any] = json.load(stream)
        check_results(document)
        return document


@pytest.fixture
def bundle(key: str, tmp_path: Any) -> str:
    out = str(tmp_path / "autograder.zip")
    assert make_bundle(key, out, SCORING, reference=0.4) < MAX_BUNDLE_BYTES
    return out


def test_a_good_submission_gets_the_score_that_the_kit_gives(
    bundle: str, key: str, labels: np.ndarray, tmp_path: Any
) -> None:
    """The same digits, within 768 MB; no TensorFlow, no scikit-learn, nothing but NumPy."""
    platform = Platform(tmp_path / "autograder", bundle)
    content = b.npy(np.eye(10)[b.noisy(labels, 0.3, 1)].astype(np.float32))
    platform.hand_in(result__npy=content)
    document = platform.run()
    (tmp_path / "result.npy").write_bytes(content)
    row = grade.grade(key, str(tmp_path / "result.npy"), metric="weighted_f1", max_points=20)["submissions"][0]
    assert document["score"] == row["points"] and document["tests"][0]["max_score"] == 20.0
    assert document["extra_data"]["scores"]["weighted_f1"] == row["weighted_f1"]
    assert document["leaderboard"][0]["name"] == "weighted-F1"
    assert platform.output == b""
    text = json.dumps(document)
    assert str(tmp_path) not in text


HOSTILE: "Dict[str, Dict[str, bytes]]" = {
    "empty": {"result__npy": b""},
    "pickle": {"result__pkl": b"\x80\x04."},
    "objects": {"result__npy": b.npy(np.array([None] * 100, dtype=object))},
    "huge header": {"result__npy": b.raw_npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1250000000,), }")},
    "bomb": {"result__npz": b.npz(result=np.zeros(70_000_000, np.int8))},
    "64 MB of JSON": {"result__json": b"[" + b"1," * 33_000_000 + b"1]"},
    "64 MB of rows": {"result__csv": b"1\n" * 33_000_000},
    "64 MB of scores": {"result__npy": b.npy(np.zeros((800_000, 10)))},
    "nested": {"result__json": b"[" * 900_000},
    "program": {
        "run_autograder": b"#!/bin/sh\necho hacked\n",
        "run_grader__py": b"raise SystemExit",
        "numpy__py": b"1/0",
    },
    "two": {"a__npy": b.npy(np.arange(100) % 10), "b__npy": b.npy(np.arange(100) % 10)},
    "nothing": {},
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_submission_is_not_graded_and_told_why(name: str, bundle: str, tmp_path: Any) -> None:
    """A valid results.json with reasons each time, in the platform's memory."""
    platform = Platform(tmp_path / "autograder", bundle)
    platform.hand_in(**HOSTILE[name])
    os.symlink(os.path.join(platform.source, "key.npz"), os.path.join(platform.submission, "key.txt"))
    if name not in ("program", "two", "nothing"):
        os.unlink(os.path.join(platform.submission, "key.txt"))
    document = platform.run()
    assert document["extra_data"]["status"] == "invalid" and document["output"].startswith("NOT GRADED")
    assert len(document["output"].splitlines()) >= 2
    assert b"hacked" not in platform.output and "Traceback" not in document["output"]


@pytest.mark.parametrize("crash", ["key", "settings", "module", "python", "unwritable"])
def test_a_grader_that_crashes_leaves_valid_results(crash: str, bundle: str, labels: np.ndarray, tmp_path: Any) -> None:
    """Whatever is broken on the grader's side, the student reads that it is not a grade."""
    platform = Platform(tmp_path / "autograder", bundle)
    platform.hand_in(result__npy=b.npy(labels))
    target: Optional[str] = {"key": "key.npz", "settings": "settings.json", "module": "tf1_models/metrics.py"}.get(
        crash
    )
    if target is not None:
        with open(os.path.join(platform.source, target), "wb") as stream:
            stream.write(b"broken(")
    if crash == "python":
        os.remove(os.path.join(platform.source, "run_grader.py"))
    if crash == "unwritable":
        with open(os.path.join(platform.source, "tf1_models", "storage", "files.py"), "a", encoding="utf-8") as stream:
            stream.write("\n\ndef write_json(path, value):\n    raise OSError('disk full')\n")
    document = platform.run()
    assert document["extra_data"]["status"] == "grader_failed"
    assert "not your fault" in document["output"]


def test_a_grader_killed_at_any_time_leaves_valid_results(bundle: str, labels: np.ndarray, tmp_path: Any) -> None:
    """The fallback stands first, and the result replaces it in one step."""
    platform = Platform(tmp_path / "autograder", bundle)
    platform.hand_in(result__npy=b.npy(labels))
    seen = set()
    for delay in (0.03, 0.08, 0.15, 0.25, 0.4):
        child = subprocess.Popen(
            ["bash", os.path.join(platform.source, "run_autograder")],
            cwd=platform.root,
            env={"PATH": os.environ["PATH"], "AUTOGRADER_ROOT": platform.root, "AUTOGRADER_PYTHON": sys.executable},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(delay)
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
        if os.path.exists(os.path.join(platform.root, "results", "results.json")):
            seen.add(platform.results()["extra_data"]["status"])
    assert seen <= {"graded", "grader_failed"}
    assert platform.run()["extra_data"]["status"] == "graded"


def test_the_bundle_is_the_same_bytes_each_time_and_holds_what_it_should(bundle: str, key: str, tmp_path: Any) -> None:
    """Executable scripts, no TensorFlow in any file, no path of the machine."""
    again = str(tmp_path / "again.zip")
    make_bundle(key, again, SCORING, reference=0.4)
    with open(bundle, "rb") as one, open(again, "rb") as two:
        assert one.read() == two.read()
    with zipfile.ZipFile(bundle) as archive:
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()}
        assert modes["setup.sh"] == modes["run_autograder"] == 0o755
        for name in archive.namelist():
            content = archive.read(name)
            assert str(tmp_path).encode() not in content and "leaderboard" not in name and "/output/" not in name
            if name.endswith(".py"):
                assert b"import tensorflow" not in content and b"import sklearn" not in content
                assert b"import jinja2" not in content and b"import matplotlib" not in content
        assert archive.read("setup.sh").startswith(b"#!/usr/bin/env bash\n")
    for script in ("setup.sh", "run_autograder"):
        with zipfile.ZipFile(bundle) as archive:
            subprocess.run(["bash", "-n"], input=archive.read(script), check=True)


def test_bundles_of_official_and_id_keys(tmp_path: Any, labels: np.ndarray) -> None:
    """cifar10:test stays far below 1 MB; text ids travel with the key."""
    assert make_bundle("cifar10:test", str(tmp_path / "a.zip"), Scoring()) < 200_000
    (tmp_path / "k.csv").write_text("id,label\n" + "".join(f"img{i}.png,{k}\n" for i, k in enumerate(labels)))
    make_bundle(str(tmp_path / "k.csv"), str(tmp_path / "b.zip"), Scoring())
    platform = Platform(tmp_path / "autograder", str(tmp_path / "b.zip"))
    rows = "".join(f"img{i}.png,{labels[i]}\n" for i in range(99, -1, -1))
    platform.hand_in(result__csv=("id,label\n" + rows).encode())
    assert platform.run()["score"] == 100.0


def test_what_a_bundle_cannot_do_is_a_usage_error(key: str, tmp_path: Any) -> None:
    """A percentile needs the class; a reference ceiling needs the reference."""
    rubric = tmp_path / "r.json"
    rubric.write_text('{"percentile": [{"at": 0, "points": 1}]}')
    with pytest.raises(UsageError, match="whole class"):
        make_bundle(key, str(tmp_path / "x.zip"), Scoring(rubric=str(rubric)))
    rubric.write_text('{"linear": {"ceiling": "reference"}}')
    with pytest.raises(UsageError, match="--reference"):
        make_bundle(key, str(tmp_path / "x.zip"), Scoring(rubric=str(rubric)))
    with pytest.raises(UsageError, match="--visibility"):
        make_bundle(key, str(tmp_path / "x.zip"), Scoring(), visibility="secret")
    assert not os.path.exists(str(tmp_path / "x.zip"))

"""A grading as a whole: a batch's grades are those of each file alone, in any order, byte for byte."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from typing import Any, Callable, Dict

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.grading import builders as b
from tf1_models import grade, metrics
from tf1_models.errors import InputError, UsageError
from tf1_models.grading import reference as reference_module
from tf1_models.grading.options import Options
from tf1_models.grading.outputs.diff import diff_lines, diff_records, load_record
from tf1_models.grading.record import to_text
from tf1_models.grading.statistics import bootstrap
from tf1_models.grading.truth import load_key

HandIn = Callable[[Dict[str, Any]], str]
ALONE = ("status", "macro_f1", "weighted_f1", "accuracy", "points", "problems", "notes", "sha256", "per_class",
         "confusion_matrix", "interval", "standard_error", "passed")  # fmt: skip


def classroom(labels: np.ndarray) -> "Dict[str, bytes]":
    """Seventy good files and thirty hostile ones."""
    files = {f"good{i:02d}/result.npy": b.npy(b.noisy(labels, 0.1 + 0.01 * i, i)) for i in range(70)}
    hostile = [
        b"",
        b"\x93NUMPY",
        b.npy(labels[:-1]),
        b.npy(np.full(100, 10)),
        b.npy(np.full((100, 10), np.nan)),
        b.npy(np.array([None] * 100, dtype=object)),
        b.raw_npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999,), }"),
        b.npz(result=labels),
        os.urandom(500),
        b"\x80\x04.",
    ]
    files.update({f"bad{i:02d}/result.npy": content for i, content in enumerate(hostile)})
    texts = [b"", b"id,label\n", "1\n".encode("utf-16"), b"1\n" * 99, b"x\n" * 100, b"nan\n" * 100, b'"\n' * 100]
    texts += [b"," * 10000, b"0,1\n" * 100, b"\0" * 100]
    files.update({f"bad1{i}/result.csv": content for i, content in enumerate(texts)})
    zips = [b"PK", b.zipped({"../e.npy": b"x"}), b.overlapping_zip(), b.zipped({"a.npy": bytes(70_000_000)})]
    files.update({f"bad2{i}/result.zip": content for i, content in enumerate(zips)})
    files.update(
        {
            f"bad3{i}/result.json": content
            for i, content in enumerate([b"[", b"[" * 50_000, b"{}", b"[null]", b"1", b""])
        }
    )
    return files


def test_a_batch_of_thirty_hostile_files_leaves_the_other_seventy_as_they_are_alone(
    key: str, labels: np.ndarray, hand_in: HandIn
) -> None:
    """Status, scores, intervals and reasons do not depend on the company."""
    folder = hand_in(classroom(labels))
    os.symlink("/etc/passwd", os.path.join(folder, "link.npy"))
    record = grade.grade(key, folder, fail_under=0.5, intervals=True, draws=100)
    assert (record["summary"]["graded"], record["summary"]["invalid"]) == (70, 31)
    for row in record["submissions"]:
        if row["status"] == "invalid":
            assert row["problems"] and row["macro_f1"] is None and row["points"] is None and row["rank"] is None
            continue
        alone = grade.grade(key, os.path.join(folder, row["file"]), fail_under=0.5, intervals=True, draws=100)
        (single,) = alone["submissions"]
        assert {field: single[field] for field in ALONE} == {field: row[field] for field in ALONE}


def test_regrading_is_byte_identical_in_any_order_and_anywhere(
    key: str, labels: np.ndarray, hand_in: HandIn, tmp_path: Any
) -> None:
    """No time, no path, no hash seed, no order of arguments gets into the record."""
    folder = hand_in(classroom(labels))
    first = to_text(grade.grade(key, folder))
    assert first == to_text(grade.grade(key, folder))
    moved = str(tmp_path / "elsewhere" / "handed_in")
    shutil.copytree(folder, moved)
    assert first == to_text(grade.grade(key, moved))
    files = [os.path.join(folder, f"good{i:02d}/result.npy") for i in range(10)]
    one = to_text(grade.grade(key, files))
    random.Random(0).shuffle(files)
    assert one == to_text(grade.grade(key, files))
    assert str(tmp_path) not in first and json.loads(first)["submissions"]


def test_options_by_name_and_as_a_record_are_the_same(key: str, labels: np.ndarray, hand_in: HandIn) -> None:
    """A name stands in for the record's attribute; the metric may stand third, as it always could."""
    folder = hand_in({"a.npy": b.npy(b.noisy(labels, 0.2, 1)), "b.npy": b.npy(b.noisy(labels, 0.4, 2))})
    options = Options("weighted_f1", fail_under=0.7, draws=100, rubric={"linear": {}, "max_points": 20})
    named = grade.grade(key, folder, "weighted_f1", fail_under=0.7, draws=100, rubric={"linear": {}, "max_points": 20})
    assert named == grade.grade(key, folder, options=options)
    assert [row["passed"] for row in named["submissions"]] == [True, False]
    replaced = grade.grade(key, folder, "accuracy", options=options, fail_under=0.5)
    assert replaced["metric"] == "accuracy" and replaced["policy"]["fail_under"] == 0.5
    assert replaced["submissions"][0]["points"] == round(20 * replaced["submissions"][0]["accuracy"], 2)
    with pytest.raises(TypeError, match="metirc"):
        grade.grade(key, folder, metirc="accuracy")


def test_scores_ranks_and_points(key: str, labels: np.ndarray, hand_in: HandIn) -> None:
    """Scores are the metrics module's; the metric decides rank, points and threshold and is in the record."""
    truth = np.concatenate([labels, np.zeros(60, np.uint8)])  # unbalanced: the metrics rank differently
    key_path = os.path.join(os.path.dirname(key), "key2.npy")
    with open(key_path, "wb") as stream:
        stream.write(b.npy(truth))
    balanced, lazy = truth.copy(), truth.copy()
    balanced[100:140] = 1
    lazy[np.flatnonzero(truth > 0)[:35]] = 0
    folder = hand_in({"balanced.npy": b.npy(balanced), "lazy.npy": b.npy(lazy), "lazy2.npy": b.npy(lazy)})
    for metric in ("macro_f1", "weighted_f1", "accuracy"):
        record = grade.grade(key_path, folder, metric=metric, fail_under=0.7)
        rows = {row["file"]: row for row in record["submissions"]}
        assert record["metric"] == record["policy"]["metric"] == metric
        for name, predicted in (("balanced.npy", balanced), ("lazy.npy", lazy)):
            expected = metrics.scores(truth, predicted)
            assert all(rows[name][field] == expected[field] for field in ("macro_f1", "weighted_f1", "accuracy"))
            assert rows[name]["points"] == round(100 * expected[metric], 2)
            assert rows[name]["passed"] == (expected[metric] >= 0.7)
        assert rows["lazy.npy"]["rank"] == rows["lazy2.npy"]["rank"]
        best = max(rows.values(), key=lambda row: row[metric])
        assert best["rank"] == 1
        assert sorted(row["rank"] for row in rows.values()) in ([1, 1, 3], [1, 2, 2])


def test_absent_classes_count_zero_and_are_announced(tmp_path: Any) -> None:
    """Macro-F1 divides by ten, always."""
    record = grade.grade(np.array([0, 1, 2, 2]), _write(tmp_path / "a.txt", "0\n1\n2\n2\n"))
    assert record["submissions"][0]["macro_f1"] == pytest.approx(0.3)
    assert "the key has no cat" in record["truth"]["warnings"][0]


def _write(path: Any, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_tolerance_is_explicit(key: str, labels: np.ndarray, hand_in: HandIn) -> None:
    """0 unless given; then it lifts a score over a threshold, and is in the record."""
    folder = hand_in({"a.npy": b.npy(b.noisy(labels, 0.3, 1))})
    value = grade.grade(key, folder)["submissions"][0]["macro_f1"]
    assert grade.grade(key, folder, fail_under=value)["submissions"][0]["passed"]
    assert not grade.grade(key, folder, fail_under=value + 0.001)["submissions"][0]["passed"]
    record = grade.grade(key, folder, fail_under=value + 0.001, tolerance=0.002)
    assert record["submissions"][0]["passed"] and record["policy"]["tolerance"] == 0.002


def test_two_submissions_are_tested_and_neighbours_marked(key: str, labels: np.ndarray, hand_in: HandIn) -> None:
    """Nobody is ranked on noise without a mark."""
    far, near = b.npy(b.noisy(labels, 0.8, 1)), b.npy(b.noisy(labels, 0.1, 3))
    folder = hand_in({"best.npy": b.npy(b.noisy(labels, 0.1, 2)), "far.npy": far})
    record = grade.grade(key, folder)
    tests = record["comparison"]["tests"]
    assert record["comparison"]["first"] == "best.npy"
    assert all(tests[metric]["significant"] for metric in ("macro_f1", "weighted_f1", "accuracy"))
    assert tests["accuracy"]["test"] == "exact McNemar"
    hand_in({"near.npy": near})
    three = grade.grade(key, folder)
    assert three["comparison"] is None
    marks = [row["within_noise_of_rank_above"] for row in three["submissions"]]
    assert marks == [None, True, False]


@pytest.mark.parametrize("z, within", [(0.0, True), (1.9, True), (-1.9, True), (2.0, False)])
def test_neighbours_within_196_standard_errors_are_marked(
    key: str, labels: np.ndarray, hand_in: HandIn, monkeypatch: Any, z: float, within: bool
) -> None:
    monkeypatch.setattr(bootstrap, "paired_z", lambda *rest: z)
    folder = hand_in({f"{wrong}.npy": b.npy(b.noisy(labels, wrong, 1)) for wrong in (0.1, 0.5)})
    marks = [row["within_noise_of_rank_above"] for row in grade.grade(key, folder)["submissions"]]
    assert marks == [None, within]


def test_intervals_come_up_to_fifty_files_and_on_request(key: str, labels: np.ndarray, hand_in: HandIn) -> None:
    """51 files: only when asked."""
    folder = hand_in({f"{i}.npy": b.npy(b.noisy(labels, 0.3, i)) for i in range(50)})
    assert all(row["interval"] for row in grade.grade(key, folder, draws=100)["submissions"])
    hand_in({"50.npy": b.npy(labels)})
    assert not any(row["interval"] for row in grade.grade(key, folder, draws=100)["submissions"])
    low, high = grade.grade(key, folder, draws=100, intervals=True)["submissions"][1]["interval"]["macro_f1"]
    assert low < high


def test_references_of_every_kind(
    key: str, labels: np.ndarray, hand_in: HandIn, tmp_path: Any, monkeypatch: Any
) -> None:
    """A number, a prediction file, a stored checkpoint (by folder and by name), a reported value in its own metric."""
    folder = hand_in({"a.npy": b.npy(b.noisy(labels, 0.1, 1))})
    base = b.npy(b.noisy(labels, 0.6, 2))
    row = grade.grade(key, folder, reference="0.5")["submissions"][0]
    assert row["vs_reference"]["verdict"] == "above" and row["vs_reference"]["p"] is None
    (tmp_path / "base.npy").write_bytes(base)
    record = grade.grade(key, folder, reference=str(tmp_path / "base.npy"))
    assert record["reference"]["kind"] == "file" and record["submissions"][0]["vs_reference"]["p"] < 0.001
    stored = tmp_path / "checkpoints" / "nine_conv-final"
    stored.mkdir(parents=True)
    (stored / "predictions_test.npy").write_bytes(base)
    monkeypatch.setenv("TF1_MODELS_CHECKPOINTS", str(tmp_path / "checkpoints"))
    by_name = grade.grade(key, folder, reference="nine_conv-final")["reference"]
    assert by_name == grade.grade(key, folder, reference=str(stored))["reference"]
    assert by_name["kind"] == "checkpoint" and by_name["value"] == record["reference"]["value"]
    reported = grade.grade(key, folder, reference="reported:nine_conv/final")
    assert (
        reported["reference"]["metric"] == "weighted_f1"
        and "although macro_f1 ranks" in reported["reference"]["notes"][0]
    )
    assert reported["reference"]["value"] == pytest.approx(0.760370)
    row = reported["submissions"][0]
    assert row["vs_reference"]["difference"] == pytest.approx(row["weighted_f1"] - 0.760370)
    official = load_key("cifar10:test")
    notes = reference_module.load_reference("reported:nine_conv/final", official, "weighted_f1").notes
    assert notes == ["reported on the dev split, graded on cifar10:test: not the same images"]
    for bad, expected in (
        ("76.4", "e.g. 0.764"),
        ("nowhere", "no such file"),
        ("reported:nine_conv/nix", "unknown run"),
    ):
        with pytest.raises(UsageError, match=expected):
            grade.grade(key, folder, reference=bad)
    (tmp_path / "short.npy").write_bytes(b.npy(labels[:5]))
    with pytest.raises(InputError, match="5 rows"):
        grade.grade(key, folder, reference=str(tmp_path / "short.npy"))


def test_a_rubric_whose_ceiling_is_the_reference(key: str, labels: np.ndarray, hand_in: HandIn) -> None:
    """Full points at the baseline; without one, the request makes no sense."""
    folder = hand_in({"a.npy": b.npy(labels), "b.npy": b.npy(b.noisy(labels, 0.3, 1))})
    rule = {"linear": {"floor": 0.4, "ceiling": "reference"}}
    record = grade.grade(key, folder, rubric=rule, reference="0.5")
    assert [row["points"] for row in record["submissions"]] == [100.0, 100.0]
    assert record["policy"]["points"]["ceiling"] == 0.5
    with pytest.raises(UsageError, match="give --reference"):
        grade.grade(key, folder, rubric=rule)


KEYS = [
    ("k.npy", b.npy(np.arange(3)), {}),
    ("k.npz", b.npz(y=np.arange(3)), {}),
    ("k.csv", b"id,label\n10,0\n11,1\n12,2\n", {"csv": b"id,label\n12,2\n10,0\n11,1\n"}),
    (
        "k.csv",
        b"id,label\na.png,airplane\nb.png,automobile\nc.png,bird\n",
        {"csv": b"id,label\nc.png,2\nb.png,1\na.png,0\n"},
    ),
    ("k.txt", b"0\n1\n2\n", {"csv": b"id,label\n3,2\n1,0\n2,1\n"}),
    ("k.json", b"[0, 1, 2]", {}),
]


@pytest.mark.parametrize("name, content, others", KEYS)
def test_keys_of_every_form(name: str, content: bytes, others: "Dict[str, bytes]", tmp_path: Any) -> None:
    """With and without image ids, whole numbers and names; a submission without ids is taken in the key's order."""
    (tmp_path / name).write_bytes(content)
    hand = tmp_path / "in"
    hand.mkdir()
    (hand / "s.txt").write_bytes(b"0\n1\n2\n")
    for form, text in others.items():
        (hand / f"o.{form}").write_bytes(text)
    record = grade.grade(str(tmp_path / name), str(hand))
    assert [row["accuracy"] for row in record["submissions"]] == [1.0] * (1 + len(others))
    assert record["truth"]["name"] == name and record["truth"]["n"] == 3


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("k.npy", b.npy(np.eye(10) * 0.5), "class scores"),
        ("k.csv", b"id,label\n1,3\n1,4\n", "occurs twice"),
        ("k.csv", b"id,label\n1,33\n", "out of range"),
        ("k.npy", b"", "empty file"),
        ("k.npy", None, "No such file"),
    ],
)
def test_bad_keys_are_input_errors(name: str, content: Any, expected: str, tmp_path: Any) -> None:
    """One line, with the reason."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=expected):
        load_key(str(tmp_path / name))


def test_official_keys() -> None:
    """cifar10:test is balanced; cifar10:dev is the first quarter of the training labels, which is not."""
    test, dev = load_key("cifar10:test"), load_key("cifar10:dev")
    assert np.bincount(test.labels).tolist() == [1000] * 10
    assert np.bincount(dev.labels).tolist() == [1271, 1221, 1268, 1274, 1241, 1194, 1292, 1247, 1281, 1211]
    for bad in ("cifar10:train", "cifar10:"):
        with pytest.raises(UsageError, match="known: cifar10:test"):
            load_key(bad)
    with pytest.raises(UsageError, match="'id' column"):
        load_key("cifar10:test", subset=True)


def test_diff_against_an_earlier_grading(key: str, labels: np.ndarray, hand_in: HandIn, tmp_path: Any) -> None:
    """Added, removed, changed, unchanged; a changed key is said first."""
    folder = hand_in(
        {"a.npy": b.npy(labels), "b.npy": b.npy(b.noisy(labels, 0.3, 1)), "c.npy": b.npy(b.noisy(labels, 0.5, 1))}
    )
    path = tmp_path / "earlier.json"
    path.write_text(to_text(grade.grade(key, folder)), encoding="utf-8")
    same = diff_records(load_record(str(path)), grade.grade(key, folder))
    assert same == {"same_key": True, "context": {}, "added": [], "removed": [], "changed": {}, "unchanged": 3}
    os.unlink(os.path.join(folder, "c.npy"))
    hand_in({"b.npy": b.npy(b.noisy(labels, 0.2, 1)), "d.npy": b""})
    found = diff_records(load_record(str(path)), grade.grade(key, folder, metric="accuracy"))
    assert (found["added"], found["removed"], list(found["changed"])) == (["d.npy"], ["c.npy"], ["b.npy"])
    assert "policy" in found["context"] and found["same_key"]
    text = "\n".join(diff_lines(found))
    assert "added: d.npy" in text and "macro_f1" in text and "the file changed" in text
    for bad in ("nothing", "[]", '{"submissions": 3}', '{"kind": "check", "submissions": []}'):
        path.write_text(bad)
        with pytest.raises(InputError, match="--diff"):
            load_record(str(path))


def test_ten_thousand_files_in_a_folder_are_graded(labels: np.ndarray, hand_in: HandIn) -> None:
    """Small ones, so that the suite stays quick; the benchmark has the large ones."""
    folder = hand_in({f"{i // 100:03d}/{i:05d}.txt": b"%d\n%d\n" % (i % 10, i // 10 % 10) for i in range(10_000)})
    record = grade.grade(np.array([1, 2]), folder)
    assert record["summary"]["graded"] == 10_000
    assert record["submissions"][0]["accuracy"] == 1.0


def test_nothing_to_grade_is_a_usage_error(key: str, hand_in: HandIn) -> None:
    """It says what was passed over."""
    with pytest.raises(UsageError, match="1 files of other kinds"):
        grade.grade(key, hand_in({"report.pdf": b"x"}))


def test_grading_imports_neither_tensorflow_nor_scikit_learn(key: str, hand_in: HandIn, labels: np.ndarray) -> None:
    """Also not by way of the registry."""
    folder = hand_in({"a.npy": b.npy(labels)})
    code = (
        "import sys; from tf1_models import grade;"
        "grade.grade(sys.argv[1], sys.argv[2], reference='reported:nine_conv/final');"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('tensorflow', 'sklearn', 'scipy', 'pandas')];"
        "sys.exit(repr(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code, key, folder], check=True, env={**os.environ, "PYTHONPATH": ROOT})

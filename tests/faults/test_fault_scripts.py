"""Each script of this folder, on a few cases: it runs, finds nothing lost and writes a record that adds up."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from typing import Any, Dict

import pytest

from tests.conftest import ROOT
from tests.faults import fault_record, flip_bits, long_run

pytestmark = pytest.mark.tf


def record_of(tmp_path: Any, script: str, *words: str) -> Dict[str, Any]:
    """Runs a script in a process of its own (some fork) and returns its record."""
    path = tmp_path / "record.json"
    done = subprocess.run(
        [sys.executable, "-m", f"tests.faults.{script}", *words, "--json", str(path)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": ROOT}, capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    record = json.loads(path.read_text())
    assert json.loads(done.stdout.decode("utf-8")) == record
    assert fault_record.problems(record) == [] and record["lost"] == 0
    return record


def test_kill_anywhere(tmp_path: Any) -> None:
    record = record_of(tmp_path, "kill_anywhere", "--kills", "1", "--again", "1", "--reports", "bn_cnn",
                       "--every-point", "--every-save")  # fmt: skip
    assert record["faults"] == record["survived"] in (1, 2) and record["details"]["left_behind"] == 0


def test_bit_identity(tmp_path: Any) -> None:
    record = record_of(tmp_path, "bit_identity", "--repeats", "2", "--threads", "1", "--reports", "bn_cnn")
    assert record["survived"] == 1 and record["details"]["graphs"]["bn_cnn"]["another_seed_differs"]


def test_flip_bits(tmp_path: Any) -> None:
    record = record_of(tmp_path, "flip_bits", "--flips", "10")
    assert record["faults"] >= 10 and record["detected"] > 0


def test_long_run(tmp_path: Any) -> None:
    record = record_of(tmp_path, "long_run", "--epochs", "40")
    growth = record["details"]["growth_per_epoch"]
    assert growth["graph nodes"] == growth["open files"] == growth["files in the run folder"] == 0
    assert 100 < growth["bytes of metrics.jsonl"] < 800


def test_a_flip_changes_one_bit(tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    what = flip_bits.flip(str(path), random.Random(0))
    content = path.read_bytes()
    assert sum(bin(byte).count("1") for byte in content) == 1 and content[what["byte"]] == 1 << what["bit"]


def test_growth_is_seen() -> None:
    quantities = {key: 5.0 for key in long_run.ALLOWED}
    rows = [{"epoch": 10.0 * n, **quantities} for n in range(1, 11)]
    assert all(place.lost == 0 and place.survived == 8 for place in long_run.judge(rows)[0])
    for row in rows:
        row["graph nodes"] = row["epoch"]
    places, slopes = long_run.judge(rows)
    assert slopes["graph nodes"] == 1.0 and places[0].name == "graph nodes" and places[0].lost == 8

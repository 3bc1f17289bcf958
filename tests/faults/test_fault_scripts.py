"""Each script of this folder, on a few cases: it runs, finds nothing lost and writes a record that adds up."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from typing import Any, Dict

import pytest

from tests.conftest import ROOT
from tests.faults import fault_record, flip_bits, long_run, system_calls

pytestmark = pytest.mark.tf


def record_of(tmp_path: Any, script: str, *words: str) -> Dict[str, Any]:
    """Runs a script in a process of its own (some fork) and returns its record."""
    path = tmp_path / "record.json"
    done = subprocess.run(
        [sys.executable, "-m", f"tests.faults.{script}", *words, "--json", str(path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    record = json.loads(path.read_text())
    assert json.loads(done.stdout.decode("utf-8")) == record
    assert fault_record.problems(record) == [] and record["lost"] == 0
    return record


def test_kill_anywhere(tmp_path: Any) -> None:
    record = record_of(
        tmp_path,
        "kill_anywhere",
        "--kills",
        "1",
        "--again",
        "1",
        "--reports",
        "bn_cnn",
        "--every-point",
        "--every-save",
    )
    assert record["faults"] == record["survived"] in (1, 2) and record["details"]["left_behind"] == 0


def test_kill_anywhere_at_two_threads(tmp_path: Any) -> None:
    record = record_of(
        tmp_path,
        "kill_anywhere",
        "--kills",
        "1",
        "--again",
        "0",
        "--reports",
        "bn_cnn",
        "--threads",
        "2",
        "--every-point",
        "--every-save",
    )
    assert record["survived"] == 1 and record["where"][0]["name"].endswith(", 2 threads")
    assert record["script"].endswith("--threads 2 --every-point --every-save")


def test_write_order(tmp_path: Any) -> None:
    record = record_of(tmp_path, "write_order", "--mixed", "3", "--resume-every", "20", "--no-strace")
    assert len(record["where"]) == 4 and record["faults"] > 100 and record["details"]["trained_to_the_end"] >= 2
    order = " ".join(record["details"]["order_of_one_save"])
    commit = r"fsync tiny\S+ fsync ckpt-3.json\S+ replace ckpt-3.json\S+ fsync tiny"
    assert re.search(rf"fsync ckpt-3.index fsync ckpt-3.data\S+ {commit}", order)


def test_a_checkpoint_that_is_not_synced_is_lost(tmp_path: Any) -> None:
    program = (
        "import sys; from tf1_models.checkpoints import saving; saving.fsync_file = lambda path: None\n"
        "from tests.faults import write_order\n"
        "sys.exit(write_order.main(['--mixed', '3', '--resume-every', '50', '--no-strace']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ROOT},
        stdout=subprocess.PIPE,
        timeout=300,
    )
    assert done.returncode == 1 and json.loads(done.stdout.decode("utf-8"))["lost"] > 0


def test_a_write_before_its_sync_is_noticed() -> None:
    folder = "/runs/one"
    lines = [
        f'1 write(5<{folder}/ckpt-1.index>, "…", 9) = 9',
        f"1 fsync(5<{folder}/ckpt-1.index>) = 0",
        f"1 fsync(5<{folder}/ckpt-1.data-00000-of-00001>) = 0",
        f"1 fsync(6<{folder}>) = 0",
        f'1 write(7<{folder}/ckpt-1.json.tmp-1>, "…", 9) = 9',
        f"1 fsync(7<{folder}/ckpt-1.json.tmp-1>) = 0",
        f'1 rename("{folder}/ckpt-1.json.tmp-1", "{folder}/ckpt-1.json") = 0',
    ]
    assert system_calls.traced_commits(lines) == {"manifests": 1, "all synced before": 1}
    for missing in (1, 2, 5):
        fewer = lines[:missing] + lines[missing + 1 :]
        assert system_calls.traced_commits(fewer) == {"manifests": 1, "all synced before": 0}


def test_moved_runs(tmp_path: Any) -> None:
    record = record_of(tmp_path, "moved_runs", "--each", "1")
    assert record["faults"] == record["survived"] == 4
    assert record["details"]["state_file_names_the_old_place"] == 4


@pytest.mark.skipif(
    not all(os.environ.get(f"TF1_MODELS_PYTHON_TF{lane}") for lane in ("115", "221")),
    reason="needs TF1_MODELS_PYTHON_TF115 and TF1_MODELS_PYTHON_TF221",
)
def test_cross_read(tmp_path: Any) -> None:
    if sys.executable != os.environ["TF1_MODELS_PYTHON_TF221"]:
        pytest.skip("runs from the 2.21 lane")
    record = record_of(tmp_path, "cross_read")
    assert record["faults"] == record["survived"] == 16
    assert record["details"]["variables"] > 2 * record["details"]["trainable"]  # Adam's two slots are there


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

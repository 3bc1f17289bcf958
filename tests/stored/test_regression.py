"""Every stored checkpoint on this lane's TensorFlow, over oneDNN, batch size and threads; and the README's table.

Logits and activations on the fixed batch must be those of the record, whatever the combination. Six combinations on
TensorFlow 2.21 and four on 1.15.5 (whose wheel has no oneDNN) run in .ci/run; the rest, and the predictions on CIFAR-10
in every combination, are marked `matrix`, which .ci/run lists as not run.
"""

from __future__ import annotations

import itertools
import json
import os
from typing import Any, Dict, List, Tuple

import pytest

from tests.conftest import ROOT
from tf1_models import registry
from tf1_models.checkpoints import stored_manifest
from tf1_models.output.markdown import find_block
from tf1_models.stored import table

# one folder of weights is 135 MB: what every clone carries has a limit
MAX_FILE_MB, MAX_FOLDER_MB = 64.0, 150.0
COMBINATIONS = list(itertools.product(("1", "0"), (1, 500), (1, 2)))  # TF_ENABLE_ONEDNN_OPTS, batch size, threads
LEFT_OUT = [("1", 500, 1), ("0", 500, 1), ("0", 1, 2)]


def _lane() -> str:
    import sys

    return "1.15.5" if sys.version_info < (3, 8) else "2.21"


def _cases() -> List[Any]:
    if _lane() == "1.15.5":
        return [pytest.param(*case) for case in COMBINATIONS if case[0] == "0"]
    return [pytest.param(*case, marks=[pytest.mark.matrix] if case in LEFT_OUT else []) for case in COMBINATIONS]


def _verify(kit: Any, onednn: str, batch_size: int, threads: int, *words: str) -> List[Dict[str, Any]]:
    done = kit(
        "verify",
        "--batch-size",
        str(batch_size),
        "--threads",
        str(threads),
        "--json",
        *words,
        env={"TF_ENABLE_ONEDNN_OPTS": onednn, "TF1_MODELS_CHECKPOINTS": os.path.join(ROOT, "checkpoints")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows: List[Dict[str, Any]] = json.loads(done.stdout)["checkpoints"]
    assert [row["name"] for row in rows] == stored_manifest.names()
    return rows


@pytest.mark.tf
@pytest.mark.parametrize("onednn, batch_size, threads", _cases())
def test_logits_and_activations_are_those_recorded(kit: Any, onednn: str, batch_size: int, threads: int) -> None:
    for row in _verify(kit, onednn, batch_size, threads, "--no-scores"):
        record_only = stored_manifest.read(stored_manifest.folder_of(row["name"]))["weights"] is None
        expected = "not checked (a record without weights)" if record_only else "ok"
        checks = row["checks"]
        assert (checks["weights"], checks["logits"], checks["activations"]) == (expected,) * 3, row


@pytest.mark.tf
@pytest.mark.matrix
@pytest.mark.parametrize("onednn, batch_size, threads", COMBINATIONS)
def test_predictions_on_cifar10_are_those_recorded(kit: Any, onednn: str, batch_size: int, threads: int) -> None:
    for row in _verify(kit, onednn, batch_size, threads, "--require-data"):
        assert row["status"] == "ok" and "failed" not in row["checks"]["scores"], row


def test_weights_of_every_report_are_stored() -> None:
    stored = {
        name.split("-")[0]
        for name in stored_manifest.names()
        if stored_manifest.read(stored_manifest.folder_of(name))["weights"] is not None
    }
    assert stored == set(registry.REPORTS)


def test_one_was_written_by_the_real_1_15_5() -> None:
    assert "1.15.5" in {row["written_by"] for row in table.rows()}


def test_sizes() -> None:
    walked = os.walk(os.path.join(ROOT, "checkpoints"))
    found = [os.path.join(path, name) for path, _, names in walked for name in names]
    sizes_mb = {path: os.path.getsize(path) / 1e6 for path in found}
    assert sizes_mb and max(sizes_mb.values()) < MAX_FILE_MB and sum(sizes_mb.values()) < MAX_FOLDER_MB


def test_no_optimizer_slots_and_no_pixels_of_the_data() -> None:
    for name in stored_manifest.names():
        document = stored_manifest.read(stored_manifest.folder_of(name))
        slots = [row["name"] for row in document["variables"] or () if row["name"].split("/")[-1] in _SLOTS]
        assert slots == []
        files = set(document["files"])
        assert files <= {
            "weights.index",
            "weights.data-00000-of-00001",
            "record.npz",
            "predictions_dev.npy",
            "predictions_test.npy",
        }, files


_SLOTS: Tuple[str, ...] = (
    "Adam",
    "Adam_1",
    "exp_avg",
    "exp_avg_sq",
    "m",
    "v",
    "beta1_power",
    "beta2_power",
)


def test_a_cut_training_says_so() -> None:
    for row in table.rows():
        assert bool(row["cut"]) == (row["epochs_run"] < row["epochs_reported"]), row


def test_the_readme_lists_them() -> None:
    with open(os.path.join(ROOT, "checkpoints", "README.md"), encoding="utf-8") as stream:
        block = find_block(stream.read(), table.README_BLOCK)
    assert block == table.markdown(), "stale: run `python -m tf1_models checkpoint list --readme checkpoints/README.md`"

"""A checkpoint trained on TensorFlow 1.15.5 or 2.21 restores on the other, with equal logits and predictions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Dict

import numpy as np
import pytest

from tests.conftest import ROOT

LANES = {name: os.environ.get(f"TF1_MODELS_PYTHON_{name}") for name in ("TF115", "TF221")}

pytestmark = [
    pytest.mark.tf,
    pytest.mark.skipif(
        not all(LANES.values()) or sys.executable != LANES["TF221"],
        reason="needs TF1_MODELS_PYTHON_TF115 and TF1_MODELS_PYTHON_TF221 (.ci/run sets both); runs from the 2.21 lane",
    ),
]


def _kit(lane: str, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [str(LANES[lane]), "-m", "tf1_models", *words],
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "PYTHONPATH": ROOT, **env},
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("report", ["nine_conv", "bn_cnn"])
@pytest.mark.parametrize("trained_on", ["TF115", "TF221"])
def test_checkpoints_go_both_ways(tmp_path: Any, trained_on: str, report: str) -> None:
    out = str(tmp_path / "runs")
    _kit(trained_on, "train", report, "--data", "digits", "--max-steps", "6", "--out", out, "batch_size=16")
    (folder,) = [path for path, _, names in os.walk(out) if "result.json" in names]
    logits: Dict[str, np.ndarray] = {}
    for lane in LANES:
        target = str(tmp_path / f"{lane}.npz")
        done = subprocess.run(
            [str(LANES[lane]), "-c", _LOGITS, folder, target],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": ROOT},
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        logits[lane] = np.load(target)["logits"]
    largest = np.abs(logits["TF115"]).max()
    assert np.abs(logits["TF115"] - logits["TF221"]).max() <= 1e-5 * largest
    assert np.array_equal(logits["TF115"].argmax(axis=1), logits["TF221"].argmax(axis=1))

    # and training goes on there: the other lane continues the same folder's settings from the checkpoint
    other = "TF221" if trained_on == "TF115" else "TF115"
    scored = json.loads(_kit(other, "evaluate", folder, "--data", "digits", "--split", "test", "--json").stdout)
    own = json.load(open(os.path.join(folder, "result.json"), encoding="utf-8"))["test"]
    assert scored["confusion_matrix"] == own["confusion_matrix"]


_LOGITS = """
import sys
import numpy as np
from tf1_models.session import tensorflow_setup
from tf1_models.checkpoints import checkpoint_source
from tf1_models.datasets.load import load
tf = tensorflow_setup.import_tensorflow()
from tf1_models.training import training_graph
from tf1_models.scoring import inference_graph
source = checkpoint_source.find(sys.argv[1])
with tf.Graph().as_default(), tf.Session() as session:
    graph = inference_graph.build_inference(source.experiment)
    checkpoint_source.restore(tf, session, source)
    images = load("digits").x_test[:32]
    np.savez(sys.argv[2], logits=session.run(graph.handles.logits, {graph.image_bytes: images}))
"""


def test_a_run_begun_on_one_lane_continues_on_the_other(tmp_path: Any) -> None:
    out = str(tmp_path / "runs")
    words = ["train", "bn_cnn", "--data", "digits", "--epochs", "2", "--out", out, "batch_size=100"]
    program = (
        "import os, signal, sys\n"
        "from tf1_models.training import epoch_state\n"
        "count = epoch_state.count_step\n"
        "def stop(progress, *rest):\n"
        "    count(progress, *rest)\n"
        "    if progress.step == 20: os.kill(os.getpid(), signal.SIGTERM)\n"
        "epoch_state.count_step = stop\n"
        "from tf1_models.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [str(LANES["TF115"]), "-c", program, *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT},
        timeout=600,
    )
    assert done.returncode == 130 and "state saved" in done.stderr, done.stderr
    done = _kit("TF221", *words, "--json")
    assert json.loads(done.stdout)["steps"] == 30
    assert "resuming at epoch 2, step 20" in done.stderr
    assert "not bit for bit" in done.stderr and "tensorflow was 1.15.5, is 2.21.0" in done.stderr

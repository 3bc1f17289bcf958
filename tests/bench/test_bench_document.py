"""The verb and its JSON document, with programs that only sleep; and the kit's real loop, held by its bar."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, List

import pytest

from tests.conftest import ROOT
from tf1_models.bench import document, image_folder, measures, plan, text
from tf1_models.bench.worker import Worker

FAKE = [sys.executable, os.path.join(ROOT, "tests", "bench", "fake_peer.py")]


def wishes(tmp_path: Any, **changes: Any) -> plan.Wishes:
    chosen: Dict[str, Any] = {
        "reports": ("nine_conv",),
        "measures": ("step", "evaluate", "startup", "memory", "slope"),
        "peers": ("kit", "bare", "torch", "tf115"),
        "rounds": 2,
        "burst_s": 0.01,
        "threads": 1,
        "quick": True,
        "pythons": {"torch": "/no/such/python"},
        "batch": 4,
        "images": 16,
        "scratch": str(tmp_path),
    }
    return plan.Wishes(**{**chosen, **changes})


@pytest.fixture
def found(tmp_path: Any, monkeypatch: Any) -> Dict[str, Any]:
    """A document of sleeping programs; the interpreter named for torch is not there."""
    monkeypatch.setattr(plan, "program", lambda module, python="": [python, *FAKE[1:]] if python else FAKE)
    asked = wishes(tmp_path)
    kept: List[Any] = []
    result = document.measure_all(asked, measures.Images(str(tmp_path), None), lambda line: None, kept.append)
    assert kept[-1] is result and os.listdir(str(tmp_path)) == []
    return result


def test_schema(found: Dict[str, Any]) -> None:
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert set(found) == {
        "schema",
        "started",
        "seconds",
        "quick",
        "rounds",
        "starts",
        "burst_s",
        "threads",
        "measures",
        "peers",
        "machine",
        "roofs",
        "verbs",
        "reports",
    }
    assert found["schema"] == 1
    assert {"cpu", "cores", "load_average", "governor", "memory_gb"} <= set(found["machine"])
    assert found["verbs"]["help"]["n"] == 2
    report = found["reports"]["nine_conv"]
    assert report["run"] == "final" and report["original"] == "tf115" and report["batch"] == 4
    for measure in ("step", "evaluate"):
        section = report[measure]
        assert set(section["peers"]) == {"kit", "bare", "torch", "tf115"}
        kit = section["peers"]["kit"]
        assert kit["status"] == "ran" and kit["fake"] == "1.0" and len(kit["rates"]) == 2
        assert {"median", "low", "high", "n", "peak_mb", "first_unit_s"} <= set(kit)
        assert set(section["ratios"]) == {"bare", "tf115"}
        assert section["others"] is None or 0.0 <= section["others"]["median"] <= 1.0
        assert set(section["ratios"]["bare"]) == {"median", "low", "high", "n"}
        assert section["best_peer"]["peer"] in ("bare", "tf115")
        assert {"gflops", "of_sgemm", "gb_s", "of_bandwidth", "bound_samples_s"} == set(section["roofline"])
    assert set(report["startup"]["ratios"]) == set(report["memory"]["ratios"]) == {"bare", "tf115"}
    assert len(report["slope"]["points"]) == 3 and {"slope", "intercept", "residual"} == set(report["slope"]["fit"])


def test_a_peer_that_is_missing_is_listed(found: Dict[str, Any]) -> None:
    for measure in ("step", "evaluate", "startup", "memory"):
        torch = found["reports"]["nine_conv"][measure]["peers"]["torch"]
        assert torch["status"] == "not run" and "no interpreter /no/such/python" in torch["reason"]
    shown = text.tables(found)
    assert shown.count("not run (no interpreter /no/such/python") == 4
    assert "nine_conv (final, batch 4): step, images/s" in shown and "tf115 *" in shown and "--quick" in shown


def test_picture(found: Dict[str, Any]) -> None:
    pytest.importorskip("matplotlib")
    from tf1_models.bench.picture import picture

    assert picture(found)[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture({**found, "reports": {}})[:4] == b"\x89PNG"  # nothing ran


@pytest.mark.tf
def test_an_interpreter_without_the_framework(tmp_path: Any) -> None:
    """The real program of a peer, where its framework is not: TensorFlow's environments have no PyTorch."""
    try:
        import torch  # type: ignore  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("torch is here")
    asked = wishes(tmp_path, pythons={}, peers=("torch",), measures=("step",))
    section = measures.rates("nine_conv", "step", asked, measures.Images(str(tmp_path), None), lambda line: None)
    assert section["peers"]["torch"]["reason"] == f"no torch in {sys.executable}" and section["ratios"] == {}


def test_images(tmp_path: Any) -> None:
    arrays = image_folder.made_up(40, 20)
    assert [a.shape for a in arrays] == [(40, 32, 32, 3), (40,), (20, 32, 32, 3), (20,)]
    assert all((a == b).all() for a, b in zip(arrays, image_folder.made_up(40, 20)))
    from tf1_models.datasets.load import load

    data = load(image_folder.write(str(tmp_path / "images"), arrays))
    assert (data.x_train == arrays[0]).all() and (data.y_test == arrays[3]).all()


@pytest.mark.parametrize("report", plan.ORIGINAL)
@pytest.mark.parametrize("measure", plan.MEASURES)
def test_every_report_has_whole_batches(tmp_path: Any, report: str, measure: str) -> None:
    asked = wishes(tmp_path, batch=None, images=None, quick=False)
    experiment = plan.experiment_of(report, asked)
    found = plan.sizes(experiment, measure, asked)
    assert found.n_train >= 2 * experiment.batch_size and found.n_eval >= 1
    if measure in ("step", "evaluate") and not experiment.drop_last:
        assert found.n_train % experiment.batch_size == 0
    if experiment.dev_split != "none":
        assert found.folder_train - experiment.batch_size < found.n_train + found.n_eval <= found.folder_train


@pytest.mark.parametrize(
    "words, message",
    [
        (["nine_cnv"], "unknown report 'nine_cnv' (did you mean 'nine_conv'?)"),
        (["--only", "steps"], "--only: unknown 'steps' (did you mean 'step'?); known: step, epoch"),
        (["--peers", "jax"], "--peers: unknown 'jax'; known: kit"),
        (["--rounds", "0"], "--rounds 0 is out of range; allowed: 1 or more"),
        (["--burst", "0"], "--burst 0 is out of range"),
        (["--starts", "3", "--quick"], "--starts 3 is above the 2 rounds"),
        (["--profile", "bn_cnn", "--candidates", "bn_cnn"], "choose one"),
    ],
)
def test_bad_requests(kit: Any, words: List[str], message: str) -> None:
    done = kit("bench", *words)
    assert done.returncode == 2 and message in done.stderr and len(done.stderr.splitlines()) <= 2


@pytest.mark.tf
@pytest.mark.parametrize("measure, steps_per_call, units", [("step", 1, 2), ("step", 3, 3), ("epoch", 1, 2)])
def test_the_real_loop_is_held_by_its_bar(tmp_path: Any, measure: str, steps_per_call: int, units: int) -> None:
    """Steps that share a call are timed together: a burst is of whole calls."""
    asked = wishes(tmp_path, pythons={}, images=None)
    settings = measures.settings_of("bn_cnn", measure, asked, measures.Images(str(tmp_path), None))
    settings["steps_per_call"] = steps_per_call
    program: Worker = plan.worker("kit", settings, asked)
    try:
        facts = program.start(300)
        assert facts["images"] == (4 if measure == "step" else settings["n_train"]) and "tensorflow" in facts
        n_steps = settings["n_train"] // 4
        # more steps than an epoch has: the loop evaluates, saves and goes on in the middle
        assert program.burst(n_steps + 3 if measure == "step" else 1, 300).units >= 1
        assert program.burst(2, 300).units == units
    finally:
        program.close()


@pytest.mark.tf
def test_memory_is_told_by_part(tmp_path: Any) -> None:
    if not os.path.exists("/proc/self/status"):
        pytest.skip("no /proc: only the peak is told")
    asked = wishes(tmp_path, pythons={}, peers=("kit",))
    section = measures.memory("bn_cnn", asked, measures.Images(str(tmp_path), None), lambda line: None)
    kit = section["peers"]["kit"]
    parts = kit["parts"]
    assert [row["part"] for row in parts] == [
        "Python, NumPy, all images as bytes",
        "TensorFlow imported",
        "graph, variables, first checkpoint",
        "8 training steps",
        "evaluation, checkpoint, results, pictures",
    ]
    peaks = [row["peak"] for row in parts]
    assert peaks == sorted(peaks) and peaks[-1] <= kit["peak_mb"] and peaks[1] > 1.5 * peaks[0]
    assert all(0 < row["anonymous"] + row["file"] <= row["peak"] + 1 for row in parts)
    shown = text.tables({**document_of(section), "measures": ["memory"]})
    assert "the kit, MB resident after" in shown and "8 training steps" in shown


def document_of(section: Dict[str, Any]) -> Dict[str, Any]:
    """A document with one section of memory."""
    return {
        "machine": {"cpu": "x", "cores": 1, "memory_gb": 1, "load_average": [0.0], "governor": None},
        "threads": 1,
        "rounds": 1,
        "quick": True,
        "roofs": {},
        "verbs": None,
        "reports": {"bn_cnn": {"run": "final", "batch": 4, "original": "torch", "changes": {}, "memory": section}},
    }


@pytest.mark.tf
def test_profile(kit: Any) -> None:
    done = kit("bench", "--profile", "bn_cnn", "--batch", "4", "--quick", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    step, evaluation = found["step"], found["evaluate"]
    kinds = {row["kind"] for row in step["kinds"]}
    gradients = {"filter gradient", "input gradient"}
    assert {"convolution", "matrix product"} | gradients <= kinds
    assert gradients.isdisjoint(row["kind"] for row in evaluation["kinds"])
    assert all(its["wall_ms"] > 0 and its["steps"] == 3 for its in (step, evaluation))
    assert sum(row["mb"] for row in step["kinds"]) > 0

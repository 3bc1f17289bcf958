"""What is written when a run ends: which images are scored, which loss, the best epoch's own scores, the hash."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from typing import Any, Dict, List, Optional

import numpy as np
import pytest

from tests.conftest import make_dataset
from tf1_models import registry
from tf1_models.checkpoints import saving
from tf1_models.datasets.splits import split_indices
from tf1_models.errors import InputError
from tf1_models.output.progress import Log
from tf1_models.scoring import evaluate
from tf1_models.training import results
from tf1_models.training.epoch_state import Progress
from tf1_models.training.training_run import TrainingRun


class FakeFolder:
    path = "/no/such/folder"


def fake_run(report: str, words: Dict[str, str], data: Any) -> TrainingRun:
    """A run without Session, graph and folder."""
    row = registry.experiment(report, registry.default_run(report), words)
    train, _ = split_indices(row.dev_split, data.y_train)
    q1: Any = dataclasses.make_dataclass("FakeHandles", ["loss_over_softmax"])(report == "course_models")
    nothing: Any = None
    folder: Any = FakeFolder()
    graph: Any = dataclasses.make_dataclass("FakeGraph", ["saver", "handles"])(None, q1)
    return TrainingRun(nothing, nothing, graph, row, data, train, folder, {}, Log(quiet=True), [])


def always(class_id: int, n: int) -> np.ndarray:
    """float32 [n, 10]: one class, half sure."""
    found = np.full((n, 10), 0.5 / 9, np.float32)
    found[:, class_id] = 0.5
    return found


def test_q8_only_whole_batches_of_test_are_scored() -> None:
    data = make_dataset(40, 50)
    for drop, n in (("true", 48), ("false", 50)):
        run = fake_run("prelu_cnn", {"batch_size": "16", "eval_drop_last": drop}, data)
        scored = results.score_split(run, "test", always(3, 50))
        assert scored.scores["n"] == n and scored.scores["accuracy"] == np.mean(data.y_test[:n] == 3)
    few = fake_run("prelu_cnn", {"batch_size": "64", "eval_drop_last": "true"}, data)  # not one whole batch
    assert results.score_split(few, "test", always(3, 50)).scores["n"] == 50


def test_dev_is_scored_on_dev(monkeypatch: Any) -> None:
    data = make_dataset(40, 10)
    run = fake_run("nine_conv", {}, data)
    asked: List[Any] = []

    def predict(session: Any, graph: Any, images: Any, size: int, indices: Any, advance: Any) -> np.ndarray:
        asked.append((images is data.x_train, indices.tolist()))
        return np.eye(10, dtype=np.float32)[data.y_train[indices]]

    monkeypatch.setattr(evaluate, "predict", predict)
    assert results.score_split(run, "dev").scores["accuracy"] == 1.0
    assert asked == [(True, list(range(10)))]


def test_scores_of_the_loop_stand_for_dev_only_where_it_scored_dev(monkeypatch: Any) -> None:
    """bn_cnn's loop scores test: without a dev split `dev` is null, and not the test images a second time."""
    data = make_dataset(40, 10)
    last = {"accuracy": 0.25}
    monkeypatch.setattr(evaluate, "predict", lambda *rest: pytest.fail("nothing is left to predict"))
    assert results._both_splits(fake_run("nine_conv", {}, data), always(3, 10), last)["dev"] is last
    assert results._both_splits(fake_run("bn_cnn", {}, data), always(3, 10), last)["dev"] is None


@pytest.mark.parametrize("report, over_softmax", [("course_models", True), ("bn_cnn", False)])
def test_q1_the_loss_of_an_evaluation_is_the_training_loss(report: str, over_softmax: bool) -> None:
    data = make_dataset(40, 10)
    found = results.score_split(fake_run(report, {}, data), "test", np.eye(10, dtype=np.float32)[data.y_test])
    assert found.loss == pytest.approx(math.log(math.e + 9) - 1 if over_softmax else 0.0, abs=1e-6)


@pytest.mark.parametrize("sound", [True, False])
def test_the_best_epoch_is_scored_from_its_own_checkpoint(monkeypatch: Any, sound: bool) -> None:
    data = make_dataset(40, 10)
    run = fake_run("nine_conv", {}, data)
    holds: Dict[str, Optional[int]] = {"step": 30}

    def read_manifest(folder: str, step: int) -> Dict[str, Any]:
        if not sound:
            raise InputError("damaged")
        return {"step": step}

    def restore(tf: Any, session: Any, saver: Any, folder: str, manifest: Dict[str, Any]) -> None:
        holds["step"] = manifest["step"]

    def predict(session: Any, graph: Any, images: Any, size: int, indices: Any, advance: Any) -> np.ndarray:
        truth = (data.y_test if images is data.x_test else data.y_train)[indices]
        return np.eye(10, dtype=np.float32)[truth] if holds["step"] == 10 else always(0, len(truth))

    monkeypatch.setattr(saving, "read_manifest", read_manifest)
    monkeypatch.setattr(saving, "restore", restore)
    monkeypatch.setattr(evaluate, "predict", predict)
    final = {"dev": {"accuracy": 0.1}, "test": {"accuracy": 0.1}}
    at_10 = Progress(epoch=3, step=30, best={"epoch": 1, "step": 10, "macro_f1": 0.9})
    best = results._best(run, at_10, final)
    if sound:
        assert (best["epoch"], best["dev"]["accuracy"], best["test"]["accuracy"]) == (1, 1.0, 1.0)
    else:
        assert best == {}
    last = Progress(epoch=3, step=30, best={"epoch": 3, "step": 30, "macro_f1": 0.9})
    assert results._best(run, last, final)["test"] == {"accuracy": 0.1}  # nothing is predicted twice


@pytest.mark.tf
def test_the_hash_goes_by_name_shape_and_bytes(tf: Any) -> None:
    values = {"b": np.ones(3, np.float32), "a/w": np.arange(4, dtype=np.float32).reshape(2, 2), "c": np.int32(7)}

    def found(names: List[str], **other: Any) -> str:
        with tf.Graph().as_default(), tf.Session() as session:
            for name in names:
                tf.get_variable(name, initializer=tf.constant({**values, **other}[name]))
            session.run(tf.global_variables_initializer())
            return results.variables_sha256(tf, session)

    by_hand = hashlib.sha256()
    for name in sorted(values):
        value = np.ascontiguousarray(values[name])  # a scalar becomes [1]
        by_hand.update(f"{name}|{value.dtype.str}|{value.shape}|".encode("ascii") + value.tobytes())
    assert found(["b", "a/w", "c"]) == found(["c", "b", "a/w"]) == by_hand.hexdigest()
    assert found(["b", "a/w", "c"], b=np.zeros(3, np.float32)) != by_hand.hexdigest()
    assert found(["b", "a/w", "c"], **{"a/w": values["a/w"].reshape(4)}) != by_hand.hexdigest()

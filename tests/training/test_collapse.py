"""A run that learns no more says so with the step; one that diverges stops. On the smallest course graph."""

from __future__ import annotations

import json
import math
import os
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import pytest

from tests.training.test_loop import Interrupter
from tf1_models import registry
from tf1_models.errors import CheckFailed, Interrupted
from tf1_models.output.progress import Log
from tf1_models.output.watching import Watcher
from tf1_models.scoring import evaluate
from tf1_models.training import collapse, epoch_state, loop

ONE_HOT = "one-hot softmax for every training image (loss + accuracy = log(e + 9)), no gradient is left"


def run(
    out: Any, data: Any, settings: Dict[str, str], report: str = "course_models", watcher: Optional[Watcher] = None
) -> Tuple[List[Dict[str, Any]], str]:
    """Trains; returns the lines of metrics.jsonl without times, and log.txt."""
    row = registry.experiment(report, registry.default_run(report), settings)
    options = loop.Options(out=str(out), threads=1, watchers=[watcher] if watcher else [])
    folder, record = loop.prepare(row, data, options)
    log = Log(quiet=True)
    try:
        log.open(folder.file("log.txt"))
        loop.train(row, data, folder, record, options, log)
    finally:
        log.close()
        folder.close()
    with open(folder.file("metrics.jsonl"), encoding="utf-8") as stream:
        lines = [json.loads(text) for text in stream]
    for line in lines:
        del line["seconds"], line["samples_per_s"]
    with open(folder.file("log.txt"), encoding="utf-8") as stream:
        return lines, stream.read()


def _double_softmax(softmax: np.ndarray, truth: np.ndarray) -> Tuple[float, int]:
    of_truth = softmax[np.arange(len(truth)), truth]
    loss = np.log(np.exp(softmax).sum(axis=1)) - of_truth
    return float(np.float32(loss.mean())), int((softmax.argmax(axis=1) == truth).sum())


def test_the_sum_tells_one_hot_softmaxes_from_all_others() -> None:
    rng = np.random.RandomState(0)
    truth = rng.randint(0, 10, 256)
    for right in (0, 25, 128, 256):
        guess = np.where(np.arange(256) < right, truth, (truth + 1) % 10)
        one_hot = np.eye(10)[guess]
        assert collapse.is_one_hot(True, *_double_softmax(one_hot, truth), 256)
        assert not collapse.is_one_hot(False, *_double_softmax(one_hot, truth), 256)
        for most in (0.999, 0.9, 0.5):
            softer = one_hot * most + (1 - most) / 10
            assert not collapse.is_one_hot(True, *_double_softmax(softer, truth), 256)
    for _ in range(2000):  # the fingerprint of Q1 on batches that are nearly saturated, at any accuracy
        sharp = rng.gamma(0.05, size=(64, 10)) + 1e-12
        softmax = sharp / sharp.sum(axis=1, keepdims=True)
        assert not collapse.is_one_hot(True, *_double_softmax(softmax, truth[:64]), 64)


@pytest.mark.tf
def test_a_collapsed_run_says_so_with_the_step(tmp_path: Any, tiny: Any, tf: Any) -> None:
    """One step at a rate of 10 drives every softmax to one-hot, as the report's simulation #2 ended."""
    settings = {"epochs": "3", "batch_size": "16", "learning_rate": "10"}
    lines, log = run(tmp_path / "whole", tiny, settings)
    assert [line.get("one_hot_softmax") for line in lines] == [None, True, True]
    assert log.count(f"collapsed at step 6: {ONE_HOT}\n") == 1 and log.count(ONE_HOT) == 1
    first = next(line for line in lines if line["predicted_classes"] == 1)
    ending = f"one class for every image of test from epoch {first['epoch']} to the end"
    assert log.count(f"collapsed at step {first['step']}: {ending}") == 1
    for line in lines[1:]:
        assert math.isclose(line["loss"] + line["train_accuracy"], math.log(math.e + 9), abs_tol=1e-5)
    with pytest.raises(Interrupted):  # what counts the batches survives an interruption inside the epoch
        run(tmp_path / "cut", tiny, settings, watcher=Interrupter(5))
    again, _ = run(tmp_path / "cut", tiny, settings)
    assert again == lines


def _lines(*classes: int) -> List[Dict[str, Any]]:
    return [
        {"epoch": at + 1, "step": 10 * (at + 1), "eval_split": "dev", "predicted_classes": n}
        for at, n in enumerate(classes)
    ]


@pytest.mark.parametrize(
    "classes, ended, said",
    [
        ((1,), False, ["one class for every image of dev, nothing learned yet"]),
        ((1, 1), False, []),  # it was said
        ((1, 1, 4), False, ["4 classes of dev are told apart now, after 2 epochs of one"]),
        ((10, 1), False, ["one class for every image of dev again"]),
        ((10, 1, 10), False, ["10 classes of dev are told apart now, after 1 epoch of one"]),
        ((10, 10), False, []),
        ((2,), False, []),
        ((10, 2), True, []),
        ((1, 2), False, ["2 classes of dev are told apart now, after 1 epoch of one"]),
        ((1, 10), True, ["10 classes of dev are told apart now, after 1 epoch of one"]),
        ((10, 1, 1), True, ["collapsed at step 20: one class for every image of dev from epoch 2 to the end"]),
        ((1,), True, ["collapsed at step 10: one class for every image of dev from epoch 1 to the end"]),
    ],
)
def test_collapsed_is_said_of_what_does_not_recover(classes: Tuple[int, ...], ended: bool, said: List[str]) -> None:
    assert collapse.words(_lines(*classes), ended) == said


def test_an_epoch_with_every_image_right_is_no_collapse() -> None:
    """A one-hot softmax that is right everywhere has the same sum of loss and accuracy."""
    row = registry.experiment("course_models", "model2")
    scores = {"accuracy": 1.0, "macro_f1": 1.0, "weighted_f1": 1.0, "confusion_matrix": np.eye(10, dtype=int).tolist()}
    for n_correct, one_hot in ((40, False), (39, True)):
        progress = epoch_state.Progress(
            step=4, step_in_epoch=4, loss_sum=5.8, n_seen=40, n_correct=n_correct, n_one_hot=4
        )
        line = epoch_state.epoch_line(progress, row, 0.001, evaluate.SplitScore(scores, 1.46), 1.0, 0)
        assert line.get("one_hot_softmax", False) is one_hot
        progress.n_one_hot = 3  # one batch is not: the net still learns
        line = epoch_state.epoch_line(progress, row, 0.001, evaluate.SplitScore(scores, 1.46), 1.0, 0)
        assert "one_hot_softmax" not in line


@pytest.mark.parametrize(
    "step, train, test, young",
    [
        (46, 0.93, 0.28, True),
        (50, 0.93, 0.28, True),
        (51, 0.93, 0.28, False),
        (46, 0.5, 0.31, False),
    ],
)
def test_young_moving_statistics_are_named(step: int, train: float, test: float, young: bool) -> None:
    line = {
        "epoch": 1,
        "step": step,
        "eval_split": "test",
        "predicted_classes": 1,
        "train_accuracy": train,
        "accuracy": test,
    }
    said = collapse.words([line], False, 10.0)
    if young:
        (text,) = said
        assert text.startswith(f"evaluation uses batch norm's moving statistics, which are young after {step} steps")
    else:
        assert said == ["one class for every image of test, nothing learned yet"]
    assert collapse.words([line], False, None) == ["one class for every image of test, nothing learned yet"]


@pytest.mark.tf
def test_a_run_that_learns_says_nothing(tmp_path: Any, tiny: Any, tf: Any) -> None:
    lines, log = run(tmp_path, tiny, {"epochs": "2", "batch_size": "24"})
    assert all("one_hot_softmax" not in line for line in lines) and ONE_HOT not in log


@pytest.mark.tf
def test_weights_that_the_last_step_broke_are_noticed(tmp_path: Any, tiny: Any, tf: Any, monkeypatch: Any) -> None:
    """The loss was finite before the only update; nothing but the evaluation sees what that update did."""
    monkeypatch.setattr(evaluate, "predict", lambda *rest: np.full((20, 10), np.nan, np.float32))
    with pytest.raises(
        CheckFailed,
        match=r"test loss is nan at epoch 1, after step 1 \(batch 1 of 2\): training has "
        r"diverged; last good checkpoint: ckpt-0$",
    ):
        run(tmp_path, tiny, {"max_steps": "1", "batch_size": "24"})
    assert not [name for _, _, names in os.walk(str(tmp_path)) for name in names if name == "result.json"]

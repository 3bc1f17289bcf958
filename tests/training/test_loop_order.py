"""The order of the loop's work, seen from outside: take, pull, score, save; and `--fresh`."""

from __future__ import annotations

import os
from typing import Any, List

import pytest

from tests.training.test_loop import SETTINGS, run
from tf1_models import registry
from tf1_models.checkpoints import saving
from tf1_models.output.progress import Log
from tf1_models.training import loop, results

pytestmark = pytest.mark.tf


def test_values_are_brought_in_before_they_are_scored_or_saved(tmp_path: Any, tiny: Any, monkeypatch: Any) -> None:
    """On a cluster they live elsewhere; what is scored, saved and reported must be those after the last step."""
    from tf1_models.training.steps import Steps

    done: List[str] = []

    class Elsewhere(Steps):
        def take(self, batches: Any, epoch: int, step: int, rate: float) -> Any:
            done.append("take")
            return super().take(batches, epoch, step, rate)

        def pull(self) -> None:
            done.append("pull")

    def noted(word: str, real: Any) -> Any:
        return lambda *rest, **more: (done.append(word), real(*rest, **more))[1]

    monkeypatch.setattr(results, "score_split", noted("score", results.score_split))
    monkeypatch.setattr(saving, "save", noted("save", saving.save))
    row = registry.experiment("bn_cnn", "final", {**SETTINGS, "epochs": "2", "patience_epochs": "none"})
    options = loop.Options(out=str(tmp_path), threads=1, steps=Elsewhere())
    folder, record = loop.prepare(row, tiny, options)
    try:
        loop.train(row, tiny, folder, record, options, Log(quiet=True))
    finally:
        folder.close()
    epoch = ["take"] * 4 + ["pull", "score", "pull", "save"]
    assert done[: 1 + 2 * len(epoch)] == ["save", *epoch, *epoch]  # first of all step 0
    assert "take" not in done[1 + 2 * len(epoch) :]


def test_no_dev_image_is_trained_on(tmp_path: Any, tiny: Any) -> None:
    from tf1_models.training.steps import Steps

    taken: List[int] = []

    class Recorder(Steps):
        def take(self, batches: Any, epoch: int, step: int, rate: float) -> Any:
            taken.extend(int(position) for batch in batches for position in batch)
            return super().take(batches, epoch, step, rate)

    row = registry.experiment("bn_cnn", "final", {**SETTINGS, "epochs": "1"})
    options = loop.Options(out=str(tmp_path), threads=1, steps=Recorder())
    folder, record = loop.prepare(row, tiny, options)
    try:
        loop.train(row, tiny, folder, record, options, Log(quiet=True))
    finally:
        folder.close()
    assert sorted(taken) == list(range(12, 48))  # the first quarter is dev


def test_fresh_trains_anew(tmp_path: Any, tiny: Any) -> None:
    first, path = run(tmp_path, tiny, {"max_steps": "2"})
    left = os.path.join(path, "ckpt-77.json")
    with open(left, "w") as stream:
        stream.write("{}")
    before = os.stat(os.path.join(path, "result.json")).st_mtime_ns
    again, _ = run(tmp_path, tiny, {"max_steps": "2"}, fresh=True)
    assert again == first and not os.path.exists(left)
    assert os.stat(os.path.join(path, "result.json")).st_mtime_ns > before

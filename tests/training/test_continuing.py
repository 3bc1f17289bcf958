"""A longer run after a finished shorter one is the longer run, to the last bit, without its first epochs again."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Tuple

import pytest

from tests.training.test_loop import metrics_without_times
from tf1_models import registry
from tf1_models.checkpoints import saving
from tf1_models.output.progress import Log
from tf1_models.storage.sealed import read_sealed
from tf1_models.training import continuing, loop

pytestmark = pytest.mark.tf

SETTINGS = {"batch_size": "10", "dev_split": "first_quarter", "patience_epochs": "none"}


class Words(Log):
    """Keeps the lines."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.lines: List[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def train(out: Any, data: Any, epochs: int, settings: Optional[Dict[str, str]] = None) -> Tuple[Any, str, List[str]]:
    """As the verb does; returns (result, folder, what was said)."""
    row = registry.experiment("bn_cnn", "final", {**SETTINGS, "epochs": str(epochs), **(settings or {})})
    options, log = loop.Options(out=str(out), threads=1), Words()
    folder, record = loop.prepare(row, data, options)
    try:
        continuing.begin(options.out, folder, record, log)
        return loop.train(row, data, folder, record, options, log), folder.path, log.lines
    finally:
        folder.close()


def without_files(result: Dict[str, Any]) -> Dict[str, Any]:
    return {key: value for key, value in result.items() if key != "files"}


@pytest.fixture(scope="module")
def straight(tmp_path_factory: Any, tiny: Any, tf: Any) -> Any:
    return train(tmp_path_factory.mktemp("straight"), tiny, 5)


@pytest.fixture()
def short(tmp_path: Any, tiny: Any, tf: Any) -> str:
    train(tmp_path, tiny, 2)
    _, folder, said = train(tmp_path, tiny, 3)
    assert any(line.startswith("continuing ") for line in said)
    return folder


def test_five_epochs_after_three_after_two_are_five_epochs(tmp_path: Any, tiny: Any, straight: Any, short: str) -> None:
    result, folder, said = train(tmp_path, tiny, 5)
    assert said[:2] == [
        f"continuing {short}, which ended after 3 epochs: the same run until there",
        "resuming at epoch 4, step 12",
    ]
    assert result == straight[0]
    assert metrics_without_times(folder) == metrics_without_times(straight[1])
    record = read_sealed(os.path.join(folder, "run.json"))
    assert len(record["starts"]) == 3 and record["continues"]["identity"]["epochs"] == 3
    assert os.path.isfile(os.path.join(short, "result.json"))  # what was continued is as it was


@pytest.mark.parametrize(
    "other", [{"keep_prob": "0.5"}, {"seed": "3"}, {"batch_size": "12"}, {"max_steps": "30"}, {"max_steps": "6"}]
)
def test_another_computation_starts_anew(tmp_path: Any, tiny: Any, short: str, other: Dict[str, str]) -> None:
    assert not any("continuing" in line for line in train(tmp_path, tiny, 4, other)[2])


def test_a_run_that_was_cut_is_continued_by_none(tmp_path: Any, tiny: Any, tf: Any) -> None:
    train(tmp_path, tiny, 2, {"max_steps": "6"})
    assert not any("continuing" in line for line in train(tmp_path, tiny, 3)[2])


def test_a_damaged_predecessor_is_said_and_left(tmp_path: Any, tiny: Any, straight: Any, short: str) -> None:
    (last,) = [step for step in saving.list_steps(short) if step == 12]
    with open(os.path.join(short, f"ckpt-{last}.data-00000-of-00001"), "r+b") as stream:
        stream.write(b"x")
    result, _, said = train(tmp_path, tiny, 5)
    assert said[0].startswith(f"starting anew: {short} is the same run to epoch 3, but ckpt-12.data-00000-of-00001 is")
    assert result == straight[0]


def test_a_kill_while_it_is_copied(tmp_path: Any, tiny: Any, straight: Any, short: str, monkeypatch: Any) -> None:
    """The metrics stand there, no checkpoint does."""
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(continuing, "_adopt", lambda *rest: (_ for _ in ()).throw(KeyboardInterrupt()))
        train(tmp_path, tiny, 5)
    result, folder, _ = train(tmp_path, tiny, 5)
    assert result == straight[0] and metrics_without_times(folder) == metrics_without_times(straight[1])


def test_one_that_stopped_early_has_stopped_for_a_longer_one_too(tmp_path: Any, tiny: Any, tf: Any) -> None:
    never = {"patience_epochs": "0", "learning_rate": "1e-12"}
    first, _, _ = train(tmp_path, tiny, 8, never)
    again, _, said = train(tmp_path, tiny, 9, never)
    assert first["ended_by"] == "early_stopping" and any("continuing" in line for line in said)
    assert without_files({**again, "epochs": first["epochs"]}) == without_files(first)

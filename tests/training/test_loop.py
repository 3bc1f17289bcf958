"""The loop: resumed equals uninterrupted, what a folder promises, what stops a run. On `bn_cnn`, the smallest net."""

from __future__ import annotations

import json
import os
import signal
from typing import Any, Dict, List, Optional

import numpy as np
import pytest

from tf1_models import registry
from tf1_models.checkpoints import saving
from tf1_models.errors import CheckFailed, InputError, Interrupted, MachineError, UsageError
from tf1_models.output.progress import Log
from tf1_models.output.watching import StepSeen, Watcher
from tf1_models.storage.sealed import read_sealed
from tf1_models.training import loop
from tf1_models.training.stopping import EarlyStopping

pytestmark = pytest.mark.tf

SETTINGS = {"epochs": "3", "batch_size": "10", "dev_split": "first_quarter", "patience_epochs": "1"}


class Interrupter(Watcher):
    """Sends this process a signal after a given step, as a user would."""

    def __init__(self, at_step: int, number: int = signal.SIGTERM) -> None:
        self.at_step, self.number = at_step, number

    def step(self, seen: StepSeen) -> None:
        if seen.step == self.at_step:
            os.kill(os.getpid(), self.number)


def run(
    tmp_path: Any,
    data: Any,
    settings: Optional[Dict[str, str]] = None,
    watcher: Optional[Watcher] = None,
    report: str = "bn_cnn",
    **options: Any,
) -> Any:
    """Trains; returns (result, folder path)."""
    row = registry.experiment(report, "final", {**SETTINGS, **(settings or {})})
    options = {"steps_per_call": 1, **options}  # one by one, as watchers that stop a run count them
    chosen = loop.Options(out=str(tmp_path), threads=1, watchers=[watcher] if watcher else [], **options)
    folder, record = loop.prepare(row, data, chosen)
    try:
        if folder.is_finished():
            return folder.result(), folder.path
        return loop.train(row, data, folder, record, chosen, Log(quiet=True)), folder.path
    finally:
        folder.close()


def metrics_without_times(path: str) -> List[Dict[str, Any]]:
    lines = [json.loads(line) for line in open(os.path.join(path, "metrics.jsonl"))]
    for line in lines:
        assert line.pop("seconds") >= 0 and line.pop("samples_per_s") >= 0
    return lines


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: Any, tiny: Any, tf: Any) -> Any:
    return run(tmp_path_factory.mktemp("undisturbed"), tiny)


def test_the_folder_holds_what_the_interface_promises(undisturbed: Any, tiny: Any) -> None:
    result, path = undisturbed
    names = set(os.listdir(path))
    assert {"run.json", "metrics.jsonl", "result.json", "result.npy", "curves.png", "confusion.png"} <= names
    assert any(name.startswith("events.out") for name in names)
    probabilities = np.load(os.path.join(path, "result.npy"))
    assert probabilities.dtype == np.float32 and probabilities.shape == (20, 10)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    from tf1_models import metrics

    assert result["test"] == metrics.scores(tiny.y_test, probabilities.argmax(axis=1))
    assert result["dev"]["n"] == 12 and result["test"]["n"] == 20
    assert result["best"]["dev"]["n"] == 12
    lines = metrics_without_times(path)
    assert [line["epoch"] for line in lines] == list(range(1, result["epochs"] + 1))
    assert all(line["eval_split"] == "dev" and line["steps"] == 4 for line in lines)
    assert read_sealed(os.path.join(path, "run.json"))["settings"]["batch_size"] == 10


@pytest.mark.parametrize("at_step", [1, 4, 6])  # inside epoch 1, at its end, inside epoch 2
def test_resumed_equals_uninterrupted(tmp_path: Any, tiny: Any, undisturbed: Any, at_step: int) -> None:
    expected, expected_path = undisturbed
    with pytest.raises(Interrupted, match="state saved in") as caught:
        run(tmp_path, tiny, watcher=Interrupter(at_step))
    assert caught.value.exit_code == 130
    result, path = run(tmp_path, tiny)
    assert result == expected  # the hash of every variable among it
    assert metrics_without_times(path) == metrics_without_times(expected_path)
    assert (
        open(os.path.join(path, "result.json"), "rb").read()
        == open(os.path.join(expected_path, "result.json"), "rb").read()
    )


def test_a_closed_terminal_saves_the_state_as_sigterm_does(tmp_path: Any, tiny: Any, undisturbed: Any) -> None:
    with pytest.raises(Interrupted, match="SIGHUP at step 6: state saved in") as caught:
        run(tmp_path, tiny, watcher=Interrupter(6, signal.SIGHUP))
    assert caught.value.exit_code == 130 and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
    assert run(tmp_path, tiny)[0] == undisturbed[0]


def test_a_sighup_that_nohup_ignores_stays_ignored(tmp_path: Any, tiny: Any, undisturbed: Any) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run(tmp_path, tiny, watcher=Interrupter(6, signal.SIGHUP))[0] == undisturbed[0]
    finally:
        signal.signal(signal.SIGHUP, before)


def test_resuming_on_a_reference_schedule_without_step_keyed_masks_would_differ(tf: Any) -> None:
    """The mended resume is what makes the test above pass: stateful masks restart with each Session."""
    from tf1_models.graphs.parts.random_ops import uniform

    with tf.Graph().as_default():
        stateful = uniform([4], "layer", 0, None, tf.float32)
        with tf.Session() as session:
            first, second = session.run(stateful), session.run(stateful)
        with tf.Session() as session:
            restarted = session.run(stateful)
    assert np.array_equal(first, restarted) and not np.array_equal(second, restarted)


def test_a_damaged_latest_checkpoint_falls_back_to_the_one_before(tmp_path: Any, tiny: Any, undisturbed: Any) -> None:
    with pytest.raises(Interrupted):
        run(tmp_path, tiny, watcher=Interrupter(6))
    path = loop.folder_path(str(tmp_path), registry.experiment("bn_cnn", "final", SETTINGS), "tiny", tiny.digest)
    assert saving.list_steps(path)[:2] == [6, 4]
    target = os.path.join(path, "ckpt-6.data-00000-of-00001")
    content = bytearray(open(target, "rb").read())
    content[len(content) // 2] ^= 4
    with open(target, "wb") as stream:
        stream.write(bytes(content))
    result, _ = run(tmp_path, tiny)
    assert result == undisturbed[0]


def test_no_sound_checkpoint_is_an_error_not_a_fresh_start(tmp_path: Any, tiny: Any) -> None:
    with pytest.raises(Interrupted):
        run(tmp_path, tiny, watcher=Interrupter(6))
    path = loop.folder_path(str(tmp_path), registry.experiment("bn_cnn", "final", SETTINGS), "tiny", tiny.digest)
    for step in saving.list_steps(path):
        with open(os.path.join(path, f"ckpt-{step}.index"), "r+b") as stream:
            stream.write(b"\xff")
    with pytest.raises(InputError, match="none of the 2 checkpoints is sound; --fresh starts the run anew"):
        run(tmp_path, tiny)
    for step in saving.list_steps(path):
        os.unlink(os.path.join(path, f"ckpt-{step}.json"))
    with pytest.raises(InputError, match="no checkpoint is left beside metrics.jsonl"):
        run(tmp_path, tiny)


def test_a_finished_run_is_not_trained_again(tmp_path: Any, tiny: Any) -> None:
    first, path = run(tmp_path, tiny, {"max_steps": "2"})
    before = os.stat(os.path.join(path, "result.json")).st_mtime_ns
    again, _ = run(tmp_path, tiny, {"max_steps": "2"})
    assert again == first and os.stat(os.path.join(path, "result.json")).st_mtime_ns == before
    assert first["ended_by"] == "max_steps" and first["steps"] == 2
    fresh, _ = run(tmp_path, tiny, {"max_steps": "2"}, fresh=True)
    assert fresh == first


def test_a_damaged_result_is_not_believed(tmp_path: Any, tiny: Any) -> None:
    _, path = run(tmp_path, tiny, {"max_steps": "1"})
    with open(os.path.join(path, "result.npy"), "r+b") as stream:
        stream.seek(200)
        stream.write(b"\xff")
    with pytest.raises(InputError, match="result.npy is missing or damaged"):
        run(tmp_path, tiny, {"max_steps": "1"})


def test_another_configuration_in_the_folder(tmp_path: Any, tiny: Any) -> None:
    _, path = run(tmp_path, tiny, {"max_steps": "1"})
    kept = sorted((name, os.stat(os.path.join(path, name)).st_mtime_ns) for name in os.listdir(path) if name != "lock")
    with pytest.raises(InputError, match=r"run folder of another configuration \(keep_prob 0.7 there, 0.5 now\)"):
        run(path, tiny, {"max_steps": "1", "keep_prob": "0.5"})
    with pytest.raises(InputError, match=r"another configuration \(seed 0 there, 7 now\)"):
        run(path, tiny, {"max_steps": "1", "seed": "7"})
    assert kept == sorted(
        (name, os.stat(os.path.join(path, name)).st_mtime_ns) for name in os.listdir(path) if name != "lock"
    )


def test_two_processes_on_one_folder(tmp_path: Any, tiny: Any) -> None:
    row = registry.experiment("bn_cnn", "final", SETTINGS)
    folder, _ = loop.prepare(row, tiny, loop.Options(out=str(tmp_path)))
    try:
        with pytest.raises(InputError, match=rf"in use by process {os.getpid()} on "):
            loop.prepare(row, tiny, loop.Options(out=str(tmp_path)))
    finally:
        folder.close()
    folder, _ = loop.prepare(row, tiny, loop.Options(out=str(tmp_path)))  # the lock of a dead process is stale
    folder.close()


def test_an_unwritable_out_folder(tmp_path: Any, tiny: Any) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(MachineError, match="cannot be written .*; choose another place, or mend this one"):
        run(tmp_path / "file", tiny)


def test_a_batch_larger_than_the_data_under_drop_last(tmp_path: Any, tiny: Any) -> None:
    with pytest.raises(UsageError, match="batch_size=64 is larger than the 36 training images"):
        run(tmp_path, tiny, {"batch_size": "64", "drop_last": "true"})


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Any, tiny: Any) -> None:
    with pytest.raises(CheckFailed, match=r"loss is (nan|inf) at epoch \d+, step \d+ .*last good checkpoint: ckpt-"):
        run(
            tmp_path,
            tiny,
            {"optimizer": "adam", "pixel_divisor": "1", "learning_rate": "10", "epochs": "40"},
            report="nine_conv",
        )


def test_early_stopping_ends_the_run(tmp_path: Any, tiny: Any) -> None:
    result, _ = run(tmp_path, tiny, {"patience_epochs": "0", "epochs": "50", "learning_rate": "3", "max_steps": "100"})
    assert result["ended_by"] in ("early_stopping", "max_steps")
    if result["ended_by"] == "early_stopping":
        assert result["epochs"] < 50


def test_two_runs_give_the_same_bytes(tmp_path: Any, tiny: Any, undisturbed: Any) -> None:
    result, _ = run(tmp_path, tiny)
    assert result["variables_sha256"] == undisturbed[0]["variables_sha256"]
    other, _ = run(tmp_path, tiny, {"seed": "1"})
    assert other["variables_sha256"] != result["variables_sha256"]


def test_the_loop_adds_no_ops_and_resets_nothing(tmp_path: Any, tiny: Any, undisturbed: Any) -> None:
    """Another kind of interruption: the timer's checkpoints inside an epoch change nothing."""
    result, path = run(tmp_path, tiny, checkpoint_minutes=1e-9)
    assert result == undisturbed[0]
    assert metrics_without_times(path) == metrics_without_times(undisturbed[1])


def test_a_damaged_best_checkpoint_leaves_the_result_without_it(tmp_path: Any, tiny: Any) -> None:
    """`best` enters no verdict: the run still finishes, and the log says why its scores are missing."""

    class Damage(Interrupter):
        def end_epoch(self, line: Dict[str, Any]) -> None:
            if line["epoch"] == 3:  # before this epoch's save: the best one is an earlier epoch's
                (folder,) = [path for path, _, names in os.walk(str(tmp_path / "damaged")) if "run.json" in names]
                (best,) = [step for step in saving.list_steps(folder) if step == 4]
                with open(os.path.join(folder, f"ckpt-{best}.data-00000-of-00001"), "r+b") as stream:
                    stream.write(b"x")

    same = {"learning_rate": "1e-12", "patience_epochs": "none"}  # predicts the same each epoch: the first is best
    whole, _ = run(tmp_path / "whole", tiny, same, report="nine_conv")
    assert whole["best"]["epoch"] == 1 and whole["best"]["test"]["n"] == 20
    result, folder = run(tmp_path / "damaged", tiny, same, report="nine_conv", watcher=Damage(0))
    assert result["best"] is None and result["test"] == whole["test"]


def test_a_dev_split_without_an_image_is_refused_before_training(tmp_path: Any, tiny: Any) -> None:
    import dataclasses

    few = dataclasses.replace(tiny, x_train=tiny.x_train[:3], y_train=tiny.y_train[:3])
    with pytest.raises(UsageError, match="dev_split=first_quarter leaves no dev image of 3 training images"):
        run(tmp_path, few, {"batch_size": "2"})


def test_a_longer_run_scores_test_where_a_shorter_row_ends(tmp_path: Any, tiny: Any, monkeypatch: Any) -> None:
    shorter, _ = run(tmp_path, tiny, {"epochs": "2", "patience_epochs": "none"})
    monkeypatch.setattr(registry, "test_epochs", lambda report, identity: (2,))
    longer, path = run(tmp_path, tiny, {"epochs": "3", "patience_epochs": "none"})
    lines = metrics_without_times(path)
    assert ["test" in line for line in lines] == [False, True, False]
    assert {key: lines[1]["test"][key] for key in ("accuracy", "macro_f1", "weighted_f1", "n")} == {
        key: shorter["test"][key] for key in ("accuracy", "macro_f1", "weighted_f1", "n")
    }
    monkeypatch.undo()
    plain, _ = run(tmp_path / "plain", tiny, {"epochs": "3", "patience_epochs": "none"})
    assert plain["variables_sha256"] == longer["variables_sha256"], "it decides nothing"


def test_early_stopping_watches_the_cost_with_its_l2_term(tmp_path: Any, tiny: Any, monkeypatch: Any) -> None:
    """The report's `cost` is cross-entropy plus L2, summed over the epoch."""
    heard: List[float] = []
    monkeypatch.setattr(EarlyStopping, "validate", lambda self, loss: bool(heard.append(loss)))
    settings = {"patience_epochs": "5", "epochs": "2", "batch_size": "10"}
    _, folder = run(tmp_path, tiny, settings, report="nine_conv")
    lines = metrics_without_times(folder)
    assert heard == [line["loss_sum"] for line in lines]
    assert all(line["l2_loss"] > 0.1 * line["data_loss"] for line in lines)  # so that the other sum would be seen


def test_a_run_that_is_cut_at_an_epochs_end_was_cut_whatever_the_rule_says(
    tmp_path: Any, tiny: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(EarlyStopping, "validate", lambda self, loss: True)
    n_steps = -(-36 // int(SETTINGS["batch_size"]))  # an epoch
    result, _ = run(tmp_path, tiny, {"max_steps": str(n_steps), "patience_epochs": "5"})
    assert (result["epochs"], result["steps"], result["ended_by"]) == (1, n_steps, "max_steps")


@pytest.mark.parametrize("report, shuffled", [("course_models", False), ("nine_conv", True)])
def test_the_order_of_the_images(tmp_path: Any, tiny: Any, report: str, shuffled: bool) -> None:
    """Q2: course_models takes its batches in file order, every epoch; elsewhere each epoch has an order of its own."""
    from tf1_models.training.steps import Steps

    taken: List[int] = []

    class Recorder(Steps):
        def take(self, batches: Any, epoch: int, step: int, rate: float) -> Any:
            taken.extend(int(position) for batch in batches for position in batch)
            return super().take(batches, epoch, step, rate)

    settings = {"epochs": "2", "batch_size": "10", "dev_split": "none", "patience_epochs": "none"}
    name = registry.default_run(report)
    row = registry.experiment(report, name, settings)
    options = loop.Options(out=str(tmp_path), threads=1, steps=Recorder())
    folder, record = loop.prepare(row, tiny, options)
    try:
        loop.train(row, tiny, folder, record, options, Log(quiet=True))
    finally:
        folder.close()
    n = len(tiny.y_train)
    one, two = taken[:n], taken[n:]
    assert sorted(one) == sorted(two) == list(range(n))
    assert (one == two == list(range(n))) is not shuffled and (one == two) is not shuffled

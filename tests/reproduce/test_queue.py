"""Which runs a sweep has, what is done, what needs no training of its own, what it costs."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import pytest

from tests.reproduce.fake_runs import OFFICIAL, write_run
from tf1_models import registry
from tf1_models.errors import UsageError
from tf1_models.reproduce.runs import cost, machine_speed, queue
from tf1_models.reproduce.verdicts import folders

Y_TRAIN = (np.arange(50000) % 10).astype(np.uint8)
DATA = queue.DataName("cifar10", OFFICIAL, 50000, Y_TRAIN)


def tasks(
    root: Any,
    reports: Sequence[str],
    names: Sequence[str] = (),
    n_seeds: int = 1,
    words: Optional[Dict[str, str]] = None,
) -> List[queue.Task]:
    rows, _ = queue.choose_rows(reports, names, words or {})
    return queue.tasks(rows, n_seeds, words or {}, DATA, "cifar10", str(root))


def test_rows_that_can_have_no_verdict_are_left_out_unless_named() -> None:
    rows, left_out = queue.choose_rows(list(registry.REPORTS), [], {})
    assert len(rows) == 61 and len(left_out) == 18
    rows, left_out = queue.choose_rows(["prelu_cnn"], ["warm_sgd"], {})
    assert [name for name, _ in rows] == ["warm_sgd"] and not left_out


def test_variants_are_runs_by_name(tmp_path: Any) -> None:
    (task,) = tasks(tmp_path, ["prelu_cnn"], ["exponential_lr_stepped"])
    assert (task.run, task.overrides) == ("exponential_lr", ("schedule_stepped=true",))
    assert task.label == "prelu_cnn/exponential_lr_stepped seed 0"


def test_an_unknown_name_is_told_with_its_neighbour() -> None:
    with pytest.raises(UsageError, match="did you mean 'gamma_10'"):
        queue.choose_rows(["bn_cnn", "prelu_cnn"], ["final", "gama_10"], {})


def test_seeds_count_up_from_the_runs_own(tmp_path: Any) -> None:
    assert [task.seed for task in tasks(tmp_path, ["nine_conv"], ["final"], 3)] == [51, 52, 53]
    assert len({task.folder for task in tasks(tmp_path, ["nine_conv"], ["final"], 3)}) == 3
    assert tasks(tmp_path, ["nine_conv"], ["final"])[0].n_train == 37500


def test_shards_are_a_partition_whatever_is_done(tmp_path: Any) -> None:
    every = tasks(tmp_path, list(registry.REPORTS), n_seeds=2)
    parts = [queue.shard(every, f"{i}/5") for i in range(1, 6)]
    assert sorted(task.label for part in parts for task in part) == sorted(task.label for task in every)
    write_run(tmp_path, "bn_cnn", "final", 0, 0.78)
    assert queue.shard(every, "2/5") == parts[1]
    for text in ("0/5", "6/5", "x", "1/", "1/0", "-1/2"):
        with pytest.raises(UsageError, match="--shard"):
            queue.shard(every, text)


def test_states(tmp_path: Any) -> None:
    one, two, three, four = tasks(tmp_path, ["bn_cnn"], ["final"], 4)
    write_run(tmp_path, "bn_cnn", "final", 0, 0.78)
    folders.write_failure(two.folder, {"schema": 1, "message": "no"})
    os.makedirs(three.folder)
    open(os.path.join(three.folder, "run.json"), "w").close()
    with open(os.path.join(three.folder, "metrics.jsonl"), "w") as stream:
        stream.write(json.dumps({"epoch": 1}) + "\n" + '{"epoch": 2')  # killed while writing
    assert [queue.state_of(task) for task in (one, two, three, four)] == ["finished", "failed", "unfinished", "waiting"]
    assert queue.epochs_done(three) == 1
    folders.clear_failure(two.folder)
    assert queue.state_of(two) == "waiting"


def test_one_training_serves_every_row_of_its_computation(tmp_path: Any) -> None:
    found = tasks(tmp_path, ["prelu_cnn"], [], 1)
    covered = queue.covered_by(found)
    kept = [task for k, task in enumerate(found) if k not in covered]
    # of 27 rows: nine of 100, four of 30 and nine of 20 epochs are one computation
    assert [task.label.split("/")[1].split()[0] for task in kept] == [
        "elu_sgd",
        "elu_adam",
        "relu_adam",
        "batch_64",
        "batch_128",
        "step_size_10",
    ]
    assert {other.run for other in covered.values()} == {"step_size_10"}


def test_a_finished_run_covers_and_is_never_covered(tmp_path: Any) -> None:
    write_run(tmp_path, "prelu_cnn", "dropout_35", 0, 0.76)
    found = tasks(tmp_path, ["prelu_cnn"], ["batch_32", "dropout_35", "gamma_10"])
    by_run = {task.run: task for task in found}
    covered = {found[k].run: other.run for k, other in queue.covered_by(found).items()}
    assert covered == {"batch_32": "dropout_35"}  # gamma_10 has more epochs; the finished run is left as it is
    assert queue.state_of(by_run["dropout_35"]) == "finished"


def test_cut_runs_and_dev_followers_cover_only_what_they_can(tmp_path: Any) -> None:
    assert not queue.covered_by(tasks(tmp_path, ["course_models"], ["model2", "model2_50"], 1, {"max_steps": "5"}))
    assert len(queue.covered_by(tasks(tmp_path, ["course_models"], ["model2", "model2_50"]))) == 1
    names = ["batch_100_epochs_20", "batch_100_epochs_30"]
    covered = queue.covered_by(tasks(tmp_path, ["alexnet_bn"], names))  # its metrics follow dev, the table says test:
    assert {k: other.run for k, other in covered.items()} == {0: "batch_100_epochs_30"}  # scored on the way there
    assert not queue.covered_by(
        tasks(tmp_path, ["alexnet_bn"], ["batch_100_epochs_25"], 1, {"epochs": "24"})
        + tasks(tmp_path, ["alexnet_bn"], names[1:])
    )  # no row ends at 24
    write_run(tmp_path, "alexnet_bn", "batch_100_epochs_30", 0, 0.8)  # by a kit that did not score test on the way
    assert not queue.covered_by(tasks(tmp_path, ["alexnet_bn"], names))


def test_cost_is_unknown_until_measured(tmp_path: Any) -> None:
    (task,) = tasks(tmp_path, ["prelu_cnn"], ["elu_adam"])
    assert cost.seconds_left(task, cost.measured_speeds(str(tmp_path))) is None
    write_run(tmp_path, "prelu_cnn", "elu_adam", 7, 0.7)  # 1,000 samples/s
    speeds = cost.measured_speeds(str(tmp_path))
    assert cost.seconds_left(task, speeds) == pytest.approx(20 * 50000 / 1000)
    (final,) = tasks(tmp_path, ["prelu_cnn"], ["final"])
    assert cost.seconds_left(final, speeds) is None
    ordered = cost.by_cost([final, dataclasses.replace(task, epochs=3), task], speeds)
    assert [one.epochs for one in ordered] == [3, 20, 30]


def test_every_kind_of_work_has_a_shipped_speed(monkeypatch: Any, tmp_path: Any) -> None:
    """Every row's cost is known before anything was trained, twice as fast a machine takes half the time."""
    with open(machine_speed.PATH, encoding="utf-8") as stream:
        document = json.load(stream)
    found = tasks(tmp_path, list(registry.REPORTS), [])
    assert {cost.speed_key(task.identity) for task in found} <= set(document["speeds"])
    left = {}
    for scale in (1.0, 2.0):
        monkeypatch.setattr(machine_speed, "gflops", lambda scale=scale: scale * document["gflops"])
        speeds = cost.speeds(str(tmp_path), found, 1)
        left[scale] = [cost.seconds_left(task, speeds) for task in found]
    assert all(seconds and seconds > 60 for seconds in left[1.0])
    assert left[2.0] == pytest.approx([seconds / 2 for seconds in left[1.0] if seconds])
    assert "about" in cost.in_all(left[1.0]) and "unknown" not in cost.in_all(left[1.0])


def test_this_machine_is_measured_only_where_something_is_unknown(monkeypatch: Any, tmp_path: Any) -> None:
    (task,) = tasks(tmp_path, ["prelu_cnn"], ["elu_adam"])
    monkeypatch.setattr(machine_speed, "gflops", lambda: pytest.fail("measured"))
    write_run(tmp_path, "prelu_cnn", "elu_adam", 7, 0.7)
    assert cost.speeds(str(tmp_path), [task], 1) == cost.measured_speeds(str(tmp_path))
    monkeypatch.undo()
    assert 0.1 < machine_speed.gflops(0.05) < 10_000


def test_hours() -> None:
    assert [cost.hours(s) for s in (None, 5.0, 90.0, 7200.0)] == ["unknown", "5 s", "1.5 min", "2.0 h"]

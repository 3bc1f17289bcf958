"""Several steps a Session call are the same steps: every value and every variable, to the last bit."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any, Dict, List

import numpy as np
import pytest

from tests.training.test_loop import Interrupter, metrics_without_times, run
from tf1_models import registry
from tf1_models.errors import CheckFailed, Interrupted, UsageError
from tf1_models.session import tensorflow_setup
from tf1_models.training import epoch_state
from tf1_models.training.training_run import TrainingRun

pytestmark = pytest.mark.tf

CASES = [
    ("bn_cnn", "final", {}),
    ("bn_cnn", "no_dropout_100", {"augmentation": "true"}),
    ("prelu_cnn", "final", {}),
    ("prelu_cnn", "final", {"activation": "rrelu", "dropout_acts": "true", "optimizer": "torch_rmsprop"}),
    ("course_models", "model2", {}),
    ("nine_conv", "final", {"batch_size": "4"}),
    ("nine_conv", "final", {"batch_size": "4", "convolutions": "winograd"}),
    ("alexnet_bn", "batch_100_epochs_30", {"batch_size": "3", "convolutions": "winograd"}),
]


@pytest.mark.parametrize("report, name, overrides", CASES, ids=lambda value: str(value).strip("{}"))
def test_three_steps_in_one_call_are_three_calls(tf: Any, report: str, name: str, overrides: Dict[str, str]) -> None:
    from tf1_models.training import several_steps, step_ways, training_graph

    row = registry.experiment(report, name, {"batch_size": "6", **overrides})
    rng = np.random.RandomState(0)

    class Images:
        x_train = rng.randint(0, 256, (20, 32, 32, 3)).astype(np.uint8)
        y_train = rng.randint(0, 10, 20).astype(np.uint8)

    batches = [rng.permutation(20)[: row.batch_size] for _ in range(3)]
    outcomes: List[Any] = []
    for at_once in (False, True):
        with tf.Graph().as_default(), tf.Session(config=tensorflow_setup.session_config(tf, 1)) as session:
            graph = training_graph.build_net(row)
            names = [variable.op.name for variable in tf.global_variables()]
            ways = step_ways.on_one_machine(row, 3 if at_once else 1, ["CPU:0"])
            graph = ways.add_to(row, graph)
            assert isinstance(ways, several_steps.SeveralSteps) == at_once
            assert [variable.op.name for variable in tf.global_variables()] == names  # nothing new in a checkpoint
            session.run(tf.global_variables_initializer())
            work = TrainingRun(tf, session, graph, row, Images, *[None] * 5)  # type: ignore[arg-type]
            ways.begin(work, 7, lambda: None, lambda: None)
            values = ways.take(batches, 0, 7, 0.001)
            assert int(session.run(graph.global_step)) == 3
            outcomes.append((values, session.run(tf.global_variables())))
    (values, variables), (values_at_once, variables_at_once) = outcomes
    for one, other in zip(values, values_at_once):
        assert {key: one[key] for key in other} == other and set(one) - set(other) == {"train"}
    assert all(np.array_equal(one, other) for one, other in zip(variables, variables_at_once))
    assert len({float(value["loss"]) for value in values}) == 3


@pytest.mark.parametrize(
    "report, settings, asked, devices, expected",
    [
        ("prelu_cnn", {}, None, ["CPU:0"], 8),
        ("prelu_cnn", {"batch_size": "64"}, None, ["CPU:0"], 8),
        ("prelu_cnn", {"batch_size": "65"}, None, ["CPU:0"], 1),
        ("prelu_cnn", {"precision": "bf16"}, None, ["CPU:0"], 1),
        ("prelu_cnn", {"xla": "true"}, None, ["CPU:0"], 1),
        ("prelu_cnn", {}, None, ["CPU:0", "GPU:0"], 1),
        ("prelu_cnn", {}, 1, ["CPU:0"], 1),
        ("nine_conv", {"batch_size": "50"}, None, ["CPU:0"], 1),
        ("nine_conv", {"batch_size": "50"}, 5, ["CPU:0", "GPU:0"], 5),
    ],
)
def test_small_steps_share_a_call_by_default(
    tf: Any, report: str, settings: Dict[str, str], asked: Any, devices: List[str], expected: int
) -> None:
    """Only where the bits are known to be the same, and where a signal need not wait long for the end of a call."""
    from tf1_models.training import step_ways, training_graph

    row = registry.experiment(report, "final", settings)
    with tf.Graph().as_default():
        training_graph.build_net(row)
        ways = step_ways.on_one_machine(row, asked, devices)
    assert ways.steps_per_call == expected


@pytest.fixture(scope="module")
def fed(tmp_path_factory: Any, tiny: Any, tf: Any) -> Any:
    return run(tmp_path_factory.mktemp("fed"), tiny)


@pytest.mark.parametrize("steps_per_call", [2, 3, 50, None])
def test_a_run_is_the_same_run(tmp_path: Any, tiny: Any, fed: Any, steps_per_call: Any, monkeypatch: Any) -> None:
    """Three full batches and a short one an epoch, a dev split, early stopping; None: the default."""
    from tf1_models.training.several_steps import SeveralSteps

    taken: List[int] = []
    take = SeveralSteps.take

    def noted(steps: Any, batches: Any, *rest: Any) -> Any:
        taken.append(len(batches))
        return take(steps, batches, *rest)

    monkeypatch.setattr(SeveralSteps, "take", noted)
    result, path = run(tmp_path, tiny, steps_per_call=steps_per_call)
    assert taken[:2] == ([2, 1] if steps_per_call == 2 else [3, 1])
    assert result == fed[0]
    assert metrics_without_times(path) == metrics_without_times(fed[1])


def test_begun_one_way_and_ended_the_other(tmp_path: Any, tiny: Any, fed: Any) -> None:
    with pytest.raises(Interrupted):
        run(tmp_path, tiny, watcher=Interrupter(5), steps_per_call=2)
    result, path = run(tmp_path, tiny)
    assert result == fed[0]
    log = [json.loads(line) for line in open(os.path.join(path, "metrics.jsonl"))]
    assert [line["steps"] for line in log] == [4] * len(log)


def test_max_steps_cuts_inside_a_call(tmp_path: Any, tiny: Any) -> None:
    result, _ = run(tmp_path / "fed", tiny, {"max_steps": "6"})
    at_once, _ = run(tmp_path / "at_once", tiny, {"max_steps": "6"}, steps_per_call=3)
    assert at_once == result and result["steps"] == 6


def test_a_loss_that_is_not_finite_names_its_step(tmp_path: Any, tiny: Any) -> None:
    settings = {"optimizer": "adam", "pixel_divisor": "1", "learning_rate": "10", "epochs": "40"}
    with pytest.raises(CheckFailed) as fed:
        run(tmp_path / "fed", tiny, settings, report="nine_conv")
    with pytest.raises(CheckFailed) as at_once:
        run(tmp_path / "at_once", tiny, settings, report="nine_conv", steps_per_call=3)
    assert str(at_once.value) == str(fed.value)


@pytest.mark.parametrize(
    "done, steps_per_call, max_steps, expected",
    [
        (0, 1, None, [(0, 10)]),
        (0, 2, None, [(0, 10), (10, 20)]),
        (1, 9, None, [(10, 20), (20, 30)]),
        (3, 9, None, [(30, 40)]),
        (0, 9, 2, [(0, 10), (10, 20)]),
        (1, 9, 2, [(10, 20)]),
    ],
)
def test_which_rows_a_call_takes(done: int, steps_per_call: int, max_steps: Any, expected: Any) -> None:
    """36 images by ten: the short batch has a call of its own (its slice ends with the data)."""
    row = registry.experiment("bn_cnn", "final", {"batch_size": "10", "max_steps": str(max_steps).lower()})
    progress = epoch_state.Progress(step=done, step_in_epoch=done)
    rows = epoch_state.rows_of_call(row, progress, 36, steps_per_call)
    assert [(some.start, some.stop) for some in rows] == expected


@pytest.mark.parametrize(
    "words, message",
    [
        (["bn_cnn", "--steps-per-call", "0"], "--steps-per-call 0 is out of range"),
        (["bn_cnn", "--steps-per-call", "2", "--cluster"], "is for one machine"),
    ],
)
def test_what_is_refused(monkeypatch: Any, words: List[str], message: str) -> None:
    from tf1_models.commands import train

    member = json.dumps(
        {"cluster": {"chief": ["127.0.0.1:1"], "ps": ["127.0.0.1:2"]}, "task": {"type": "chief", "index": 0}}
    )
    monkeypatch.setenv("TF_CONFIG", member)
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    with pytest.raises(UsageError, match=message):
        train.run(parser.parse_args(words))

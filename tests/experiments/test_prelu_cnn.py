"""Rows of prelu_cnn: Q7, Q8, Q10, Q19 as properties of the 41 rows; Q9 and Q11: tests/training/test_schedules.py."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Dict, List

import pytest

from tf1_models import registry, spec
from tf1_models.errors import UsageError
from tf1_models.experiments import prelu_cnn
from tf1_models.scoring.split_images import n_counted_of_test

ROWS = {row.run: row for row in prelu_cnn.EXPERIMENTS}


def test_q7_the_four_dropout_runs_are_one_configuration() -> None:
    names = ["dropout_30", "dropout_35", "dropout_40", "dropout_45"]
    settings = [spec.settings(ROWS[name]) for name in names]
    assert all(other == settings[0] for other in settings[1:])
    assert len({ROWS[name].reported.value for name in names}) == 4  # while the report gives four numbers

    mended = [v for v in prelu_cnn.VARIANTS if v.name.startswith("acting_dropout")]
    assert [v.run for v in mended] == names
    acting = [spec.settings(registry.experiment("prelu_cnn", v.run, v.overrides)) for v in mended]
    assert all(a != b for i, a in enumerate(acting) for b in acting[:i])
    assert [row["keep_prob"] for row in acting] == [0.7, 0.65, 0.6, 0.55]


def _follow_from(n_images: int) -> List[str]:
    """Runs whose printed percentage is k / n_images, cut to the digits printed."""
    fitting = []
    for row in prelu_cnn.EXPERIMENTS:
        printed = row.reported.printed.replace(",", ".")
        digits = len(printed.split(".")[1])
        k = math.ceil(round(float(printed) * n_images / 100 - 1e-6, 9))
        if digits > 3:  # printed in full: a float32 percentage
            fits = abs(100 * k / n_images - float(printed)) < 4e-6
        else:
            fits = math.floor(100 * k / n_images * 10**digits + 1e-9) == round(float(printed) * 10**digits)
        if fits and abs(k / n_images - (row.reported.value or 0.0)) < 5.1e-7:
            fitting.append(row.run)
    return fitting


def test_q8_every_value_is_a_count_of_9984_images() -> None:
    for row in prelu_cnn.EXPERIMENTS:
        assert row.drop_last and row.eval_drop_last
        assert row.reported.n_scored == 9984
        assert n_counted_of_test(row, 10000) == 9984, row.run
        mended = dataclasses.replace(row, eval_drop_last=False)
        assert n_counted_of_test(mended, 10000) == 10000
    assert _follow_from(9984) == list(ROWS)
    assert len(_follow_from(10000)) < 5  # over all 10,000 images hardly one of them would come out
    assert round(ROWS["final"].reported.value * 9984) == 7738


def test_q9_no_row_steps_its_schedule() -> None:
    assert {row.schedule_stepped for row in prelu_cnn.EXPERIMENTS} == {False}
    assert {v.name for v in prelu_cnn.VARIANTS if v.overrides.get("schedule_stepped") == "true"} == {
        "exponential_lr_stepped",
        "final_stepped",
        "multi_step_lr_stepped",
        "step_size_20_stepped",
        "step_size_50_stepped",
    }


def test_q10_the_warm_runs_are_unrecoverable_and_only_they() -> None:
    warm = [row for row in prelu_cnn.EXPERIMENTS if row.run.startswith("warm_")]
    assert len(warm) == 14
    for row in prelu_cnn.EXPERIMENTS:
        assert (row.reported.basis == "unrecoverable") == row.run.startswith("warm_"), row.run
    assert {row.reported.assumed for row in warm} == {"starting weights"}
    # read as a fresh start a warm run is some other row's configuration, with another number
    fresh, carried = ROWS["relu_adam"], ROWS["warm_no_init_b"]
    assert spec.settings(fresh) == spec.settings(carried)
    assert fresh.reported.basis != carried.reported.basis and fresh.reported.value != carried.reported.value


def test_q19_the_best_of_an_unknown_number() -> None:
    best = [row.run for row in prelu_cnn.EXPERIMENTS if row.reported.selection == "best_of_unknown_n"]
    assert best == ["final", "step_lr", "batch_32"]
    assert {row.reported.selection for row in prelu_cnn.EXPERIMENTS} == {"single", "best_of_unknown_n"}


def test_under_q7_and_q9_most_runs_are_three_configurations() -> None:
    """Epochs alone set these lists apart; schedule names are without effect when nothing steps them."""

    def effective(row: Any) -> Dict[str, Any]:
        kept = spec.settings(row)
        for name in ("schedule", "step_size_epochs", "milestones_epochs", "gamma"):
            del kept[name]
        return kept

    lists = {
        20: ["dropout_30", "dropout_35", "dropout_40", "dropout_45", "step_lr", "multi_step_lr", "exponential_lr",
             "batch_32", "prelu_adam"],
        30: ["gamma_10", "gamma_15", "gamma_20"],
        100: [run for run in ROWS if run.startswith("step_size_")],
    }  # fmt: skip
    for epochs, names in lists.items():
        values = [100 * (ROWS[name].reported.value or 0.0) for name in names]
        mean = sum(values) / len(values)
        sd = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
        expected = {20: (9, 76.24, 0.74), 30: (3, 76.79, 0.36), 100: (9, 76.29, 0.73)}[epochs]
        assert (len(values), round(mean, 2), round(sd, 2)) == expected
        assert all(effective(ROWS[name]) == effective(ROWS[names[0]]) for name in names)
        assert ROWS[names[0]].epochs == epochs


def test_what_the_first_lists_vary() -> None:
    found = {
        row.run: (row.net.activation, row.optimizer, row.net.weight_init, row.augmentation)
        for row in prelu_cnn.EXPERIMENTS
        if row.run.startswith("warm_")
    }
    adam = "torch_adam"
    assert found == {
        "warm_sgd": ("relu", "torch_sgd", "xavier", False),
        "warm_adam": ("relu", adam, "xavier", False),
        "warm_augment": ("relu", adam, "xavier", True),
        "warm_no_init_a": ("relu", adam, "default", False),
        "warm_no_init_b": ("relu", adam, "default", False),
        "warm_leaky_relu": ("leaky_relu", adam, "default", False),
        "warm_prelu_a": ("prelu", adam, "default", False),
        "warm_prelu_b": ("prelu", adam, "default", False),
        "warm_prelu_c": ("prelu", adam, "default", False),
        "warm_rrelu_a": ("rrelu", adam, "default", False),
        "warm_rrelu_b": ("rrelu", adam, "default", False),
        "warm_rrelu_c": ("rrelu", adam, "default", False),
        "warm_adagrad": ("prelu", "torch_adagrad", "default", False),
        "warm_rmsprop": ("prelu", "torch_rmsprop", "default", False),
    }
    scratch = {run: (ROWS[run].net.activation, ROWS[run].optimizer) for run in ("elu_sgd", "elu_adam", "relu_adam")}
    assert scratch == {"elu_sgd": ("elu", "torch_sgd"), "elu_adam": ("elu", adam), "relu_adam": ("relu", adam)}


def test_what_all_rows_share() -> None:
    for row in prelu_cnn.EXPERIMENTS:
        assert (row.learning_rate, row.pixel_divisor, row.shuffle, row.keep_prob) == (0.002, 255.0, True, 1.0)
        assert (row.dev_split, row.eval_split, row.seed) == ("none", "test", 0)
        assert not row.net.dropout_acts


def test_the_schedules_settings() -> None:
    found = {
        row.run: (row.schedule, row.step_size_epochs, row.milestones_epochs, row.gamma) for row in prelu_cnn.EXPERIMENTS
    }
    special = {
        "multi_step_lr": ("multi_step", None, (15000, 175000), -0.2),
        "exponential_lr": ("exponential", None, (), 0.2),
        "gamma_10": ("step", 20, (), 0.1),
        "gamma_15": ("step", 20, (), 0.15),
    }
    special.update({f"step_size_{n}": ("step", n, (), 0.2) for n in (10, 20, 30, 40, 50, 60, 70, 80, 100)})
    assert found == {run: special.get(run, ("step", 20, (), 0.2)) for run in ROWS}


@pytest.mark.parametrize("overrides", [{"activation": "gelu"}, {"weight_init": "he"}, {"dropout_acts": "maybe"}])
def test_bad_settings(overrides: Dict[str, str]) -> None:
    with pytest.raises(UsageError):
        registry.experiment("prelu_cnn", "final", overrides)


def test_quirks_are_listed() -> None:
    assert [quirk.id for quirk in prelu_cnn.QUIRKS] == ["Q7", "Q8", "Q9", "Q10", "Q11", "Q19", "Q20"]

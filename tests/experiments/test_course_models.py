"""Rows of course_models: Q2, Q5 and what all share; variants; bad settings; the report's arithmetic."""

from __future__ import annotations

import csv
import dataclasses
from typing import Dict, List

import numpy as np
import pytest

from tf1_models import registry, seeds, spec
from tf1_models.errors import UsageError
from tf1_models.experiments import course_models
from tf1_models.reproduce import reported_logs
from tf1_models.training import schedules

ROWS = {row.run: row for row in course_models.EXPERIMENTS}


def order_of(row: spec.Experiment, epoch: int, n_images: int) -> np.ndarray:
    """As the loop orders an epoch."""
    return seeds.epoch_order(row.seed, epoch, n_images) if row.shuffle else np.arange(n_images)


def test_q2_file_order_in_every_epoch() -> None:
    in_order = np.arange(50)
    for row in course_models.EXPERIMENTS:
        assert all(np.array_equal(order_of(row, epoch, 50), in_order) for epoch in range(3))
        mended = dataclasses.replace(row, shuffle=True)
        assert not np.array_equal(order_of(mended, 0, 50), in_order)


def test_q3_no_row_keeps_less_than_everything() -> None:
    assert {row.keep_prob for row in course_models.EXPERIMENTS} == {1.0}


@pytest.mark.parametrize(
    "run, steps, last",
    [("model2", 196, 3915), ("model2_batch_512", 98, 1953), ("model2_50", 196, 9795), ("sim12_model3_50", 196, 9795)],
)
def test_q5_the_last_printed_step(run: str, steps: int, last: int) -> None:
    """Every tenth batch of an epoch (index 0, 10, …) is printed as steps so far, counted from 1 in steps of 10."""
    row = ROWS[run]
    assert -(-50_000 // row.batch_size) == steps
    printed = [step for step in range(1, steps * row.epochs + 1) if (step - steps * (row.epochs - 1) - 1) % 10 == 0]
    assert printed[-1] == last
    from_zero = [step - 1 for step in printed]  # mended
    assert from_zero[-1] != last


def test_q1_fingerprint_of_the_printed_steps() -> None:
    with open(reported_logs.PATH, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["report"] == "course_models"]
    steps: Dict[str, Dict[str, float]] = {}
    for row in rows:
        if row["quantity"] in ("batch_accuracy", "batch_loss"):
            steps.setdefault(row["report_line"], {})[row["quantity"]] = float(row["printed"])
    sums: List[float] = [step["batch_accuracy"] + step["batch_loss"] for step in steps.values()]
    fingerprint = float(np.log(np.e + 9.0))
    assert len(sums) == 77 and sum(abs(found - fingerprint) < 0.008 for found in sums) == 75
    assert min(step["batch_loss"] for step in steps.values()) < fingerprint - 1.0  # the misprint 1.3307


def test_what_all_rows_share() -> None:
    for row in course_models.EXPERIMENTS:
        assert (row.optimizer, row.learning_rate, row.schedule) == ("adam", 0.001, "course_steps")
        assert (row.pixel_divisor, row.drop_last, row.dev_split, row.eval_split) == (255.0, False, "none", "test")
        assert (row.seed, row.patience_epochs, row.augmentation) == (0, None, False)


def test_the_schedule_of_fifty_epochs() -> None:
    row = ROWS["model2_50"]
    rates = [schedules.learning_rate(row, epoch) for epoch in (0, 20, 21, 40, 41, 49)]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])


def test_every_assumed_row_says_so() -> None:
    assumed = {row.run for row in course_models.EXPERIMENTS if row.reported.basis == "assumed"}
    assert assumed == {row.run for row in course_models.EXPERIMENTS if row.run.startswith("sim")}
    assert all((row.reported.assumed != "") == (row.run in assumed) for row in course_models.EXPERIMENTS)


@pytest.mark.parametrize("variant", course_models.VARIANTS, ids=lambda variant: variant.name)
def test_variants_can_be_built_and_are_no_row(variant: spec.Variant) -> None:
    row = registry.experiment("course_models", variant.run, variant.overrides)
    assert row.net not in {other.net for other in course_models.EXPERIMENTS}
    if variant.name == "model":
        assert row.net == course_models.MODEL


@pytest.mark.parametrize(
    "run, overrides, words",
    [
        ("model2", {"filters": "64,64"}, r"filters=\(64, 64\) has 2 numbers; graph=model2 takes 5"),
        ("sim11_model3", {"filters": "16,32,64,128,128"}, "has 5 numbers; graph=model3 takes 4"),
        ("sim03_model_extra_conv", {"filters": "32,64"}, "has 2 numbers; graph=model takes 3 to 16"),
        ("model2", {"filters": "64,64,0,128,128"}, "is out of range; allowed: 1 to 4096 each"),
        ("model2", {"kernels_px": "5,5,3"}, "must have one number for each of the 5 filters"),
        ("model2", {"kernels_px": "5,5,9,3,3"}, r"convolution 3 sees 8x8 pixels; allowed: 1 to 8"),
        ("model2", {"kernels_px": "33,5,3,3,3"}, "convolution 1 sees 32x32 pixels; allowed: 1 to 32"),
        ("model2", {"kernels_px": "0,5,3,3,3"}, "allowed: 1 to 32"),
        ("model2", {"pools_after": "2,1"}, "must be rising numbers of convolutions, 1 to 5"),
        ("model2", {"pools_after": "1,6"}, "must be rising numbers of convolutions, 1 to 5"),
        ("model2", {"graph": "model4"}, "graph='model4' is unknown; allowed: model, model2, model3"),
        ("model2", {"batch_norm": "working"}, "batch_norm='working' is unknown; allowed: none, frozen"),
        ("model2", {"dense_units": "0"}, "dense_units=0 is out of range"),
    ],
)
def test_settings_that_cannot_be_built(run: str, overrides: Dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        registry.experiment("course_models", run, overrides)


def test_contradictions_keep_both_values() -> None:
    subjects = {what: (one, other) for what, one, other in course_models.CONTRADICTIONS}
    assert subjects["accuracy of #3"] == ("log: 70.8 %", "table: 70.08%")
    assert subjects["accuracy of #12"] == ("log: 77.3 %", "tables: 77.03%")
    assert ROWS["sim03_model_extra_conv"].reported.value == 0.708  # the log wins
    assert {"batch size of #6", "batch size of #7", "the pass mark"} <= set(subjects)


def test_quirks_are_listed() -> None:
    assert [quirk.id for quirk in course_models.QUIRKS] == ["Q1", "Q2", "Q3", "Q4", "Q5", "Q20"]

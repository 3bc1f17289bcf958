"""Verdicts with known answers, and how often they miss when nothing is wrong."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from tf1_models.reproduce import verdict
from tf1_models.spec import Reported


def reported(value: float, selection: str = "single", basis: str = "listed", n: int = 10000) -> Reported:
    return Reported("test_accuracy", value, f"{100 * value:.2f} %", n, basis, "", selection)


def outcome(value: float, values: Any, **more: Any) -> str:
    return verdict.judge(reported(value), list(values), **more).outcome


def test_known_answers() -> None:
    ours = [0.760, 0.764, 0.768]  # mean 0.764, sd 0.004: band 0.764 +- 4.3027 * 0.004 * sqrt(4/3) = 0.0199
    judged = verdict.judge(reported(0.77), ours)
    assert (judged.n, judged.outcome) == (3, "reproduced")
    assert judged.mean == pytest.approx(0.764) and judged.sd == pytest.approx(0.004)
    assert judged.low == pytest.approx(0.764 - 0.019873, abs=1e-5)
    assert judged.high == pytest.approx(0.764 + 0.019873, abs=1e-5)
    assert outcome(0.7438, ours) == "higher" and outcome(0.7845, ours) == "lower"
    assert outcome(0.745, ours) == outcome(0.783, ours) == "reproduced"
    assert outcome(0.783, ours, factor=0.5) == "lower" and outcome(0.7845, ours, factor=2.0) == "reproduced"


def test_misses_happen_at_the_declared_rate_when_the_truth_is_equal() -> None:
    rng = np.random.RandomState(7)
    for n in (3, 6):
        draws = 0.76 + 0.004 * rng.standard_normal((3000, n + 1))
        missed = [outcome(row[0], row[1:]) != "reproduced" for row in draws]
        assert np.mean(missed) == pytest.approx(verdict.LEVEL, abs=0.012)


def test_the_binomial_noise_of_a_shared_test_set_is_in_the_seed_sd_already() -> None:
    """Simulated images: each has its own chance of being right, each seed draws anew, one test set for all runs."""
    rng = np.random.RandomState(11)
    missed = []
    for _ in range(400):  # a new world each time: a test set, one reported run, three of ours
        chances = rng.beta(2.0, 0.65, 2000)
        runs = (rng.random_sample((4, 2000)) < chances).mean(axis=1)
        missed.append(outcome(float(runs[0]), [float(v) for v in runs[1:]]) != "reproduced")
    assert np.mean(missed) == pytest.approx(verdict.LEVEL, abs=0.03)


def test_under_three_seeds_needs_a_pooled_sd() -> None:
    assert outcome(0.76, [0.761]) == outcome(0.76, [0.761, 0.762]) == outcome(0.76, []) == "too few runs"
    judged = verdict.judge(reported(0.76), [0.761], pooled=(0.004, 2))
    assert judged.outcome == "reproduced" and "pooled" in judged.reason and judged.sd is None
    assert judged.high == pytest.approx(0.761 + 4.30265 * 0.004 * 2**0.5, abs=1e-5)
    assert outcome(0.76, [], pooled=(0.004, 2)) == "too few runs"


def test_best_of_is_tested_on_the_upper_side_with_its_n() -> None:
    ours = [0.760 + 0.004 * k for k in (-1.0, -0.6, -0.2, 0.2, 0.6, 1.0)]
    mean, sd = float(np.mean(ours)), float(np.std(ours, ddof=1))
    best = "best_of_unknown_n"

    def judged(value: float) -> Any:
        return verdict.judge(reported(value, best), ours)

    assert judged(mean + 0.5 * sd).tries == 2
    far = judged(mean + 2.4 * sd)  # outside the one-sided bound 2.015 * sd * sqrt(7/6) = 2.18 sd
    assert far.high < mean + 2.4 * sd and far.outcome == "reproduced" and 70 < far.tries <= 100
    assert verdict.judge(reported(mean + 2.9 * sd), ours).outcome == "lower"
    assert judged(mean + 2.9 * sd).outcome == "lower" and judged(mean + 2.9 * sd).tries > 100
    below = judged(mean - 3.5 * sd)
    assert below.outcome == "higher" and below.tries == 1


def test_collapsed_seeds_are_counted_not_averaged() -> None:
    judged = verdict.judge(reported(0.764), [0.760, 0.764, 0.768], n_collapsed=2)
    assert judged.outcome == "reproduced" and judged.n == 3 and judged.mean == pytest.approx(0.764)
    assert "2 of 5 seeds collapsed" in judged.reason
    assert outcome(0.764, [], n_collapsed=3) == "lower" and outcome(0.764, [], n_collapsed=2) == "too few runs"


def test_a_reported_collapse_is_reproduced_by_a_collapse() -> None:
    assert outcome(0.10, [], n_collapsed=1) == "reproduced"
    assert outcome(0.10, [0.5, 0.51], n_collapsed=1) == "reproduced"
    assert outcome(0.10, [0.5, 0.51]) == "too few runs"
    judged = verdict.judge(reported(0.10), [0.5, 0.51, 0.52])
    assert judged.outcome == "higher" and "at most 63 %" in judged.reason  # 1 - 0.05^(1/3)


@pytest.mark.parametrize("name, basis, lossy, said", [
    ("reproduced", "listed", False, "reproduced"), ("lower", "listed", False, "lower"),
    ("reproduced", "listed", True, "reproduced (lossy images)"), ("higher", "listed", True, "higher (lossy images)"),
    ("lower", "listed", True, "not comparable (lossy images)"),
    ("lower", "assumed", True, "not comparable (lossy images)"),
    ("reproduced", "assumed", False, "agrees with our reading of the report"),
    ("higher", "assumed", True, "differs from our reading of the report (lossy images)"),
    ("too few runs", "assumed", True, "too few runs"),
])  # fmt: skip
def test_words_by_basis_and_images(name: str, basis: str, lossy: bool, said: str) -> None:
    assert verdict.with_basis_and_images(name, reported(0.7, basis=basis), lossy) == said


def test_the_declaration_states_the_numbers_that_the_code_uses() -> None:
    text = " ".join((verdict.__doc__ or "").split())
    assert re.search(rf"level {verdict.LEVEL}\b", text) and "N <= 100 tries" in text
    assert "under three seeds" in text and verdict.MIN_RUNS == 3

"""Verdicts with known answers, and how often the words fall when the truth is known."""

from __future__ import annotations

import re
from typing import Any, Optional

import numpy as np
import pytest

from tests.reproduce import simulate_rules
from tf1_models.reproduce.verdicts import verdict
from tf1_models.reproduce.verdicts.noise import Noise
from tf1_models.spec import Reported

TEN = Noise(0.004, 10, "sd of a test")


def reported(value: float, selection: str = "single", basis: str = "listed", n: int = 10000) -> Reported:
    return Reported("test_accuracy", value, f"{100 * value:.2f} %", n, basis, "", selection)


def judge(value: float, values: Any, selection: str = "single", noise: Optional[Noise] = TEN, **more: Any) -> Any:
    return verdict.judge(reported(value, selection), list(values), noise=noise, **more)


def test_known_answers() -> None:
    ours = [0.760, 0.764, 0.768]  # mean 0.764; error 0.004 * sqrt(4/3) = 0.0046188; t(10): 2.2281 and 1.8125
    judged = judge(0.77, ours)
    assert (judged.n, judged.outcome) == (3, "reproduced")  # 0.006 + 0.00837 is within 0.02
    assert judged.mean == pytest.approx(0.764) and judged.deviation == pytest.approx(0.006)
    assert judged.half_width == pytest.approx(0.010291, abs=1e-5)
    assert (judged.low, judged.high) == pytest.approx((0.753709, 0.774291), abs=1e-5)
    assert judge(0.7530, ours).outcome == "higher" and judge(0.7750, ours).outcome == "lower"
    assert judge(0.7541, ours).outcome == judge(0.7739, ours).outcome == "reproduced"
    assert judge(0.77, ours, margin=0.014).outcome == "inconclusive" and judge(0.77, ours).more_seeds is None


def test_reproduced_is_earned_by_equivalence_and_never_granted_by_noise() -> None:
    noisy = Noise(0.0173, 2, "")  # the three seeds that gave a band of 57 to 74 %
    judged = judge(0.6689, [0.640, 0.654, 0.674], noise=noisy)
    assert judged.outcome == "inconclusive" and "no number of seeds decides" in judged.reason
    middle = judge(0.771, [0.764], noise=Noise(0.006, 4, ""))  # 0.007 + 2.132 * 0.0085 = 0.025
    assert middle.outcome == "inconclusive" and middle.more_seeds is not None
    assert f"{middle.more_seeds} more seeds would decide" in middle.reason
    decided = judge(0.771, [0.764] * (1 + middle.more_seeds), noise=Noise(0.006, 4 + middle.more_seeds, ""))
    almost = judge(0.771, [0.764] * middle.more_seeds, noise=Noise(0.006, 3 + middle.more_seeds, ""))
    assert decided.outcome != "inconclusive" and almost.outcome == "inconclusive"


def test_equivalence_is_tested_on_both_sides() -> None:
    for value in (0.757, 0.771):  # 0.007 + 2.132 * 0.0085 = 0.025 on either side
        assert judge(value, [0.764], noise=Noise(0.006, 4, "")).outcome == "inconclusive"


def test_outside_the_interval_differs_even_within_the_margin() -> None:
    judged = judge(0.770, [0.7640, 0.7641, 0.7642], noise=Noise(0.0005, 10, ""))
    assert judged.outcome == "lower" and "within the margin of 2 points, yet outside the interval" in judged.reason


def test_differs_happens_at_the_declared_rate_when_the_truth_is_equal() -> None:
    rng = np.random.RandomState(7)
    for n, df in ((3, 2), (3, 10), (1, 10)):
        missed = []
        for _ in range(2000):
            values = 0.76 + 0.004 * rng.standard_normal(n + 1)
            sd = 0.004 * float(np.sqrt(rng.chisquare(df) / df))
            missed.append(judge(values[0], values[1:], noise=Noise(sd, df, "")).outcome in ("higher", "lower"))
        assert np.mean(missed) == pytest.approx(verdict.LEVEL, abs=0.015), (n, df)


def test_the_binomial_noise_of_a_shared_test_set_is_in_the_seed_sd_already() -> None:
    """Simulated images: each has its own chance of being right, each seed draws anew, one test set for all runs."""
    rng = np.random.RandomState(11)
    missed = []
    for _ in range(400):  # a new world each time: a test set, one reported run, three of ours
        chances = rng.beta(2.0, 0.65, 2000)
        runs = (rng.random_sample((4, 2000)) < chances).mean(axis=1)
        noise = Noise(float(np.std(runs[1:], ddof=1)), 2, "")
        missed.append(judge(float(runs[0]), runs[1:].tolist(), noise=noise).outcome in ("higher", "lower"))
    assert np.mean(missed) == pytest.approx(verdict.LEVEL, abs=0.03)


def test_one_seed_is_judged_by_the_pooled_sd_and_none_without_it() -> None:
    assert judge(0.76, [0.761]).outcome == "reproduced" and judge(0.76, [0.761]).sd is None
    assert judge(0.76, [0.761], noise=None).outcome == judge(0.76, []).outcome == "too few runs"
    assert judge(0.76, [0.761], noise=None).deviation == pytest.approx(-0.001)


def test_best_of_acts_with_a_pooled_sd() -> None:
    ours = [0.760, 0.764, 0.768]
    best = "best_of_unknown_n"
    assert judge(0.764 + 0.5 * 0.004, ours, best).tries == 2
    # 2.4 sd above: beyond the one-sided bound 1.8125 * 1.1547 = 2.09 sd, under the best of 100
    far = judge(0.764 + 2.4 * 0.004, ours, best)
    assert far.outcome == "reproduced" and 70 < far.tries <= 100
    assert far.high == pytest.approx(0.764 + 2.50759 * 0.004, abs=1e-6)
    assert judge(0.764 + 2.9 * 0.004, ours).outcome == "lower"
    assert judge(0.764 + 2.9 * 0.004, ours, best).outcome == "lower"
    below = judge(0.764 - 3.5 * 0.004, ours, best)
    assert below.outcome == "higher" and below.tries == 1
    two = judge(0.764 + 3.2 * 0.004, ours, best, noise=Noise(0.004, 2, ""))  # 2.92 * 1.1547 = 3.37 sd: the wider one
    assert two.high == pytest.approx(0.764 + 2.91999 * 0.0046188, abs=1e-5)


def test_best_of_reaches_higher_than_a_single_value_and_no_lower() -> None:
    """Many degrees of freedom: the interval ends 1.96 * 1.1547 = 2.26 sd away, the best of 100 lies 2.51 sd up."""
    ours, best, known = [0.760, 0.764, 0.768], "best_of_unknown_n", Noise(0.004, 1000, "")
    between = 2.4 * 0.004
    assert judge(0.764 + between, ours, best, noise=known).outcome == "reproduced"
    assert judge(0.764 + between, ours, noise=known).outcome == "lower"
    for selection in (best, "single"):
        assert judge(0.764 - between, ours, selection, noise=known).outcome == "higher"
    # 2 sd below: 0.008 + 1.646 * 0.00462 = 0.0156 away with its error
    assert judge(0.764 - 0.008, ours, best, noise=known, margin=0.015).outcome == "inconclusive"
    assert judge(0.764 - 0.008, ours, best, noise=known, margin=0.016).outcome == "reproduced"
    # and 0.008 above is no deviation of a best of several: 0.0076
    assert judge(0.764 + 0.008, ours, best, noise=known, margin=0.008).outcome == "reproduced"


def test_collapsed_seeds_are_counted_not_averaged() -> None:
    judged = judge(0.764, [0.760, 0.764, 0.768], n_collapsed=2)
    assert judged.outcome == "reproduced" and judged.n == 3 and judged.mean == pytest.approx(0.764)
    assert "2 of 5 seeds collapsed" in judged.reason
    assert judge(0.764, [], n_collapsed=3).outcome == "lower"
    assert judge(0.764, [], n_collapsed=2).outcome == "too few runs"


def test_a_reported_collapse_is_reproduced_by_a_collapse_of_one_seed() -> None:
    assert judge(0.10, [], n_collapsed=1).outcome == "reproduced"
    assert judge(0.10, [0.5, 0.51], n_collapsed=1).outcome == "reproduced"
    assert judge(0.10, [0.5, 0.51]).outcome == "too few runs"
    judged = judge(0.10, [0.5, 0.51, 0.52])
    assert judged.outcome == "higher" and "at most 63 %" in judged.reason  # 1 - 0.05^(1/3)


@pytest.mark.parametrize("accuracy, is_chance", [(0.1119, True), (0.1121, False), (0.05, True)])
def test_chance_is_four_binomial_sd(accuracy: float, is_chance: bool) -> None:
    """0.1 + 4 * sqrt(0.09 / 10000) = 0.112: a reported value below counts as a collapse."""
    assert (judge(accuracy, [], n_collapsed=1).outcome == "reproduced") is is_chance


@pytest.mark.parametrize(
    "name, basis, said",
    [
        ("reproduced", "listed", "reproduced"),
        ("lower", "listed", "differs (lower)"),
        ("higher", "listed", "differs (higher)"),
        ("inconclusive", "assumed", "inconclusive"),
        ("reproduced", "assumed", "agrees with our reading of the report"),
        ("higher", "assumed", "differs (higher) from our reading of the report"),
        ("too few runs", "assumed", "too few runs"),
    ],
)
def test_words_by_basis(name: str, basis: str, said: str) -> None:
    assert verdict.with_basis(name, reported(0.7, basis=basis)) == said


def test_the_mean_of_several_values_is_tested_with_both_sides_noise() -> None:
    # mean deviation 0.01 of 4 values against 3 seeds: error 0.004 * sqrt(1/4 + 1/3) = 0.003055, t 3.2733 on 10 degrees
    assert verdict.mean_deviation_probability([0.01] * 4, 3, TEN) == pytest.approx(0.00836, abs=2e-4)
    assert verdict.mean_deviation_probability([0.01, -0.01], 3, TEN) == pytest.approx(1.0)


def test_the_declaration_states_the_numbers_that_the_code_uses() -> None:
    text = " ".join((verdict.__doc__ or "").split())
    assert re.search(rf"level {verdict.LEVEL}\b", text) and "maximum of 100 tries" in text and "2.51 s" in text
    assert "The margin: 2 points" in text and verdict.MARGIN == 0.02


def test_the_simulation_behind_the_rules() -> None:
    rows = {row.case: row for row in simulate_rules.table(n_worlds=400, seed=3)}
    three = rows["3 seeds, sd from 10 degrees"]
    assert three.reproduced[0.0] > 0.85 and three.reproduced[5.0] < 0.10
    assert three.reproduced[0.0] > three.reproduced[3.0] > three.reproduced[5.0]
    assert all(0.0 <= share <= 1.0 for row in rows.values() for share in row.reproduced.values())

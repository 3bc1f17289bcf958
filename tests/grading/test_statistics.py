"""Intervals, paired tests, ranks and points against closed forms, simulation and brute force."""

from __future__ import annotations

import itertools
import json
from typing import Any, Dict

import numpy as np
import pytest

from tests.grading import builders as b
from tf1_models import metrics
from tf1_models.errors import InputError, UsageError
from tf1_models.grading.options import Scoring
from tf1_models.grading.policy import Policy, make_policy
from tf1_models.grading.rubric import load_rubric, make_rubric
from tf1_models.grading.statistics import bootstrap, paired
from tf1_models.grading.statistics.ranking import competition_ranks

LABELS = np.random.RandomState(0).randint(0, 10, 3000).astype(np.uint8)


def matrix(wrong: float, seed: int) -> np.ndarray:
    return metrics.confusion_matrix(LABELS, b.noisy(LABELS, wrong, seed))


def test_bootstrap_over_the_table_is_the_bootstrap_over_the_rows() -> None:
    """Multinomial draws give the percentiles that resampling 3,000 rows gives."""
    predicted = b.noisy(LABELS, 0.3, 1)
    random, rows = np.random.RandomState(5), []
    for _ in range(2000):
        at = random.randint(0, len(LABELS), len(LABELS))
        rows.append(metrics.scores(LABELS[at], predicted[at])["macro_f1"])
    low, high = bootstrap.intervals(metrics.confusion_matrix(LABELS, predicted), 2000, 0)["macro_f1"]
    np.testing.assert_allclose([low, high], np.percentile(rows, [2.5, 97.5]), atol=0.002)


GOLDEN_INTERVALS = {
    "macro_f1": [0.170442329, 0.191252419],
    "weighted_f1": [0.173462578, 0.194840064],
    "accuracy": [0.171738532, 0.192857798],
}


def test_intervals_are_the_same_on_every_numpy() -> None:
    """A stored value: RandomState's multinomial stream is frozen, so a regrade elsewhere gives the same digits."""
    table = np.arange(100).reshape(10, 10) + 50 * np.eye(10, dtype=np.int64)
    found = bootstrap.intervals(table.astype(np.int64), 200, 7)
    assert {k: [round(v, 9) for v in pair] for k, pair in found.items()} == GOLDEN_INTERVALS


@pytest.mark.parametrize("metric", bootstrap.METRICS)
def test_the_linear_standard_error_is_the_bootstraps(metric: str) -> None:
    """Delta method and bootstrap agree within 5 %, also for a lopsided table."""
    for table in (matrix(0.3, 1), matrix(0.7, 2), np.diag([5, 900, 80, 70, 60, 50, 40, 30, 20, 10]) + 3):
        table = table.astype(np.int64)
        n = int(table.sum())
        drawn = np.random.RandomState(3).multinomial(n, table.reshape(-1) / n, size=4000).reshape(-1, 10, 10)
        spread = bootstrap.metric_of_tables(drawn, metric).std()
        assert bootstrap.standard_error(table, metric) == pytest.approx(spread, rel=0.05)


@pytest.mark.parametrize("metric", bootstrap.METRICS)
def test_influence_is_the_derivative(metric: str) -> None:
    """Against finite differences; adding a row of (t, p) moves the score by (influence - mean) / n."""
    table = matrix(0.4, 3).astype(np.float64)
    n, moved = table.sum(), bootstrap.influence(table.astype(np.int64), metric)
    base = bootstrap.metric_of_tables(table[None], metric)[0]
    mean = (table * moved).sum() / n
    for t, p in itertools.product(range(10), (0, 3, 9)):
        step = table.copy()
        step[t, p] += 1e-3
        change = (bootstrap.metric_of_tables(step[None], metric)[0] - base) / 1e-3
        assert change == pytest.approx((moved[t, p] - mean) / n, abs=1e-7)


def test_mcnemar_is_the_exact_binomial_test() -> None:
    """Against a direct sum over integers, small and large."""
    from fractions import Fraction

    for only_first, only_second in [(0, 0), (1, 0), (5, 5), (3, 9), (0, 12), (40, 61), (300, 350)]:
        truth = np.zeros(2000, np.uint8)
        first, second = truth.copy(), truth.copy()
        second[:only_first] = 1
        first[only_first : only_first + only_second] = 1
        n, k = only_first + only_second, min(only_first, only_second)
        choose, total = 1, 0
        for i in range(k + 1):
            total += choose
            choose = choose * (n - i) // (i + 1)
        exact = float(min(Fraction(1), Fraction(2 * total, 2**n)))
        found = paired.mcnemar(truth, first, second)
        assert (found["only_first"], found["only_second"]) == (only_first, only_second)
        assert found["p"] == pytest.approx(exact, rel=1e-9)


def test_randomisation_is_the_exact_permutation_test_where_that_can_be_counted() -> None:
    """Eight rows that differ: all 256 swaps, enumerated."""
    random = np.random.RandomState(2)
    truth = random.randint(0, 3, 40).astype(np.uint8)
    first, second = truth.copy(), truth.copy()
    first[:5], second[5:8] = (truth[:5] + 1) % 3, (truth[5:8] + 1) % 3
    for metric in ("macro_f1", "weighted_f1"):
        observed = metrics.scores(truth, first)[metric] - metrics.scores(truth, second)[metric]
        as_large = 0
        for swaps in itertools.product((0, 1), repeat=8):
            rows = np.flatnonzero(swaps)
            a, c = first.copy(), second.copy()
            a[rows], c[rows] = second[rows], first[rows]
            difference = metrics.scores(truth, a)[metric] - metrics.scores(truth, c)[metric]
            as_large += abs(difference) >= abs(observed) - 1e-12
        found = paired.randomisation(truth, first, second, metric, 20_000, 0)
        assert found["difference"] == pytest.approx(observed)
        assert found["p"] == pytest.approx(as_large / 256, abs=0.012)


def test_each_image_is_swapped_by_a_fair_coin() -> None:
    """Ten answers that only the first has right: no swap or all of them, 2 of 1,024, is as large."""
    truth = np.repeat(np.arange(10), 30).astype(np.uint8)
    worse = truth.copy()
    worse[:10] = 1
    found = paired.randomisation(truth, truth, worse, "macro_f1", 40_000, 0)
    assert found["p"] == pytest.approx(2 / 1024, abs=0.001)


def test_two_files_are_compared_in_their_order() -> None:
    truth = LABELS[:400]
    better, worse = truth.copy(), truth.copy()
    better[:2], worse[2:7] = (truth[:2] + 1) % 10, (truth[2:7] + 1) % 10
    scores = [metrics.scores(truth, predicted) for predicted in (better, worse)]
    for first, second, sign in ((better, worse, 1.0), (worse, better, -1.0)):
        found = paired.compare(truth, first, second, 500, 0)
        for metric in bootstrap.METRICS:
            assert found[metric]["difference"] == pytest.approx(sign * (scores[0][metric] - scores[1][metric]))
        assert found["accuracy"]["p"] == pytest.approx(58 / 128) and not found["accuracy"]["significant"]  # 2 of 7
    worse[2:14] = (truth[2:14] + 1) % 10
    assert paired.compare(truth, better, worse, 500, 0)["accuracy"]["significant"]  # 2 of 14: p 0.013


def test_randomisation_keeps_its_level_under_the_null() -> None:
    """Two equally good submissions are called different in about 5 % of 200 classes, not in 20 %."""
    truth, called = LABELS[:600], 0
    for seed in range(200):
        first, second = b.noisy(truth, 0.3, 2 * seed), b.noisy(truth, 0.3, 2 * seed + 1)
        called += paired.randomisation(truth, first, second, "macro_f1", 200, seed)["p"] < 0.05
    assert 1 <= called <= 24


def test_paired_z_agrees_with_the_randomisation_test() -> None:
    """The cheap mark for neighbours in the ranking says what the full test says."""
    for wrong in (0.30, 0.32, 0.36):
        first, second = b.noisy(LABELS, 0.30, 11), b.noisy(LABELS, wrong, 12)
        pairs = []
        for predicted in (first, second):
            table = metrics.confusion_matrix(LABELS, predicted)
            value = metrics.from_confusion(table)["macro_f1"]
            pairs.append((predicted, bootstrap.influence(table, "macro_f1"), value))
        z = bootstrap.paired_z(LABELS, pairs[0], pairs[1])
        p = paired.randomisation(LABELS, first, second, "macro_f1", 4000, 0)["p"]
        from math import erfc, sqrt

        assert erfc(abs(z) / sqrt(2)) == pytest.approx(p, abs=0.03)
    assert bootstrap.paired_z(LABELS, pairs[0], pairs[0]) == 0.0


def test_ties_share_a_rank_and_the_next_is_skipped() -> None:
    """Competition ranking; differences in the last bits are ties."""
    assert competition_ranks([0.7, 0.9, 0.7, 0.5, 0.9 + 1e-15]) == [3, 1, 3, 5, 1]
    assert competition_ranks([0.7001, 0.7002, 0.7001 + 1e-9]) == [3, 1, 2]
    assert competition_ranks([]) == []


def points(document: Dict[str, Any], *values: float, tolerance: float = 0.0) -> "list[float]":
    rubric = make_rubric(document, "rubric")
    return rubric.points(values, tolerance, 1.0 if rubric.ceiling is None else rubric.ceiling)


def test_linear_rubric() -> None:
    """0 below the floor, floor points at it, full at the ceiling, a straight line between."""
    rule = {"max_points": 20, "linear": {"floor": 0.5, "ceiling": 0.8, "floor_points": 5}}
    assert points(rule, 0.49, 0.5, 0.65, 0.8, 0.9) == [0.0, 5.0, 12.5, 20.0, 20.0]
    assert points(rule, 0.495, 0.795, tolerance=0.005) == [5.0, 20.0]
    assert points({"linear": {}}, 0.734567) == [73.46]
    assert points({"linear": {}, "round": 0}, 0.734567) == [73.0]


def test_steps_rubric() -> None:
    """The highest step reached; a step is reached at its score, with the tolerance added."""
    rule = {"steps": [{"at": 0.7, "points": 80}, {"at": 0.5, "points": 50}, {"at": 0.76, "points": 100}]}
    assert points(rule, 0.49, 0.5, 0.6999, 0.7, 0.76) == [0.0, 50.0, 50.0, 80.0, 100.0]
    assert points(rule, 0.6999, tolerance=0.001) == [80.0]


def test_percentile_rubric() -> None:
    """Share of the class at or below; equal scores get equal points; a class of one is its best."""
    rule = {"percentile": [{"at": 0, "points": 50}, {"at": 50, "points": 80}, {"at": 100, "points": 100}]}
    assert points(rule, 0.1, 0.2, 0.3, 0.4) == [50.0, 80.0, 80.0, 100.0]
    assert points(rule, 0.4, 0.4, 0.1) == [100.0, 100.0, 50.0]
    assert points(rule, 0.1) == [100.0]


BAD_RUBRICS = [
    ([], "expected an object"),
    ({}, "exactly one of linear, steps, percentile"),
    ({"linear": {}, "steps": []}, "exactly one of"),
    ({"linear": {}, "maxpoints": 3}, "unknown field 'maxpoints'"),
    ({"linear": {"floor": 50, "ceiling": 80}}, "fractions, not percent"),
    ({"linear": {"floor": 0.8, "ceiling": 0.5}}, "floor < ceiling"),
    ({"linear": {"floor": "x"}}, "needs numbers"),
    ({"linear": {"floor_points": 101}}, "between 0 and max_points"),
    ({"steps": [{"at": 0.5}]}, "list of {at, points}"),
    ({"steps": [{"at": 50, "points": 1}]}, "at must lie in 0…1"),
    ({"percentile": "x"}, "must be a list"),
    ({"linear": {}, "metric": "f1"}, "metric must be one of"),
    ({"linear": {}, "max_points": float("nan")}, "max_points must be a number"),
    ({"linear": {}, "tolerance": -1}, "tolerance must be"),
    ({"linear": {}, "round": 2.5}, "round must be"),
]


@pytest.mark.parametrize("document, expected", BAD_RUBRICS)
def test_bad_rubrics_are_refused_by_field(document: Any, expected: str) -> None:
    """The message names the field."""
    with pytest.raises(InputError, match="rubric") as caught:
        make_rubric(document, "rubric")
    assert expected in str(caught.value)


def test_rubric_files(tmp_path: Any) -> None:
    """JSON everywhere, TOML where Python reads it, one line of error otherwise."""
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"metric": "accuracy", "linear": {"ceiling": "reference"}}))
    assert load_rubric(str(path)).metric == "accuracy" and load_rubric(str(path)).ceiling is None
    path.write_text("{")
    with pytest.raises(InputError, match="not valid JSON"):
        load_rubric(str(path))
    with pytest.raises(InputError, match="No such file"):
        load_rubric(str(tmp_path / "none.json"))
    toml = tmp_path / "r.toml"
    toml.write_text("max_points = 10\n[linear]\nfloor = 0.5\n")
    try:
        import tomllib  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match="write it as JSON"):
            load_rubric(str(toml))
    else:
        assert load_rubric(str(toml)).max_points == 10.0


@pytest.mark.parametrize(
    "field, value",
    [
        ("metric", "f1"),
        ("fail_under", 73.0),
        ("tolerance", -0.1),
        ("tolerance", float("nan")),
        ("draws", 5),
        ("seed", -1),
    ],
)
def test_policies_out_of_range_are_usage_errors(field: str, value: Any) -> None:
    """With the allowed values in the message."""
    with pytest.raises(UsageError, match=r"allowed|expected|known"):
        Policy(**{field: value})


def test_a_rubric_made_for_one_metric_is_not_used_for_another() -> None:
    """The metric decides points: it is never mixed silently."""
    rubric = {"metric": "accuracy", "linear": {}, "tolerance": 0.01}
    policy = make_policy(Scoring(rubric=rubric))
    assert policy.metric == "accuracy" and policy.tolerance == 0.01
    policy = make_policy(Scoring(rubric=rubric, tolerance=0.0, max_points=5))
    assert policy.tolerance == 0.0 and policy.rubric.max_points == 5.0
    with pytest.raises(UsageError, match="made for accuracy"):
        make_policy(Scoring("macro_f1", rubric=rubric))


def test_p_is_never_zero() -> None:
    """A difference that no swap reaches: the observed arrangement itself is one of draws + 1."""
    truth = np.arange(2000) % 10
    other = (truth + 1) % 10
    found = paired.randomisation(
        truth.astype(np.uint8), truth.astype(np.uint8), other.astype(np.uint8), "accuracy", draws=199, seed=0
    )
    assert found["difference"] == 1.0 and found["p"] == 1 / 200

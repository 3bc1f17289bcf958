"""Noise, chance, sensitivity and families of computations: known answers through the whole document."""

from __future__ import annotations

import dataclasses
from typing import Any, List

import pytest

from tests.reproduce.test_summary import build, row, seeds
from tf1_models import registry
from tf1_models.reproduce.verdicts import chance, families, noise, verdict
from tf1_models.reproduce.verdicts.finished import Draw
from tf1_models.reproduce.verdicts.gathered import GatheredRow
from tf1_models.reproduce.verdicts.noise import Computation, Noise


def _computations(*of: Any) -> List[Computation]:
    rows = registry.runs("prelu_cnn")
    return [Computation((rows[at],), variance, df) for at, (variance, df) in enumerate(of)]


def test_of_two_that_differ_the_larger_stands_for_the_report(tmp_path: Any) -> None:
    for run, scatter in (("final", 0.0005), ("no_dropout_100", 0.05)):
        seeds(tmp_path, "bn_cnn", run, [0.70 - scatter, 0.70, 0.70 + scatter, 0.70 - scatter, 0.70 + scatter])
    (words,) = build(tmp_path)["noise"]
    assert words.startswith("bn_cnn: one more run scatters by 5.") and "kept apart: final 0.05" in words


def test_a_computation_kept_apart_is_judged_by_its_own_noise() -> None:
    rows = registry.runs("bn_cnn")
    pooled = Noise(0.001, 8, "pooled")
    known = noise.ReportNoise(
        (Computation((rows[0],), 1e-6, 8), Computation((rows[-1],), 25e-4, 4)), pooled, (1,), None
    )
    of_rest, own = known.of(rows[0]), known.of(rows[-1])
    assert of_rest is pooled and own is not None
    assert own.sd == pytest.approx(0.05) and own.df == 4 and "this computation alone" in own.source
    too_few = noise.ReportNoise((known.computations[0], Computation((rows[-1],), 25e-4, 1)), pooled, (1,), None)
    assert too_few.of(rows[-1]) is None


def test_the_pool_weighs_by_degrees_of_freedom() -> None:
    pooled = noise._pool(_computations((1e-4, 9), (4e-4, 1)))
    assert pooled is not None and pooled.df == 10 and pooled.sd**2 == pytest.approx((9e-4 + 4e-4) / 10)
    assert noise._pool(_computations((1e-4, 1))) is None


@pytest.mark.parametrize("accuracy, one_class, collapsed", [(0.3, True, True), (0.1, False, True), (0.3, False, False)])
def test_what_a_collapsed_draw_is(accuracy: float, one_class: bool, collapsed: bool) -> None:
    nothing: Any = None
    assert Draw(nothing, accuracy, accuracy, 10000, one_class, 30).collapsed is collapsed


def test_equal_scores_are_not_the_absence_of_noise(tmp_path: Any) -> None:
    seeds(tmp_path, "bn_cnn", "final", [0.75, 0.75, 0.75])
    entry = row(build(tmp_path), "bn_cnn", "final")
    assert entry["half_width"] is not None and entry["half_width"] > 0.0


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_how_many_verdicts_another_margin_changes(tmp_path: Any, factor: float) -> None:
    reported = registry.experiment("bn_cnn", "final").reported.value
    assert reported is not None
    scatter = 0.004 if factor < 1 else 0.0087
    seeds(tmp_path, "bn_cnn", "final", [reported - scatter, reported, reported + scatter])
    document = build(tmp_path)
    entry = row(document, "bn_cnn", "final")
    one_sided = entry["half_width"] * 2.919986 / 4.302653
    needed = abs(entry["deviation"]) + one_sided
    assert entry["outcome"] == ("reproduced" if needed <= verdict.MARGIN else "inconclusive")
    changes = (needed <= factor * verdict.MARGIN) != (needed <= verdict.MARGIN)
    assert changes and document["sensitivity"]["half" if factor < 1 else "twice"] == 1
    assert document["sensitivity"]["twice" if factor < 1 else "half"] == 0


@pytest.mark.parametrize("outcome, missed", [("higher", 1), ("lower", 1), ("reproduced", 0), ("inconclusive", 0)])
def test_a_computation_of_best_of_rows_alone_misses_on_either_side(outcome: str, missed: int) -> None:
    best, other = [one for one in registry.runs("prelu_cnn") if one.reported.selection == "best_of_unknown_n"][:2]
    known = Noise(0.004, 10, "test")
    of_report = {"prelu_cnn": noise.ReportNoise((Computation((best, other), 1.6e-5, 10),), known, (), None)}
    entry = {"outcome": outcome, "half_width": 0.01, "deviation": 0.03, "n": 3}
    rows = [GatheredRow(row, [], [], known) for row in (best, other)]
    found = chance.chance(rows, [entry, entry], of_report)
    assert (found["tested"], found["misses"], found["expected_misses"]) == (1, missed, verdict.LEVEL)


@pytest.mark.parametrize("order", [1, -1])
def test_the_fewest_seeds_of_a_computations_rows_count(order: int) -> None:
    """A shorter row may have more seeds than a longer one: ours is known as well as where it is known least.

    sd 0.004 from 10 degrees, both values 0.0107 away: with one seed of ours the mean's deviation has p 0.054, with nine
    0.007, which would count as a miss.
    """
    rows = [one for one in registry.runs("prelu_cnn") if one.reported.selection == "single"][:2]
    known = Noise(0.004, 10, "test")
    of_report = {"prelu_cnn": noise.ReportNoise((Computation(tuple(rows), 1.6e-5, 10),), known, (), None)}
    entries = [{"outcome": "lower", "half_width": 0.01, "deviation": 0.0107, "n": n} for n in (1, 9)[::order]]
    found = chance.chance([GatheredRow(row, [], [], known) for row in rows], entries, of_report)
    assert (found["tested"], found["misses"]) == (1, 0)


def test_families_and_trends() -> None:
    groups = families.groups(registry.runs("prelu_cnn"))
    assert groups and all(len(group) >= 3 for group in groups)
    hundred = next(group for group in groups if group[0].epochs == 100)
    (trend,) = families.trends(hundred)
    assert trend["setting"] == "step_size" and trend["rho"] < 0
    values = [one.reported.value for one in hundred if one.reported.value is not None]
    of = families.verdict(
        hundred, [max(values) + 0.05, max(values) + 0.052, max(values) + 0.054], Noise(0.003, 10, "test")
    )
    assert of["mean_probability"] < 0.001 and "is not noise" in of["words"]


@pytest.mark.parametrize("slope, verb", [(0.01, "rise"), (-0.01, "fall")])
def test_an_orderly_trend_is_said_with_its_direction(slope: float, verb: str) -> None:
    group = [
        dataclasses.replace(row, reported=dataclasses.replace(row.reported, value=0.7 + slope * at))
        for at, row in enumerate(row for row in registry.runs("prelu_cnn") if row.run.startswith("step_size_"))
    ]
    (trend,) = families.trends(group)
    assert trend["rho"] == pytest.approx(1.0 if slope > 0 else -1.0) and trend["probability"] < 1e-6
    assert f"they {verb} with it more orderly than noise does" in families.verdict(group, [0.7], None)["words"]

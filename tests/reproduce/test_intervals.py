"""The numbers behind verdicts, against values known from elsewhere."""

from __future__ import annotations

import math

import pytest

from tf1_models import registry
from tf1_models.reproduce.verdicts import intervals


@pytest.mark.parametrize("printed, value, unit", [
    ("76.24 %", 0.7624, 1e-4), ("74,709", 0.747095, 1e-5), ("77.5040054321289", 0.77504, 1e-15), ("약 63%", 0.63, 1e-2),
    ("0.760370", 0.76037, 1e-6), ("8.964", 0.089643, 1e-5), ("10.0 %", 0.1, 1e-3), ("1.2 %", 0.012, 1e-3),
    ("nothing", 0.5, 0.0),
])  # fmt: skip
def test_printed_unit(printed: str, value: float, unit: float) -> None:
    assert intervals.printed_unit(printed, value) == pytest.approx(unit)


def test_a_count_of_images_is_exact_and_about_is_not() -> None:
    assert intervals.rounding_sd("76.24 %", 0.7624, 10000, True) == 0.0
    assert intervals.rounding_sd("76.051", 0.760517, 9984, True) == 0.0
    assert intervals.rounding_sd("약 63%", 0.63, 10000, True) == pytest.approx(0.01 / math.sqrt(12))
    assert intervals.rounding_sd("76.2 %", 0.762, 10000, True) == pytest.approx(0.001 / math.sqrt(12))
    assert intervals.rounding_sd("0.760370", 0.76037, 12500, False) == pytest.approx(1e-6 / math.sqrt(12))


def test_every_printed_value_of_every_report_is_read_to_within_its_unit() -> None:
    for report in registry.REPORTS:
        for row in registry.runs(report):
            if row.reported.value is not None:
                unit = intervals.printed_unit(row.reported.printed, row.reported.value)
                assert 0.0 < unit <= 0.01, row.run


def test_mean_and_sd_of_a_sample() -> None:
    assert intervals.mean_and_sd([1.0, 2.0, 3.0]) == (2.0, 1.0)  # divided by n - 1
    assert intervals.mean_and_sd([4.0]) == (4.0, None) and intervals.mean_and_sd([]) == (None, None)


def test_binomial_sd() -> None:
    assert intervals.binomial_sd(0.5, 10000) == pytest.approx(0.005)


def test_prediction_interval_of_a_textbook() -> None:
    # n 3, sd 0.4: t(2, 0.975) = 4.3027, so 4.3027 * 0.4 * sqrt(4/3)
    assert intervals.half_width(0.4, 3, 2, 0.0, 0.025) == pytest.approx(4.30265 * 0.4 * math.sqrt(4 / 3), rel=1e-5)
    assert intervals.half_width(0.0, 3, 2, 0.3, 0.025) == pytest.approx(4.30265 * 0.3, rel=1e-5)


@pytest.mark.parametrize("n, expected", [(1, 0.0), (2, 0.56419), (3, 0.84628), (10, 1.53875), (100, 2.50759)])
def test_expected_maximum(n: int, expected: float) -> None:
    assert intervals.expected_maximum(n) == pytest.approx(expected, abs=2e-5)


def test_tries_for_is_the_smallest_number() -> None:
    assert intervals.tries_for(-1.0) == intervals.tries_for(0.0) == 1
    assert intervals.tries_for(0.5) == 2
    for n in (3, 10, 57, 100):
        assert intervals.tries_for(intervals.expected_maximum(n) - 1e-9) == n
    assert intervals.tries_for(8.0) == 10 * intervals.MAX_TRIES + 1


def test_spread_against_known_tables() -> None:
    # chi-square with 8 degrees: 95 % point 15.507; F(8, 2): 95 % point 19.371
    assert intervals.spread_probability(math.sqrt(15.5073 / 8), 9, 1.0, None) == pytest.approx(0.05, abs=1e-4)
    assert intervals.spread_probability(math.sqrt(19.3710), 9, 1.0, 2) == pytest.approx(0.05, abs=1e-4)

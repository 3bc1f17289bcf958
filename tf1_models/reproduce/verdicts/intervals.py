"""Numbers behind a verdict: noise of a printed value, prediction interval, best of N draws, spread tests. TF-free."""

from __future__ import annotations

import functools
import math
import re
from typing import Optional, Tuple

import numpy as np

MAX_TRIES = 100  # "about a hundred experiments", prelu_cnn report: more tries than that are not believed


def binomial_sd(share: float, n: int) -> float:
    """Standard deviation of a share counted over n images."""
    return math.sqrt(max(share * (1.0 - share), 0.0) / n)


def printed_unit(printed: str, value: float) -> float:
    """One unit of the last digit that a report prints, as a fraction.

    Args:
        printed: The report's own characters, e.g. "76.24 %", "74,709", "약 63%".
        value: What it means as a fraction; tells percentages from fractions.
    """
    digits = re.search(r"(\d+)(?:[.,](\d+))?", printed)
    if digits is None:
        return 0.0
    shown = float(f"{digits.group(1)}.{digits.group(2) or 0}")
    unit = 10.0 ** -len(digits.group(2) or "")
    return unit / 100.0 if shown > 1.5 * value else unit  # 76.24 for 0.7624, but 0.760370 for 0.76037


def rounding_sd(printed: str, value: float, n: Optional[int], is_count: bool) -> float:
    """Standard deviation that rounding adds to a printed value: unit / sqrt(12).

    A share of n images whose printed unit is not larger than 1/n is known exactly: 0 (`is_count`).
    """
    unit = printed_unit(printed, value)
    if is_count and n is not None and unit <= 1.0 / n + 1e-12:
        return 0.0
    return unit / math.sqrt(12.0)


@functools.lru_cache(maxsize=None)
def t_quantile(probability: float, df: int) -> float:
    """Quantile of Student's t."""
    from scipy.stats import t

    return float(t.ppf(probability, df))


def half_width(sd: float, n: int, df: int, rounding: float, tail: float) -> float:
    """Half the width of the interval that one more run falls into, printed as the report prints it.

    Args:
        sd: Seed to seed, estimated with `df` degrees of freedom.
        n: Runs behind our mean.
        df: n - 1, or those of the pooled sd.
        rounding: sd that rounding adds to the reported value.
        tail: Probability beyond this side.
    """
    return t_quantile(1.0 - tail, df) * math.sqrt(sd * sd * (1.0 + 1.0 / n) + rounding * rounding)


@functools.lru_cache(maxsize=None)
def expected_maximum(n: int) -> float:
    """Expected largest of n standard normal draws (0 for 1, 1.54 for 10, 2.51 for 100)."""
    from scipy.special import log_ndtr

    x = np.linspace(-9.0, 9.0, 4001)
    density = n * np.exp(-0.5 * x * x + (n - 1) * log_ndtr(x)) / math.sqrt(2.0 * math.pi)
    return float(np.sum(x * density) * (x[1] - x[0]))


def tries_for(z: float, limit: int = 10 * MAX_TRIES) -> int:
    """Smallest number of draws whose expected maximum reaches z; `limit` + 1 when even that many do not."""
    if z <= 0.0:
        return 1
    low, high = 1, limit + 1  # invariant: low does not reach z
    while high - low > 1:
        middle = (low + high) // 2
        if expected_maximum(middle) >= z:
            high = middle
        else:
            low = middle
    return high


def spread_probability(values_sd: float, n_values: int, noise_sd: float, noise_df: Optional[int]) -> float:
    """Probability that noise alone spreads n values at least this much.

    Args:
        values_sd: sd (ddof 1) of the values.
        n_values: How many; at least 2.
        noise_sd: sd of noise; above 0.
        noise_df: Degrees of freedom behind `noise_sd` (F test); None when it is known (chi-square).
    """
    from scipy.stats import chi2, f

    ratio = (values_sd / noise_sd) ** 2
    if noise_df is None:
        return float(chi2.sf(ratio * (n_values - 1), n_values - 1))
    return float(f.sf(ratio, n_values - 1, noise_df))


def mean_and_sd(values: "list[float]") -> Tuple[Optional[float], Optional[float]]:
    """Mean and sd (ddof 1); None where there are too few values for either."""
    if not values:
        return None, None
    mean = float(np.mean(values))
    return mean, float(np.std(values, ddof=1)) if len(values) > 1 else None

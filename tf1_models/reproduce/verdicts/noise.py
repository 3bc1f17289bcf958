"""The noise of one more run: seed to seed, pooled over the computations of one report. TF-free.

Three seeds alone tell little of a standard deviation (two degrees of freedom). The computations of one report share
data, length and much of their net, so their sds are pooled, degrees of freedom added up; never across reports. Whether
they may be is tested (Bartlett, level 0.05, printed with the results): while the test says no, the computation that
differs most from the others is kept apart and has its own sd alone.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from tf1_models.reproduce.verdicts import intervals
from tf1_models.reproduce.verdicts.finished import Draw, FinishedRun, draws_by_seed
from tf1_models.spec import Experiment, identity
from tf1_models.training import computation

EQUAL_VARIANCES_LEVEL = 0.05
MIN_DF = 2  # below, an sd says nothing: with one degree of freedom the 95 % quantile is 12.7
_LEAST_VARIANCE = 1e-10  # a hundredth of a point: equal scores are a coincidence, not the absence of noise


@dataclasses.dataclass(frozen=True)
class Noise:
    """Attributes: sd of one run as a fraction, its degrees of freedom, and where it comes from, in words."""

    sd: float
    df: int
    source: str


@dataclasses.dataclass(frozen=True)
class Computation:
    """Rows that share their trainings: one computation, at its lengths (20, 30 and 100 epochs, say).

    Attributes:
        rows: Of one report.
        variance, df: Of one run, within each length; lengths share trainings, so the degrees of freedom are those of
            the largest sample alone, which is too few rather than too many. 0 degrees: nothing known.
    """

    rows: Tuple[Experiment, ...]
    variance: float
    df: int

    @property
    def name(self) -> str:
        """The first row's."""
        return self.rows[0].run


@dataclasses.dataclass(frozen=True)
class ReportNoise:
    """What is known of the noise of one report.

    Attributes:
        computations: All of the report's.
        pooled: None without two degrees of freedom.
        apart: Positions of computations whose sd is unlike the others'.
        probability: Of Bartlett's test over those with an sd, before any was kept apart; None for fewer than two.
    """

    computations: Tuple[Computation, ...]
    pooled: Optional[Noise]
    apart: Tuple[int, ...]
    probability: Optional[float]

    def of(self, row: Experiment) -> Optional[Noise]:
        """The noise that a row's verdict uses; None when there is none."""
        position = self.position(row)
        if position not in self.apart:
            return self.pooled
        one = self.computations[position]
        own = f"sd {100 * math.sqrt(one.variance):.2f} of this computation alone, {one.df} degrees of freedom"
        return Noise(math.sqrt(one.variance), one.df, own) if one.df >= MIN_DF else None

    def position(self, row: Experiment) -> int:
        """Which computation a row (or variant) belongs to; -1 for a row of another kind."""
        for position, one in enumerate(self.computations):
            if any(_related(identity(row), identity(other)) for other in one.rows):
                return position
        return -1

    def words(self, report: str) -> str:
        """One line for people; "" without any sd."""
        if self.pooled is None:
            return ""
        known = [one for one in self.computations if one.df]
        text = (
            f"{report}: one more run scatters by {100 * self.pooled.sd:.2f} points (sd, {self.pooled.df} degrees "
            f"of freedom from {len(known) - len(self.apart)} computations"
        )
        if self.probability is not None:
            text += f"; equal variances: Bartlett's p {self.probability:.2f}"
        text += ")"
        odd = [self.computations[k] for k in self.apart]
        apart = [f"{one.name} {100 * math.sqrt(one.variance):.2f}" for one in odd]
        return text + (f"; kept apart: {', '.join(apart)}" if apart else "") + "."


def of_report(rows: Sequence[Experiment], runs: Sequence[FinishedRun]) -> ReportNoise:
    """The noise of one report.

    Args:
        rows: Its rows, and its variants as rows.
        runs: Its finished runs on the official images.
    """
    found = tuple(_computation(group, runs) for group in _groups(rows))
    known = [k for k, one in enumerate(found) if one.df]
    probability = _bartlett([found[k] for k in known])
    apart: List[int] = []
    while len(known) > 2 and _differ([found[k] for k in known]):
        odd = min(known, key=lambda k: _unlike(found[k], [found[other] for other in known if other != k]))
        known.remove(odd)
        apart.append(odd)
    if len(known) == 2 and _differ([found[k] for k in known]):
        # Two that differ: neither is the odd one. The larger sd stands for the report, the smaller for its own rows.
        smaller = min(known, key=lambda k: found[k].variance)
        known.remove(smaller)
        apart.append(smaller)
    return ReportNoise(found, _pool([found[k] for k in known]), tuple(apart), probability)


def _related(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return computation.begins_with(one, other) or computation.begins_with(other, one)


def _groups(rows: Sequence[Experiment]) -> List[List[Experiment]]:
    """Rows that share trainings, directly or by way of a third, together."""
    groups: List[List[Experiment]] = []
    for row in rows:
        mine = [group for group in groups if any(_related(identity(row), identity(other)) for other in group)]
        merged = [other for group in mine for other in group] + [row]
        groups = [group for group in groups if group not in mine] + [merged]
    return groups


def _computation(group: Sequence[Experiment], runs: Sequence[FinishedRun]) -> Computation:
    samples: List[List[Draw]] = []
    done: List[Experiment] = []
    for row in group:
        if not any(computation.same(identity(row), identity(other)) for other in done):
            done.append(row)
            samples.append(draws_by_seed(list(runs), row))
    squares, weight, df = 0.0, 0, 0
    for draws in samples:
        values = [draw.value for draw in draws if not draw.collapsed]
        _, sd = intervals.mean_and_sd(values)
        if sd is not None:
            squares += (len(values) - 1) * sd * sd
            weight += len(values) - 1
            df = max(df, len(values) - 1)
    return Computation(tuple(group), max(squares / weight, _LEAST_VARIANCE) if weight else 0.0, df)


def _pool(known: Sequence[Computation]) -> Optional[Noise]:
    df = sum(one.df for one in known)
    if df < MIN_DF:
        return None
    variance = sum(one.df * one.variance for one in known) / df
    of = known[0].name if len(known) == 1 else f"{len(known)} computations of the report"
    return Noise(math.sqrt(variance), df, f"sd {100 * math.sqrt(variance):.2f} from {of}, {df} degrees of freedom")


def _bartlett(known: Sequence[Computation]) -> Optional[float]:
    """p of Bartlett's test of equal variances; None for fewer than two samples."""
    if len(known) < 2:
        return None
    from scipy.stats import chi2

    df = sum(one.df for one in known)
    pooled = sum(one.df * one.variance for one in known) / df
    statistic = df * math.log(pooled) - sum(one.df * math.log(one.variance) for one in known)
    correction = 1.0 + (sum(1.0 / one.df for one in known) - 1.0 / df) / (3.0 * (len(known) - 1))
    return float(chi2.sf(statistic / correction, len(known) - 1))


def _differ(known: Sequence[Computation]) -> bool:
    probability = _bartlett(known)
    return probability is not None and probability < EQUAL_VARIANCES_LEVEL


def _unlike(one: Computation, others: Sequence[Computation]) -> float:
    """Two-sided p of an F test of one variance against the others'."""
    from scipy.stats import f

    df = sum(other.df for other in others)
    ratio = one.variance / (sum(other.df * other.variance for other in others) / df)
    return 2.0 * float(min(f.sf(ratio, one.df, df), f.cdf(ratio, one.df, df)))

"""How a reported number is judged. This text is printed with every set of results; it was fixed before the runs.

The question. A report gives one value. Had it come from one more run of what the kit runs, would it lie there?
The test set is fixed: the report's run and ours are scored on the same images, so which images these are is no part of
the difference. What differs from run to run is the seed; its sd, taken from our runs, holds all the noise there is.
The binomial sd of a value (sqrt(p(1-p)/n)) is shown beside it as a yardstick; it is not added a second time.

The noise. s is the sd of one run, pooled over the computations of the same report, degrees of freedom added up, never
across reports; computations whose variances are unlike (Bartlett's test, level 0.05, printed) are kept apart. A row
with one seed is judged this way, too; without two degrees of freedom in the report it is `too few runs`.

The interval. With mean m over n seeds, s with f degrees of freedom and the report's value v: the deviation v - m has
the standard error e = sqrt(s^2 (1 + 1/n) + r^2), and one more run lies within m +- t(f, 1 - level/2) * e, level 0.05.
r is the rounding of the printed value, unit/sqrt(12), and 0 where the printed digits fix the count of images (76.24 %
of 10,000). nine_conv reports weighted F1 over dev, all others test accuracy.

The margin: 2 points. The least fault that is known to have been made here, a JPEG copy in the place of the official
images, costs 2 to 4 points: what such a fault could hide in is not called reproduced. It is more than one report's own
choices between settings usually turn on (0.5 to 1.5 points), so no finer agreement is claimed.

The words. `reproduced`: v lies in the interval, and two one-sided tests (level 0.05 each) show that the deviation is
within the margin: |v - m| + t(f, 1 - level) * e <= 2 points. `differs`: v lies outside the interval; ours is higher or
lower. `inconclusive`: neither; the row says how many more seeds of its computation would decide if mean and sd stay as
they are, or that none would. `not comparable`: other images or other settings, which are named. `not run`. A row whose
`basis` is assumed `agrees with` or `differs from our reading of the report`. A row whose starting point is
unrecoverable (Q10) has no verdict, nor has one without a number. Runs on the JPEG copy enter no verdict.

One computation, one pool. Rows that differ in names or in settings that act on nothing (Q7, Q9) are one computation:
each of its seeds counts once, for all of them, and the first e epochs of a longer run count as the run of e epochs.
A setting that only changes how sums are formed (`convolutions`, threads) makes no other computation; the row says so.

Best of N (Q19). A report that says "the best of several" does not say of how many. The value may lie as high as the
expected maximum of 100 tries (the report speaks of about a hundred experiments), m + 2.51 s, or as the interval's
one-sided bound t(f, 1 - level) * e where that is wider (under five degrees of freedom); between m and m + 2.51 s its
deviation counts as 0. The smallest N whose expected maximum reaches the value is printed.

Collapse. A run that learned nothing (one class for every image, or accuracy within four binomial sd of 10 %) is
counted, not averaged. A reported value of this kind is reproduced when at least one seed collapses too; one is enough.

Chance. Counted over computations, since rows that share trainings miss together: per computation, the mean deviation of
its single values is tested (level 0.05); the results say how many computations would miss by chance and how many did,
and how many verdicts half and twice the margin would change. Values for one computation are also tested for their
spread and, in an ordered setting, for a trend.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Callable, List, Optional, Tuple

from tf1_models.reproduce.verdicts import intervals
from tf1_models.reproduce.verdicts.finished import CHANCE, at_chance
from tf1_models.reproduce.verdicts.noise import Noise
from tf1_models.spec import Reported

LEVEL = 0.05
MARGIN = 0.02
MIN_RUNS = 3  # seeds without a collapse before a reported collapse counts as missed
_MORE_SEEDS = 60  # further ones are not thought of


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What the statistics say of one value; no word yet on basis.

    Attributes:
        outcome: "reproduced", "higher", "lower", "inconclusive" or "too few runs".
        mean, sd, n: Of the runs that did not collapse.
        n_collapsed: Runs that did.
        low, high: The interval for one more run; None without one.
        deviation: Reported value less our mean.
        half_width: Of the two-sided interval.
        tries: Best-of rows: N whose expected maximum reaches the value.
        more_seeds: Of an inconclusive row: how many would decide; None: none would.
        reason: Words.
    """

    outcome: str
    mean: Optional[float]
    sd: Optional[float]
    n: int
    n_collapsed: int
    low: Optional[float] = None
    high: Optional[float] = None
    deviation: Optional[float] = None
    half_width: Optional[float] = None
    tries: Optional[int] = None
    more_seeds: Optional[int] = None
    reason: str = ""


def judge(
    reported: Reported, values: List[float], n_collapsed: int = 0, noise: Optional[Noise] = None, margin: float = MARGIN
) -> Judgement:
    """Judges one reported value.

    Args:
        reported: With a value.
        values: Our scores, one a seed, without the collapsed ones.
        n_collapsed: How many seeds collapsed.
        noise: sd of one run; None: unknown.
        margin: What counts as equal, a fraction.

    Returns:
        The judgement.
    """
    assert reported.value is not None and reported.n_scored is not None  # the caller leaves the others out
    value, n = reported.value, len(values)
    mean, sd = intervals.mean_and_sd(values)
    is_count = reported.metric == "test_accuracy"
    if is_count and at_chance(value, reported.n_scored):
        return _collapsed_report(mean, sd, n, n_collapsed)
    collapse = f"{n_collapsed} of {n + n_collapsed} seeds collapsed, not averaged" if n_collapsed else ""
    if n == 0 and n_collapsed >= MIN_RUNS:
        return Judgement("lower", None, None, 0, n_collapsed, reason=f"all {n_collapsed} seeds collapsed")
    if mean is None or noise is None:
        why = "no sd of one run is known: three seeds of any computation of this report give one"
        away = None if mean is None else value - mean
        return Judgement("too few runs", mean, sd, n, n_collapsed, deviation=away, reason=collapse or why)
    rounding = intervals.rounding_sd(reported.printed, value, reported.n_scored, is_count)
    best_of = reported.selection == "best_of_unknown_n"
    deviation = value - mean

    def decide(n_seeds: int, df: int) -> Tuple[str, float, float]:
        """Outcome, half-width and upper reach if mean and sd stay as they are."""
        half = intervals.half_width(noise.sd, n_seeds, df, rounding, LEVEL / 2)
        one_sided = intervals.half_width(noise.sd, n_seeds, df, rounding, LEVEL)
        best = intervals.expected_maximum(intervals.MAX_TRIES) * noise.sd
        upper, beyond = half, abs(deviation)
        if best_of:
            upper = max(one_sided, best)
            beyond = -deviation if deviation < 0.0 else max(deviation - best, 0.0)
        if deviation < -half - 1e-12:
            return "higher", half, upper
        if deviation > upper + 1e-12:
            return "lower", half, upper
        return ("reproduced" if beyond + one_sided <= margin else "inconclusive"), half, upper

    outcome, half, upper = decide(n, noise.df)
    words = [noise.source]
    tries = more = None
    if best_of:
        tries = intervals.tries_for(deviation / noise.sd)
        words.append(_tries_words(tries))
    if outcome == "inconclusive":
        more = _seeds_that_decide(decide, n, noise.df)
        words.append(
            f"{more} more seeds would decide"
            if more
            else f"no number of seeds decides: one run scatters too much for a margin of {100 * margin:g} points"
        )
    elif outcome != "reproduced" and abs(deviation) < margin:
        words.append(f"within the margin of {100 * margin:g} points, yet outside the interval")
    reason = "; ".join(text for text in (*words, collapse) if text)
    return Judgement(outcome, mean, sd, n, n_collapsed, mean - half, mean + upper, deviation, half, tries, more, reason)


def _seeds_that_decide(decide: Callable[[int, int], Tuple[str, float, float]], n: int, df: int) -> Optional[int]:
    for more in range(1, _MORE_SEEDS + 1):
        if decide(n + more, df + more)[0] != "inconclusive":
            return more
    return None


def _tries_words(tries: int) -> str:
    if tries == 1:
        return "best of an unknown number (Q19): no higher than our mean"
    if tries > 10 * intervals.MAX_TRIES:
        return f"best of an unknown number (Q19): not likely even as the best of {10 * intervals.MAX_TRIES}"
    return f"best of an unknown number (Q19): likely as the best of {tries}"


def _collapsed_report(mean: Optional[float], sd: Optional[float], n: int, n_collapsed: int) -> Judgement:
    """The reported value is chance: what counts is whether ours collapse."""
    if n_collapsed:
        outcome, words = "reproduced", f"{n_collapsed} of {n + n_collapsed} seeds collapsed, as the report's run did"
    elif n < MIN_RUNS:
        outcome, words = "too few runs", f"the report's run collapsed, ours did not, {n} of {MIN_RUNS} seeds"
    else:
        bound = 1.0 - LEVEL ** (1.0 / n)
        outcome = "higher"
        words = f"the report's run collapsed, none of {n} seeds did (so at most {100 * bound:.0f} % of seeds do)"
    shown = (mean, sd) if n else (CHANCE, None)
    return Judgement(outcome, shown[0], shown[1], n, n_collapsed, reason=words)


def mean_deviation_probability(deviations: List[float], n_ours: int, noise: Noise) -> float:
    """p that the mean deviation of several values of one computation is noise (two-sided t test).

    Args:
        deviations: Reported value less our mean, of the single values; at least one.
        n_ours: Seeds behind our mean.
        noise: Of one run.
    """
    from scipy.stats import t

    k = len(deviations)
    error = noise.sd * math.sqrt(1.0 / k + 1.0 / n_ours)
    return 2.0 * float(t.sf(abs(sum(deviations) / k) / error, noise.df))


def with_basis(outcome: str, reported: Reported) -> str:
    """The verdict as it is printed: the outcome seen through the row's basis.

    Args:
        outcome: Of `judge`.
        reported: The row's.
    """
    if reported.basis == "assumed" and outcome in ("reproduced", "higher", "lower"):
        verb = "agrees with" if outcome == "reproduced" else f"differs ({outcome}) from"
        return f"{verb} our reading of the report"
    return f"differs ({outcome})" if outcome in ("higher", "lower") else outcome

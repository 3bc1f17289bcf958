"""How a reported number is judged. This text is printed with every set of results; it was fixed before the runs.

The question. A report gives one value. Had it come from one more run of what the kit runs, would it lie there?
The test set is fixed: the report's run and ours are scored on the same images, so which images these are is no part of
the difference. What differs from run to run is the seed; its sd, taken from our runs, holds all the noise there is.
The binomial sd of a value (sqrt(p(1-p)/n)) is shown beside it as a yardstick; it is not added a second time.

The band. With mean m, sd s (ddof 1) and n seeds: m +- t(n-1, 1 - level/2) * sqrt(s^2 (1 + 1/n) + r^2), the prediction
interval for one more run, level 0.05. r is the rounding of the printed value, unit/sqrt(12), and 0 where the printed
digits fix the count of images (76.24 % of 10,000). nine_conv reports weighted F1 over dev, all others test accuracy.

The words. `reproduced`: inside the band. `higher`, `lower`: our mean is above or below, and the value is outside.
`not comparable`: other images or other settings, which are named. `not run`. `too few runs`: under three seeds, unless
an sd can be pooled: from runs of the same computation at other lengths (20, 30, 100 epochs under Q7 and Q9); its
degrees of freedom are counted once for each training. A row whose `basis` is assumed `agrees with` or `differs from
our reading of the report`. A row whose starting point is unrecoverable (Q10) has no verdict, nor has one without a
number. On the recognised lossy copy of CIFAR-10 a verdict has the suffix (lossy images); `lower` is then `not
comparable (lossy images)`, since lost detail alone could explain it, while `reproduced` and `higher` stand.

One computation, one pool. Rows that differ in names or in settings that act on nothing (Q7, Q9) are one computation:
each of its seeds counts once, for all of them, and the first e epochs of a longer run count as the run of e epochs.

Best of N (Q19). A report that says "the best of several" is tested on the upper side alone: the value may lie up to
m + t(n-1, 1 - level) * sqrt(...). Above that it is still `reproduced` when it is the expected maximum of N <= 100 tries
(the report speaks of about a hundred experiments), and N is printed; otherwise ours is `lower`. A best-of value below
the two-sided band can only mean that ours is `higher`.

Collapse. A run that learned nothing (one class for every image, or accuracy within four binomial sd of 10 %) is
counted, not averaged. A reported value of this kind is reproduced when at least one seed collapses too.

Chance. Of k rows tested at this level, level * k miss although nothing is wrong (1.5 * level for a best-of row): the
results say how many that is. Rows that share runs miss together more often than separate ones. The results also say
how many verdicts would change with half and with twice the band.
"""

from __future__ import annotations

import dataclasses
from typing import List, Optional, Tuple

from tf1_models.reproduce import intervals
from tf1_models.reproduce.finished import CHANCE, at_chance
from tf1_models.spec import Reported

LEVEL = 0.05
MIN_RUNS = 3


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What the statistics say of one value; no word yet on basis or images.

    Attributes:
        outcome: "reproduced", "higher", "lower" or "too few runs".
        mean, sd, n: Of the runs that did not collapse.
        n_collapsed: Runs that did.
        low, high: The band; None without one.
        tries: Best-of rows: N whose expected maximum reaches the value.
        reason: Words.
    """

    outcome: str
    mean: Optional[float]
    sd: Optional[float]
    n: int
    n_collapsed: int
    low: Optional[float]
    high: Optional[float]
    tries: Optional[int]
    reason: str


def judge(reported: Reported, values: List[float], n_collapsed: int = 0,
          pooled: Optional[Tuple[float, int]] = None, factor: float = 1.0) -> Judgement:
    """Judges one reported value.

    Args:
        reported: With a value.
        values: Our scores, one a seed, without the collapsed ones.
        n_collapsed: How many seeds collapsed.
        pooled: sd and its degrees of freedom, for fewer than three values.
        factor: Scales the band (sensitivity).

    Returns:
        The judgement.
    """
    assert reported.value is not None and reported.n_scored is not None  # the caller leaves the others out
    mean, sd = intervals.mean_and_sd(values)
    n = len(values)
    is_count = reported.metric == "test_accuracy"
    if is_count and at_chance(reported.value, reported.n_scored):
        return _collapsed_report(mean, sd, n, n_collapsed)
    if n < MIN_RUNS:
        if n == 0 and n_collapsed >= MIN_RUNS:
            why = f"all {n_collapsed} seeds collapsed"
            return Judgement("lower", None, None, 0, n_collapsed, None, None, None, why)
        if n == 0 or pooled is None:
            why = _collapse_words(n, n_collapsed) or f"{n} of {MIN_RUNS} seeds"
            return Judgement("too few runs", mean, sd, n, n_collapsed, None, None, None, why)
        noise, df, source = pooled[0], pooled[1], f"sd pooled from {pooled[1] + 1} runs of other lengths"
    else:
        assert sd is not None
        noise, df, source = sd, n - 1, ""
    assert mean is not None
    value = reported.value
    rounding = intervals.rounding_sd(reported.printed, value, reported.n_scored, is_count)
    two_sided = factor * intervals.half_width(noise, n, df, rounding, LEVEL / 2)
    best_of = reported.selection == "best_of_unknown_n"
    upper = factor * intervals.half_width(noise, n, df, rounding, LEVEL) if best_of else two_sided
    low, high = mean - two_sided, mean + upper
    words = [text for text in (source, _collapse_words(n, n_collapsed)) if text]
    tries = None
    if best_of:
        tries = intervals.tries_for((value - mean) / noise) if noise > 0.0 else (1 if value <= mean else 1001)
        words.append(_tries_words(tries))
    if value < low - 1e-12:
        outcome = "higher"
    elif value <= high + 1e-12 or (tries is not None and tries <= intervals.MAX_TRIES):
        outcome = "reproduced"
    else:
        outcome = "lower"
    return Judgement(outcome, mean, sd, n, n_collapsed, low, high, tries, "; ".join(words))


def _collapse_words(n: int, n_collapsed: int) -> str:
    return f"{n_collapsed} of {n + n_collapsed} seeds collapsed, not averaged" if n_collapsed else ""


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
    return Judgement(outcome, shown[0], shown[1], n, n_collapsed, None, None, None, words)


def chance_of_miss(reported: Reported) -> float:
    """Probability that a true value misses its band."""
    return LEVEL * (1.5 if reported.selection == "best_of_unknown_n" else 1.0)


def with_basis_and_images(outcome: str, reported: Reported, lossy: bool) -> str:
    """The verdict as it is printed: the outcome seen through the row's basis and the images.

    Args:
        outcome: Of `judge`.
        reported: The row's.
        lossy: The recognised lossy copy was used.
    """
    if outcome not in ("reproduced", "higher", "lower"):
        return outcome
    if lossy and outcome == "lower":
        return "not comparable (lossy images)"
    suffix = " (lossy images)" if lossy else ""
    if reported.basis == "assumed":
        verb = "agrees with" if outcome == "reproduced" else "differs from"
        return f"{verb} our reading of the report{suffix}"
    return outcome + suffix

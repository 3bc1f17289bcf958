"""Rows that are one computation under a quirk: is the report's spread over them what seed noise alone gives?"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from tf1_models.reproduce import configuration, intervals
from tf1_models.reproduce.finished import Draw
from tf1_models.reproduce.verdict import LEVEL, MIN_RUNS
from tf1_models.spec import Experiment, identity


def groups(rows: Sequence[Experiment]) -> List[List[Experiment]]:
    """Rows with a recoverable number that are one computation of one length, three or more together."""
    found: List[List[Experiment]] = []
    for row in rows:
        if row.reported.value is None or row.reported.basis == "unrecoverable":
            continue
        for group in found:
            if row.report == group[0].report and configuration.same(identity(row), identity(group[0])):
                group.append(row)
                break
        else:
            found.append([row])
    return [group for group in found if len(group) >= 3]


def relatives(row: Experiment, rows: Sequence[Experiment]) -> List[Experiment]:
    """One row for each other length of the same computation, in the rows given."""
    mine = identity(row)
    lengths: Dict[int, Experiment] = {}
    for other in rows:
        theirs = identity(other)
        pair = (mine, theirs) if mine["epochs"] > theirs["epochs"] else (theirs, mine)
        if other.report == row.report and other.epochs != row.epochs and configuration.begins_with(*pair):
            lengths.setdefault(other.epochs, other)
    return [lengths[epochs] for epochs in sorted(lengths)]


def pooled_sd(samples: Sequence[Sequence[Draw]]) -> Optional[Tuple[float, int]]:
    """sd within the samples (lengths of one computation) and its degrees of freedom.

    Lengths share their trainings, so the samples are not independent: the degrees of freedom are those of the largest
    sample alone, which is too few rather than too many. None below two degrees.
    """
    squares, weight, df = 0.0, 0, 0
    for draws in samples:
        values = [draw.value for draw in draws if not draw.collapsed]
        _, sd = intervals.mean_and_sd(values)
        if sd is not None:
            squares += (len(values) - 1) * sd * sd
            weight += len(values) - 1
            df = max(df, len(values) - 1)
    return None if df < MIN_RUNS - 1 else ((squares / weight) ** 0.5, df)


def verdict(group: List[Experiment], values: List[float], pooled: Optional[Tuple[float, int]]) -> Dict[str, Any]:
    """The test of one group, JSON-ready.

    Args:
        group: From `groups`.
        values: Our scores of this computation and length, one a seed, not collapsed.
        pooled: From `pooled_sd` over the other lengths too.

    Returns:
        Numbers and `words`.
    """
    reported = [row.reported.value for row in group if row.reported.value is not None]
    single = [
        row.reported.value
        for row in group
        if row.reported.value is not None and row.reported.selection == "single"
    ]
    mean, sd = intervals.mean_and_sd(reported)
    single_mean, single_sd = intervals.mean_and_sd(single)
    our_mean, our_sd = intervals.mean_and_sd(values)
    assert mean is not None and sd is not None
    noise, df, source = _noise(our_sd, len(values), pooled, mean, group[0].reported.n_scored or 1)
    probability = None
    if single_sd is not None and noise > 0.0:
        probability = intervals.spread_probability(single_sd, len(single), noise, df)
    return {
        "report": group[0].report,
        "epochs": group[0].epochs,
        "rows": [row.run for row in group],
        "n": len(reported),
        "mean": mean,
        "sd": sd,
        "n_single": len(single),
        "mean_single": single_mean,
        "sd_single": single_sd,
        "our_mean": our_mean,
        "our_sd": our_sd,
        "our_n": len(values),
        "noise_sd": noise,
        "noise_from": source,
        "probability": probability,
        "words": _words(group, (len(reported), mean, sd), (len(single), single_sd), (noise, source), probability),
    }


def _noise(our_sd: Optional[float], n: int, pooled: Optional[Tuple[float, int]], mean: float, n_images: int
           ) -> Tuple[float, Optional[int], str]:
    if our_sd is not None and n >= MIN_RUNS:
        return our_sd, n - 1, f"our sd over {n} seeds"
    if pooled is not None:
        return pooled[0], pooled[1], "our sd pooled over the lengths of this computation"
    return intervals.binomial_sd(mean, n_images), None, "the binomial sd, for want of our own runs"


def _words(group: List[Experiment], every: Tuple[int, float, float], single: Tuple[int, Optional[float]],
           noise: Tuple[float, str], probability: Optional[float]) -> str:
    epochs = group[0].epochs
    text = (
        f"{every[0]} rows of {group[0].report} are one computation of {epochs} epochs "
        f"({', '.join(row.run for row in group)}). The report's values for them have mean "
        f"{100 * every[1]:.2f} % and sd {100 * every[2]:.2f} points"
    )
    if single[0] < every[0] and single[1] is not None:
        text += f"; without those that are the best of several (Q19), {single[0]} values, sd {100 * single[1]:.2f}"
    text += f". Noise: {noise[1]}, {100 * noise[0]:.2f} points. "
    if probability is None:
        return text + "Nothing to test."
    if probability < LEVEL and noise[1].startswith("the binomial"):
        return text + (
            f"Counting noise alone spreads them this far with probability {probability:.3f} only. Seed noise, which "
            "may be larger, is not measured yet: three seeds of this computation decide."
        )
    if probability < LEVEL:
        return text + (
            f"Noise alone spreads them this far with probability {probability:.3f} only: the report's spread is wider "
            "than seed noise, so something else than the seed differed between these rows."
        )
    return text + (
        f"Noise alone spreads them at least this far with probability {probability:.2f}: the differences that the "
        "report reads into these rows are what seeds alone give."
    )

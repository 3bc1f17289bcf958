"""Rows that are one computation under a quirk: are mean, spread and order of their values what seed noise gives?"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Sequence, Tuple

from tf1_models.reproduce.verdicts import intervals
from tf1_models.reproduce.verdicts import verdict as judging
from tf1_models.reproduce.verdicts.noise import Noise
from tf1_models.reproduce.verdicts.verdict import LEVEL
from tf1_models.spec import Experiment, identity
from tf1_models.training import computation

MIN_ORDERED = 5  # with fewer, no order of the values is rare enough to say anything at the 5 % level twice over


def groups(rows: Sequence[Experiment]) -> List[List[Experiment]]:
    """Rows with a recoverable number that are one computation of one length, three or more together."""
    found: List[List[Experiment]] = []
    for row in rows:
        if row.reported.value is None or row.reported.basis == "unrecoverable":
            continue
        for group in found:
            if row.report == group[0].report and computation.same(identity(row), identity(group[0])):
                group.append(row)
                break
        else:
            found.append([row])
    return [group for group in found if len(group) >= 3]


def verdict(group: List[Experiment], values: List[float], noise: Optional[Noise]) -> Dict[str, Any]:
    """The tests of one group, JSON-ready: mean, spread and, where its rows are ordered, trend.

    Args:
        group: From `groups`.
        values: Our scores of this computation and length, one a seed, not collapsed.
        noise: Of one run; None: the binomial sd of a value stands in for the spread test.

    Returns:
        Numbers and `words`.
    """
    reported = [row.reported.value for row in group if row.reported.value is not None]
    single = [
        row.reported.value for row in group if row.reported.value is not None and row.reported.selection == "single"
    ]
    mean, sd = intervals.mean_and_sd(reported)
    single_mean, single_sd = intervals.mean_and_sd(single)
    our_mean, our_sd = intervals.mean_and_sd(values)
    assert mean is not None and sd is not None
    noise_sd, df, source = intervals.binomial_sd(mean, group[0].reported.n_scored or 1), None, "the binomial sd"
    if noise is not None:
        noise_sd, df, source = noise.sd, noise.df, noise.source
    spread = mean_probability = None
    if single_sd is not None:
        spread = intervals.spread_probability(single_sd, len(single), noise_sd, df)
    if noise is not None and our_mean is not None and single:
        deviations = [value - our_mean for value in single]
        mean_probability = judging.mean_deviation_probability(deviations, len(values), noise)
    entry: Dict[str, Any] = {
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
        "noise_sd": noise_sd,
        "noise_from": source,
        "probability": spread,
        "mean_probability": mean_probability,
        "trends": trends(group),
    }
    return {**entry, "words": _words(group, entry)}


def trends(group: Sequence[Experiment]) -> List[Dict[str, Any]]:
    """Ordered settings in a group: rows named <word>_<number>, five or more of one word.

    Returns:
        `setting`, `n`, Spearman's `rho` between number and reported value, its two-sided `probability`.
    """
    found: Dict[str, List[Tuple[int, float]]] = {}
    for row in group:
        named = re.match(r"(\w+?)_(\d+)$", row.run)
        if named is not None and row.reported.value is not None:
            found.setdefault(named.group(1), []).append((int(named.group(2)), row.reported.value))
    results = []
    for setting, pairs in sorted(found.items()):
        if len(pairs) < MIN_ORDERED:
            continue
        from scipy.stats import spearmanr

        rho, probability = spearmanr([number for number, _ in pairs], [value for _, value in pairs])
        results.append({"setting": setting, "n": len(pairs), "rho": float(rho), "probability": float(probability)})
    return results


def _words(group: List[Experiment], of: Dict[str, Any]) -> str:
    text = (
        f"{of['n']} rows of {of['report']} are one computation of {of['epochs']} epochs "
        f"({', '.join(row.run for row in group)}). The report's values for them have mean "
        f"{100 * of['mean']:.2f} % and sd {100 * of['sd']:.2f} points"
    )
    if of["n_single"] < of["n"] and of["sd_single"] is not None:
        text += f"; without those that are the best of several (Q19), {of['n_single']} values, sd "
        text += f"{100 * of['sd_single']:.2f}"
    text += f". Noise: {of['noise_from']}, {100 * of['noise_sd']:.2f} points. "
    if of["mean_probability"] is not None:
        away = 100 * (of["mean_single"] - of["our_mean"])
        verb = "is not noise" if of["mean_probability"] < LEVEL else "is not distinguishable from seed noise"
        text += f"Their mean is {away:+.2f} points from ours, which {verb} (p {of['mean_probability']:.3f}). "
    spread = of["probability"]
    if spread is not None and spread < LEVEL and of["noise_from"] == "the binomial sd":
        text += (
            f"Counting noise alone spreads them this far with probability {spread:.3f} only. Seed noise, which may be "
            "larger, is not measured yet. "
        )
    elif spread is not None and spread < LEVEL:
        text += (
            f"Their spread is wider than seed noise (p {spread:.3f}): something else than the seed differed between "
            "these rows. "
        )
    elif spread is not None:
        text += f"Their spread is not distinguishable from seed noise (p {spread:.2f}). "
    for trend in of["trends"]:
        falls = "fall" if trend["rho"] < 0.0 else "rise"
        orderly = f"{falls} with it more orderly than noise does" if trend["probability"] < LEVEL else "show no trend"
        text += (
            f"Over {trend['setting']} ({trend['n']} values) they {orderly}: Spearman {trend['rho']:.2f}, "
            f"p {trend['probability']:.4f}. "
        )
    return text.strip()

"""What a report claims by an order, "this setting is better than that one": is it ours too, and is it more than noise?

A claim is judged by our own means of the two rows, with the report's noise (see `noise`): it holds, or fails, where the
95 % interval of their difference lies on one side of zero, and is not told apart from noise otherwise. Beside it stands
what the report itself shows: the difference of its two numbers, and how far two of its runs of one net lie apart.
"""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from tf1_models import registry
from tf1_models.reproduce.verdicts import intervals
from tf1_models.reproduce.verdicts.gathered import GatheredRow
from tf1_models.reproduce.verdicts.verdict import LEVEL
from tf1_models.spec import Claim, Experiment, identity
from tf1_models.training import computation

HOLDS, FAILS, NOISE, NOT_RUN = "holds", "fails", "not told apart from noise", "not run"


def own_repeats(rows: Sequence[Experiment]) -> List[Tuple[Experiment, Experiment]]:
    """Pairs of a report's rows that are one computation of one length, run twice, with a number each."""
    with_number = [row for row in rows if row.reported.value is not None and row.reported.selection == "single"]
    return [
        (one, other)
        for k, one in enumerate(with_number)
        for other in with_number[k + 1 :]
        if computation.same(identity(one), identity(other))
    ]


def judge_all(rows: Sequence[GatheredRow]) -> List[Dict[str, Any]]:
    """Every claim of every report, JSON-ready: `report`, `better`, `worse`, `outcome`, numbers and `words`."""
    by_name = {(row.row.report, row.row.run): row for row in rows}
    found = []
    for report in registry.REPORTS:
        for claim in getattr(registry.experiments_module(report), "CLAIMS", ()):
            better, worse = by_name[report, claim.better], by_name[report, claim.worse]
            found.append(_judge(claim, better, worse, registry.runs(report)))
    return found


def _judge(claim: Claim, better: GatheredRow, worse: GatheredRow, rows: Sequence[Experiment]) -> Dict[str, Any]:
    ours = [[draw.value for draw in row.draws if not draw.collapsed] for row in (better, worse)]
    entry: Dict[str, Any] = {
        "report": better.row.report,
        "better": claim.better,
        "worse": claim.worse,
        "where": claim.where,
        "reported_difference": _difference(better.row.reported.value, worse.row.reported.value),
        "difference": None,
        "half_width": None,
        "n": [len(values) for values in ours],
        "outcome": NOT_RUN,
    }
    if all(ours):
        difference = sum(ours[0]) / len(ours[0]) - sum(ours[1]) / len(ours[1])
        entry.update(difference=difference, outcome=NOISE)
        if better.noise is not None:
            sd = better.noise.sd * math.sqrt(1 / len(ours[0]) + 1 / len(ours[1]))
            half_width = intervals.t_quantile(1 - LEVEL / 2, better.noise.df) * sd
            entry["half_width"] = half_width
            if abs(difference) > half_width:
                entry["outcome"] = HOLDS if difference > 0 else FAILS
    return {**entry, "words": _words(claim, entry, own_repeats(rows))}


def _difference(one: Optional[float], other: Optional[float]) -> Optional[float]:
    return None if one is None or other is None else one - other


def _words(claim: Claim, entry: Mapping[str, Any], repeats: Sequence[Tuple[Experiment, Experiment]]) -> str:
    text = f"{entry['report']} ({claim.where}): {claim.what} ({claim.better} above {claim.worse})"
    difference = entry["reported_difference"]
    if difference is None:
        text += "; the report gives no two numbers for it"
    else:
        text += f"; the report's numbers differ by {100 * difference:+.2f} points"
        for one, other in repeats:
            apart = abs(_difference(one.reported.value, other.reported.value) or 0.0)
            smaller = "less" if abs(difference) < apart else "more"
            text += (
                f", {smaller} than its own two runs of one net, {one.run} and {other.run}, lie apart "
                f"({100 * apart:.2f})"
            )
    ours = f". Ours: {entry['outcome']}"
    if entry["difference"] is not None:
        ours += f", {100 * entry['difference']:+.2f} points"
        if entry["half_width"] is not None:
            ours += f" ± {100 * entry['half_width']:.2f}"
        ours += f" ({entry['n'][0]} and {entry['n'][1]} seeds)"
    return f"{text}{ours}."

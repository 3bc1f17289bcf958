"""Where a number does not reproduce: what the same runs, or another reading of the report, would give instead.

All five reports score the weights after the last epoch, and three of them choose by the test set (Q20). So the first
thing to look at is the same run at another epoch; the second are the variants that were run beside the row. Nothing
here enters a verdict: after the fact something nearby always fits better.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from tf1_models.output.markdown import percent
from tf1_models.reproduce.verdicts.finished import METRIC_PLACES, Draw
from tf1_models.reproduce.verdicts.gathered import GatheredRow
from tf1_models.reproduce.verdicts.verdict import MARGIN


def explain_all(
    rows: Sequence[GatheredRow], entries: Sequence[Mapping[str, Any]], variants: Sequence[Mapping[str, Any]]
) -> List[Dict[str, Any]]:
    """One entry for each row that differs, or lies more than the margin off without a verdict.

    Args:
        rows: All rows.
        entries: The same rows as `summary` writes them, in the same order.
        variants: What `summary` says of the variants.

    Returns:
        JSON-ready: `report`, `run`, `epochs_late` (how many of our epochs, over all seeds, lie in the last half),
        `low`, `high` (fractions; over those), `as_far` (how many of those lie at the reported value or beyond it),
        `best`, `best_epoch` (of all epochs), `readings` (variants of the row: name, deviation, outcome), `words`.
        The numbers by epoch are None where the row's split was not scored after each epoch.
    """
    found = []
    for row, entry in zip(rows, entries):
        if not _is_off(entry):
            continue
        numbers = _other_epochs(row.draws, row.row.reported.metric, entry)
        readings = [
            {"variant": other["variant"], "deviation": other["deviation"], "outcome": other["outcome"]}
            for other in variants
            if (other["report"], other["run"]) == (entry["report"], entry["run"]) and other["deviation"] is not None
        ]
        words = _words(entry, numbers, readings)
        found.append({"report": entry["report"], "run": entry["run"], **numbers, "readings": readings, "words": words})
    return found


def _is_off(entry: Mapping[str, Any]) -> bool:
    if entry["outcome"] in ("higher", "lower"):
        return True
    return entry["outcome"] == "too few runs" and entry["deviation"] is not None and abs(entry["deviation"]) > MARGIN


def _values(draw: Draw, metric: str) -> Optional[List[float]]:
    """A draw's values after each epoch up to its own; None when its split was not scored there."""
    split, score = METRIC_PLACES[metric]
    values = draw.source.by_epoch.get(score, [])
    return list(values[: draw.epoch]) if split == draw.source.eval_split and len(values) >= draw.epoch else None


def _other_epochs(draws: Sequence[Draw], metric: str, entry: Mapping[str, Any]) -> Dict[str, Any]:
    by_seed = [values for draw in draws if not draw.collapsed for values in [_values(draw, metric)] if values]
    keys = ("epochs_late", "low", "high", "as_far", "best", "best_epoch")
    if not by_seed:
        return {key: None for key in keys}
    late = [value for values in by_seed for value in values[len(values) // 2 :]]
    reported, ours_is_lower = entry["reported"], entry["deviation"] > 0
    beyond = sum(value >= reported if ours_is_lower else value <= reported for value in late)
    best: Tuple[float, int] = max((value, -epoch) for values in by_seed for epoch, value in enumerate(values, 1))
    return dict(zip(keys, (len(late), min(late), max(late), beyond, best[0], -best[1])))


def _words(entry: Mapping[str, Any], numbers: Mapping[str, Any], readings: Sequence[Mapping[str, Any]]) -> str:
    text = f"{entry['report']} {entry['run']} (reported {percent(entry['reported'])}, ours {percent(entry['mean'])}): "
    if numbers["epochs_late"] is None:
        text += "the reported split was not scored after each epoch"
    else:
        text += (
            f"over the last half of their epochs our runs lie between {percent(numbers['low'])} and "
            f"{percent(numbers['high'])}, {numbers['as_far']} of {numbers['epochs_late']} epochs at the reported value "
            f"or beyond; the best epoch of all has {percent(numbers['best'])} (epoch {numbers['best_epoch']})"
        )
    for reading in readings:
        verdict = {"higher": "too high", "lower": "too low"}.get(reading["outcome"], reading["outcome"])
        text += f"; read as `{reading['variant']}` ours is {-100 * reading['deviation']:+.2f} points off ({verdict})"
    return text + "."

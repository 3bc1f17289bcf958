"""How far the verdicts as a whole could be chance, and how far they hang on the margin."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

from tf1_models.reproduce.verdicts import noise, verdict
from tf1_models.reproduce.verdicts.gathered import GatheredRow, judge

JUDGED = ("reproduced", "higher", "lower", "inconclusive")
_SCALES = (("half", 0.5), ("twice", 2.0))


def chance(
    rows: Sequence[GatheredRow], entries: Sequence[Mapping[str, Any]], of_report: Mapping[str, noise.ReportNoise]
) -> Dict[str, Any]:
    """Computations whose values were tested: how many would miss by chance, how many did."""
    tested: Dict[Tuple[str, int], List[Tuple[GatheredRow, Mapping[str, Any]]]] = {}
    for row, entry in zip(rows, entries):
        if entry["outcome"] in JUDGED and entry["half_width"] is not None:
            tested.setdefault((row.row.report, of_report[row.row.report].position(row.row)), []).append((row, entry))
    missed = 0
    for pairs in tested.values():
        singles = [(row, entry) for row, entry in pairs if row.row.reported.selection == "single"]
        known = pairs[0][0].noise
        assert known is not None  # else there were no half-width
        if not singles:
            missed += any(entry["outcome"] in ("higher", "lower") for _, entry in pairs)
            continue
        deviations = [entry["deviation"] for _, entry in singles]
        n_ours = min(entry["n"] for _, entry in singles)
        missed += verdict.mean_deviation_probability(deviations, n_ours, known) < verdict.LEVEL
    expected = verdict.LEVEL * len(tested)
    words = (
        f"{sum(map(len, tested.values()))} rows of {len(tested)} computations were tested; by chance alone "
        f"{expected:.1f} computations would miss, {missed} did."
    )
    return {"tested": len(tested), "expected_misses": expected, "misses": missed, "words": words}


def sensitivity(rows: Sequence[GatheredRow], entries: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    judged = [(row, entry["outcome"]) for row, entry in zip(rows, entries) if entry["outcome"] in JUDGED]
    changed = {
        name: sum(judge(row, factor * verdict.MARGIN).outcome != outcome for row, outcome in judged)
        for name, factor in _SCALES
    }
    words = (
        f"With half the margin of {100 * verdict.MARGIN:g} points {changed['half']} verdicts change, with twice "
        f"the margin {changed['twice']}."
    )
    return {**changed, "words": words}

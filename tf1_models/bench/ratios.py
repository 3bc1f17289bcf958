"""Medians, spreads and paired ratios of interleaved measurements; numbers in, numbers out."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple


def median(values: Sequence[float]) -> float:
    """Of at least one value."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2.0


def summary(values: Sequence[float]) -> Dict[str, Any]:
    """Median and the lowest and highest value."""
    return {"median": median(values), "low": min(values), "high": max(values), "n": len(values)}


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Dict[str, Any]:
    """Ratios ours/theirs within each round: what slowed the machine in a round slowed both.

    Args:
        ours: A rate for each round.
        theirs: The peer's, of the same rounds; a peer that died early has fewer.

    Returns:
        Summary of the rounds' ratios; above 1 we are faster.
    """
    return summary([a / b for a, b in zip(ours, theirs)])


def line_fit(x: Sequence[float], y: Sequence[float]) -> Dict[str, float]:
    """Least squares y = intercept + slope * x.

    Returns:
        slope, intercept, and `residual`: the largest distance from the line as a share of the largest |y|.
    """
    n = float(len(x))
    mean_x, mean_y = sum(x) / n, sum(y) / n
    spread = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / spread if spread else 0.0
    intercept = mean_y - slope * mean_x
    largest = max(abs(b) for b in y) or 1.0
    residual = max(abs(b - intercept - slope * a) for a, b in zip(x, y)) / largest
    return {"slope": slope, "intercept": intercept, "residual": residual}


def best_peer(ratios: Dict[str, Dict[str, Any]], among: Sequence[str]) -> Tuple[str, float]:
    """The fastest of some peers, i.e. the one with our smallest ratio; ("", 0.0) when none of them ran."""
    found: List[Tuple[float, str]] = [(ratios[name]["median"], name) for name in among if name in ratios]
    return (min(found)[1], min(found)[0]) if found else ("", 0.0)

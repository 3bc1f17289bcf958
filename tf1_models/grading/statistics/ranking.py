"""Ranks: competition ranking (1, 2, 2, 4), ties by equal score, names only order the listing."""

from __future__ import annotations

from typing import Dict, List, Sequence

DIGITS = 12  # scores of one value can differ in the last bits by the order of their sums


def competition_ranks(values: Sequence[float]) -> List[int]:
    """Rank of every score, the highest first; equal scores share the rank and the next one is skipped.

    Args:
        values: Scores, any order.

    Returns:
        One rank per score, from 1.
    """
    rounded = [round(value, DIGITS) for value in values]
    first: Dict[float, int] = {}
    for position, value in enumerate(sorted(rounded, reverse=True), start=1):
        first.setdefault(value, position)
    return [first[value] for value in rounded]

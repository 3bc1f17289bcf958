"""Which rows of a global batch a member computes, and what they weigh."""

from __future__ import annotations

from typing import NamedTuple


class Slice(NamedTuple):
    """Rows `start` to `stop` of a batch.

    Attributes:
        start: First row.
        stop: Row after the last one.
        weight: What the mean loss over these rows counts in the mean over the batch: rows / batch. 0 where the batch
            has fewer rows than there are members; one row is then computed and counts nothing.
    """

    start: int
    stop: int
    weight: float


def slice_of(n_rows: int, n_members: int, member: int) -> Slice:
    """The rows of one member: neighbouring, in the members' order, as even as they can be; the first get the odd ones.

    Args:
        n_rows: Rows of the global batch, 1 or more (the last batch of an epoch may be short).
        n_members: Members that compute.
        member: Which of them, from 0.
    """
    each, odd = divmod(n_rows, n_members)
    start = member * each + min(member, odd)
    stop = start + each + (member < odd)
    if start == stop:
        return Slice(0, 1, 0.0)
    return Slice(start, stop, (stop - start) / n_rows)

"""What a grader asks for, before it is checked against the rubric (`policy.Policy` is after)."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Optional, Union


@dataclasses.dataclass(frozen=True)
class Scoring:
    """How scores become a pass and points: what `grade` and `grade bundle` share.

    Attributes:
        metric: "macro_f1" (also when None and the rubric names none), "weighted_f1" or "accuracy"; it decides rank,
            points and threshold.
        fail_under: Score (fraction) below which a submission does not pass; None sets no threshold.
        tolerance: See `policy.Policy`; None takes the rubric's, or 0.
        rubric: Path of a rubric file, or its content as a dict (see `rubric.load_rubric`).
        max_points: Full points, 100 when None and the rubric names none.
        subset_key: Submissions may name images that the key does not score.
    """

    metric: Optional[str] = None
    fail_under: Optional[float] = None
    tolerance: Optional[float] = None
    rubric: Union[None, str, Dict[str, Any]] = None
    max_points: Optional[float] = None
    subset_key: bool = False


@dataclasses.dataclass(frozen=True)
class Options(Scoring):
    """What `grade` takes beside the key and the files.

    Attributes:
        reference: See `reference.load_reference`.
        roster: Path of a class list (see `roster.load_roster`).
        id_regex: See `students.StudentFinder`.
        only: Shell pattern for file names inside folders and zips.
        intervals: Bootstrap intervals: True, False, or None for "up to 50 files".
        draws: Bootstrap draws, 100 to 100,000; randomisation tests use twice as many.
        seed: Of bootstrap and randomisation tests.
        near_duplicates: Point out near-identical predictions.
    """

    reference: Optional[str] = None
    roster: Optional[str] = None
    id_regex: Optional[str] = None
    only: Optional[str] = None
    intervals: Optional[bool] = None
    draws: int = 1000
    seed: int = 0
    near_duplicates: bool = True

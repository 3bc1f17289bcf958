"""How a class is graded: every choice that a grader can make, checked once, and kept in the record."""

from __future__ import annotations

import dataclasses
import math
from typing import Optional

from tf1_models.errors import UsageError, nearest
from tf1_models.grading.options import Scoring
from tf1_models.grading.rubric import Rubric, load_rubric, make_rubric
from tf1_models.grading.statistics.bootstrap import METRICS

AUTO_INTERVALS = 50  # up to so many files, intervals come by themselves


@dataclasses.dataclass(frozen=True)
class Policy:
    """The grader's choices.

    Attributes:
        metric: Decides rank, points and threshold: "macro_f1", "weighted_f1" or "accuracy".
        fail_under: Score below which a submission does not pass, a fraction; None sets no threshold.
        tolerance: Added to a score before it is compared with threshold, steps, floor or ceiling; a difference from the
            reference within it counts as equal.
        rubric: How points are given.
        intervals: Bootstrap intervals: True, False, or None for "up to 50 files".
        draws: Bootstrap draws; randomisation tests use twice as many.
        seed: Of bootstrap and randomisation.
        near_duplicates: Compare wrong answers across files.
    """

    metric: str = "macro_f1"
    fail_under: Optional[float] = None
    tolerance: float = 0.0
    rubric: Rubric = dataclasses.field(default_factory=Rubric)
    intervals: Optional[bool] = None
    draws: int = 1000
    seed: int = 0
    near_duplicates: bool = True

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise UsageError(
                f"unknown metric {self.metric!r}{nearest(self.metric, list(METRICS))}; known: {', '.join(METRICS)}"
            )
        if self.fail_under is not None and not 0.0 <= self.fail_under <= 1.0:
            raise UsageError(f"--fail-under {self.fail_under:g}: a fraction 0 to 1 is expected, e.g. 0.73")
        if not (math.isfinite(self.tolerance) and 0.0 <= self.tolerance < 1.0):
            raise UsageError(f"--tolerance {self.tolerance:g}: a fraction 0 to 1 is expected, e.g. 0.005")
        if not 100 <= self.draws <= 100_000:
            raise UsageError(f"--draws {self.draws}: 100 to 100,000 are allowed")
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"--seed {self.seed}: 0 to 4294967295 are allowed")


def make_policy(
    scoring: Scoring,
    intervals: Optional[bool] = None,
    draws: int = 1000,
    seed: int = 0,
    near_duplicates: bool = True,
) -> Policy:
    """A policy from what was asked for and what the rubric says; what was asked for on the spot wins, but never the
    metric: a rubric made for one metric is not applied to another.

    Args:
        scoring: What was asked for; its rubric is read here.
        intervals, draws, seed, near_duplicates: See `Policy`.

    Raises:
        InputError: a rubric that cannot be used.
        UsageError: a value out of range, or a metric against the rubric's.
    """
    asked, max_points = scoring.rubric, scoring.max_points
    rubric = make_rubric(asked, "rubric") if isinstance(asked, dict) else load_rubric(asked) if asked else Rubric()
    if max_points is not None:
        if not (math.isfinite(max_points) and max_points > 0):
            raise UsageError(f"--max-points {max_points:g}: a number above 0 is expected")
        if rubric.steps and max(points for _, points in rubric.steps) > max_points:
            raise UsageError(f"--max-points {max_points:g}: the rubric's steps give more")
        rubric = dataclasses.replace(rubric, max_points=float(max_points))
    if scoring.metric and rubric.metric and scoring.metric != rubric.metric:
        raise UsageError(f"--metric {scoring.metric}, but the rubric is made for {rubric.metric}")
    return Policy(
        metric=scoring.metric or rubric.metric or "macro_f1",
        fail_under=scoring.fail_under,
        tolerance=rubric.tolerance if scoring.tolerance is None else scoring.tolerance,
        rubric=rubric,
        intervals=intervals,
        draws=draws,
        seed=seed,
        near_duplicates=near_duplicates,
    )

"""Grading from Python: `grade.grade(truth, paths)` is the verb `grade`; NumPy only, TensorFlow is never imported."""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Union

from tf1_models.errors import UsageError
from tf1_models.grading.engine import full_score, grade_sources
from tf1_models.grading.people.roster import load_roster
from tf1_models.grading.policy import make_policy
from tf1_models.grading.record import make_record
from tf1_models.grading.reference import load_reference
from tf1_models.grading.rubric import load_rubric, make_rubric
from tf1_models.grading.submissions.sources import collect
from tf1_models.grading.truth import load_key


def grade(
    truth: Any,
    paths: Union[str, Sequence[str]],
    metric: Optional[str] = None,
    fail_under: Optional[float] = None,
    tolerance: Optional[float] = None,
    rubric: Union[None, str, Dict[str, Any]] = None,
    max_points: Optional[float] = None,
    reference: Optional[str] = None,
    roster: Optional[str] = None,
    id_regex: Optional[str] = None,
    only: Optional[str] = None,
    subset_key: bool = False,
    intervals: Optional[bool] = None,
    draws: int = 1000,
    seed: int = 0,
    near_duplicates: bool = True,
) -> Dict[str, Any]:
    """Grades prediction files against a key.

    Args:
        truth: Path of a label file, "cifar10:test", "cifar10:dev", or an integer array [n] or [n, 1] of class ids 0..9.
        paths: Files, folders, zips, or "-" for standard input; one or a sequence.
        metric: "macro_f1" (also when None and the rubric names none), "weighted_f1" or "accuracy"; it decides rank,
            points and threshold.
        fail_under: Score (fraction) below which a submission does not pass.
        tolerance: See `policy.Policy`.
        rubric: Path of a rubric file, or its content as a dict (see `rubric.load_rubric`).
        max_points: Full points, 100 when None and the rubric names none.
        reference: See `reference.load_reference`.
        roster: Path of a class list (see `roster.load_roster`).
        id_regex: See `students.StudentFinder`.
        only: Shell pattern for file names inside folders and zips.
        subset_key: Submissions may name images that the key does not score.
        intervals: Bootstrap intervals: True, False, or None for "up to 50 files".
        draws: Bootstrap draws.
        seed: Of bootstrap and randomisation tests.
        near_duplicates: Point out near-identical predictions.

    Returns:
        The record (see `record.make_record`): `submissions` is a list of dicts with `file`, `status` ("graded" or
        "invalid"), `macro_f1`, `weighted_f1`, `accuracy` (fractions, None when invalid), `rank`, `problems` and more.

    Raises:
        InputError: key, rubric, roster or reference cannot be used. A submission never raises.
        UsageError: an option out of range, or nothing to grade.
    """
    rules = make_rubric(rubric, "rubric") if isinstance(rubric, dict) else load_rubric(rubric) if rubric else None
    policy = make_policy(
        metric,
        fail_under,
        tolerance,
        rules,
        max_points,
        intervals=intervals,
        draws=draws,
        seed=seed,
        near_duplicates=near_duplicates,
    )
    key = load_key(truth, subset_key)
    compared = load_reference(reference, key, policy.metric) if reference else None
    if policy.rubric.rule == "linear":
        full_score(policy, compared)  # says at once when the rubric lacks its reference
    people = load_roster(roster) if roster else None
    collected = collect([paths] if isinstance(paths, str) else list(paths), only)
    if not collected.sources:
        passed_over = f"; {len(collected.skipped)} files of other kinds were passed over" if collected.skipped else ""
        raise UsageError(f"nothing to grade: no .npy, .npz, .csv, .txt or .json was found{passed_over}")
    grading = grade_sources(collected, key, policy, compared, people, id_regex)
    return make_record(grading, key, policy, compared, people, collected.skipped)

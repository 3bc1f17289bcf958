"""Grading from Python: `grade.grade(truth, paths)` is the verb `grade`; NumPy only, TensorFlow is never imported."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Optional, Sequence, Union

from tf1_models.errors import UsageError
from tf1_models.grading.engine import full_score, grade_sources
from tf1_models.grading.options import Options
from tf1_models.grading.people.roster import load_roster
from tf1_models.grading.policy import make_policy
from tf1_models.grading.record import make_record
from tf1_models.grading.reference import load_reference
from tf1_models.grading.submissions.sources import collect
from tf1_models.grading.truth import load_key


def grade(
    truth: Any,
    paths: Union[str, Sequence[str]],
    metric: Optional[str] = None,
    *,
    options: Optional[Options] = None,
    **choices: Any,
) -> Dict[str, Any]:
    """Grades prediction files against a key: `grade("key.npy", "submissions/", fail_under=0.5)`.

    Args:
        truth: Path of a label file, "cifar10:test", "cifar10:dev", or an integer array [n] or [n, 1] of class ids 0..9.
        paths: Files, folders, zips, or "-" for standard input; one or a sequence.
        metric: Stands in for `options.metric`.
        options: What is asked for beside (see `Options` and `Scoring` in grading/options.py); None: their defaults.
        **choices: Attributes of `Options` by name; they stand in for those of `options`.

    Returns:
        The record (see `record.make_record`): `submissions` is a list of dicts with `file`, `status` ("graded" or
        "invalid"), `macro_f1`, `weighted_f1`, `accuracy` (fractions, None when invalid), `rank`, `problems` and more.

    Raises:
        InputError: key, rubric, roster or reference cannot be used. A submission never raises.
        UsageError: an option out of range, or nothing to grade.
        TypeError: a name in `choices` that `Options` does not have.
    """
    if metric is not None:
        choices["metric"] = metric
    options = dataclasses.replace(Options() if options is None else options, **choices)
    policy = make_policy(options, options.intervals, options.draws, options.seed, options.near_duplicates)
    key = load_key(truth, options.subset_key)
    compared = load_reference(options.reference, key, policy.metric) if options.reference else None
    if policy.rubric.rule == "linear":
        full_score(policy, compared)  # says at once when the rubric lacks its reference
    people = load_roster(options.roster) if options.roster else None
    collected = collect([paths] if isinstance(paths, str) else list(paths), options.only)
    if not collected.sources:
        passed_over = f"; {len(collected.skipped)} files of other kinds were passed over" if collected.skipped else ""
        raise UsageError(f"nothing to grade: no .npy, .npz, .csv, .txt or .json was found{passed_over}")
    grading = grade_sources(collected, key, policy, compared, people, options.id_regex)
    return make_record(grading, key, policy, compared, people, collected.skipped)

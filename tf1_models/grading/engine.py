"""One grading: every source read once, scored against the key, then ranked, given points and compared.

Memory is one byte per image and submission beside the record; time is linear in the submissions.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from tf1_models import metrics
from tf1_models.errors import Refused, UsageError
from tf1_models.grading import likeness
from tf1_models.grading.people.repeats import assign_student, supersede
from tf1_models.grading.people.roster import Roster, attendance
from tf1_models.grading.people.students import StudentFinder
from tf1_models.grading.policy import AUTO_INTERVALS, Policy
from tf1_models.grading.reference import Reference
from tf1_models.grading.statistics import bootstrap, duplicates
from tf1_models.grading.statistics.ranking import competition_ranks
from tf1_models.grading.submissions.entry import Entry, Row
from tf1_models.grading.submissions.reading import read_predictions
from tf1_models.grading.submissions.sources import Collected, Source
from tf1_models.grading.truth import Key

_Z_95 = 1.959963984540054


@dataclasses.dataclass
class Grading:
    """A finished grading, before it becomes a record.

    Attributes:
        entries: All submissions, by rank, then those without one, by name.
        attendance: See `roster.attendance`, None without a roster.
        identical, near: Groups and pairs of like predictions.
        comparison: The paired tests, when exactly two submissions were graded.
    """

    entries: List[Entry]
    attendance: Optional[Dict[str, Any]]
    identical: List[Dict[str, Any]]
    near: List[Dict[str, Any]]
    comparison: Optional[Dict[str, Any]]


def grade_sources(
    collected: Collected,
    key: Key,
    policy: Policy,
    reference: Optional[Reference] = None,
    roster: Optional[Roster] = None,
    id_regex: Optional[str] = None,
) -> Grading:
    """Grades everything that was collected.

    Args:
        collected: See `sources.collect`.
        key: The true classes.
        policy: How to grade.
        reference: What to compare with.
        roster: The class list.
        id_regex: See `students.StudentFinder`.

    Returns:
        The grading. No submission raises; a bad one is invalid with its reasons.
    """
    finder = StudentFinder(id_regex, collected.metadata)
    signer = duplicates.Signer(key.labels) if policy.near_duplicates and len(collected.sources) > 1 else None
    try:
        entries = [_read(source, key, policy, signer) for source in collected.sources]
    finally:
        collected.zips.close()
    for entry in entries:
        assign_student(entry, finder, roster)
    supersede(entries)
    graded = [entry for entry in entries if entry.graded]
    counted = [entry for entry in graded if entry.row.counted]
    _rank(counted, key, policy)
    _give_points(counted, policy, reference)
    _add_intervals(graded, policy)
    if reference is not None:
        for entry in graded:
            entry.row.vs_reference = _versus(entry, key, policy, reference)
    entries.sort(key=lambda e: (e.row.rank is None, e.row.rank or 0, not e.graded, e.row.file))
    present = None
    if roster is not None:
        present = attendance(roster, [(e.row.file, e.roster_index) for e in sorted(entries, key=_name)])
    by_name = sorted(graded, key=_name)
    identical = likeness.identical(by_name)
    near = likeness.near(by_name, key) if signer is not None else []
    return Grading(entries, present, identical, near, likeness.comparison(counted, key, policy))


def _name(entry: Entry) -> str:
    return entry.row.file


def _read(source: Source, key: Key, policy: Policy, signer: Optional[duplicates.Signer]) -> Entry:
    """Reads and scores one source."""
    row = Row(source.name)
    entry = Entry(row, modified=source.modified)
    try:
        data = source.read()
    except Refused as reason:
        row.problems = [str(reason)]
        return entry
    except Exception as error:  # e.g. MemoryError, an I/O error half-way: this source's problem alone
        row.problems = [f"cannot be read ({type(error).__name__})"]
        return entry
    row.sha256 = hashlib.sha256(data).hexdigest()
    reading = read_predictions(data, source.form, key.shape)
    del data  # 64 MB are not kept while scoring
    row.format, row.rows = reading.form, reading.n_rows
    row.problems, row.notes = reading.findings.problems(), reading.findings.notes()
    if reading.predicted is None:
        return entry
    entry.predicted = reading.predicted
    row.status = "graded"
    matrix = metrics.confusion_matrix(key.labels, reading.predicted)
    scores = metrics.from_confusion(matrix)
    for field in ("macro_f1", "weighted_f1", "accuracy", "per_class", "confusion_matrix"):
        setattr(row, field, scores[field])
    row.predictions_sha256 = duplicates.prediction_digest(reading.predicted).hex()
    row.standard_error = bootstrap.standard_error(matrix, policy.metric)
    entry.influence = bootstrap.influence(matrix, policy.metric)
    if policy.fail_under is not None:
        row.passed = bool(row.score(policy.metric) + policy.tolerance >= policy.fail_under - 1e-12)
    if signer is not None:
        entry.signature = signer.signature(reading.predicted)
    return entry


def _rank(counted: Sequence[Entry], key: Key, policy: Policy) -> None:
    ranks = competition_ranks([entry.row.score(policy.metric) for entry in counted])
    for entry, rank in zip(counted, ranks):
        entry.row.rank = rank
    order = sorted(counted, key=lambda e: (e.row.rank, e.row.file))
    for above, below in zip(order, order[1:]):
        z = bootstrap.paired_z(key.labels, _comparable(above, policy), _comparable(below, policy))
        below.row.within_noise_of_rank_above = bool(abs(z) < _Z_95)


def _comparable(entry: Entry, policy: Policy) -> Any:
    return entry.predicted, entry.influence, entry.row.score(policy.metric)


def _give_points(counted: Sequence[Entry], policy: Policy, reference: Optional[Reference]) -> None:
    values = [entry.row.score(policy.metric) for entry in counted]
    for entry, points in zip(counted, policy.rubric.points(values, policy.tolerance, full_score(policy, reference))):
        entry.row.points = points


def full_score(policy: Policy, reference: Optional[Reference]) -> float:
    """The score that earns full points under the linear rule.

    Raises:
        UsageError: the rubric's ceiling is the reference, and there is none above its floor.
    """
    ceiling = policy.rubric.ceiling
    if ceiling is not None:
        return ceiling
    if reference is None or reference.metric != policy.metric or reference.value <= policy.rubric.floor:
        raise UsageError(
            f"the rubric's ceiling is the reference: give --reference, in {policy.metric} and above the floor "
            f"{policy.rubric.floor:g}"
        )
    return reference.value


def _add_intervals(graded: Sequence[Entry], policy: Policy) -> None:
    if policy.intervals is False or (policy.intervals is None and len(graded) > AUTO_INTERVALS):
        return
    for entry in graded:
        matrix = np.array(entry.row.confusion_matrix, dtype=np.int64)
        entry.row.interval = bootstrap.intervals(matrix, policy.draws, policy.seed)


def _versus(entry: Entry, key: Key, policy: Policy, reference: Reference) -> Dict[str, Any]:
    difference = entry.row.score(reference.metric) - reference.value
    word = "equal" if abs(difference) <= policy.tolerance + 1e-12 else "above" if difference > 0 else "below"
    out: Dict[str, Any] = {"difference": difference, "verdict": word, "p": None}
    if reference.predicted is not None:
        matrix = metrics.confusion_matrix(key.labels, reference.predicted)
        other = (reference.predicted, bootstrap.influence(matrix, policy.metric), reference.value)
        z = bootstrap.paired_z(key.labels, _comparable(entry, policy), other)
        out["p"] = math.erfc(abs(z) / math.sqrt(2.0))
    return out

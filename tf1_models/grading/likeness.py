"""Submissions beside each other: identical and near-identical predictions, and the paired tests of two."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from tf1_models.grading.policy import Policy
from tf1_models.grading.statistics import duplicates, paired
from tf1_models.grading.submissions.entry import Entry
from tf1_models.grading.truth import Key


def identical(by_name: Sequence[Entry]) -> List[Dict[str, Any]]:
    """Groups of equal predictions; `same_bytes` when the files are equal too."""
    groups = duplicates.identical_groups([bytes.fromhex(str(e.row.predictions_sha256)) for e in by_name])
    found = []
    for group in groups:
        members = [by_name[i] for i in group]
        if _one_student(members):
            continue
        same_bytes = len({entry.row.sha256 for entry in members}) == 1
        found.append({"files": [entry.row.file for entry in members], "same_bytes": same_bytes})
    return found


def near(by_name: Sequence[Entry], key: Key) -> List[Dict[str, Any]]:
    """Near pairs among one representative of each group of identical files."""
    seen: Dict[str, Entry] = {}
    for entry in by_name:
        seen.setdefault(str(entry.row.predictions_sha256), entry)
    unique = list(seen.values())
    predictions = [entry.predicted for entry in unique if entry.predicted is not None]
    pairs = duplicates.near_pairs(key.labels, predictions, [entry.signature for entry in unique])
    found = []
    for pair in pairs:
        members = [unique[pair.pop("first")], unique[pair.pop("second")]]
        if not _one_student(members):
            found.append({"files": [entry.row.file for entry in members], **pair})
    return found


def _one_student(entries: Sequence[Entry]) -> bool:
    """True when all come from one known student: handing in twice is no plagiarism."""
    return len({entry.row.student for entry in entries}) == 1 and entries[0].row.student is not None


def comparison(counted: Sequence[Entry], key: Key, policy: Policy) -> Optional[Dict[str, Any]]:
    """The paired tests of two submissions, the better one first."""
    if len(counted) != 2:
        return None
    first, second = sorted(counted, key=lambda e: (e.row.rank, e.row.file))
    assert first.predicted is not None and second.predicted is not None
    tests = paired.compare(key.labels, first.predicted, second.predicted, 2 * policy.draws, policy.seed)
    return {"first": first.row.file, "second": second.row.file, "tests": tests}

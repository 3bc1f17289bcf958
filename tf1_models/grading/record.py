"""The record of a grading, for the audit: who was graded how, by which key, versions and policy.

It holds no time and no absolute path, so grading the same files again gives the same bytes.
"""

from __future__ import annotations

import platform
from typing import Any, Dict, List, Optional

import numpy as np

import tf1_models
from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.grading.engine import Grading, full_score
from tf1_models.grading.people.roster import Roster
from tf1_models.grading.policy import AUTO_INTERVALS, Policy
from tf1_models.grading.reference import Reference
from tf1_models.grading.statistics import duplicates
from tf1_models.grading.statistics.bootstrap import LEVEL
from tf1_models.grading.truth import Key
from tf1_models.storage.files import to_json

SCHEMA = 1


def versions() -> Dict[str, str]:
    """What computed the scores."""
    return {
        "tf1_models": tf1_models.__version__,
        "numpy": str(np.__version__),
        "python": platform.python_version(),
    }


def _policy(policy: Policy, reference: Optional[Reference]) -> Dict[str, Any]:
    has_ceiling = policy.rubric.rule == "linear"
    return {
        "metric": policy.metric,
        "classes": list(CIFAR10_CLASSES),
        "zero_division": 0,
        "ties": "equal scores share the rank, the next one is skipped",
        "repeats": "a student's latest submission counts",
        "fail_under": policy.fail_under,
        "tolerance": policy.tolerance,
        "points": policy.rubric.describe(full_score(policy, reference) if has_ceiling else 1.0),
        "intervals": {
            "when": {None: f"up to {AUTO_INTERVALS} files", True: "always", False: "never"}[policy.intervals],
            "method": "bootstrap percentiles, multinomial draws over the confusion table",
            "level": LEVEL,
            "draws": policy.draws,
            "seed": policy.seed,
        },
        "near_duplicates": {
            "compared": policy.near_duplicates,
            "shared_wrong_answers_at_least": duplicates.NEAR_SHARED,
            "wrong_answers_at_least": duplicates.MIN_WRONG,
        },
    }


def make_record(
    grading: Grading,
    key: Key,
    policy: Policy,
    reference: Optional[Reference],
    roster: Optional[Roster],
    skipped: List[str],
) -> Dict[str, Any]:
    """The JSON-ready record.

    Args:
        grading: From `engine.grade_sources`.
        key: The true classes (their digest goes in, never the labels).
        policy: How it was graded.
        reference: What it was compared with.
        roster: The class list.
        skipped: Files of other kinds that were passed over.

    Returns:
        `schema`, `metric`, `truth`, `policy`, `versions`, `summary`, `submissions` and the rest, in a fixed order.
    """
    rows = [entry.row for entry in grading.entries]
    graded = [row for row in rows if row.status == "graded"]
    scores = [row.score(policy.metric) for row in graded if row.counted]
    present = grading.attendance
    if present is not None and roster is not None:
        present = {"sha256": roster.sha256, **present}
    return {
        "schema": SCHEMA,
        "kind": "grade",
        "metric": policy.metric,
        "truth": {
            "name": key.name,
            "n": len(key.labels),
            "sha256": key.sha256,
            "labels_sha256": key.labels_sha256,
            "with_ids": key.shape.int_ids is not None or key.shape.text_ids is not None,
            "subset": key.shape.subset,
            "class_counts": np.bincount(key.labels, minlength=len(CIFAR10_CLASSES)).tolist(),
            "warnings": list(key.warnings),
        },
        "policy": _policy(policy, reference),
        "versions": versions(),
        "reference": None if reference is None else reference.record(),
        "summary": {
            "submissions": len(rows),
            "graded": len(graded),
            "invalid": len(rows) - len(graded),
            "counted": len(scores),
            "failed": sum(1 for row in graded if row.counted and row.passed is False),
            "mean": float(np.mean(scores)) if scores else None,
            "median": float(np.median(scores)) if scores else None,
            "best": max(scores) if scores else None,
        },
        "submissions": [row.document() for row in rows],
        "comparison": grading.comparison,
        "identical": grading.identical,
        "near_identical": grading.near,
        "roster": present,
        "skipped": list(skipped),
    }


def to_text(record: Dict[str, Any]) -> str:
    """The record as JSON text, one line per top-level field and per submission: small, and readable in a diff."""
    parts = []
    for field, value in record.items():
        if field == "submissions":
            lines = ",\n  ".join(to_json(row, indent=None) for row in value)
            parts.append(f' "submissions": [\n  {lines}\n ]' if value else ' "submissions": []')
        else:
            parts.append(f" {to_json(field, indent=None)}: {to_json(value, indent=None)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"

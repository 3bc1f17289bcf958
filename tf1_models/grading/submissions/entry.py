"""One submission on its way through a grading."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Optional

import numpy as np


@dataclasses.dataclass
class Row:
    """One submission in the record, whose keys are these names in this order.

    Attributes:
        file: See `sources.Source.name`.
        status: "graded" or "invalid".
        macro_f1, weighted_f1, accuracy: Fractions; None when invalid, as all below that is a number.
        rank: From 1, equal scores share one; None when it does not count.
        points: By the rubric.
        passed: Whether it reaches `fail_under`; None without one.
        problems: Why it is invalid.
        notes: How it was read, and whether it counts.
        format: What it was read as, e.g. "npy".
        rows: Rows that it holds.
        sha256: Hex digest of its bytes.
        predictions_sha256: Hex digest of its classes in the key's order.
        student, student_name: Whose it is, where that is known.
        late: Handed in late, as the platform says.
        counted: False for all but a student's latest.
        standard_error: Of the metric that ranks.
        interval: See `bootstrap.intervals`.
        within_noise_of_rank_above: Whether a paired test tells it from the one above.
        vs_reference: `difference`, `verdict` and `p`.
        per_class, confusion_matrix: See `metrics.from_confusion`.
    """

    file: str
    status: str = "invalid"
    macro_f1: Optional[float] = None
    weighted_f1: Optional[float] = None
    accuracy: Optional[float] = None
    rank: Optional[int] = None
    points: Optional[float] = None
    passed: Optional[bool] = None
    problems: List[str] = dataclasses.field(default_factory=list)
    notes: List[str] = dataclasses.field(default_factory=list)
    format: Optional[str] = None
    rows: Optional[int] = None
    sha256: Optional[str] = None
    predictions_sha256: Optional[str] = None
    student: Optional[str] = None
    student_name: Optional[str] = None
    late: bool = False
    counted: bool = True
    standard_error: Optional[float] = None
    interval: Optional[Dict[str, Any]] = None
    within_noise_of_rank_above: Optional[bool] = None
    vs_reference: Optional[Dict[str, Any]] = None
    per_class: Optional[List[Dict[str, Any]]] = None
    confusion_matrix: Optional[List[List[int]]] = None

    def score(self, metric: str) -> float:
        """A graded submission's `macro_f1`, `weighted_f1` or `accuracy`."""
        return float(getattr(self, metric))

    def document(self) -> Dict[str, Any]:
        """As the record holds it."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


@dataclasses.dataclass
class Entry:
    """A submission's row of the record, and what is needed to compare it with others.

    Attributes:
        row: What the record says of it.
        predicted: uint8 [n] class ids, None when invalid.
        signature: See `duplicates.Signer`.
        influence: See `bootstrap.influence`, for the metric that ranks.
        roster_index: Index of its student in the roster.
        order, order_by: See `students.Student`.
        modified: See `sources.Source`.
    """

    row: Row
    predicted: Optional[np.ndarray] = None
    signature: Optional[np.ndarray] = None
    influence: Optional[np.ndarray] = None
    roster_index: Optional[int] = None
    order: str = ""
    order_by: str = ""
    modified: str = ""

    @property
    def graded(self) -> bool:
        """It has scores."""
        return self.predicted is not None

"""One submission on its way through a grading."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Optional

import numpy as np


@dataclasses.dataclass
class Entry:
    """A submission's row of the record, and what is needed to compare it with others.

    Attributes:
        row: See `engine._read`; goes into the record as it is.
        predicted: uint8 [n] class ids, None when invalid.
        signature: See `duplicates.Signer`.
        influence: See `bootstrap.influence`, for the metric that ranks.
        roster_index: Index of its student in the roster.
        order, order_by: See `students.Student`.
        modified: See `sources.Source`.
    """

    row: Dict[str, Any]
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

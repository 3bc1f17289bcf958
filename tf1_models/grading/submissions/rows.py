"""What every parser returns: rows of class ids, perhaps with image ids, before anything is compared with a key."""

from __future__ import annotations

import dataclasses
from typing import List, Optional

import numpy as np


@dataclasses.dataclass
class Rows:
    """Parsed rows, in the file's order.

    Attributes:
        labels: int8 [n], class ids 0..9, -1 where the row has a problem (already in the findings).
        int_ids: int64 [n] image ids, -1 where bad, or None.
        text_ids: Image ids that are no integers ('' where bad), or None; at most one of the two is set.
        first_line: Line of row 0, for messages.
        word: "line" or "row".
        n_blank: Rows that are blank lines: in `labels` (so that lines can be counted), but not data.
        scores: The labels came from the largest of ten class scores.
    """

    labels: np.ndarray
    int_ids: Optional[np.ndarray] = None
    text_ids: Optional[List[str]] = None
    first_line: int = 1
    word: str = "row"
    n_blank: int = 0
    scores: bool = False

    @property
    def n(self) -> int:
        """Rows of data."""
        return len(self.labels) - self.n_blank

    @property
    def has_ids(self) -> bool:
        """True when the rows name their images."""
        return self.int_ids is not None or self.text_ids is not None

"""Runs that learn no more: one class for every image, or (Q1) a softmax that is one-hot for every image of an epoch.

Both are read off numbers that the loop has anyway. Under the double softmax a picture's loss is log(e + 9), less 1
where right, once its softmax is one-hot: a batch's mean loss and accuracy then add up to log(e + 9) = 2.4612 and its
gradient is zero, as in the report's simulation #2. The sum moves by about the distance from one-hot, so 1e-5, forty
roundings of float32, means a softmax within about 1e-4 of it. An epoch with every training image right is no collapse.
Elsewhere the loss takes the logits: a one-hot softmax has a gradient there, and nothing is said.
"""

from __future__ import annotations

import math
from typing import Any, Dict, List

DOUBLE_SOFTMAX = ("course_models",)
_SUM = math.log(math.e + 9.0)
_TOLERANCE = 1e-5


def is_one_hot(report: str, data_loss: float, n_correct: int, n_images: int) -> bool:
    """Whether a batch's softmax outputs were all one-hot, by their mean loss; False where the loss can't tell."""
    if report not in DOUBLE_SOFTMAX:
        return False
    return abs(float(data_loss) + int(n_correct) / n_images - _SUM) < _TOLERANCE


def words(line: Dict[str, Any]) -> str:
    """What to say after an epoch.

    Args:
        line: The epoch's line of metrics.jsonl.

    Returns:
        One line with the step, or "" for a run that learns.
    """
    found: List[str] = []
    if line["predicted_classes"] == 1:
        found.append(f"one class for every image of {line['eval_split']}")
    if line.get("one_hot_softmax"):
        found.append("one-hot softmax for every training image (loss + accuracy = log(e + 9)), no gradient is left")
    return f"collapsed at step {line['step']}: {'; '.join(found)}" if found else ""

"""Runs that learn no more: one class for every image, or (Q1) a softmax that is one-hot for every image of an epoch.

Both are read off numbers that the loop has anyway. Under the double softmax a picture's loss is log(e + 9), less 1
where right, once its softmax is one-hot: a batch's mean loss and accuracy then add up to log(e + 9) = 2.4612 and its
gradient is zero, as in the report's simulation #2. The sum moves by about the distance from one-hot, so 1e-5, forty
roundings of float32, means a softmax within about 1e-4 of it. An epoch with every training image right is no collapse.
Elsewhere the loss takes the logits: a one-hot softmax has a gradient there, and nothing is said.
"""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional, Sequence

_SUM = math.log(math.e + 9.0)
_TOLERANCE = 1e-5
YOUNG_MEMORIES = 5.0  # e^-5: what the first weights gave has left the moving statistics
YOUNG_LAG = 0.2  # training accuracy above evaluation's by more than overfitting gives so early


def is_one_hot(loss_over_softmax: bool, data_loss: float, n_correct: int, n_images: int) -> bool:
    """Whether a batch's softmax outputs were all one-hot, by their mean loss; False where the loss can't tell.

    Args:
        loss_over_softmax: `GraphHandles.loss_over_softmax`, Q1.
        data_loss: The batch's mean cross-entropy.
        n_correct: How many of it were right.
        n_images: How many it has.
    """
    return loss_over_softmax and abs(float(data_loss) + int(n_correct) / n_images - _SUM) < _TOLERANCE


def words(lines: Sequence[Dict[str, Any]], ended: bool, memory_steps: Optional[float] = None) -> List[str]:
    """What to say after an epoch.

    A net that predicts one class is often only young, or passes through it; "collapsed" is said of what does not
    recover: a softmax without a gradient, or one class still when the run ends.

    Args:
        lines: Of metrics.jsonl so far, this epoch's last.
        ended: Whether this epoch was the run's last.
        memory_steps: `GraphHandles.statistics_memory_steps`. Young moving statistics explain an evaluation that lags
            behind training.

    Returns:
        Lines; none for a run that learns.
    """
    line, said = lines[-1], []
    split = line["eval_split"]
    n_before = 0  # epochs of one class, in a row, before this one
    while n_before + 1 < len(lines) and _one_class(lines[-2 - n_before]):
        n_before += 1
    if _one_class(line):
        first = lines[-1 - n_before]
        if ended:
            said.append(
                f"collapsed at step {first['step']}: one class for every image of {split} from epoch "
                f"{first['epoch']} to the end"
            )
        elif n_before == 0 and not _young(line, memory_steps):
            learned = len(lines) > 1
            said.append(f"one class for every image of {split}" + (" again" if learned else ", nothing learned yet"))
    elif n_before:
        said.append(
            f"{line['predicted_classes']} classes of {split} are told apart now, after {n_before} "
            f"epoch{'s' if n_before > 1 else ''} of one"
        )
    if line.get("one_hot_softmax") and not (len(lines) > 1 and lines[-2].get("one_hot_softmax")):
        said.append(
            f"collapsed at step {line['step']}: one-hot softmax for every training image (loss + accuracy = "
            "log(e + 9)), no gradient is left"
        )
    if _young(line, memory_steps):
        said.append(
            f"evaluation uses batch norm's moving statistics, which are young after {line['step']} steps (they "
            f"average over about {memory_steps:.0f}): it lags behind training, and catches up"
        )
    return said


def _young(line: Dict[str, Any], memory_steps: Optional[float]) -> bool:
    """Whether evaluation lags far behind training while the moving statistics still follow the first steps."""
    return (
        memory_steps is not None
        and line["step"] <= YOUNG_MEMORIES * memory_steps
        and line["train_accuracy"] - line["accuracy"] > YOUNG_LAG
    )


def _one_class(line: Dict[str, Any]) -> bool:
    return bool(line["predicted_classes"] == 1)

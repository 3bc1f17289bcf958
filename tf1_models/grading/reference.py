"""What a class is compared with: a reported number, a stored checkpoint, a baseline file, or a plain threshold."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from typing import Any, Dict, List, Optional

import numpy as np

from tf1_models import metrics
from tf1_models.errors import InputError, Refused, UsageError
from tf1_models.grading.submissions.opening import read_regular
from tf1_models.grading.submissions.reading import read_predictions
from tf1_models.grading.truth import Key

PREDICTIONS_NAME = "predictions_test.npy"


@dataclasses.dataclass
class Reference:
    """A value to compare with.

    Attributes:
        kind: "reported", "checkpoint", "file" or "threshold".
        name: As asked for (a path's last part).
        metric: Metric that is compared: the reference's own where it has only one.
        value: Its score, a fraction.
        predicted: uint8 [n] where it has predictions (then differences are tested on the same images).
        sha256: Of its predictions' file, '' without.
        notes: What limits the comparison.
    """

    kind: str
    name: str
    metric: str
    value: float
    predicted: Optional[np.ndarray] = None
    sha256: str = ""
    notes: List[str] = dataclasses.field(default_factory=list)

    def record(self) -> Dict[str, Any]:
        """The reference as the record keeps it."""
        out: Dict[str, Any] = {"kind": self.kind, "name": self.name, "metric": self.metric, "value": self.value}
        if self.sha256:
            out["sha256"] = self.sha256
        out["notes"] = list(self.notes)
        return out


def load_reference(word: str, key: Key, metric: str) -> Reference:
    """Finds a reference.

    Args:
        word: `reported:REPORT/RUN`; a stored checkpoint's folder or its name below `checkpoints/`; a prediction file;
            or a fraction such as 0.76.
        key: The key.
        metric: The metric that ranks.

    Returns:
        The reference.

    Raises:
        UsageError: not found, or a number that is no fraction.
        InputError: its predictions are not valid against the key.
    """
    if word.startswith("reported:"):
        return _reported(word[len("reported:") :], key, metric)
    try:
        value = float(word)
    except ValueError:
        return _predictions(word, key, metric)
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"--reference {word}: a fraction 0 to 1 is expected, e.g. {value / 100:g}")
    return Reference("threshold", word, metric, value)


def _reported(name: str, key: Key, metric: str) -> Reference:
    """A number of a report, compared in the metric in which it was reported."""
    from tf1_models import registry  # an autograder bundle has none

    report, _, run = name.partition("/")
    reported = registry.experiment(report, run or "final").reported
    if reported is None or reported.value is None:
        raise UsageError(f"{name}: the report gives no number for this run")
    word = str(reported.metric)
    own = "weighted_f1" if "weighted" in word else "macro_f1" if "f1" in word else "accuracy"
    notes = []
    if own != metric:
        notes.append(f"reported as {own}: compared in that metric, although {metric} ranks")
    split = "dev" if "dev" in word else "test"
    if key.name.startswith("cifar10:") and key.name != f"cifar10:{split}":
        notes.append(f"reported on the {split} split, graded on {key.name}: not the same images")
    return Reference("reported", name, own, float(reported.value), notes=notes)


def _predictions(path: str, key: Key, metric: str) -> Reference:
    """A prediction file, or the one in a stored checkpoint's folder."""
    from tf1_models.checkpoints import stored_manifest  # an autograder bundle has none

    stored = os.path.join(stored_manifest.stored_folder(), path)
    folder = next((p for p in (path, stored) if os.path.isdir(p)), None)
    kind, file = ("file", path) if folder is None else ("checkpoint", os.path.join(folder, PREDICTIONS_NAME))
    if not os.path.exists(file):
        raise UsageError(
            f"--reference {path}: no such file; allowed are reported:REPORT/RUN, a checkpoint's folder with "
            f"{PREDICTIONS_NAME}, a prediction file, a number, and a stored checkpoint's name"
            + ("" if stored_manifest.names() else f" ({stored_manifest.where_to_get_them()})")
        )
    try:
        data = read_regular(os.path.realpath(file))
    except Refused as reason:
        raise InputError(f"reference {path}: {reason}") from None
    reading = read_predictions(data, os.path.splitext(file)[1].lower(), key.shape)
    if reading.predicted is None:
        raise InputError(f"reference {path}: {'; '.join(reading.findings.problems()[:3])}")
    value = float(metrics.scores(key.labels, reading.predicted)[metric])
    name = os.path.basename(os.path.abspath(path))
    return Reference(kind, name, metric, value, reading.predicted, hashlib.sha256(data).hexdigest())

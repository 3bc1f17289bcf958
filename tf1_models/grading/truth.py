"""The key: a label file, or the official CIFAR-10 labels that the kit ships."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from typing import Any, List, Optional

import numpy as np

from tf1_models import metrics
from tf1_models.classes import CIFAR10_CLASSES, N_CLASSES
from tf1_models.errors import InputError, Refused, UsageError
from tf1_models.grading.submissions.alignment import KeyShape, key_ids
from tf1_models.grading.submissions.findings import Findings
from tf1_models.grading.submissions.opening import read_regular
from tf1_models.grading.submissions.reading import form_of, read_rows

OFFICIAL = ("cifar10:test", "cifar10:dev")


@dataclasses.dataclass
class Key:
    """The true classes.

    Attributes:
        name: File name (never its folder), or one of `OFFICIAL`, or "array".
        labels: uint8 [n].
        shape: What a submission must cover.
        sha256: Hex digest of the file's bytes (of the labels themselves where there is no file).
        warnings: What a grader should know of it, e.g. a class without an image.
    """

    name: str
    labels: np.ndarray
    shape: KeyShape
    sha256: str
    warnings: List[str]

    @property
    def labels_sha256(self) -> str:
        """Hex digest of the labels as bytes, whatever file they came from."""
        return hashlib.sha256(self.labels.tobytes()).hexdigest()


def load_key(truth: Any, subset: bool = False) -> Key:
    """Loads the key.

    Args:
        truth: Path of a .npy, .npz, .csv, .txt or .json of labels (CSV and JSON may carry image ids), one of
            `OFFICIAL`, or an integer array [n] or [n, 1].
        subset: Submissions may name images that the key lacks (only for a key with ids).

    Returns:
        The key.

    Raises:
        InputError: it cannot be read, holds scores, or a label or id is bad.
        UsageError: an unknown `cifar10:` split, or `subset` for a key without ids.
    """
    if not isinstance(truth, str):
        labels = np.asarray(truth)
        metrics.confusion_matrix(labels, labels)  # shape, dtype and range, with their messages
        key = _key("array", labels.reshape(-1).astype(np.uint8), None)
    elif truth.startswith("cifar10:"):
        key = _official(truth)
    else:
        key = _from_file(truth, subset)
    if subset and key.shape.int_ids is None and key.shape.text_ids is None:
        raise UsageError("a key of part of the images must name them: give the key an 'id' column")
    return key


def _key(name: str, labels: np.ndarray, sha256: Optional[str], shape: Optional[KeyShape] = None) -> Key:
    counts = np.bincount(labels, minlength=N_CLASSES)
    absent = [CIFAR10_CLASSES[k] for k in range(N_CLASSES) if counts[k] == 0]
    warnings = [f"the key has no {', '.join(absent)}: such a class counts as F1 = 0"] if absent else []
    key = Key(name, labels, shape or KeyShape(len(labels)), "", warnings)
    key.sha256 = sha256 or key.labels_sha256
    return key


def _official(truth: str) -> Key:
    if truth not in OFFICIAL:
        raise UsageError(f"unknown key {truth!r}; known: {', '.join(OFFICIAL)}, or a file of labels")
    from tf1_models.datasets.identify import official_labels  # NumPy only; an autograder bundle does without it

    train, test = official_labels()
    # nine_conv: dev = the first quarter of the training array
    labels = test if truth == "cifar10:test" else train[: len(train) // 4]
    return _key(truth, np.array(labels, dtype=np.uint8), None)


def _from_file(path: str, subset: bool) -> Key:
    name = os.path.basename(path)
    findings = Findings()
    try:
        data = read_regular(os.path.realpath(path))  # the grader's own file: a link is fine
    except Refused as reason:
        raise InputError(f"key {path}: {reason}") from None
    rows = read_rows(data, form_of(data, os.path.splitext(path)[1].lower()), findings)
    if rows is None or findings.bad:
        found = findings.problems()
        more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
        raise InputError(f"key {path}: {'; '.join(found[:3])}{more}")
    if rows.scores:
        raise InputError(f"key {path}: class scores; a key holds one class per image")
    try:
        int_ids, text_ids = key_ids(rows)
    except ValueError as error:
        raise InputError(f"key {path}: {error}") from None
    shape = KeyShape(rows.n, int_ids, text_ids, subset)
    return _key(name, rows.labels.astype(np.uint8), hashlib.sha256(data).hexdigest(), shape)

"""`verify`: a stored checkpoint against its record, check by check."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Dict, Optional

import numpy as np

from tf1_models import metrics
from tf1_models.checkpoints import bundle, saving, stored_manifest
from tf1_models.checkpoints.source import Source
from tf1_models.errors import InputError, tensorflow_words
from tf1_models.scoring.inference import probabilities_of
from tf1_models.scoring.open_checkpoint import OpenCheckpoint, open_checkpoint
from tf1_models.scoring.split_images import images_of, splits_of
from tf1_models.stored import fixed_batch, record

OK = "ok"
CHECKS = ("weights", "logits", "activations", "scores")


def verify(
    name: str, data: Any = None, batch_size: Optional[int] = None, threads: Optional[int] = None
) -> Dict[str, Any]:
    """Checks one stored checkpoint.

    Args:
        name: Its name below `checkpoints/`, or its folder.
        data: A `Dataset` for the scores; None: they are not checked.
        batch_size: Images a `session.run` on the fixed batch; None: all 64 at once.
        threads: Threads TensorFlow may use.

    Returns:
        `name`, `status` ("ok" or "failed"), and `checks`: for each of `CHECKS` "ok", "failed: …" or
        "not checked (…)".

    Raises:
        InputError: no such checkpoint.
    """
    folder = stored_manifest.folder_of(name)
    checks = dict.fromkeys(CHECKS, "not checked (an earlier check failed)")
    result = {"name": os.path.basename(os.path.normpath(folder)), "status": "failed", "checks": checks}
    try:
        document = stored_manifest.read(folder)
        stored_manifest.check_files(folder, document)
        if document["weights"] is None:
            checks.update(dict.fromkeys(CHECKS, "not checked (a record without weights)"))
            result["status"] = OK
            return result
        _check_weights(folder, document)
        checks["weights"] = OK
    except InputError as error:
        checks["weights"] = f"failed: {error}"
        return result
    with contextlib.ExitStack() as stack:
        try:
            source = stored_manifest.source_of(folder, document)
            opened = stack.enter_context(open_checkpoint(source, threads))
            now = record.measure(opened, fixed_batch.load(), batch_size)
        except InputError as error:
            checks["weights"] = f"failed: {error}"
            return result
        except Exception as error:  # a graph that no longer builds raises whatever TensorFlow raises
            checks["logits"] = f"failed: the graph does not run: {tensorflow_words(error)}"
            return result
        stored = stored_manifest.load_record(folder)
        checks["activations"] = _activations(stored, now)
        checks["logits"] = _logits(stored, now)
        scores = "not checked (no CIFAR-10)" if data is None else _scores(folder, document, source, opened, data)
        checks["scores"] = scores
    if not any(text.startswith("failed") for text in checks.values()):
        result["status"] = OK
    return result


def _check_weights(folder: str, document: Dict[str, Any]) -> None:
    """Index and tensors as TensorFlow's format stores them, against the manifest's table."""
    values = bundle.read_all(os.path.join(folder, stored_manifest.WEIGHTS))
    found = [{"name": name, "shape": list(v.shape), "dtype": v.dtype.name} for name, v in values.items()]
    saving.compare_variables(document["variables"], found, "the weights file")


def _activations(stored: Dict[str, np.ndarray], now: Dict[str, np.ndarray]) -> str:
    difference = record.first_difference(stored, now)
    return OK if difference is None else f"failed: first at layer {difference[0]}: {difference[1]}"


def _logits(stored: Dict[str, np.ndarray], now: Dict[str, np.ndarray]) -> str:
    old, new = stored["logits"], now["logits"]
    if old.shape != new.shape:
        return f"failed: shape {list(new.shape)}, recorded {list(old.shape)}"
    error = record.relative_error(old, new, float(np.abs(old).max()))
    if not error <= record.RELATIVE_TOLERANCE:
        return f"failed: off by {error:.1e} of the largest, allowed {record.RELATIVE_TOLERANCE:.0e}"
    if not np.array_equal(old.argmax(axis=1), new.argmax(axis=1)):
        return "failed: another predicted class"
    return OK


def _scores(folder: str, document: Dict[str, Any], source: Source, opened: OpenCheckpoint, data: Any) -> str:
    """Predictions on the data against the recorded ones; the data must be the images that were recorded."""
    if data.digest != document["config"]["data_digest"]:
        from tf1_models.datasets.identify import has_official_labels

        if not has_official_labels(data.y_train, data.y_test):
            return "failed: the data's labels are not CIFAR-10's official sequence (another class order?)"
        return "not checked (another copy of CIFAR-10 than the recorded one)"
    for split in splits_of(source.experiment):
        part = images_of(source.experiment, data, split)
        recorded = np.load(os.path.join(folder, f"predictions_{split}.npy"), allow_pickle=False)
        found = probabilities_of(opened, source, part.images, part.indices)
        predicted = found.argmax(axis=1)
        top = np.sort(found, axis=1)
        # a tie within rounding may fall either way; anything else is a regression
        changed = (predicted != recorded) & (top[:, -1] - top[:, -2] > record.RELATIVE_TOLERANCE * 10)
        if changed.any():
            truth = part.labels[part.indices]
            before, now = (metrics.scores(truth, p)["macro_f1"] for p in (recorded, predicted))
            return (
                f"failed: {int(changed.sum())} of {len(recorded)} {split} predictions changed, macro-F1 {now:.4f}, "
                f"recorded {before:.4f}"
            )
        score = metrics.scores(part.truth, recorded[: part.n_counted])["macro_f1"]
        if abs(score - document["scores"][split]["macro_f1"]) > 1e-12:
            return f"failed: recorded {split} predictions score {score:.6f}, the manifest says otherwise"
    return OK

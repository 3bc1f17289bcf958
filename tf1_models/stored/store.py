"""Turns a run folder into a stored checkpoint: weights alone, manifest, record on the fixed batch, predictions."""

from __future__ import annotations

import math
import os
import platform
import shutil
from typing import Any, Dict, List, Optional

import numpy as np

from tf1_models import registry
from tf1_models.checkpoints import checkpoint_source, saving, stored_manifest
from tf1_models.checkpoints.source import Source
from tf1_models.datasets.dataset import Dataset
from tf1_models.errors import CheckFailed, InputError
from tf1_models.scoring import evaluate
from tf1_models.scoring.inference import probabilities_of
from tf1_models.scoring.open_checkpoint import OpenCheckpoint, open_checkpoint
from tf1_models.scoring.split_images import images_of, splits_of
from tf1_models.spec import Experiment
from tf1_models.storage.files import fsync_folder, sha256_file, write_bytes
from tf1_models.storage.sealed import read_sealed, write_sealed
from tf1_models.stored import fixed_batch, record
from tf1_models.training import results
from tf1_models.training.run_folder import config_id

_BAND_SD = 3.0


def band(score: float, n_images: int) -> float:
    """Half-width of the band around an old score: three binomial standard deviations at its number of images."""
    return _BAND_SD * math.sqrt(max(score * (1.0 - score), 1e-12) / n_images)


def store(run_folder: str, data: Dataset, with_weights: bool = True, accept: bool = False) -> Dict[str, Any]:
    """Writes `checkpoints/<report>-<run>/` from a run folder, finished or not.

    Args:
        run_folder: A run folder, or one of its checkpoints (`FOLDER/ckpt-<step>`, e.g. that of the last whole epoch);
            of an unfinished run's folder the latest is taken. The manifest says how far it had come.
        data: The images that it was trained on (equal digest).
        with_weights: False keeps record and predictions only.
        accept: Replace a stored checkpoint although the new score leaves the old one's band.

    Returns:
        `name`, `old` and `new` scores on the report's own split, `folder`.

    Raises:
        InputError: other images, or no sound checkpoint.
        CheckFailed: the score is out of the old one's band and `accept` is off; nothing is changed.
    """
    source = checkpoint_source.find(run_folder)
    experiment = source.experiment
    if source.manifest is None or source.manifest["config"]["data_digest"] != data.digest:
        raise InputError("the run was trained on other images than --data names; stored scores must be on the same")
    home = run_folder if os.path.isdir(run_folder) else os.path.dirname(run_folder)
    run = read_sealed(os.path.join(home, "run.json"))
    folder = os.path.join(stored_manifest.stored_folder(), name_of(experiment))
    old = stored_manifest.read(folder)["scores"] if os.path.isfile(os.path.join(folder, "manifest.json")) else None
    split = experiment.eval_split
    fresh = f"{folder}.new"
    with open_checkpoint(source) as opened:
        scores, predictions = _score(opened, source, data)
        if old is not None and not accept:
            _check_band(old[split], scores[split], split)
        measured = record.measure(opened, fixed_batch.load())
        shutil.rmtree(fresh, ignore_errors=True)
        os.makedirs(fresh)
        variables = _save_weights(opened, os.path.join(fresh, stored_manifest.WEIGHTS)) if with_weights else None
    arrays: Dict[str, Any] = dict(measured)
    with open(os.path.join(fresh, "record.npz"), "wb") as stream:
        np.savez_compressed(stream, **arrays)
    for name, predicted in predictions.items():
        write_bytes(os.path.join(fresh, f"predictions_{name}.npy"), results.npy_bytes(predicted))
    _write_manifest(fresh, source, run, data, scores, variables)
    before = f"{folder}.old"
    shutil.rmtree(before, ignore_errors=True)
    if old is not None:
        os.rename(folder, before)  # a kill from here to the next rename leaves both, under names that no verb lists
    os.rename(fresh, folder)
    fsync_folder(os.path.dirname(folder))
    shutil.rmtree(before, ignore_errors=True)
    return {
        "name": os.path.basename(folder),
        "old": None if old is None else old[split],
        "new": scores[split],
        "folder": folder,
    }


def _check_band(old: Dict[str, Any], new: Dict[str, Any], split: str) -> None:
    width = band(old["macro_f1"], old["n"])
    if abs(new["macro_f1"] - old["macro_f1"]) > width:
        raise CheckFailed(
            f"{split} macro-F1 {new['macro_f1']:.4f} is outside the stored {old['macro_f1']:.4f} "
            f"+- {width:.4f}; nothing was changed; --accept stores it all the same"
        )


def name_of(experiment: Experiment) -> str:
    """Folder of a run's stored checkpoint: its report and run, or the variant's name where it is one."""
    return f"{experiment.report}-{registry.variant_name(experiment) or experiment.run}"


def reported_of(experiment: Experiment) -> Dict[str, Any]:
    """The report's metric and number; a variant, which departs from the report's run, has no number there."""
    reported = experiment.reported
    if registry.variant_name(experiment):
        return {"metric": reported.metric, "value": None, "printed": ""}
    return {"metric": reported.metric, "value": reported.value, "printed": reported.printed}


def _score(opened: OpenCheckpoint, source: Source, data: Dataset) -> "tuple[Dict[str, Any], Dict[str, np.ndarray]]":
    """Scores without their tables, and predicted ids of every dev and test image."""
    scores: Dict[str, Any] = {"dev": None}
    predictions: Dict[str, np.ndarray] = {}
    for split in splits_of(source.experiment):
        part = images_of(source.experiment, data, split)
        found = probabilities_of(opened, source, part.images, part.indices)
        scores[split] = _brief(evaluate.score(found[: part.n_counted], part.truth, data.class_names))
        predictions[split] = found.argmax(axis=1).astype(np.uint8)
    return scores, predictions


def _brief(scores: Dict[str, Any]) -> Dict[str, Any]:
    return {key: scores[key] for key in ("accuracy", "macro_f1", "weighted_f1", "n")}


def _save_weights(opened: OpenCheckpoint, target: str) -> List[Dict[str, Any]]:
    """Weights and moving statistics, no optimizer slots, as a V2 checkpoint; returns the variable table."""
    variables = opened.tf.global_variables()
    opened.tf.train.Saver(variables).save(opened.session, target, write_meta_graph=False, write_state=False)
    return saving.variable_table(variables)


def _write_manifest(
    folder: str, source: Source, run: Dict[str, Any], data: Dataset, scores: Dict[str, Any], variables: Optional[Any]
) -> None:
    experiment, trained = source.experiment, source.manifest
    if trained is None:
        raise InputError("only checkpoints of the kit's own runs are stored")
    from tf1_models.session import tensorflow_setup

    tensorflow = tensorflow_setup.import_tensorflow().__version__
    progress = trained["progress"]
    cut = ""
    if not progress["stopped"]:
        more = f" and {progress['step_in_epoch']} steps" if progress["step_in_epoch"] else ""
        cut = f"{progress['epoch']} of {experiment.epochs} epochs{more} were run"
    elif experiment.epochs != registry.experiment(experiment.report, experiment.run).epochs:
        cut = f"the report ran {registry.experiment(experiment.report, experiment.run).epochs} epochs"
    files = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        files[name] = {"size": os.path.getsize(path), "sha256": sha256_file(path)}
    write_sealed(
        os.path.join(folder, "manifest.json"),
        {
            "schema": 1,
            "config": {**trained["config"], "id8": config_id(experiment, data.digest)},
            "data": data.name,
            "data_lossy": data.lossy,
            "epochs_run": progress["epoch"],
            "epochs_reported": registry.experiment(experiment.report, experiment.run).epochs,
            "cut": cut,
            "step": trained["step"],
            "versions": [start["runtime"] for start in run["starts"]],
            "written_by": {"tensorflow": tensorflow, "numpy": np.__version__, "python": platform.python_version()},
            "scores": scores,
            "reported": reported_of(experiment),
            "weights": stored_manifest.WEIGHTS if variables is not None else None,
            "variables": variables,
            "files": files,
        },
    )

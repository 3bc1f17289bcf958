"""Finished run folders without any training: what `train` writes, around scores that the test chooses."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Dict, List, Optional, Sequence

from tf1_models import metrics, registry, spec
from tf1_models.classes import N_CLASSES
from tf1_models.storage.sealed import write_sealed
from tf1_models.training.run_folder import folder_path

LOSSY = "10f5d00678b056755ebe24e3cfd39e70059a8d3908bea7b49a0d426fb1a40e0b"
OFFICIAL = "0f" * 32
RUNTIME = {
    "tensorflow": "2.21.0",
    "numpy": "2.4.6",
    "python": "3.11.7",
    "machine": "x86_64",
    "devices": ["CPU:0"],
    "threads": 2,
    "onednn": "default",
}


def scores(accuracy: float, n: int, one_class: bool = False) -> Dict[str, Any]:
    """Scores of n images of which a share is right; the wrong ones are spread over the other classes."""
    import numpy as np

    truth = np.arange(n) % N_CLASSES
    if one_class:
        return metrics.scores(truth, np.zeros(n, np.int64))
    predicted = truth.copy()
    wrong = np.arange(n) >= round(accuracy * n)
    predicted[wrong] = (truth[wrong] + 1 + np.arange(int(wrong.sum())) % 9) % N_CLASSES
    return metrics.scores(truth, predicted)


def write_run(
    root: Any,
    report: str,
    run: str,
    seed: int,
    accuracy: float,
    words: Optional[Dict[str, str]] = None,
    by_epoch: Optional[List[float]] = None,
    data: str = "cifar10",
    digest: str = OFFICIAL,
    lossy: Optional[bool] = False,
    ended_by: str = "epochs",
    one_class: bool = False,
    test_at: Optional[Dict[int, float]] = None,
    commits: Sequence[Optional[str]] = (None,),
) -> str:
    """Writes one finished run folder.

    Args:
        root: Results folder.
        report, run, seed: Whose.
        accuracy: Of the test images (and dev, where there is one).
        words: Settings that differ from the row.
        by_epoch: Accuracy at each epoch's end; the last one is `accuracy` (default: rises to it).
        data, digest, lossy: Which images.
        ended_by: "epochs", "early_stopping" or "max_steps".
        one_class: Every image gets one class.
        test_at: Epoch -> test accuracy scored on the way.
        commits: The kit's commit at each start.

    Returns:
        The folder.
    """
    row = registry.experiment(report, run, {**(words or {}), "seed": str(seed)})
    folder = folder_path(str(root), row, data, digest)
    os.makedirs(folder)
    has_dev = row.dev_split != "none"
    n_test = 9984 if row.eval_drop_last else 10000
    n_epochs = row.epochs if ended_by == "epochs" else 1
    if by_epoch is None:
        by_epoch = [accuracy * (1 - 0.5 / (epoch + 1)) for epoch in range(n_epochs - 1)] + [accuracy]
    record = {
        "schema": 1,
        "report": report,
        "run": run,
        "seed": seed,
        "data": data,
        "data_digest": digest,
        "data_lossy": lossy,
        "settings": spec.settings(row),
        "identity": spec.identity(row),
        "starts": [
            {"command": ["train", report, "--out", "/secret/place"], "git_commit": commit, "runtime": RUNTIME}
            for commit in commits
        ],
    }
    write_sealed(os.path.join(folder, "run.json"), record)
    with open(os.path.join(folder, "metrics.jsonl"), "w", encoding="utf-8") as stream:
        for epoch, value in enumerate(by_epoch):
            line = {
                "epoch": epoch + 1,
                "step": 100 * (epoch + 1),
                "loss_sum": 300.0 / (epoch + 1),
                "loss": 3.0 / (epoch + 1),
                "train_accuracy": value,
                "eval_split": row.eval_split,
                "accuracy": value,
                "macro_f1": value,
                "weighted_f1": value,
                "samples_per_s": 1000.0,
                "seconds": 50.0,
            }
            if epoch + 1 in (test_at or {}):
                there = scores((test_at or {})[epoch + 1], n_test)
                line["test"] = {
                    **{key: there[key] for key in ("accuracy", "macro_f1", "weighted_f1", "n")},
                    "predicted_classes": N_CLASSES,
                }
            stream.write(json.dumps(line) + "\n")
    result = {
        "schema": 1,
        "report": report,
        "run": run,
        "seed": seed,
        "data": data,
        "data_digest": digest,
        "epochs": len(by_epoch),
        "steps": 100 * len(by_epoch),
        "ended_by": ended_by,
        "dev": scores(accuracy, 12500, one_class) if has_dev else None,
        "test": scores(accuracy, n_test, one_class),
        "variables_sha256": hashlib.sha256(folder.encode()).hexdigest(),
    }
    write_sealed(os.path.join(folder, "result.json"), result)
    return folder

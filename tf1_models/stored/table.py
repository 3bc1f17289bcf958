"""The table of stored checkpoints, from their manifests: `checkpoint list`, and the README's block."""

from __future__ import annotations

from typing import Any, Dict, List

from tf1_models.checkpoints import stored_manifest
from tf1_models.output.markdown import markdown_table, percent

README_BLOCK = "stored"  # its name in the README


def rows() -> List[Dict[str, Any]]:
    """One row per stored checkpoint, sorted by name; reads manifests alone, no TensorFlow.

    Returns:
        For each: `name`, `epochs_run`, `epochs_reported`, `seed`, `split` and its scores (`accuracy`, `macro_f1`,
        fractions), `test_accuracy`, `reported` (metric, value, printed), `weights_mb` (10^6 bytes; None: a record
        without weights), `written_by` (TensorFlow version), `data_lossy`, `cut`.

    Raises:
        InputError: a manifest is damaged.
    """
    found = []
    for name in stored_manifest.names():
        document = stored_manifest.read(stored_manifest.folder_of(name))
        scores, split = document["scores"], "dev" if document["scores"]["dev"] else "test"
        weights = f"{stored_manifest.WEIGHTS}."
        sizes = [one["size"] for file, one in document["files"].items() if file.startswith(weights)]
        found.append(
            {
                "name": name,
                "epochs_run": document["epochs_run"],
                "epochs_reported": document["epochs_reported"],
                "seed": document["config"]["seed"],
                "split": split,
                "accuracy": scores[split]["accuracy"],
                "macro_f1": scores[split]["macro_f1"],
                "test_accuracy": scores["test"]["accuracy"],
                "reported": document["reported"],
                "weights_mb": round(sum(sizes) / 1e6, 1) if sizes else None,
                "trained_on": sorted({runtime["tensorflow"] for runtime in document["versions"]}),
                "written_by": document["written_by"]["tensorflow"],
                "data_lossy": document["data_lossy"],
                "cut": document["cut"],
            }
        )
    return found


def markdown() -> str:
    """The table that the README carries; percent, because it is read by people."""
    head = [
        "checkpoint",
        "epochs run / reported",
        "seed",
        "split",
        "accuracy, %",
        "macro-F1, %",
        "test accuracy, %",
        "reported, %",
        "weights, MB",
        "TensorFlow: trained / written",
        "differs from the report's run by",
    ]
    lines = []
    for row in rows():
        images = "lossy images" if row["data_lossy"] else ""
        lines.append(
            [
                row["name"],
                f"{row['epochs_run']} / {row['epochs_reported']}",
                row["seed"],
                row["split"],
                percent(row["accuracy"]),
                percent(row["macro_f1"]),
                percent(row["test_accuracy"]),
                _reported(row["reported"]),
                "record only" if row["weights_mb"] is None else row["weights_mb"],
                f"{', '.join(row['trained_on'])} / {row['written_by']}",
                "; ".join(word for word in (row["cut"], images) if word) or "nothing",
            ]
        )
    return markdown_table(head, lines)


def _reported(reported: Dict[str, Any]) -> str:
    """The report's number and what it counts, e.g. 66.89 (test accuracy)."""
    if reported["value"] is None:
        return "none"
    return f"{percent(reported['value'])} ({reported['metric'].replace('_', ' ')})"

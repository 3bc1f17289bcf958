"""A stored checkpoint's folder: weights, manifest.json, record.npz and the recorded predictions."""

from __future__ import annotations

import os
from typing import Any, Dict, List

import numpy as np

from tf1_models.checkpoints.source import Source, experiment_of
from tf1_models.errors import InputError, nearest
from tf1_models.storage.files import sha256_file
from tf1_models.storage.sealed import read_sealed

WEIGHTS = "weights"


def stored_folder() -> str:
    """$TF1_MODELS_CHECKPOINTS where it is set, else `checkpoints/` beside the package (a checkout) or here."""
    if os.environ.get("TF1_MODELS_CHECKPOINTS"):
        return os.environ["TF1_MODELS_CHECKPOINTS"]
    beside = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "checkpoints")
    return beside if os.path.isdir(beside) else "checkpoints"


def names() -> List[str]:
    """Stored checkpoints, sorted: folders of `checkpoints/` with a manifest.json; `NAME.new` and `.old` are drafts."""
    root = stored_folder()
    if not os.path.isdir(root):
        return []
    found = (name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name, "manifest.json")))
    return sorted(name for name in found if not name.endswith((".new", ".old")))


def where_to_get_them() -> str:
    """A clause for every message that lacks stored checkpoints: they are shipped apart from the package."""
    return (
        f"none is stored in {os.path.abspath(stored_folder())}; they are the folder checkpoints/ of the kit's "
        "repository and not part of the installed package: set TF1_MODELS_CHECKPOINTS to that folder of a checkout"
    )


def folder_of(name: str) -> str:
    """Folder of a stored checkpoint, by name or path.

    Raises:
        InputError: no such checkpoint.
    """
    for folder in (os.path.join(stored_folder(), name), name):
        if os.path.isfile(os.path.join(folder, "manifest.json")):
            return folder
    known = names()
    there = f"there are: {', '.join(known)}" if known else where_to_get_them()
    raise InputError(f"no stored checkpoint {name!r}{nearest(name, known)}; {there}")


def read(folder: str) -> Dict[str, Any]:
    """The manifest, its own checksum checked.

    Raises:
        InputError: damaged.
    """
    return read_sealed(os.path.join(folder, "manifest.json"))


def check_files(folder: str, manifest: Dict[str, Any]) -> None:
    """Raises InputError unless every file that the manifest lists has its size and SHA-256."""
    for name, record in manifest["files"].items():
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            raise InputError(f"{name} is missing")
        if os.path.getsize(path) != record["size"] or sha256_file(path) != record["sha256"]:
            raise InputError(f"{name} is damaged: its checksum does not match the manifest")


def source_of(folder: str, manifest: Dict[str, Any]) -> Source:
    """The weights as a checkpoint source."""
    return Source(os.path.join(folder, WEIGHTS), experiment_of(manifest), manifest)


def load_record(folder: str) -> Dict[str, np.ndarray]:
    """record.npz as a dict of arrays (never unpickled), layers in order."""
    with np.load(os.path.join(folder, "record.npz"), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}

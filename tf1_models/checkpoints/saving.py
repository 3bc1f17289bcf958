"""Saving and restoring training state so that nothing committed is ever lost or silently wrong.

A checkpoint is a tf.train.Saver V2 pair `ckpt-<step>.index`, `ckpt-<step>.data-00000-of-00001` that any TF 1 program
restores, and the manifest `ckpt-<step>.json`, written last: the manifest is the commit. Names are never reused
(overwriting one name lost old and new in 13 of 80 kills). The manifests found in the folder are the pointer to the
latest: `tf.train.latest_checkpoint` follows copied folders to the original and moved ones to nothing.
"""

from __future__ import annotations

import os
import re
from typing import Any, Callable, Dict, List, Optional, Tuple

from tf1_models.errors import InputError, MachineError, tensorflow_words
from tf1_models.storage.files import fsync_file, fsync_folder, sha256_file, write_bytes
from tf1_models.storage.reading import shown
from tf1_models.storage.sealed import read_sealed, write_sealed

_MANIFEST = re.compile(r"ckpt-(\d+)\.json$")
_PART = re.compile(r"ckpt-(\d+)\.(index|data-\d{5}-of-\d{5}|json|meta)(\.|$)")
_SUFFIXES = (".index", ".data-00000-of-00001")


def variable_table(variables: List[Any]) -> List[Dict[str, Any]]:
    """`name`, `shape`, `dtype` of TensorFlow variables, sorted by name (the order of a checkpoint's index)."""
    rows = [{"name": v.op.name, "shape": v.shape.as_list(), "dtype": v.dtype.base_dtype.name} for v in variables]
    return sorted(rows, key=lambda row: row["name"])


def list_steps(folder: str) -> List[int]:
    """Steps with a manifest (whole or not), latest first."""
    found = (_MANIFEST.match(name) for name in os.listdir(folder))
    return sorted((int(match.group(1)) for match in found if match), reverse=True)


def prefix(folder: str, step: int) -> str:
    """The Saver prefix of a step's checkpoint."""
    return os.path.join(folder, f"ckpt-{step}")


def save(tf: Any, session: Any, saver: Any, folder: str, step: int, fields: Dict[str, Any]) -> None:
    """Writes and commits the checkpoint of one step.

    Args:
        tf: The TensorFlow v1 module.
        session: Session that holds the values.
        saver: Saver over every global variable: weights, slots, moving statistics, step.
        folder: The run folder.
        step: Training steps done.
        fields: Further manifest content, JSON-ready: the state of everything outside the graph.

    Raises:
        MachineError: the disk is full or the folder not writable; earlier checkpoints are intact.
    """
    path = prefix(folder, step)
    try:
        saver.save(session, path, write_meta_graph=False, write_state=False)
        files = {}
        for suffix in _SUFFIXES:
            fsync_file(path + suffix)  # the Saver never syncs: without this a power cut takes a committed step
            files[suffix] = {"size": os.path.getsize(path + suffix), "sha256": sha256_file(path + suffix)}
        fsync_folder(folder)
        variables = variable_table(saver._var_list)
        write_sealed(path + ".json", {"schema": 1, "step": step, "files": files, "variables": variables, **fields})
        # for legacy tools only: `tf.train.latest_checkpoint` reads it, the kit never does
        state = f'model_checkpoint_path: "ckpt-{step}"\nall_model_checkpoint_paths: "ckpt-{step}"\n'
        write_bytes(os.path.join(folder, "checkpoint"), state.encode("ascii"))
    except (OSError, tf.errors.OpError) as error:
        remove_uncommitted(folder)
        raise MachineError(
            f"checkpoint of step {step} not written ({tensorflow_words(error)}); earlier checkpoints are intact: "
            "free the disk or mend the folder, then run the same command to continue"
        ) from error


def read_manifest(folder: str, step: int) -> Dict[str, Any]:
    """The manifest of a step after its own checksum, its files' sizes and their SHA-256 have been checked.

    Raises:
        InputError: anything is missing, damaged or of another step.
    """
    manifest = read_sealed(prefix(folder, step) + ".json")
    name = f"ckpt-{step}"
    if not _is_manifest(manifest, step):
        raise InputError(f"{name}.json is not the manifest of step {step}")
    for suffix, record in manifest["files"].items():
        path = prefix(folder, step) + suffix
        if not os.path.isfile(path):
            raise InputError(f"{name}{suffix} is missing")
        if os.path.getsize(path) != record["size"] or sha256_file(path) != record["sha256"]:
            raise InputError(f"{name}{suffix} is damaged: its checksum does not match the manifest")
    return manifest


def _is_manifest(manifest: Dict[str, Any], step: int) -> bool:
    """Whether what the kit uses of a manifest is there and of its kind: a right checksum says nothing of its author."""
    try:
        return (
            manifest["schema"] == 1
            and manifest["step"] == step
            and sorted(manifest["files"]) == sorted(_SUFFIXES)
            and all(
                isinstance(record["size"], int) and isinstance(record["sha256"], str)
                for record in [*manifest["files"].values(), manifest["metrics"]]
            )
            and all(
                isinstance(row["name"], str) and isinstance(row["shape"], list) and isinstance(row["dtype"], str)
                for row in manifest["variables"]
            )
            and isinstance(manifest["config"], dict)
            and isinstance(manifest["progress"], dict)
        )
    except (KeyError, TypeError, AttributeError):
        return False


def latest_sound(folder: str, warn: Callable[[str], None]) -> Optional[Dict[str, Any]]:
    """The latest checkpoint that passes every check; damaged ones are named and passed over.

    Args:
        folder: The run folder.
        warn: Called with one line for each checkpoint passed over.

    Returns:
        Its manifest, or None when the folder has no manifest at all.

    Raises:
        InputError: there are manifests, but no sound checkpoint.
    """
    steps = list_steps(folder)
    for step in steps:
        try:
            return read_manifest(folder, step)
        except InputError as error:
            warn(f"checkpoint of step {step} passed over: {error}")
    if steps:
        raise InputError(f"none of the {len(steps)} checkpoints is sound; --fresh starts the run anew")
    return None


def compare_variables(wanted: List[Dict[str, Any]], found: List[Dict[str, Any]], what: str = "the checkpoint") -> None:
    """Raises InputError with three lists (missing, unexpected, different) unless both tables agree by name."""
    want = {row["name"]: (row["shape"], row["dtype"]) for row in wanted}
    have = {row["name"]: (row["shape"], row["dtype"]) for row in found}
    missing = sorted(set(want) - set(have))
    unexpected = sorted(set(have) - set(want))
    different = [
        f"{name}: graph {want[name]}, file {have[name]}"
        for name in sorted(want)
        if name in have and want[name] != have[name]
    ]
    parts = [
        f"{label} {_some(names)}"
        for label, names in (("missing", missing), ("unexpected", unexpected), ("different", different))
        if names
    ]
    if parts:
        raise InputError(f"{what} does not fit the graph: {'; '.join(parts)}")


def _some(names: List[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return shown(", ".join(names[:most]), 500) + more  # a file's names may hold anything


def restore(tf: Any, session: Any, saver: Any, folder: str, manifest: Dict[str, Any]) -> None:
    """Restores a checked checkpoint strictly: names, shapes and dtypes must be exactly the Saver's.

    Raises:
        InputError: the variables differ, or TensorFlow refuses the files.
    """
    compare_variables(variable_table(saver._var_list), manifest["variables"], f"ckpt-{manifest['step']}")
    try:
        saver.restore(session, prefix(folder, manifest["step"]))
    except (tf.errors.OpError, ValueError) as error:
        raise InputError(f"ckpt-{manifest['step']} does not restore: {tensorflow_words(error)}") from error


def remove_uncommitted(folder: str) -> None:
    """Deletes parts of checkpoints without a manifest, and temporary files: what a kill or a full disk left."""
    committed = set(list_steps(folder))
    for name in os.listdir(folder):
        part = _PART.match(name)
        stale = part is not None and (int(part.group(1)) not in committed or ".tempstate" in name)
        if stale or ".tmp-" in name:
            try:
                os.unlink(os.path.join(folder, name))
            except OSError:
                pass  # read-only folder: the error that matters is reported by whoever writes next


def prune(folder: str, keep: Tuple[int, ...], n_latest: int = 2) -> None:
    """Deletes older checkpoints, manifest first (so that none is ever half there); keeps `keep` and the latest."""
    steps = list_steps(folder)
    for step in steps[n_latest:]:
        if step not in keep:
            os.unlink(prefix(folder, step) + ".json")
            for suffix in _SUFFIXES:
                if os.path.exists(prefix(folder, step) + suffix):
                    os.unlink(prefix(folder, step) + suffix)

"""The kit's own cache: four .npy files and a manifest with their SHA-256, written last. `data prepare` makes it.

    prepared-cifar10/
      train_images.npy, train_labels.npy, test_images.npy, test_labels.npy    uint8
      tf1_models-data.json                                                    manifest; without it there is no cache

Loading verifies everything: each file's checksum, the content digest, and the manifest's own checksum.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from typing import IO, Any, Dict

import numpy as np

from tf1_models.classes import N_CLASSES
from tf1_models.datasets import arrays, assemble, find
from tf1_models.datasets.dataset import Dataset
from tf1_models.errors import InputError
from tf1_models.storage import files
from tf1_models.storage.reading import Reader, open_regular, shown

NAMES = ("train_images.npy", "train_labels.npy", "test_images.npy", "test_labels.npy")
_KIND = "tf1_models data cache"
_MAX_MANIFEST = 1 << 16


def _seal(manifest: Dict[str, Any]) -> str:
    """SHA-256 of a manifest without its seal."""
    open_part = {key: value for key, value in manifest.items() if key != "seal"}
    return hashlib.sha256(json.dumps(open_part, sort_keys=True).encode("ascii")).hexdigest()


def read_manifest(folder: str) -> Dict[str, Any]:
    """A cache's manifest, its seal and fields checked.

    Raises:
        InputError: missing, damaged or of another schema.
    """
    path = os.path.join(folder, find.MANIFEST)
    stream, n_bytes = open_regular(path, _MAX_MANIFEST)
    with stream:
        content = stream.read(n_bytes)
    damaged = InputError(f"{shown(path)} is damaged; run `data prepare` again into another folder")
    try:
        manifest = json.loads(content.decode("utf-8"))
        if manifest["kind"] != _KIND or manifest["schema"] != 1:
            raise InputError(f"{shown(path)} is no manifest that this version of the kit reads")
        if manifest["seal"] != _seal(manifest) or (files.to_json(manifest) + "\n").encode("utf-8") != content:
            raise damaged
        if not _is_sound(manifest):
            raise damaged
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged from error
    return dict(manifest)


def _is_sound(manifest: Dict[str, Any]) -> bool:
    """True when the fields are of the kind that `write` writes: a seal anyone can compute proves no good will."""
    counts, names, sha256 = (manifest["n_train"], manifest["n_test"]), manifest["class_names"], manifest["sha256"]
    return (
        all(type(n) is int and 1 <= n <= arrays.MAX_IMAGES for n in counts)
        and all(type(manifest[key]) is str for key in ("name", "form", "order", "digest"))
        and re.fullmatch("[A-Za-z0-9_-]{1,40}", manifest["name"]) is not None
        and manifest["order"] in ("official", "inferred")
        and manifest["lossy"] in (True, False, None)
        and type(names) is list
        and len(names) == N_CLASSES
        and all(type(name) is str and len(name) <= 40 and name.isprintable() for name in names)
        and type(sha256) is dict
        and set(sha256) == set(NAMES)
    )


def read(folder: str) -> Dataset:
    """Loads and verifies a cache.

    Raises:
        InputError: a file is missing, or a bit of it is not what was written.
    """
    manifest = read_manifest(folder)
    n_train, n_test = manifest["n_train"], manifest["n_test"]
    x = np.empty((n_train + n_test, 32, 32, 3), np.uint8)
    y = np.empty(n_train + n_test, np.uint8)
    parts = assemble.Arrays(x[:n_train], y[:n_train], x[n_train:], y[n_train:])
    for name, part in zip(NAMES, parts):
        path = os.path.join(folder, name)
        digest = hashlib.sha256()
        stream, n_bytes = open_regular(path, arrays.MAX_FILE_BYTES)
        with stream:
            reader = Reader(stream, n_bytes, path, digest)
            header = arrays.read_header(reader)
            if header.dtype != np.uint8 or header.shape != part.shape:
                raise reader.error("it is not what its manifest says; run `data prepare` again into another folder")
            reader.into(part.data.cast("B"))
        if digest.hexdigest() != manifest["sha256"][name]:
            raise InputError(f"{shown(path)} is damaged: wrong checksum; run `data prepare` again into another folder")
    data = assemble.dataset(
        parts,
        find.KIT_CACHE,
        folder,
        manifest["name"],
        tuple(manifest["class_names"]),
        manifest["order"],
        manifest["lossy"],
    )
    if data.digest != manifest["digest"]:
        raise InputError(f"{shown(folder)} is damaged: its content digest is not the manifest's")
    return data


def write(data: Dataset, folder: str) -> bool:
    """Writes a cache; the manifest, last, makes it one.

    Args:
        data: What to write.
        folder: Created when missing. One that holds another data set is left alone.

    Returns:
        False when the folder holds this data set already and verifies.

    Raises:
        InputError: the folder holds another or a damaged data set.
        MachineError: it cannot be written.
    """
    manifest_path = os.path.join(folder, find.MANIFEST)
    if os.path.lexists(manifest_path):
        if read(folder).digest == data.digest:
            return False
        raise InputError(f"{shown(folder)} holds another data set; choose another --out or remove it yourself")
    present = find.form_of(folder)
    if present is not None:
        raise InputError(f"{shown(folder)} holds {present.form}; choose an --out of its own")
    with files.writing_output(folder):
        os.makedirs(folder, exist_ok=True)
        sha256 = {}
        for name, part in zip(NAMES, (data.x_train, data.y_train, data.x_test, data.y_test)):
            sha256[name] = _write_npy(os.path.join(folder, name), part)
        manifest = {
            "schema": 1,
            "kind": _KIND,
            "name": data.name,
            "form": data.form,
            "order": data.order,
            "lossy": data.lossy,
            "class_names": list(data.class_names),
            "n_train": len(data.y_train),
            "n_test": len(data.y_test),
            "digest": data.digest,
            "sha256": sha256,
        }
        manifest["seal"] = _seal(manifest)
        files.write_json(manifest_path, manifest)
    return True


def _write_npy(path: str, part: np.ndarray) -> str:
    """Writes one array as .npy, atomically; returns the SHA-256 of its bytes."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(part))
    digest = hashlib.sha256()
    content = np.ascontiguousarray(part).data.cast("B")

    def fill(stream: IO[bytes]) -> None:
        for piece in [memoryview(head.getvalue()), content]:
            digest.update(piece)
            stream.write(piece)

    files.write_atomically(path, fill)
    return digest.hexdigest()

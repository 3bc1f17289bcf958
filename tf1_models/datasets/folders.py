"""Class folders, `{train,test}/<class>/NNNN.png` or `.jpg`, put into the official order.

Folders know an image's class and its number within the class, not its place among all: the official label sequence,
shipped beside this module, gives that (the k-th file of a class is the k-th image with that label).
"""

from __future__ import annotations

import io
import os
import re
import warnings
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from tf1_models.classes import CIFAR10_CLASSES, IMAGE_SIZE_PX
from tf1_models.datasets import identify
from tf1_models.datasets.assemble import Arrays
from tf1_models.errors import InputError, MachineError, install_command, one_line
from tf1_models.storage.reading import open_regular, shown

MAX_FILE_BYTES = 1 << 16  # a 32x32 PNG without compression has 3.2 kB
_NUMBER = re.compile(r"(\d{1,12})(?:[_-].*)?\.(?:png|jpg|jpeg)", re.IGNORECASE)  # 0042.png, also 42_frog.png


class Images(NamedTuple):
    """What class folders held; `lossy` is True when any image is a JPEG, else None."""

    arrays: Arrays
    lossy: Optional[bool]


def _pillow() -> Any:
    try:
        from PIL import Image  # heavy and optional: only on use
    except ImportError:
        raise MachineError(f"class folders of images need Pillow: {install_command('data')}") from None
    return Image


def read_image(path: str, follow: bool = True) -> Tuple[np.ndarray, str]:
    """Reads one 32x32 RGB image, checked before its pixels are unpacked.

    Args:
        path: PNG or JPEG file.
        follow: False refuses a symbolic link.

    Returns:
        (uint8 [32, 32, 3], "PNG" or "JPEG").

    Raises:
        InputError: any other kind, size or mode, animated, larger than 64 kB, damaged.
        MachineError: Pillow is not installed.
    """
    image_class = _pillow()
    stream, n_bytes = open_regular(path, MAX_FILE_BYTES, follow)
    with stream:
        content = stream.read(n_bytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of a decompression bomb and of damaged metadata
            with image_class.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                kind, size, mode = str(image.format), image.size, image.mode
                n_frames = getattr(image, "n_frames", 1)
                if kind not in ("PNG", "JPEG"):  # MPO: several JPEGs in one file
                    raise InputError(f"{shown(path)}: a PNG or JPEG image is needed; this is {shown(kind)}")
                if size != (IMAGE_SIZE_PX, IMAGE_SIZE_PX) or mode != "RGB" or n_frames != 1:
                    raise InputError(
                        f"{shown(path)}: one 32x32 RGB image is needed; this is {mode} {size[0]}x{size[1]}"
                        + (f", {n_frames} frames" if n_frames != 1 else "")
                    )
                return np.asarray(image, np.uint8), kind
    except InputError:
        raise
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError, struct.error, its own bomb classes …
        raise InputError(f"{shown(path)}: no PNG or JPEG image that can be read: {shown(one_line(error))}") from error


def _names(folder: str) -> List[str]:
    """A folder's names, sorted (a listing's order is not stable); what systems hide there is passed over."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise InputError(f"{shown(folder)} cannot be read: {one_line(error)}") from error
    return [name for name in names if not name.startswith(".") and name != "Thumbs.db"]


def _numbered(folder: str) -> List[str]:
    """A class folder's image files by the number that begins their names."""
    by_number: Dict[int, str] = {}
    for name in _names(folder):
        match = _NUMBER.fullmatch(name)
        if match is None or not name.isascii():
            raise InputError(
                f"{shown(os.path.join(folder, name))}: class folders hold NNNN.png or NNNN.jpg, numbered in the "
                "official order"
            )
        number = int(match.group(1))
        if number in by_number:
            raise InputError(f"{shown(folder)} holds number {number} twice: {shown(by_number[number])}, {shown(name)}")
        by_number[number] = name
    return [by_number[number] for number in sorted(by_number)]


def _listing(root: str, split: str, labels: np.ndarray) -> List[List[str]]:
    """Paths by class; the counts must be the official ones."""
    known, inside = set(CIFAR10_CLASSES), os.path.realpath(root)
    for name in _names(os.path.join(root, split)):
        if name not in known and os.path.isdir(os.path.join(root, split, name)):
            raise InputError(f"{shown(os.path.join(root, split))} holds {shown(name)}, which is no class of CIFAR-10")
    paths = []
    for k, name in enumerate(CIFAR10_CLASSES):
        folder = os.path.join(root, split, name)
        if os.path.commonpath([inside, os.path.realpath(folder)]) != inside:
            raise InputError(f"{shown(folder)} is a link that leads out of {shown(root)}")
        files, n_expected = _numbered(folder), int((labels == k).sum())
        if len(files) != n_expected:
            raise InputError(f"{shown(folder)} holds {len(files)} images; CIFAR-10 has {n_expected} there")
        paths.append([os.path.join(folder, file) for file in files])
    return paths


def read(root: str) -> Images:
    """Reads `root/{train,test}/<class>/` in the official order.

    Raises:
        InputError: a class with more or fewer images than CIFAR-10 has, or a file that is no such image.
        MachineError: Pillow is not installed.
    """
    _pillow()
    y_train, y_test = identify.official_labels()
    y = np.concatenate([y_train, y_test])
    listed = [(0, _listing(root, "train", y_train)), (len(y_train), _listing(root, "test", y_test))]
    x = np.empty((len(y), IMAGE_SIZE_PX, IMAGE_SIZE_PX, 3), np.uint8)
    lossy = None
    for first, paths in listed:
        labels = y_train if first == 0 else y_test
        for k, files in enumerate(paths):
            for index, path in zip(np.flatnonzero(labels == k), files):
                x[first + index], kind = read_image(path, follow=False)
                if kind == "JPEG":
                    lossy = True
    n_train = len(y_train)
    return Images(Arrays(x[:n_train], y[:n_train], x[n_train:], y[n_train:]), lossy)

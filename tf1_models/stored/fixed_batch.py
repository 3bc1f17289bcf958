"""The 64 patches of photographs that every stored checkpoint is held against: no CIFAR pixel, and never noise."""

from __future__ import annotations

import os

import numpy as np

from tf1_models.checkpoints.stored_manifest import stored_folder
from tf1_models.datasets.single_images import read_images
from tf1_models.errors import InputError
from tf1_models.storage.files import sha256_file

FILE = "fixed_batch.npy"
# of the file as committed; JPEG decoders differ, so the bytes are stored and never cut anew
SHA256 = "51336272ddc09e686353f6fc787b75def1584051111976f3b300e0eb0e13593e"
N_IMAGES = 64
_GRID = (4, 8)  # rows, columns of patches from each photograph
_PATCH_PX = 32


def cut(photographs: "list[np.ndarray]") -> np.ndarray:
    """Cuts the patches from scikit-learn's china.jpg and flower.jpg, as it was done once.

    Args:
        photographs: Two uint8 [427, 640, 3] arrays.

    Returns:
        uint8 [64, 32, 32, 3]: an even grid of 4 x 8 patches of each.
    """
    patches = []
    for photograph in photographs:
        height, width = photograph.shape[:2]
        for row in np.linspace(0, height - _PATCH_PX, _GRID[0]).astype(int):
            for column in np.linspace(0, width - _PATCH_PX, _GRID[1]).astype(int):
                patches.append(photograph[row : row + _PATCH_PX, column : column + _PATCH_PX])
    return np.ascontiguousarray(np.stack(patches))


def load() -> np.ndarray:
    """The fixed batch, uint8 [64, 32, 32, 3].

    Raises:
        InputError: the file is missing or not the committed one.
    """
    path = os.path.join(stored_folder(), FILE)
    if not os.path.isfile(path):
        raise InputError(
            f"{path} is missing; it is part of the folder checkpoints/ of the kit's repository: set "
            "TF1_MODELS_CHECKPOINTS to that folder of a checkout"
        )
    if sha256_file(path) != SHA256:
        raise InputError(f"{path} is damaged; restore it from the kit's repository")
    return read_images(path)

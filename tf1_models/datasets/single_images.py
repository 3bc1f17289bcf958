"""Images of the user's own for `predict`: an .npy of bytes, or one PNG or JPEG."""

from __future__ import annotations

import numpy as np

from tf1_models.classes import IMAGE_SIZE_PX, N_CHANNELS
from tf1_models.datasets import arrays, folders
from tf1_models.storage.reading import Reader, open_regular


def read_images(path: str) -> np.ndarray:
    """Reads one file of images.

    Args:
        path: `.npy` with uint8 [N, 32, 32, 3], or a 32x32 RGB PNG or JPEG.

    Returns:
        uint8 [N, 32, 32, 3]; N = 1 for an image file.

    Raises:
        InputError: anything else.
        MachineError: an image file, and Pillow is not installed.
    """
    if not path.lower().endswith(".npy"):
        return folders.read_image(path)[0][np.newaxis]
    stream, n_bytes = open_regular(path, arrays.MAX_FILE_BYTES)
    with stream:
        reader = Reader(stream, n_bytes, path)
        header = arrays.read_header(reader)
        wanted = (IMAGE_SIZE_PX, IMAGE_SIZE_PX, N_CHANNELS)
        if header.dtype != np.uint8 or header.shape[1:] != wanted or not header.shape[0]:
            raise reader.error(f"images must be uint8 [N, 32, 32, 3]; got {header.dtype} {list(header.shape)}")
        images = np.empty(header.shape, np.uint8)
        reader.into(images.reshape(-1).data)
        return images

"""Random flip and crop of training images (prelu_cnn, `warm_augment`), as a pure function of (seed, epoch, image).

Source: report prelu_cnn names "data augmentation" and nothing else. Assumed: the usual pair for CIFAR-10, a horizontal
flip with probability 1/2 and a 32x32 crop out of the picture with 4 zero pixels on each side. TensorFlow-free.
"""

from __future__ import annotations

import numpy as np

PADDING_PX = 4
# Keeps this stream apart from `seeds.epoch_order`, which is keyed on (seed, epoch).
_STREAM = 0xA06


def augment(images: np.ndarray, seed: int, epoch: int, indices: np.ndarray) -> np.ndarray:
    """Augments one batch.

    Args:
        images: uint8 [n, height, width, channels].
        seed: The run's seed.
        epoch: Zero-based; every epoch draws anew.
        indices: Integers [n], each image's number in the training set: what is drawn for an image depends on (seed,
            epoch, its number) alone, not on the batch it comes in, so a resumed run needs no stored stream.

    Returns:
        uint8, the shape of `images`; a new array.
    """
    n, height, width, _ = images.shape
    pad = PADDING_PX
    padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="constant")
    out = np.empty_like(images)
    for i in range(n):
        stream = np.random.RandomState([_STREAM, seed, epoch, int(indices[i])])
        flip, top, left = stream.randint(0, 2), stream.randint(0, 2 * pad + 1), stream.randint(0, 2 * pad + 1)
        crop = padded[i, top : top + height, left : left + width]
        out[i] = crop[:, ::-1] if flip else crop
    return out

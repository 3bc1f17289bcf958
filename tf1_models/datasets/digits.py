"""The embedded default: scikit-learn's 1,797 handwritten 8x8 digits, blown up to CIFAR-10's shape."""

from __future__ import annotations

import numpy as np

from tf1_models.datasets.assemble import Arrays
from tf1_models.errors import InputError, MachineError

N_TEST = 297  # the last images in file order; the other 1,500 train
_GREY_LEVELS = 16  # pixels are counts 0..16
_REPEAT = 4  # 8 pixels -> 32


def to_images(values: np.ndarray) -> np.ndarray:
    """Digits as images: each pixel becomes a 4x4 block of three equal bytes, 16 becoming 255 (halves round up).

    Args:
        values: [N, 8, 8] of 0..16, any dtype that holds them exactly.

    Returns:
        uint8 [N, 32, 32, 3].
    """
    levels = values.astype(np.int64)
    grey = ((levels * 255 + _GREY_LEVELS // 2) // _GREY_LEVELS).astype(np.uint8)
    large = grey.repeat(_REPEAT, axis=1).repeat(_REPEAT, axis=2)
    return np.repeat(large[..., None], 3, axis=3)


def read() -> Arrays:
    """The digits as scikit-learn ships them, in file order.

    Raises:
        MachineError: scikit-learn is not installed.
        InputError: its file is not the one that is known.
    """
    try:
        from sklearn.datasets import load_digits  # heavy: only on use
    except ImportError:
        raise MachineError("the digits need scikit-learn: pip install scikit-learn") from None
    try:
        bunch = load_digits()
        values, labels = np.asarray(bunch.images), np.asarray(bunch.target)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"scikit-learn's digits cannot be read: {error}") from error
    if values.shape != (1797, 8, 8) or values.min() < 0 or values.max() > _GREY_LEVELS:
        raise InputError("scikit-learn's digits are not the 1,797 images of 8x8 pixels that are known")
    x, y = to_images(values), labels.astype(np.uint8)
    return Arrays(x[:-N_TEST], y[:-N_TEST], x[-N_TEST:], y[-N_TEST:])

"""The ten classes, in the order in which every report, label file and score of this kit counts them."""

from __future__ import annotations

# Official order of CIFAR-10 (batches.meta); alphabetical too, so sorted class folders give the same ids.
CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
DIGITS_CLASSES = tuple(str(digit) for digit in range(10))
N_CLASSES = 10
IMAGE_SIZE_PX = 32
N_CHANNELS = 3

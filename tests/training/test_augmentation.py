"""Random flip and crop: each image on its own, the same in any batch, zeros outside, all positions reached."""

from __future__ import annotations

import time

import numpy as np

from tf1_models.training.augmentation import augment


def _images(n: int) -> np.ndarray:
    return np.random.RandomState(1).randint(1, 256, (n, 32, 32, 3)).astype(np.uint8)


def test_independent_of_the_batch_and_its_order() -> None:
    images, indices = _images(12), np.arange(100, 112)
    whole = augment(images, 5, 3, indices)
    order = np.array([7, 0, 11, 3])
    np.testing.assert_array_equal(augment(images[order], 5, 3, indices[order]), whole[order])
    np.testing.assert_array_equal(augment(images[4:5], 5, 3, indices[4:5])[0], whole[4])


def test_keyed_on_seed_epoch_and_index() -> None:
    images, indices = _images(32), np.arange(32)
    first = augment(images, 0, 0, indices)
    np.testing.assert_array_equal(first, augment(images, 0, 0, indices))
    for other in (augment(images, 1, 0, indices), augment(images, 0, 1, indices), augment(images, 0, 0, indices + 32)):
        assert np.mean(np.any(first != other, axis=(1, 2, 3))) > 0.9


def test_every_result_is_a_flipped_or_plain_shift_with_zeros_outside() -> None:
    image = _images(1)[0]
    n = 3000
    results = augment(np.repeat(image[None], n, axis=0), 9, 0, np.arange(n))
    assert results.dtype == np.uint8 and results.shape == (n, 32, 32, 3)
    padded = np.zeros((40, 40, 3), np.uint8)
    padded[4:36, 4:36] = image
    shifts = {}
    for top in range(9):
        for left in range(9):
            crop = padded[top : top + 32, left : left + 32]
            shifts[crop.tobytes()] = (0, top, left)
            shifts[crop[:, ::-1].tobytes()] = (1, top, left)
    counts = np.zeros((2, 9, 9))
    for result in results:
        counts[shifts[result.tobytes()]] += 1
    assert counts.min() > 0  # 162 cells, 18.5 expected in each
    assert abs(counts[1].sum() / n - 0.5) < 0.04
    chi_square = np.sum((counts - n / 162.0) ** 2) / (n / 162.0)
    assert chi_square < 240  # 161 degrees of freedom: p about 5e-5


def test_the_input_is_left_alone_and_it_is_quick() -> None:
    images = _images(32)
    before = images.copy()
    started = time.time()
    augment(images, 0, 0, np.arange(32))
    assert time.time() - started < 1.0
    np.testing.assert_array_equal(images, before)

"""The embedded digits."""

from __future__ import annotations

import numpy as np

from tf1_models.datasets import digits, splits


def test_every_grey_level():
    values = np.arange(17)
    images = digits.to_images(np.broadcast_to(values[:, None, None], (17, 8, 8)))
    assert images.shape == (17, 32, 32, 3) and images.dtype == np.uint8
    assert images[:, 0, 0, 0].tolist() == [0, 16, 32, 48, 64, 80, 96, 112, 128, 143, 159, 175, 191, 207, 223, 239, 255]


def test_a_pixel_becomes_a_block_of_four_by_four():
    values = np.zeros((1, 8, 8))
    values[0, 2, 5] = 16
    image = digits.to_images(values)[0]
    assert image.sum() == 16 * 3 * 255
    assert (image[8:12, 20:24] == 255).all()


def test_file_order_and_splits():
    from sklearn.datasets import load_digits

    x_train, y_train, x_test, y_test = digits.read()
    assert (len(y_train), len(y_test)) == (1500, 297)
    target = load_digits().target
    assert np.array_equal(np.concatenate([y_train, y_test]), target)
    train, dev = splits.split_indices("first_quarter", y_train)
    assert (len(train), len(dev)) == (1125, 375)
    assert x_train.shape == (1500, 32, 32, 3) and x_test.shape == (297, 32, 32, 3)

"""Which images a split means, and how many a report counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf1_models import registry
from tf1_models.errors import UsageError
from tf1_models.scoring import split_images


class Images:
    """A data set of 12 training and 10 test images, ids by position."""

    x_train, x_test = (np.full((n, 32, 32, 3), n, np.uint8) for n in (12, 10))
    y_train = np.arange(12, dtype=np.uint8) % 10
    y_test = np.arange(10, dtype=np.uint8)


DATA: Any = Images


def test_test_is_counted_as_the_report_counts_it() -> None:
    whole = registry.experiment("course_models", "model2", {"batch_size": "4"})
    part = split_images.images_of(whole, DATA, "test")
    assert part.images is DATA.x_test and part.n_counted == 10 and list(part.indices) == list(range(10))
    q8 = registry.experiment("prelu_cnn", "final", {"batch_size": "4"})  # Q8: whole batches of test only
    part = split_images.images_of(q8, DATA, "test")
    assert len(part.indices) == 10 and part.n_counted == 8 and list(part.truth) == list(range(8))
    less_than_a_batch = registry.experiment("prelu_cnn", "final", {"batch_size": "32"})
    assert split_images.images_of(less_than_a_batch, DATA, "test").n_counted == 10


def test_dev_and_train_share_the_training_images() -> None:
    row = registry.experiment("nine_conv", "final")  # the first quarter is dev
    dev, train = (split_images.images_of(row, DATA, split) for split in ("dev", "train"))
    assert dev.images is DATA.x_train and train.labels is DATA.y_train
    assert list(dev.indices) == [0, 1, 2] and list(train.indices) == list(range(3, 12))
    assert list(dev.truth) == [0, 1, 2] and dev.n_counted == 3 and train.n_counted == 9
    assert split_images.splits_of(row) == ("dev", "test")


def test_a_run_without_dev_says_so() -> None:
    row = registry.experiment("bn_cnn", "final")
    assert split_images.splits_of(row) == ("test",)
    assert len(split_images.images_of(row, DATA, "train").indices) == 12
    with pytest.raises(UsageError, match=r"bn_cnn has no dev split \(Q20\)"):
        split_images.images_of(row, DATA, "dev")
    with pytest.raises(UsageError, match="unknown split 'validation'; known: train, dev, test"):
        split_images.images_of(row, DATA, "validation")

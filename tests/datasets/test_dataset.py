"""What no data set may hold, whatever form it was read from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf1_models.datasets.dataset import check_arrays
from tf1_models.errors import InputError


def images(n: int = 3) -> np.ndarray:
    return np.zeros((n, 32, 32, 3), np.uint8)


def labels(*ids: int) -> np.ndarray:
    return np.array(ids, np.uint8)


@pytest.mark.parametrize(
    "x, y, words",
    [
        (images().astype(np.float32), labels(0, 1, 2), r"images must be uint8 \[N, 32, 32, 3\]; got float32"),
        (images().reshape(3, 3072), labels(0, 1, 2), r"got uint8 \[3, 3072\]"),
        (images().transpose(0, 3, 1, 2), labels(0, 1, 2), r"got uint8 \[3, 3, 32, 32\]"),
        (images(), labels(0, 1, 2).astype(np.int64), "labels must be one class id per image; got int64"),
        (images(), labels(0, 1, 2)[:, None], r"got uint8 \[3, 1\]"),
        (images(), labels(0, 1), "train has 3 images but 2 labels"),
        (images(), labels(0, 1, 2, 3), "train has 3 images but 4 labels"),
        (images(0), labels(), "train holds no image"),
        (images(), labels(0, 10, 2), "labels must be 0 to 9; found 10"),
    ],
)
def test_what_is_no_data_set_is_refused(x: Any, y: Any, words: str) -> None:
    check_arrays(images(), labels(0, 9, 2), "train")
    with pytest.raises(InputError, match=words):
        check_arrays(x, y, "train")

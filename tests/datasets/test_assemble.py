"""What every form's arrays must be before they are a data set."""

from __future__ import annotations

import numpy as np
import pytest

from tests.datasets import forms
from tf1_models.datasets import assemble
from tf1_models.errors import InputError


@pytest.mark.parametrize(
    "path, name",
    [("/a/b/my set.v2", "my-set"), ("x.npz", "x"), (".npz", "npz"), ("/", "data"), ("é", "data"), ("a" * 99, "a" * 40)],
)
def test_stem(path, name):
    assert assemble.stem(path) == name


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"y_train": np.full(25, 10, np.uint8)}, "train labels must be 0 to 9; found 10"),
        ({"y_test": np.zeros(9, np.uint8)}, "test has 10 images but 9 labels; they must be as many"),
        ({"x_test": np.zeros((10, 32, 32, 1), np.uint8)}, "test images must be uint8"),
    ],
)
def test_bad_arrays(changes, words):
    with pytest.raises(InputError, match=words):
        assemble.dataset(assemble.Arrays(*forms.tiny()._replace(**changes)), "npy", "x")

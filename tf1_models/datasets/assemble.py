"""The four arrays that a form's reader returns, and the Dataset made of them."""

from __future__ import annotations

import os
import re
from typing import NamedTuple, Optional, Tuple

import numpy as np

from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.datasets import identify
from tf1_models.datasets.dataset import Dataset, check_arrays, content_digest


class Arrays(NamedTuple):
    """Both splits; uint8 [N, 32, 32, 3] and uint8 [N]."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def stem(path: str) -> str:
    """A data set's name from its path: letters, digits, `_` and `-` of the last component without its suffix."""
    last = os.path.basename(os.path.abspath(path))
    short = re.sub(r"[^A-Za-z0-9_-]+", "-", re.split(r"\.", last, maxsplit=1)[0] or last).strip("-")
    return short[:40] or "data"


def dataset(
    arrays: Arrays,
    form: str,
    location: str,
    name: Optional[str] = None,
    class_names: Tuple[str, ...] = CIFAR10_CLASSES,
    order: str = "official",
    lossy: Optional[bool] = None,
) -> Dataset:
    """Checks the arrays, computes the digest and says which copy it is.

    Args:
        arrays: What a reader returned.
        form: On-disk form, for the record.
        location: Where it was found.
        name: The data set's name; None finds out: `cifar10` when the labels are CIFAR-10's, else the path's stem.
        class_names: Ten names.
        order: "official" or "inferred".
        lossy: What the form itself proves (official checksums, JPEG files); None asks the content digest.

    Raises:
        InputError: the arrays are no images and labels (see `check_arrays`).
    """
    check_arrays(arrays.x_train, arrays.y_train, "train")
    check_arrays(arrays.x_test, arrays.y_test, "test")
    digest = content_digest(*arrays)
    if name is None:
        name = "cifar10" if identify.has_official_labels(arrays.y_train, arrays.y_test) else stem(location)
    known = identify.KNOWN.get(digest)
    return Dataset(
        name=name,
        form=form,
        x_train=arrays.x_train,
        y_train=arrays.y_train,
        x_test=arrays.x_test,
        y_test=arrays.y_test,
        class_names=class_names,
        digest=digest,
        order=order,
        lossy=known.lossy if known is not None else lossy,
        location=location,
    )

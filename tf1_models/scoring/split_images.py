"""Which images a split means for a run, and how many of them its report counts."""

from __future__ import annotations

from typing import NamedTuple, Tuple

import numpy as np

from tf1_models.datasets.dataset import Dataset
from tf1_models.datasets.splits import split_indices
from tf1_models.errors import UsageError
from tf1_models.spec import Experiment

SPLITS = ("train", "dev", "test")


class SplitImages(NamedTuple):
    """Attributes:
    images: uint8 [N, 32, 32, 3], the array that the split is a part of.
    labels: uint8 [N], class ids.
    indices: int64 [n], the split's images among them, in the data set's order.
    n_counted: The first so many of `indices` enter the report's scores: under `eval_drop_last` whole batches of
        test only (Q8: 9,984 of 10,000); fewer images than one batch are counted all.
    """

    images: np.ndarray
    labels: np.ndarray
    indices: np.ndarray
    n_counted: int

    @property
    def truth(self) -> np.ndarray:
        """uint8 [n_counted], class ids of the images that are counted."""
        counted: np.ndarray = self.labels[self.indices[: self.n_counted]]
        return counted


def splits_of(experiment: Experiment) -> Tuple[str, ...]:
    """The splits that a run is scored on: "dev" where it has one, and "test"."""
    return ("test",) if experiment.dev_split == "none" else ("dev", "test")


def n_counted_of_test(experiment: Experiment, n_test: int) -> int:
    """How many of so many test images a report counts, see `SplitImages.n_counted`."""
    n_dropped = n_test % experiment.batch_size if experiment.eval_drop_last else 0
    return n_test - n_dropped or n_test


def images_of(experiment: Experiment, data: Dataset, split: str) -> SplitImages:
    """A split's images.

    Args:
        experiment: The run, settings resolved.
        data: The images.
        split: One of `SPLITS`.

    Raises:
        UsageError: another word, or "dev" of a run without a dev split (Q20).
    """
    if split == "test":
        n_test = len(data.y_test)
        everything = np.arange(n_test, dtype=np.int64)
        return SplitImages(data.x_test, data.y_test, everything, n_counted_of_test(experiment, n_test))
    if split not in SPLITS:
        raise UsageError(f"unknown split {split!r}; known: {', '.join(SPLITS)}")
    train_indices, dev_indices = split_indices(experiment.dev_split, data.y_train)
    if split == "dev" and dev_indices is None:
        raise UsageError(
            f"{experiment.report} has no dev split (Q20); use --split test, or train with dev_split=first_quarter"
        )
    indices = train_indices if split == "train" or dev_indices is None else dev_indices
    return SplitImages(data.x_train, data.y_train, indices, len(indices))

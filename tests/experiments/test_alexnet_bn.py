"""Rows of alexnet_bn: the grid, what all share, the split's arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from tf1_models import registry
from tf1_models.datasets.splits import split_indices
from tf1_models.errors import UsageError
from tf1_models.experiments import alexnet_bn

ROWS = {row.run: row for row in alexnet_bn.EXPERIMENTS}


def test_the_grid_in_the_reports_order() -> None:
    printed = ["81.25%", "80.60%", "81.91%", "80.54%", "79.42%", "81.20%", "77.64%", "81.50%", "80.67%"]
    grid = [(batch, epochs) for batch in (100, 200, 250) for epochs in (20, 25, 30)]
    found = [(row.batch_size, row.epochs, row.reported.printed) for row in alexnet_bn.EXPERIMENTS[:9]]
    assert found == [(batch, epochs, text) for (batch, epochs), text in zip(grid, printed)]
    for row in alexnet_bn.EXPERIMENTS[:9]:
        assert row.reported.value == pytest.approx(float(row.reported.printed[:-1]) / 100, abs=1e-12)
        assert row.run == f"batch_{row.batch_size}_epochs_{row.epochs}"


def test_the_listing_has_no_number() -> None:
    row = ROWS["as_listed"]
    assert (row.batch_size, row.epochs, row.reported.value, row.reported.selection) == (50, 20, None, "")


def test_what_all_rows_share() -> None:
    for row in alexnet_bn.EXPERIMENTS:
        assert (row.optimizer, row.learning_rate, row.schedule) == ("keras_adam", 0.001, "constant")
        assert (row.pixel_divisor, row.shuffle, row.keep_prob, row.seed) == (255.0, True, 0.5, 0)
        assert (row.dev_split, row.eval_split, row.drop_last) == ("first_tenth_per_class", "dev", True)
        assert (row.net.bn_momentum, row.net.bn_epsilon) == (0.99, 0.001)


def test_steps_are_n_over_batch_without_rest() -> None:
    train, dev = split_indices("first_tenth_per_class", np.repeat(np.arange(10), 5000).astype(np.uint8))
    assert dev is not None and (len(train), len(dev)) == (45_000, 5_000)
    assert all(len(train) % row.batch_size == 0 for row in alexnet_bn.EXPERIMENTS)


def test_default_run_is_the_reports_choice() -> None:
    assert registry.default_run("alexnet_bn") == "batch_100_epochs_30"


@pytest.mark.parametrize(
    "overrides, words",
    [
        ({"bn_momentum": "1.5"}, "bn_momentum=1.5 is out of range"),
        ({"bn_epsilon": "0"}, "bn_epsilon=0.0 is out of range"),
    ],
)
def test_bad_settings(overrides: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        registry.experiment("alexnet_bn", "as_listed", overrides)


def test_quirks_are_listed() -> None:
    assert [quirk.id for quirk in alexnet_bn.QUIRKS] == ["Q17", "Q18", "Q20", "Q22"]

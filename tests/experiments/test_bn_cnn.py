"""Rows of bn_cnn: Q6, what is shared, the variant; bad channels."""

from __future__ import annotations

import dataclasses

import pytest

from tf1_models import registry, spec
from tf1_models.errors import UsageError
from tf1_models.experiments import bn_cnn

ROWS = {row.run: row for row in bn_cnn.EXPERIMENTS}


def test_q6_text_and_listing_are_two_runs_that_differ_in_batch_and_epochs_alone() -> None:
    text, listing = ROWS["final"], ROWS["as_listed"]
    assert (text.batch_size, text.epochs) == (30, 30)
    assert (listing.batch_size, listing.epochs) == (50, 50)
    assert listing.reported.value is None and text.reported.value == 0.7834
    mended = dataclasses.replace(text, batch_size=50, epochs=50)
    assert spec.settings(mended) == spec.settings(listing)
    assert spec.settings(text) != spec.settings(listing)  # one run for both, as a tidier kit would have it, is not this


def test_what_all_rows_share() -> None:
    for row in bn_cnn.EXPERIMENTS:
        assert (row.optimizer, row.learning_rate, row.schedule) == ("torch_adam", 0.001, "constant")
        assert (row.pixel_divisor, row.shuffle, row.drop_last, row.eval_drop_last) == (255.0, True, False, False)
        assert (row.dev_split, row.eval_split, row.seed) == ("none", "test", 0)


def test_what_sets_the_rows_apart() -> None:
    found = {
        row.run: (row.net.channels, row.net.dropout, row.keep_prob, row.epochs, row.batch_size, row.parameters)
        for row in bn_cnn.EXPERIMENTS
    }
    assert found == {
        "final": ((32, 64, 128), True, 0.7, 30, 30, 469_980),
        "as_listed": ((32, 64, 128), True, 0.7, 50, 50, 469_980),
        "batch_256": ((32, 64, 128), True, 0.7, 30, 256, 469_980),
        "half_channels": ((16, 32, 64), True, 0.7, 30, 30, 173_820),
        "no_dropout_100": ((32, 64, 128), False, 1.0, 100, 30, 469_980),
    }


def test_the_older_listing_as_coded_is_the_final_run() -> None:
    (variant,) = bn_cnn.VARIANTS
    row = registry.experiment("bn_cnn", variant.run, variant.overrides)
    assert spec.settings(row) == spec.settings(ROWS["final"])


@pytest.mark.parametrize("text", ["32,64", "0,64,128", "32,64,5000"])
def test_bad_channels(text: str) -> None:
    with pytest.raises(UsageError, match=r"channels='.*' is out of range; allowed: three numbers, 1 to 4096"):
        registry.experiment("bn_cnn", "final", {"channels": text})


def test_quirks_are_listed() -> None:
    assert [quirk.id for quirk in bn_cnn.QUIRKS] == ["Q6", "Q20"]

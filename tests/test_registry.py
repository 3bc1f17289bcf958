"""Reports, runs, overrides: what is allowed, and what the message says when it is not."""

from __future__ import annotations

import dataclasses
from typing import Dict, Tuple

import pytest

from tf1_models import registry, spec
from tf1_models.errors import UsageError
from tf1_models.experiments.overrides import parse_words


@pytest.mark.parametrize(
    "report, run, words",
    [
        ("nine_con", "final", r"unknown report 'nine_con' \(did you mean 'nine_conv'\?\); known: course_models"),
        ("nine_conv", "fianl", r"unknown run 'fianl' of nine_conv \(did you mean 'final'\?\); known: final, single_fc"),
    ],
)
def test_unknown_words_name_the_nearest_and_the_known(report: str, run: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        registry.experiment(report, run)


@pytest.mark.parametrize(
    "overrides, words",
    [
        ({"keep_prob": "1.2"}, "keep_prob=1.2 is out of range; allowed: above 0 to 1"),
        ({"keep_prob": "0"}, "keep_prob=0.0 is out of range"),
        ({"keep_prob": "nan"}, "keep_prob=nan is out of range"),
        ({"batch_size": "0"}, "batch_size=0 is out of range; allowed: from 1 to 60000"),
        ({"batch_size": "1.5"}, "batch_size='1.5' is not a whole number"),
        ({"epochs": "none"}, "epochs='none' is not a whole number"),
        ({"seed": "-1"}, "seed=-1 is out of range"),
        ({"optimizer": "adamw"}, "optimizer='adamw' is unknown; allowed: adam, "),
        ({"fc2_bypassed": "maybe"}, "fc2_bypassed='maybe' is not true or false"),
        ({"l2_scale": "-1"}, "l2_scale=-1.0 is out of range"),
        ({"kepp_prob": "0.5"}, r"unknown setting 'kepp_prob' \(did you mean 'keep_prob'\?\)"),
        ({"reported": "1"}, "unknown setting 'reported'"),
        ({"dev_split": "half"}, "dev_split='half' is unknown; allowed: none, first_quarter"),
    ],
)
def test_bad_settings(overrides: Dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        registry.experiment("nine_conv", "final", overrides)


@pytest.mark.parametrize("word", ["keep_prob", "=0.5", "keep_prob 0.5"])
def test_words_that_are_no_settings(word: str) -> None:
    with pytest.raises(UsageError, match="is no setting; write key=value"):
        parse_words([word])
    with pytest.raises(UsageError, match="epochs is set twice"):
        parse_words(["epochs=1", "epochs=2"])


def test_overrides_reach_the_row_and_its_net() -> None:
    row = registry.experiment(
        "nine_conv", "final", {"keep_prob": "0.5", "fc2_bypassed": "TRUE", "patience_epochs": "none"}
    )
    assert (row.keep_prob, row.net.fc2_bypassed, row.patience_epochs) == (0.5, True, None)
    assert registry.experiment("nine_conv").net.fc2_bypassed is False


def test_rows_are_frozen_and_unknown_fields_fail_at_import() -> None:
    row = registry.experiment("nine_conv")
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.epochs = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        dataclasses.replace(row, drop_rate=0.4)


def test_a_new_setting_at_its_default_does_not_rename_old_runs() -> None:
    row = registry.experiment("nine_conv")
    names = set(spec.identity(row))
    assert "patience_epochs" in names  # away from its default
    assert "augmentation" not in names and "augmentation" in spec.settings(row)
    assert "augmentation" in spec.identity(dataclasses.replace(row, augmentation=True))


def test_variants_can_be_resolved() -> None:
    for report in registry.REPORTS:
        for variant in registry.experiments_module(report).VARIANTS:
            registry.experiment(report, variant.run, variant.overrides)


def test_epochs_at_which_test_is_scored_for_shorter_rows() -> None:
    def ends(report: str, run: str, **words: str) -> Tuple[int, ...]:
        return registry.test_epochs(report, spec.identity(registry.experiment(report, run, words)))

    assert ends("alexnet_bn", "batch_100_epochs_30") == (20, 25)
    assert ends("alexnet_bn", "batch_100_epochs_25") == (20,) and ends("alexnet_bn", "batch_100_epochs_20") == ()
    assert ends("alexnet_bn", "batch_100_epochs_30", convolutions="winograd_5x5") == (20, 25)
    assert ends("alexnet_bn", "batch_100_epochs_30", learning_rate="0.5") == ()
    assert ends("nine_conv", "final") == ends("prelu_cnn", "step_size_20") == ()

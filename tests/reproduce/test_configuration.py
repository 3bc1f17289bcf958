"""One computation under several names: which rows are, and which are not."""

from __future__ import annotations

from typing import Any, Dict

from tf1_models import registry
from tf1_models.reproduce.verdicts import configuration, families
from tf1_models.spec import identity
from tf1_models.training import computation


def of(report: str, run: str, **words: str) -> Dict[str, Any]:
    return identity(registry.experiment(report, run, words))


def test_q7_and_q9_make_one_computation_of_nine_rows() -> None:
    names = ["prelu_adam", "step_lr", "multi_step_lr", "exponential_lr", "batch_32", "dropout_30", "dropout_35",
             "dropout_40", "dropout_45"]  # fmt: skip
    group = next(g for g in families.groups(registry.runs("prelu_cnn")) if g[0].epochs == 20)
    assert [row.run for row in group] == names
    sizes = {g[0].epochs: len(g) for report in registry.REPORTS for g in families.groups(registry.runs(report))}
    assert sizes == {20: 9, 30: 4, 100: 9}


def test_a_schedule_that_steps_is_another_computation_and_one_that_never_fires_is_not() -> None:
    base = of("prelu_cnn", "exponential_lr")
    assert not computation.same(base, of("prelu_cnn", "exponential_lr", schedule_stepped="true"))
    assert computation.same(base, of("prelu_cnn", "multi_step_lr", schedule_stepped="true"))  # Q11
    # stepped after 20 epochs: the first 20 epochs are the same, 30 are not
    stepped = of("prelu_cnn", "final", schedule_stepped="true")
    assert computation.begins_with(stepped, base) and not computation.same(stepped, of("prelu_cnn", "final"))


def test_longer_runs_begin_with_shorter_ones() -> None:
    assert computation.begins_with(of("course_models", "model2_50"), of("course_models", "model2"))
    assert not computation.begins_with(of("course_models", "model2"), of("course_models", "model2_50"))
    assert not computation.begins_with(of("course_models", "model2_50"), of("course_models", "model2_batch_512"))
    stopping = of("nine_conv", "shallow_dropout_early_stop")
    assert not computation.begins_with(stopping, of("nine_conv", "shallow_dropout"))


def test_differences_are_words() -> None:
    row = registry.experiment("bn_cnn", "final")
    assert configuration.differences(identity(row), row) == []
    words = configuration.differences(of("bn_cnn", "final", epochs="2", max_steps="9", keep_prob="0.5"), row)
    assert words == ["cut after 9 steps", "2 of 30 epochs", "keep_prob 0.5, not 0.7"]


def test_how_sums_are_formed_is_no_difference() -> None:
    row = registry.experiment("nine_conv", "final")
    assert configuration.differences(of("nine_conv", "final", convolutions="winograd"), row) == []
    assert configuration.differences(of("nine_conv", "final", epochs="60"), row) == ["60 epochs, not 50"]


def test_variants_are_recognised() -> None:
    variant = configuration.variant_of("prelu_cnn", of("prelu_cnn", "exponential_lr", schedule_stepped="true"))
    assert variant is not None and variant.name == "exponential_lr_stepped"
    assert configuration.variant_of("prelu_cnn", of("prelu_cnn", "exponential_lr")) is None

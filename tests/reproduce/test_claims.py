"""What reports claim by an order: from finished run folders to a sentence."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from tests.reproduce import fake_runs
from tf1_models import registry
from tf1_models.reproduce.verdicts import claims, folders, summary


def found(root: Any) -> Dict[str, Dict[str, Any]]:
    """The claims of bn_cnn and nine_conv by the run that is said to be worse."""
    document = summary.build([one.run for one in folders.read_all(str(root)).finished])
    return {claim["worse"]: claim for claim in document["claims"]}


def write(root: Any, run: str, scores: List[float]) -> None:
    for seed, score in enumerate(scores):
        fake_runs.write_run(root, "bn_cnn", run, seed, score)


def test_every_claim_names_runs_of_its_report() -> None:
    for report in registry.REPORTS:
        runs = [row.run for row in registry.runs(report)]
        for claim in getattr(registry.experiments_module(report), "CLAIMS", ()):
            assert claim.better in runs and claim.worse in runs and claim.where and claim.what


def test_what_nine_conv_shows_of_its_own_noise() -> None:
    """0.760 for two more layers is less than 0.715 and 0.738, two runs of one net, lie apart."""
    pairs = claims.own_repeats(registry.runs("nine_conv"))
    assert [(one.run, other.run) for one, other in pairs] == [("without_conv256_a", "without_conv256_b")]
    assert claims.own_repeats(registry.runs("bn_cnn")) == []


def test_without_runs_only_the_report_speaks(tmp_path: Any) -> None:
    claim = found(tmp_path)["single_fc"]
    assert claim["outcome"] == claims.NOT_RUN and claim["reported_difference"] == pytest.approx(0.006178)
    assert claim["words"] == (
        "nine_conv (last ablation): two more fully connected layers bring a little (final above single_fc); the "
        "report's numbers differ by +0.62 points, less than its own two runs of one net, without_conv256_a and "
        "without_conv256_b, lie apart (2.30). Ours: not run."
    )
    assert "the report gives no two numbers for it. Ours: not run." in found(tmp_path)["batch_256"]["words"]


@pytest.mark.parametrize(
    "other, outcome",
    [
        ([0.740, 0.744, 0.742], claims.HOLDS),
        ([0.820, 0.824, 0.822], claims.FAILS),
        ([0.780, 0.784, 0.782], claims.NOISE),
    ],
)
def test_our_runs_decide(tmp_path: Any, other: List[float], outcome: str) -> None:
    write(tmp_path, "final", [0.779, 0.783, 0.781])
    write(tmp_path, "batch_256", other)
    claim = found(tmp_path)["batch_256"]
    assert claim["outcome"] == outcome and claim["n"] == [3, 3]
    # sd 0.2 points of one run, 4 degrees of freedom: t 2.776, sqrt(2/3) of it
    assert claim["half_width"] == pytest.approx(2.776 * 0.002 * (2 / 3) ** 0.5, rel=2e-3)
    assert f"Ours: {outcome}, {100 * claim['difference']:+.2f} points ± 0.45 (3 and 3 seeds)." in claim["words"]


def test_a_seed_that_collapsed_decides_nothing(tmp_path: Any) -> None:
    write(tmp_path, "final", [0.779, 0.783, 0.781])
    fake_runs.write_run(tmp_path, "bn_cnn", "batch_256", 0, 0.1, one_class=True)
    assert found(tmp_path)["batch_256"]["outcome"] == claims.NOT_RUN


def test_each_row_counts_with_its_own_seeds(tmp_path: Any) -> None:
    """3 seeds against 6: pooled variance (2 x 4e-6 + 5 x 3.2e-6) / 7, t 2.3646 of 7 degrees, 1/3 + 1/6."""
    write(tmp_path, "final", [0.779, 0.783, 0.781])
    write(tmp_path, "batch_256", [0.740, 0.744, 0.742, 0.740, 0.744, 0.742])
    claim = found(tmp_path)["batch_256"]
    assert claim["n"] == [3, 6]
    assert claim["half_width"] == pytest.approx(2.3646 * (24e-6 / 7 * (1 / 3 + 1 / 6)) ** 0.5, rel=1e-3)

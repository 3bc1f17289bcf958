"""A quirk and its other reading side by side."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reproduce.fake_runs import write_run
from tests.reproduce.test_summary import build
from tf1_models import registry
from tf1_models.reproduce.verdicts.readings import compare_all


def test_both_readings_stand_beside_each_other_over_the_rows_where_both_were_run(tmp_path: Any) -> None:
    reported = {run: registry.experiment("prelu_cnn", run, {}).reported.value for run in ("exponential_lr", "final")}
    for seed in (0, 1, 2):  # as kept: near in exponential_lr, 3 points low in final
        write_run(tmp_path, "prelu_cnn", "exponential_lr", seed, reported["exponential_lr"] - 0.001 * seed)
        write_run(tmp_path, "prelu_cnn", "final", seed, reported["final"] - 0.030 - 0.001 * seed)
    stepped = {"schedule_stepped": "true"}
    write_run(tmp_path, "prelu_cnn", "exponential_lr", 0, reported["exponential_lr"] + 0.03, stepped)
    write_run(tmp_path, "prelu_cnn", "final", 0, reported["final"] + 0.025, stepped)
    document = build(tmp_path)
    (one,) = document["readings"]
    assert (one["report"], one["quirk"], one["nearer_kept"], one["reproduced"]) == ("prelu_cnn", "Q9", 1, [1, 0])
    # the rows in the order of the variants; reported less ours
    assert [row["run"] for row in one["rows"]] == ["exponential_lr", "final"]
    assert [row["kept"] for row in one["rows"]] == [pytest.approx(0.001, abs=1e-4), pytest.approx(0.031, abs=1e-4)]
    assert [row["other"] for row in one["rows"]] == [pytest.approx(-0.03, abs=1e-4), pytest.approx(-0.025, abs=1e-4)]
    assert "exponential_lr +0.10 and -3.00; final +3.10 and -2.50. The kept reading is nearer in 1 of 2" in one["words"]
    assert "Q9 (no schedule.step())" in one["words"] and one["words"].endswith("it reproduces 1, the other 0.")


def test_a_reading_without_its_row_is_left_out(tmp_path: Any) -> None:
    write_run(tmp_path, "prelu_cnn", "final", 0, 0.77, {"schedule_stepped": "true"})
    assert build(tmp_path)["readings"] == []


def test_every_variant_that_names_a_quirk_names_one_of_its_report() -> None:
    from tf1_models.reproduce.verdicts.readings import _QUIRK

    named = 0
    for report in registry.REPORTS:
        module = registry.experiments_module(report)
        for variant in module.VARIANTS:
            quirk = _QUIRK.match(variant.why)
            named += quirk is not None
            assert quirk is None or quirk.group(1) in {one.id for one in module.QUIRKS}, variant.name
    assert named >= 10


def test_distances_count_without_their_sign_and_quirks_are_kept_apart() -> None:
    """Ours far above the report is far, not near; two quirks of one report are two entries."""
    row = {"report": "prelu_cnn", "run": "final", "deviation": -0.05, "outcome": "higher"}
    same = {"report": "prelu_cnn", "run": "final", "outcome": "reproduced"}
    variants = [
        {**same, "variant": "final_stepped", "why": "Q9: stepped", "deviation": 0.01},
        {**same, "variant": "final_acting_dropout", "why": "Q7 mended: acting", "deviation": -0.06},
    ]
    found = {one["quirk"]: one for one in compare_all([row], variants)}
    assert {quirk: one["nearer_kept"] for quirk, one in found.items()} == {"Q9": 0, "Q7": 1}
    assert all(len(one["rows"]) == 1 and one["reproduced"] == [0, 1] for one in found.values())

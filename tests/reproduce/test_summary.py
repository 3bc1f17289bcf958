"""From run folders to verdicts: which run counts for which row, and what is said of the rest."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List

import pytest

from tests.reproduce.fake_runs import LOSSY, OFFICIAL, write_run
from tf1_models import registry, spec
from tf1_models.reproduce import records
from tf1_models.reproduce.verdicts import finished, folders, summary
from tf1_models.reproduce.verdicts.finished import FinishedRun


def build(root: Any) -> Dict[str, Any]:
    found = folders.read_all(str(root))
    document = summary.build([one.run for one in found.finished], found.failures, found.damaged)
    json.dumps(document, allow_nan=False)
    return document


def row(document: Dict[str, Any], report: str, run: str) -> Dict[str, Any]:
    return next(entry for entry in document["runs"] if (entry["report"], entry["run"]) == (report, run))


def seeds(root: Any, report: str, run: str, values: List[float], **more: Any) -> None:
    for seed, value in enumerate(values):
        write_run(root, report, run, seed, value, **more)


def test_nothing_run(tmp_path: Any) -> None:
    document = build(tmp_path)
    assert len(document["runs"]) == 79
    assert sum(entry["reported"] is not None for entry in document["runs"]) == 75
    assert document["counts"] == {"not run": 61, "no verdict": 18}
    assert {e["run"][:5] for e in document["runs"] if "Q10" in e["reason"]} == {"warm_"}
    names = {"report", "run", "reported", "mean", "sd", "n", "verdict", "reason"}
    assert all(names <= set(entry) for entry in document["runs"])


def test_one_computation_counts_for_all_its_rows_and_lengths(tmp_path: Any) -> None:
    values = [0.770, 0.773, 0.776]
    for seed, value in enumerate(values):
        curve = [0.5] * 19 + [value - 0.01] + [0.7] * 9 + [value]  # epoch 20 is worth a hundredth less
        write_run(tmp_path, "prelu_cnn", "final", seed, value, by_epoch=curve)
    # its own name and length win over a prefix
    write_run(tmp_path, "prelu_cnn", "dropout_35", 1, 0.7, by_epoch=[0.7] * 20)
    document = build(tmp_path)
    assert row(document, "prelu_cnn", "gamma_10")["n"] == 3
    assert row(document, "prelu_cnn", "gamma_10")["verdict"] == "inconclusive"  # seed 1's 0.70 at epoch 20
    assert "final" in row(document, "prelu_cnn", "gamma_10")["reason"]
    twenty = row(document, "prelu_cnn", "dropout_35")
    assert [s["value"] for s in twenty["seeds"]] == pytest.approx([0.76, round(0.7 * 9984) / 9984, 0.766])
    assert [s["epoch"] for s in twenty["seeds"]] == [20, 20, 20] and twenty["seeds"][0]["of_epochs"] == 30
    assert row(document, "prelu_cnn", "step_size_10")["verdict"] == "not run"
    assert row(document, "prelu_cnn", "elu_adam")["verdict"] == "not run"
    best = row(document, "prelu_cnn", "final")
    assert best["best_of"] >= 1 and "Q19" in best["reason"]
    family = {group["epochs"]: group for group in document["families"]}
    assert family[30]["our_n"] == 3 and "2 degrees of freedom" in family[30]["noise_from"]
    (step_size,) = family[100]["trends"]
    assert (step_size["setting"], step_size["n"]) == ("step_size", 9) and "Over step_size" in family[100]["words"]
    assert step_size["rho"] == pytest.approx(-0.6)


def test_under_three_seeds_the_sd_is_pooled_from_other_lengths(tmp_path: Any) -> None:
    seeds(tmp_path, "prelu_cnn", "batch_32", [0.760, 0.764, 0.768])
    write_run(tmp_path, "prelu_cnn", "step_size_20", 5, 0.771, by_epoch=[0.764] * 99 + [0.771])
    document = build(tmp_path)
    hundred = row(document, "prelu_cnn", "step_size_30")
    assert hundred["n"] == 1 and hundred["half_width"] == pytest.approx(0.0147, abs=2e-4)  # t(3) * 0.003266 * sqrt(2)
    assert hundred["deviation"] == pytest.approx(0.7708 - 0.771, abs=1e-3) and hundred["verdict"] == "reproduced"
    assert row(document, "prelu_cnn", "gamma_10")["n"] == 1  # epoch 30 of the run of 100


def test_shortened_and_foreign_runs_are_not_comparable(tmp_path: Any) -> None:
    seeds(tmp_path, "bn_cnn", "final", [0.78, 0.781, 0.782], words={"epochs": "2"})
    seeds(tmp_path, "course_models", "model2", [0.67] * 3, data="digits", digest="9e" * 32)
    seeds(tmp_path, "course_models", "model2_50", [0.67] * 3, lossy=None)
    seeds(tmp_path, "nine_conv", "single_fc", [0.7] * 3, words={"max_steps": "5"}, ended_by="max_steps")
    document = build(tmp_path)
    for report, run, why in (
        ("bn_cnn", "final", "2 of 30 epochs"),
        ("course_models", "model2", "digits, not CIFAR-10"),
        ("course_models", "model2_50", "unknown origin"),
        ("nine_conv", "single_fc", "cut after 5 steps"),
    ):
        entry = row(document, report, run)
        assert entry["verdict"] == "not comparable" and why in entry["reason"] and entry["n"] == 3, run
    assert document["chance"]["tested"] == 0


def test_runs_on_the_jpeg_copy_stand_apart_and_enter_no_verdict(tmp_path: Any) -> None:
    seeds(tmp_path, "course_models", "model2", [0.668, 0.669, 0.670], digest=LOSSY, lossy=True)
    seeds(tmp_path, "course_models", "model2_50", [0.7], digest=LOSSY, lossy=True)
    write_run(tmp_path, "course_models", "model2_50", 0, 0.669, digest=OFFICIAL)
    document = build(tmp_path)
    entry = row(document, "course_models", "model2")
    assert entry["verdict"] == "too few runs" and entry["images"] == "official"  # epoch 20 of the run of 50
    assert [seed["of_epochs"] for seed in entry["seeds"]] == [50] and not document["noise"]
    lossy = {one["run"]: one for one in document["lossy"]}
    assert lossy["model2"]["n"] == 3 and "verdict" not in lossy["model2"]
    assert document["chance"]["tested"] == 0


def test_the_committed_runs_on_the_jpeg_copy_are_in_no_row_of_the_main_table() -> None:
    committed = records.read()
    lossy = [run for run in committed if run.images() == "lossy"]
    document = summary.build(committed)
    assert lossy and document["lossy"], "the records of the JPEG copy are kept, in a table of their own"
    used = {
        seed["epoch"] and (entry["report"], seed["run"], seed["seed"], seed["value"])
        for entry in document["runs"] + document["variants"]
        for seed in entry["seeds"]
    }
    official = {(run.report, run.run, run.seed) for run in committed if run.images() == "official"}
    assert all(key[:3] in official for key in used)


def test_unknown_jpeg_pixels_are_not_the_recognised_copy(tmp_path: Any) -> None:
    seeds(tmp_path, "course_models", "model2", [0.668, 0.669, 0.670], digest="ab" * 32, lossy=True)
    assert row(build(tmp_path), "course_models", "model2")["verdict"] == "not comparable"


def test_assumed_rows_and_metrics(tmp_path: Any) -> None:
    seeds(tmp_path, "course_models", "sim11_model3", [0.760, 0.762, 0.764])
    seeds(tmp_path, "nine_conv", "final", [0.759, 0.760, 0.7615])
    document = build(tmp_path)
    entry = row(document, "course_models", "sim11_model3")
    assert entry["verdict"] == "agrees with our reading of the report" and entry["outcome"] == "reproduced"
    nine = row(document, "nine_conv", "final")
    assert nine["verdict"] == "reproduced" and nine["metric"] == "dev_f1_weighted"
    assert document["chance"]["tested"] == 2 and document["chance"]["expected_misses"] == pytest.approx(0.10)
    assert set(document["sensitivity"]) == {"half", "twice", "words"}


def test_sim02_collapses_as_reported(tmp_path: Any) -> None:
    write_run(tmp_path, "course_models", "sim02_model2_bn_50", 0, 0.1, one_class=True)
    entry = row(build(tmp_path), "course_models", "sim02_model2_bn_50")
    assert entry["outcome"] == "reproduced" and entry["collapsed"] == 1 and entry["n"] == 0


def test_the_stepped_variant_stands_beside_its_row(tmp_path: Any) -> None:
    seeds(tmp_path, "prelu_cnn", "exponential_lr", [0.40, 0.401, 0.402], words={"schedule_stepped": "true"})
    document = build(tmp_path)
    assert row(document, "prelu_cnn", "exponential_lr")["verdict"] == "not run"
    (variant,) = document["variants"]
    assert (variant["variant"], variant["n"], variant["outcome"]) == ("exponential_lr_stepped", 3, "lower")
    assert variant["verdict"] == "differs (lower)" and variant["why"].startswith("Q9")


def test_how_sums_are_formed_makes_no_other_computation(tmp_path: Any) -> None:
    seeds(tmp_path, "nine_conv", "final", [0.759, 0.760, 0.7615], words={"convolutions": "winograd"})
    entry = row(build(tmp_path), "nine_conv", "final")
    assert entry["n"] == 3 and entry["verdict"] == "reproduced"
    assert "sums formed by convolutions=winograd" in entry["reason"]


def test_a_computation_with_other_noise_is_kept_apart(tmp_path: Any) -> None:
    for run, scatter in (("final", 0.001), ("as_listed", 0.0012), ("no_dropout_100", 0.05)):
        seeds(tmp_path, "bn_cnn", run, [0.70 - scatter, 0.70, 0.70 + scatter, 0.70 - scatter, 0.70 + scatter])
    document = build(tmp_path)
    (words,) = document["noise"]
    assert "kept apart: no_dropout_100" in words and "Bartlett's p 0.00" in words
    widths = {run: row(document, "bn_cnn", run)["half_width"] for run in ("final", "no_dropout_100")}
    assert widths["final"] < 0.005 < widths["no_dropout_100"]


def test_degrees_of_freedom_add_up_over_computations_and_lengths_count_once(tmp_path: Any) -> None:
    seeds(tmp_path, "prelu_cnn", "final", [0.770, 0.773, 0.776])  # also epoch 20 of these
    seeds(tmp_path, "prelu_cnn", "batch_64", [0.750, 0.754])
    write_run(tmp_path, "prelu_cnn", "elu_adam", 0, 0.735)
    entry = row(build(tmp_path), "prelu_cnn", "elu_adam")
    assert "2 computations of the report, 3 degrees of freedom" in entry["reason"] and entry["half_width"] is not None


def test_chance_counts_computations(tmp_path: Any) -> None:
    seeds(tmp_path, "prelu_cnn", "final", [0.700, 0.703, 0.706])
    document = build(tmp_path)
    assert document["chance"]["tested"] == 1 and document["chance"]["misses"] == 1
    assert "rows of 1 computations were tested" in document["chance"]["words"]


def test_damaged_and_failed_folders_are_told_and_stop_nothing(tmp_path: Any) -> None:
    folder = write_run(tmp_path, "bn_cnn", "final", 0, 0.78)
    with open(os.path.join(folder, "result.json"), "a") as stream:
        stream.write(" ")
    folders.write_failure(os.path.join(str(tmp_path), "bn_cnn", "as_listed", "x"), {"message": "no space", "schema": 1})
    write_run(tmp_path, "bn_cnn", "final", 1, 0.78)
    document = build(tmp_path)
    assert row(document, "bn_cnn", "final")["n"] == 1
    assert document["damaged"][0]["folder"].endswith("seed0") and document["failures"][0]["message"] == "no space"


def test_records_hold_what_verdicts_need_and_no_path(tmp_path: Any) -> None:
    seeds(tmp_path, "prelu_cnn", "final", [0.770, 0.773, 0.776])
    seeds(tmp_path, "nine_conv", "final", [0.75, 0.76, 0.77])
    write_run(tmp_path, "bn_cnn", "final", 0, 0.78, words={"epochs": "2"})  # enters no table
    write_run(tmp_path, "bn_cnn", "no_dropout_100", 0, 0.6, data="digits", digest="9e" * 32)
    runs = [one.run for one in folders.read_all(str(tmp_path)).finished]
    path = str(tmp_path / "records.json")
    records.write(records.merge([], runs), path)
    text = open(path, encoding="utf-8").read()
    assert "/" not in text.replace(" / ", "") and "command" not in text and "secret" not in text
    again = records.read(path)
    assert sorted((r.report, r.run, r.seed) for r in again) == [
        (report, "final", seed) for report in ("nine_conv", "prelu_cnn") for seed in range(3)
    ]
    pick = [("prelu_cnn", "gamma_10"), ("prelu_cnn", "batch_32"), ("nine_conv", "final")]
    one, other = summary.build(runs), summary.build(again)
    for report, run in pick:
        a, b = row(one, report, run), row(other, report, run)
        assert {k: a[k] for k in ("mean", "sd", "n", "verdict")} == {k: b[k] for k in ("mean", "sd", "n", "verdict")}
    records.write(records.merge(again, runs), path)
    assert open(path, encoding="utf-8").read() == text  # recording twice changes nothing
    assert all(isinstance(r, FinishedRun) for r in again)


def test_every_report_has_a_metric_that_is_known() -> None:
    for report in registry.REPORTS:
        want = "dev_f1_weighted" if report == "nine_conv" else "test_accuracy"
        assert {r.reported.metric for r in registry.runs(report)} == {want}


def test_test_scores_on_the_way_serve_shorter_rows_of_a_run_that_follows_dev(tmp_path: Any) -> None:
    at = {20: 0.801, 25: 0.811}
    write_run(tmp_path, "alexnet_bn", "batch_100_epochs_30", 0, 0.82, test_at=at)
    document = build(tmp_path)
    for epochs, value in ((20, 0.801), (25, 0.811), (30, 0.82)):
        entry = row(document, "alexnet_bn", f"batch_100_epochs_{epochs}")
        assert [seed["value"] for seed in entry["seeds"]] == [pytest.approx(value)], epochs
    path = str(tmp_path / "records.json")
    records.write(records.merge([], [one.run for one in folders.read_all(str(tmp_path)).finished]), path)
    (recorded,) = records.read(path)
    assert sorted(recorded.test_at) == ["20", "25"] and recorded.test_at["25"]["accuracy"] == pytest.approx(0.811)


def test_a_record_says_at_which_commits_its_run_was_started_and_continued(tmp_path: Any) -> None:
    write_run(tmp_path, "bn_cnn", "final", 0, 0.78, commits=["aa", "bb+", "aa", None])
    write_run(tmp_path, "bn_cnn", "final", 1, 0.77)
    path = str(tmp_path / "records.json")
    records.write(records.merge([], [one.run for one in folders.read_all(str(tmp_path)).finished]), path)
    assert [list(run.commits) for run in records.read(path)] == [["aa", "bb+"], []]


def test_nine_conv_is_judged_by_weighted_f1_on_dev() -> None:
    """The report prints the weighted one (Q14); on an unbalanced dev split macro is another number."""
    scores = {
        split: {"accuracy": 0.7, "macro_f1": 0.71, "weighted_f1": 0.72, "n": 12500, "one_class": False}
        for split in ("dev", "test")
    }
    scores["test"] = {**scores["test"], "weighted_f1": 0.6}
    final = registry.experiment("nine_conv", "final")
    run = FinishedRun(
        report="nine_conv",
        run="final",
        seed=51,
        identity=spec.identity(final),
        data="cifar10",
        data_digest=OFFICIAL,
        data_lossy=False,
        epochs=50,
        ended_by="epochs",
        scores=scores,
        by_epoch={},
        eval_split="dev",
        variables_sha256="",
        versions={},
    )
    draw = finished.draw_for(run, final)
    assert draw is not None and draw.value == 0.72
    assert {row.reported.metric for row in registry.runs("nine_conv")} == {"dev_f1_weighted"}


@pytest.mark.parametrize("shift, missed", [(0.08, 1), (-0.08, 1), (0.0, 0)])
def test_a_miss_is_counted_on_either_side(tmp_path: Any, shift: float, missed: int) -> None:
    reported = registry.experiment("course_models", "model2_batch_512").reported.value
    assert reported is not None
    seeds(tmp_path, "course_models", "model2_batch_512", [reported + shift + delta for delta in (-0.002, 0.0, 0.002)])
    document = build(tmp_path)
    assert (
        row(document, "course_models", "model2_batch_512")["outcome"]
        == {0.08: "higher", -0.08: "lower", 0.0: "reproduced"}[shift]
    )
    assert document["chance"]["misses"] == missed and document["chance"]["tested"] == 1


def test_a_collapsed_seed_is_no_noise(tmp_path: Any) -> None:
    seeds(tmp_path, "prelu_cnn", "final", [0.770, 0.773, 0.776])
    without = row(build(tmp_path), "prelu_cnn", "final")
    write_run(tmp_path, "prelu_cnn", "final", 3, 0.1, one_class=True)
    with_it = row(build(tmp_path), "prelu_cnn", "final")
    assert with_it["collapsed"] == 1 and without["collapsed"] == 0
    assert with_it["half_width"] == without["half_width"] and with_it["sd"] == without["sd"]

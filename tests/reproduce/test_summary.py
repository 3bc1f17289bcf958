"""From run folders to verdicts: which run counts for which row, and what is said of the rest."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List

import pytest

from tests.reproduce.fake_runs import LOSSY, OFFICIAL, write_run
from tf1_models import registry
from tf1_models.reproduce import folders, records, summary
from tf1_models.reproduce.finished import FinishedRun


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
    assert row(document, "prelu_cnn", "gamma_10")["verdict"] == "reproduced"
    assert "final" in row(document, "prelu_cnn", "gamma_10")["reason"]
    twenty = row(document, "prelu_cnn", "dropout_35")
    assert [s["value"] for s in twenty["seeds"]] == pytest.approx([0.76, round(0.7 * 9984) / 9984, 0.766])
    assert [s["epoch"] for s in twenty["seeds"]] == [20, 20, 20] and twenty["seeds"][0]["of_epochs"] == 30
    assert row(document, "prelu_cnn", "step_size_10")["verdict"] == "not run"
    assert row(document, "prelu_cnn", "elu_adam")["verdict"] == "not run"
    best = row(document, "prelu_cnn", "final")
    assert best["verdict"] == "reproduced" and best["best_of"] >= 1 and "Q19" in best["reason"]
    family = {group["epochs"]: group for group in document["families"]}
    assert family[30]["our_n"] == 3 and "our sd over 3 seeds" in family[30]["words"]
    assert family[100]["noise_from"].startswith("our sd pooled")


def test_under_three_seeds_the_sd_is_pooled_from_other_lengths(tmp_path: Any) -> None:
    seeds(tmp_path, "prelu_cnn", "batch_32", [0.760, 0.764, 0.768])
    write_run(tmp_path, "prelu_cnn", "step_size_20", 5, 0.771, by_epoch=[0.5] * 99 + [0.771])
    document = build(tmp_path)
    hundred = row(document, "prelu_cnn", "step_size_30")
    assert hundred["n"] == 1 and hundred["verdict"] == "reproduced" and "pooled" in hundred["reason"]
    assert row(document, "prelu_cnn", "gamma_10")["n"] == 1  # epoch 30 of the run of 100


def test_shortened_and_foreign_runs_are_not_comparable(tmp_path: Any) -> None:
    seeds(tmp_path, "bn_cnn", "final", [0.78, 0.781, 0.782], words={"epochs": "2"})
    seeds(tmp_path, "course_models", "model2", [0.67] * 3, data="digits", digest="9e" * 32)
    seeds(tmp_path, "course_models", "model2_50", [0.67] * 3, lossy=None)
    seeds(tmp_path, "nine_conv", "single_fc", [0.7] * 3, words={"max_steps": "5"}, ended_by="max_steps")
    document = build(tmp_path)
    for report, run, why in (("bn_cnn", "final", "2 of 30 epochs"), ("course_models", "model2", "digits, not CIFAR-10"),
                             ("course_models", "model2_50", "unknown origin"),
                             ("nine_conv", "single_fc", "cut after 5 steps")):  # fmt: skip
        entry = row(document, report, run)
        assert entry["verdict"] == "not comparable" and why in entry["reason"] and entry["n"] == 3, run
    assert document["chance"]["tested"] == 0


@pytest.mark.parametrize("values, said", [
    ([0.668, 0.669, 0.670], "reproduced (lossy images)"), ([0.80, 0.801, 0.802], "higher (lossy images)"),
    ([0.60, 0.601, 0.602], "not comparable (lossy images)"),
])  # fmt: skip
def test_the_recognised_lossy_copy(tmp_path: Any, values: List[float], said: str) -> None:
    seeds(tmp_path, "course_models", "model2", values, digest=LOSSY, lossy=True)
    entry = row(build(tmp_path), "course_models", "model2")
    assert entry["verdict"] == said and entry["images"] == "lossy"


def test_unknown_jpeg_pixels_are_not_the_recognised_copy(tmp_path: Any) -> None:
    seeds(tmp_path, "course_models", "model2", [0.668, 0.669, 0.670], digest="ab" * 32, lossy=True)
    assert row(build(tmp_path), "course_models", "model2")["verdict"] == "not comparable"


def test_official_images_win_and_never_mix_with_others(tmp_path: Any) -> None:
    seeds(tmp_path, "course_models", "model2", [0.60, 0.601, 0.602], digest=LOSSY, lossy=True)
    write_run(tmp_path, "course_models", "model2", 0, 0.669, digest=OFFICIAL)
    entry = row(build(tmp_path), "course_models", "model2")
    assert entry["n"] == 1 and entry["verdict"] == "too few runs" and entry["images"] == "official"


def test_assumed_rows_and_metrics(tmp_path: Any) -> None:
    seeds(tmp_path, "course_models", "sim11_model3", [0.760, 0.763, 0.766])
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
    assert variant["verdict"] == "lower" and variant["why"].startswith("Q9")


def test_a_variant_on_lossy_images_says_so(tmp_path: Any) -> None:
    seeds(tmp_path, "prelu_cnn", "exponential_lr", [0.765, 0.767, 0.769], words={"schedule_stepped": "true"},
          digest=LOSSY, lossy=True)
    (variant,) = build(tmp_path)["variants"]
    assert (variant["outcome"], variant["verdict"]) == ("reproduced", "reproduced (lossy images)")


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

"""The README's benchmark table is what the committed records say."""

from __future__ import annotations

import copy
import glob
import json
import os
from typing import Any, Dict, List

import pytest

from tests.bench import bench_startup, bench_table
from tests.conftest import ROOT
from tf1_models import registry
from tf1_models.output.markdown import find_block

PATHS, PROFILES = (sorted(glob.glob(pattern)) for pattern in bench_table.PATTERNS)


@pytest.fixture
def records() -> List[Dict[str, Any]]:
    return bench_table.read(PATHS)


@pytest.fixture
def winograd(records: List[Dict[str, Any]]) -> Dict[str, Any]:
    """The record of nine_conv's step with the setting, beside the kit without it."""
    (found,) = (
        record
        for record in records
        for sections in [record["reports"].get("nine_conv", {})]
        if sections.get("changes") == {"convolutions": "winograd"} and "step" in sections
    )
    return copy.deepcopy(found)


def test_the_readme_shows_the_records() -> None:
    with open(os.path.join(ROOT, "tf1_models", "bench", "README.md"), encoding="utf-8") as stream:
        block = find_block(stream.read(), bench_table.BLOCK)
    assert block == bench_table.render_files(PATHS + PROFILES), (
        "stale: python -m tests.bench.bench_table --write tf1_models/bench/README.md"
    )


def test_the_page_shows_where_a_start_goes() -> None:
    with open(os.path.join(ROOT, "tf1_models", "bench", "README.md"), encoding="utf-8") as stream:
        block = find_block(stream.read(), bench_startup.BLOCK)
    document = bench_startup.recorded()
    assert block == bench_startup.render(document), "stale: python -m tests.bench.bench_startup --write …/README.md"
    for programs in document["reports"].values():
        assert all(set(parts) <= set(bench_startup.PARTS) for parts in programs.values())


def test_every_report_is_on_record(records: List[Dict[str, Any]]) -> None:
    steps = {row[1].split()[0] for row in bench_table.rows(records) if row[0] == "step"}
    assert steps == {"course_models", "bn_cnn", "prelu_cnn", "nine_conv", "alexnet_bn"}


def test_a_ratio_is_shown_as_it_was_measured(winograd: Dict[str, Any]) -> None:
    step = winograd["reports"]["nine_conv"]["step"]
    step["ratios"]["tf115"]["median"], step["cpu_ratios"]["tf115"]["median"] = 12.345, 6.789
    (row,) = [row for row in bench_table.rows([winograd]) if row[0] == "step"]
    assert row[1] == "nine_conv convolutions=winograd" and row[-1] == "12.35* (6.79)"
    del step["cpu_ratios"]
    (row,) = [row for row in bench_table.rows([winograd]) if row[0] == "step"]
    assert row[-1] == "12.35*"


def test_a_profile_is_shown_by_kind() -> None:
    kinds = [("filter gradient", 0.25), ("convolution", 0.25), ("other", 0.1), ("batch norm", 0.4)]
    its = {"kinds": [{"kind": kind, "share": share} for kind, share in kinds], "live_mb": 1234.5}
    record = {"report": "bn_cnn", "step": its, "evaluate": {**its, "kinds": its["kinds"][1:2], "live_mb": 7.0}}
    lines = bench_table.profiles([record]).splitlines()
    assert lines[0].startswith(
        "| share of the kernels' time, % | report | convolutions | matrix products | batch norm |"
    )
    assert lines[2:] == [
        "| step | bn_cnn | 50 | 0 | 40 | 0 | 0 | 10 | 1,234 |",
        "| evaluate | bn_cnn | 25 | 0 | 0 | 0 | 0 | 75 | 7 |",
    ]


def test_every_report_is_traced() -> None:
    assert {profile["report"] for profile in bench_table.read_profiles(PROFILES)} == set(registry.REPORTS)


def test_memory_is_shown_by_part(winograd: Dict[str, Any]) -> None:
    record = winograd
    assert bench_table.memory_parts([record]) == ""
    record["reports"]["nine_conv"]["memory"] = {
        "peers": {
            "kit": {
                "tensorflow": "1.15.5",
                "parts": [{"part": "imported", "peak": 1234.5, "anonymous": 200.0, "file": 33.4}],
            }
        }
    }
    assert bench_table.memory_parts([record]).splitlines() == [
        "| the kit's memory after, MB | nine_conv convolutions=winograd (kit on 1.15.5) |",
        "| --- | --- |",
        "| imported | 1,234 (200 + 33) |",
    ]


def test_quick_runs_are_no_record(tmp_path: Any) -> None:
    path = str(tmp_path / "bench_x.json")
    with open(path, "w") as stream:
        json.dump({"schema": 1, "quick": True}, stream)
    with pytest.raises(SystemExit, match="no full benchmark"):
        bench_table.read([path])

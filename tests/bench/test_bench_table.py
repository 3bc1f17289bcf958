"""The README's benchmark table is what the committed records say."""

from __future__ import annotations

import copy
import glob
import json
import os
from typing import Any, Dict, List

import pytest

from tests.bench import bench_table
from tests.conftest import ROOT
from tf1_models.output.markdown import find_block

PATHS = sorted(glob.glob(os.path.join(bench_table.RECORDS, "bench_*.json")))


@pytest.fixture
def records() -> List[Dict[str, Any]]:
    return bench_table.read(PATHS)


def test_the_readme_shows_the_records(records: List[Dict[str, Any]]) -> None:
    with open(os.path.join(ROOT, "tf1_models", "bench", "README.md"), encoding="utf-8") as stream:
        block = find_block(stream.read(), bench_table.BLOCK)
    assert block == bench_table.render(records), (
        "stale: python -m tests.bench.bench_table --write tf1_models/bench/README.md"
    )


def test_every_report_is_on_record(records: List[Dict[str, Any]]) -> None:
    steps = {row[1].split()[0] for row in bench_table.rows(records) if row[0] == "step"}
    assert steps == {"course_models", "bn_cnn", "prelu_cnn", "nine_conv", "alexnet_bn"}


def test_a_ratio_is_shown_as_it_was_measured(records: List[Dict[str, Any]]) -> None:
    (record,) = [r for r in records if r["reports"].get("nine_conv", {}).get("changes") == {"convolutions": "winograd"}]
    changed = copy.deepcopy(record)
    changed["reports"]["nine_conv"]["step"]["ratios"]["tf115"]["median"] = 12.345
    (row,) = [row for row in bench_table.rows([changed]) if row[0] == "step"]
    assert row[1] == "nine_conv convolutions=winograd" and row[-1] == "12.35*"


def test_memory_is_shown_by_part(records: List[Dict[str, Any]]) -> None:
    (record,) = [r for r in records if r["reports"].get("nine_conv", {}).get("changes") == {"convolutions": "winograd"}]
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

"""The interval that decides whether two sides agree, and the committed records of full trainings."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.lanes import score_difference
from tf1_models.output.markdown import find_block

RECORDS = score_difference.RECORDS


def test_welch_by_hand() -> None:
    # means 0.5 and 0.2, variances 0.04 and 0.01 over 3: standard error 0.12910, 2.941 degrees of freedom
    found = score_difference.welch([0.3, 0.5, 0.7], [0.1, 0.2, 0.3])
    assert found["difference"] == pytest.approx(-0.3)
    assert found["low"] == pytest.approx(-0.71554, abs=1e-5) and found["high"] == pytest.approx(0.11554, abs=1e-5)
    assert found["p"] == pytest.approx(0.104479, abs=1e-6)


def test_sides_without_spread_agree_only_when_equal() -> None:
    assert score_difference.welch([0.5, 0.5], [0.5, 0.5])["p"] == 1.0
    assert score_difference.welch([0.5, 0.5], [0.6, 0.6])["low"] > 0.0


def test_both_lanes_and_bf16_are_on_record() -> None:
    assert [os.path.basename(path) for path in RECORDS] == ["lanes.json", "precision_bf16.json"]


@pytest.mark.parametrize("path", RECORDS, ids=os.path.basename)
def test_a_record_adds_up_and_its_sides_agree(path: Any) -> None:
    with open(path, encoding="utf-8") as stream:
        record = json.load(stream)
    for key in score_difference.SCORES:
        one, other = (side[key] for side in record["sides"])
        assert len(one) == len(other) == record["seeds"] >= 5
        assert record["welch"][key] == pytest.approx(score_difference.welch(one, other))
        assert record["welch"][key]["low"] <= 0.0 <= record["welch"][key]["high"]


def test_what_a_record_allows_to_say() -> None:
    side = {"tensorflow": "2.21.0", "settings": []}
    record = {"report": "r", "data": "d", "seeds": 5, "level": 0.95, "sides": [side, {**side, "settings": ["a=b"]}]}
    interval = {"accuracy": {"low": -0.0087, "high": 0.0059}, "macro_f1": {"low": 0.001, "high": 0.002}}
    assert score_difference.claim({**record, "welch": interval}) == (
        "- 2.21.0 and 2.21.0 a=b, r on d alone, 5 seeds a side: accuracy: no difference found, at most 0.87 points "
        "(95 %); macro_f1: a difference of +0.10 to +0.20 points (95 %)."
    )


def test_the_readme_shows_the_records() -> None:
    with open(os.path.join(ROOT, "tests", "lanes", "README.md"), encoding="utf-8") as stream:
        block = find_block(stream.read(), score_difference.BLOCK)
    assert block == score_difference.table(RECORDS), (
        "stale: python -m tests.lanes.score_difference --readme tests/lanes/README.md"
    )

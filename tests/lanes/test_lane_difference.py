"""The interval that decides whether two lanes agree, and the committed record of the full trainings."""

from __future__ import annotations

import json
import os

import pytest

from tests.lanes import lane_difference


def test_welch_by_hand() -> None:
    # means 0.2 and 0.5, variances 0.01 and 0.04 over 3: standard error 0.12910, 2.941 degrees of freedom
    found = lane_difference.welch([0.1, 0.2, 0.3], [0.3, 0.5, 0.7])
    assert found["difference"] == pytest.approx(-0.3)
    assert found["low"] == pytest.approx(-0.71554, abs=1e-5) and found["high"] == pytest.approx(0.11554, abs=1e-5)
    assert found["p"] == pytest.approx(0.104479, abs=1e-6)


def test_lanes_without_spread_agree_only_when_equal() -> None:
    assert lane_difference.welch([0.5, 0.5], [0.5, 0.5])["p"] == 1.0
    assert lane_difference.welch([0.5, 0.5], [0.6, 0.6])["high"] < 0.0


def test_the_record_adds_up() -> None:
    path = os.path.join(os.path.dirname(lane_difference.__file__), "records", "lane_difference.json")
    with open(path, encoding="utf-8") as stream:
        record = json.load(stream)
    assert [lane["tensorflow"].split(".")[0] for lane in record["lanes"]] == ["2", "1"]
    for key in lane_difference.SCORES:
        one, other = (lane[key] for lane in record["lanes"])
        assert len(one) == len(other) == record["seeds"] >= 5
        assert record["welch"][key] == pytest.approx(lane_difference.welch(one, other))
        assert record["welch"][key]["low"] <= 0.0 <= record["welch"][key]["high"]

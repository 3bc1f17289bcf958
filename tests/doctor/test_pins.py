"""The pins that an installed kit carries are those of the requirements files."""

from __future__ import annotations

import os
import re
from typing import Any, Dict, Tuple

import pytest

from tests.conftest import ROOT
from tf1_models.doctor import pins


def requirements(name: str) -> Dict[str, str]:
    with open(os.path.join(ROOT, name), encoding="utf-8") as stream:
        rows = [re.match(r"([A-Za-z0-9_.-]+)==(\S+)", row) for row in stream]
    return {row.group(1).lower(): row.group(2) for row in rows if row}


@pytest.mark.parametrize("lane", [pins.TF221, pins.TF115], ids=["2.21", "1.15"])
def test_pins_equal_the_requirements_file(lane: pins.Lane) -> None:
    tools = requirements("requirements-dev.txt")  # the older lane's file has its own versions of these
    assert lane.pins == {k: v for k, v in requirements(lane.requirements).items() if k not in tools}
    assert set(lane.optional) | set(lane.numbers) <= set(lane.pins)


def test_the_pins_that_move_numbers_are_those_that_the_file_marks() -> None:
    with open(os.path.join(ROOT, "requirements.txt"), encoding="utf-8") as stream:
        marked = {row.split("==")[0] for row in stream if "==" in row and "(numbers)" in row}
    assert set(pins.TF221.numbers) == marked


@pytest.mark.parametrize(
    "version, lane",
    [((3, 7, 16), pins.TF115), ((3, 8, 18), pins.TF115), ((3, 9, 0), pins.TF221), ((3, 11, 7), pins.TF221)],
)
def test_the_lane_of_each_python(version: Tuple[int, int, int], lane: pins.Lane, monkeypatch: Any) -> None:
    monkeypatch.setattr(pins.sys, "version_info", version)
    assert pins.lane() is lane

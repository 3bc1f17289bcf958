"""A slice of the fuzzing of checkpoints and run folders, and its record; the script runs 100,000 cases a parser."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import fuzzing
from tests.checkpoints import fuzz_checkpoints
from tests.faults import fault_record


def test_a_slice_of_every_parser(tmp_path: Any) -> None:
    record = str(tmp_path / "record.json")
    assert (
        fuzzing.main(
            "tests.checkpoints.fuzz_checkpoints",
            None,
            fuzz_checkpoints.targets,
            ["--cases", "300", "--seed", "1", "--json", record],
        )
        == 0
    )
    with open(record, encoding="utf-8") as stream:
        found = json.load(stream)
    assert not fault_record.problems(found) and found["faults"] == 300 * len(found["where"]) and found["lost"] == 0


def test_the_fuzzing_can_fail(tmp_path: Any, capsys: pytest.CaptureFixture) -> None:
    def parse(content: bytes) -> None:
        if content != b"sound":
            raise IndexError("no InputError")

    row = fuzzing.fuzz(fuzzing.Target("broken", [b"sound"], [], parse), 100, seed=0)
    assert row["lost"] == 1 and row["injected"] < 100 and "IndexError" in row["failure"]
    assert "FAILED broken case" in capsys.readouterr().out

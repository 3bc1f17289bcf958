"""The README's table of faults is what the committed records say, and the records add up."""

from __future__ import annotations

import glob
import json
import os
from typing import Any, Dict

import pytest

from tests.conftest import ROOT
from tests.faults import fault_record, reliability_table
from tests.faults.fault_record import Place
from tf1_models.output import markdown

PATHS = sorted(glob.glob(os.path.join(reliability_table.RECORDS, "*.json")))


def a_record(version: Any = "2.21.0", script: str = "python -m tests.faults.flip_bits --flips 3") -> Dict[str, Any]:
    place = Place("checkpoint data")
    place.add("survived")
    place.add("detected", 2)
    return fault_record.document(script, version, [place, Place("nothing there")], 1.26, {"seed": 0})


def test_the_readme_shows_the_committed_records() -> None:
    with open(os.path.join(ROOT, "tests", "faults", "README.md"), encoding="utf-8") as stream:
        block = markdown.find_block(stream.read(), reliability_table.BLOCK)
    expected = reliability_table.render(reliability_table.read(PATHS))
    assert block == expected, "run: python -m tests.faults.reliability_table --write tests/faults/README.md"


@pytest.mark.parametrize("path", PATHS, ids=os.path.basename)
def test_nothing_was_lost(path: str) -> None:
    with open(path, encoding="utf-8") as stream:
        record = json.load(stream)
    assert fault_record.problems(record) == []
    assert record["faults"] > 0 and record["lost"] == 0


def test_versions_share_a_row_and_zeros_are_one_zero() -> None:
    text = reliability_table.render([a_record(), a_record("1.15.5"), a_record(None, "python -m tests.x.fuzz_grade 9")])
    assert "| one bit flipped | checkpoint data | 2.21.0, 1.15.5 | 3 + 3 | 1 + 1 | 2 + 2 | 0 |" in text
    assert "| malformed submissions | checkpoint data | none | 3 | 1 | 2 | 0 |" in text
    assert "| all |  |  | 9 | 3 | 6 | 0 |" in text
    assert "- `python -m tests.faults.flip_bits --flips 3`: 1 s on 2.21.0, 1 s on 1.15.5" in text


def test_a_record_that_does_not_add_up_is_refused(tmp_path: Any) -> None:
    assert fault_record.problems(a_record()) == []
    assert fault_record.problems([]) and fault_record.problems({"schema": 1})
    assert fault_record.problems({**a_record(), "lost": 1}) == ["lost is not the sum over its places"]
    wrong = {**a_record(), "faults": 4}
    (tmp_path / "x.json").write_text(json.dumps(wrong))
    with pytest.raises(SystemExit, match=r"x\.json: faults is not the sum over its places"):
        reliability_table.read([str(tmp_path / "x.json")])


def test_the_block_is_written_between_the_markers(tmp_path: Any, capsys: Any) -> None:
    begin, end = markdown.markers(reliability_table.BLOCK)
    readme, record = tmp_path / "README.md", tmp_path / "a.json"
    readme.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    assert fault_record.finish(a_record(), str(record)) == 0
    for state in ("rewritten", "already current"):
        assert reliability_table.main([str(record), "--write", str(readme)]) == 0
        assert state in capsys.readouterr().err
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert markdown.find_block(text, reliability_table.BLOCK) == reliability_table.render([a_record()])


def test_notes_say_where_identity_ends_and_what_grows() -> None:
    identity = a_record(script="python -m tests.faults.bit_identity --repeats 5")
    graphs = {"bn_cnn": True, "nine_conv": False, "alexnet_bn": False}
    identity["details"] = {"graphs": {key: {"thread_counts_agree": value} for key, value in graphs.items()}}
    text = reliability_table.note(identity)
    assert text == "1 and 2 threads on 2.21.0: the same bytes for bn_cnn; other bytes for nine_conv, alexnet_bn."
    long = a_record("1.15.5", "python -m tests.faults.long_run --epochs 10000")
    long["details"] = {"growth_per_epoch": {"graph nodes": 0.0, "bytes of log.txt": 117.8}}
    assert reliability_table.note(long) == "Growth per epoch on 1.15.5: 118 bytes of log.txt; none: graph nodes."
    assert reliability_table.note(a_record()) is None

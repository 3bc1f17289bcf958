"""Every run of every report against the transcript, field by field, in order, skipping nothing.

The numbers of `tests/transcripts/reported.csv` were typed from the report texts a second time; its words (`where`,
`note`, `assumed`, the labels) were not: for these the test is one against drift (see the README.md there).
"""

from __future__ import annotations

import csv
import os
from typing import Any, Dict, List, Tuple

import pytest

from tf1_models import registry

TRANSCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "transcripts", "reported.csv")
COLUMNS = ["report", "run", "metric", "reported", "epochs", "batch_size", "where", "note", "printed", "n_scored",
           "basis", "assumed", "selection"]  # fmt: skip
# The one field where the row means another thing: (transcript, row). The transcript counts the epochs that ran before
# early stopping; the row holds the limit that it stopped short of (Assumed 50).
DECLARED: Dict[Tuple[str, str, str], Tuple[str, str]] = {
    ("nine_conv", "shallow_dropout_early_stop", "epochs"): ("22", "50"),
}


def _transcript() -> List[Dict[str, str]]:
    with open(TRANSCRIPT, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _as_text(row: Any) -> Dict[str, str]:
    """A run row in the transcript's words: numbers as Python prints them, None as nothing."""
    values = {
        "report": row.report, "run": row.run, "metric": row.reported.metric, "reported": row.reported.value,
        "epochs": row.epochs, "batch_size": row.batch_size, "where": row.where, "note": row.note,
        "printed": row.reported.printed, "n_scored": row.reported.n_scored, "basis": row.reported.basis,
        "assumed": row.reported.assumed, "selection": row.reported.selection,
    }  # fmt: skip
    return {name: "" if value is None else str(value) for name, value in values.items()}


def test_the_transcript_is_whole() -> None:
    rows = _transcript()
    assert list(rows[0]) == COLUMNS
    assert len(rows) == 79
    assert sum(row["reported"] != "" for row in rows) == 75
    assert all((row["reported"] == "") == (row["printed"] == "") == (row["n_scored"] == "") for row in rows)
    assert [report for report in registry.REPORTS if report in {row["report"] for row in rows}] == list(
        registry.REPORTS
    )


@pytest.mark.parametrize("report", registry.REPORTS)
def test_rows_equal_the_transcript(report: str) -> None:
    expected = [row for row in _transcript() if row["report"] == report]
    actual = [_as_text(row) for row in registry.runs(report)]
    assert [row["run"] for row in actual] == [row["run"] for row in expected]
    for mine, theirs in zip(actual, expected):
        for column in COLUMNS:
            key = (report, mine["run"], column)
            if key in DECLARED:
                assert (theirs[column], mine[column]) == DECLARED[key], key
            else:
                assert mine[column] == theirs[column], key


def test_reports_stand_in_the_transcripts_order() -> None:
    seen: List[str] = []
    for row in _transcript():
        if row["report"] not in seen:
            seen.append(row["report"])
    assert seen == list(registry.REPORTS)


def test_the_default_run_exists() -> None:
    for report in registry.REPORTS:
        assert registry.default_run(report) in {row.run for row in registry.runs(report)}


def test_values_follow_from_what_is_printed() -> None:
    """The fraction is the printed number; prelu_cnn prints percentages cut (not rounded) to three digits (Q8)."""
    for row in _transcript():
        if row["printed"] == "":
            continue
        number = float(row["printed"].replace("약", "").replace("%", "").replace(",", ".").strip())
        fraction = number if row["metric"] == "dev_f1_weighted" else number / 100
        value = float(row["reported"])
        if row["report"] == "prelu_cnn":
            assert 0 <= value + 5e-7 - fraction < 1.1e-5, row["run"]
        else:
            assert value == pytest.approx(fraction, abs=1e-12), row["run"]

"""The page's table of injected faults.

    python -m tests.faults.reliability_table [FILE.json ...] [--write tests/faults/README.md]

Without files, every record in tests/faults/records/ (see `fault_record`). Printed is the block that stands between the
README's markers `<!-- reliability:begin -->` and `<!-- reliability:end -->`; `--write` puts it there. Figures of
several TensorFlow versions stand in one cell, joined by +, in the order in which the versions are named.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from tests import readme_block
from tests.faults import fault_record
from tf1_models.output import markdown

RECORDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "records")
BLOCK = "reliability"
# script -> (fault, whether one row holds all its places); in the table's order, others follow by name
FAULTS: Dict[str, Tuple[str, bool]] = {
    "kill_anywhere": ("SIGKILL, then the same command again", False),
    "write_order": ("power cut at any step of a run", False),
    "moved_runs": ("an unfinished run's folder elsewhere", False),
    "sweep_kill": ("a sweep killed", False),
    "cluster_netns": ("a training on four hosts disturbed", False),
    "flip_bits": ("one bit flipped", False),
    "disk_faults": ("disk full, read-only or gone", False),
    "bit_identity": ("the same run again", False),
    "cross_read": ("a checkpoint read elsewhere", False),
    "long_run": ("ten thousand epochs: measurements", True),
    "fuzz_parsers": ("malformed data files", True),
    "fuzz_checkpoints": ("malformed checkpoints and run folders", True),
    "fuzz_grade": ("malformed submissions", True),
}
WORDS = (
    "survived: the outcome equals the undisturbed one (of malformed files: accepted and in range); detected: refused "
    "in one line before use; lost: anything else."
)


class Row(NamedTuple):
    """One line of the table; `counts` has a dict of figures per record, in the order of `versions`."""

    fault: str
    where: str
    versions: List[str]
    counts: List[Dict[str, int]]


def read(paths: Sequence[str]) -> List[Dict[str, Any]]:
    """Reads and checks records, TensorFlow 2 before TensorFlow 1.

    Raises:
        SystemExit: a record does not add up; the file is named.
    """
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            record = json.load(stream)
        wrong = fault_record.problems(record)
        if wrong:
            raise SystemExit(f"{os.path.basename(path)}: {'; '.join(wrong)}")
        found.append(record)
    names = list(FAULTS)

    def place(record: Dict[str, Any]) -> Tuple[int, str, List[int]]:
        script, version = script_of(record), re.findall(r"\d+", record["tensorflow"] or "")
        return (names.index(script) if script in names else len(names), script, [-int(part) for part in version])

    return sorted(found, key=place)


def script_of(record: Dict[str, Any]) -> str:
    """The module's name in a record's command: `kill_anywhere` of "python -m tests.faults.kill_anywhere --kills 9"."""
    words = [word for word in record["script"].split() if word.startswith("tests")]
    return re.split(r"[./]", re.sub(r"\.py$", "", words[0]))[-1] if words else record["script"]


def rows(records: Sequence[Dict[str, Any]]) -> List[Row]:
    """One row per fault and place, or per fault where its places share a row."""
    found: Dict[Tuple[str, str], Row] = {}
    for record in records:
        script = script_of(record)
        fault, together = FAULTS.get(script, (script.replace("_", " "), False))
        places = record["where"]
        if together:
            names = ", ".join(place["name"] for place in places)
            places = [
                {
                    "name": names,
                    **{key: sum(place[key] for place in places) for key in ("injected", *fault_record.COUNTS)},
                }
            ]
        for place in places:
            row = found.setdefault((fault, place["name"]), Row(fault, place["name"], [], []))
            row.versions.append(record["tensorflow"] or "none")
            row.counts.append(place)
    return list(found.values())


def _figure(counts: Sequence[Dict[str, int]], key: str) -> str:
    values = [count[key] for count in counts]
    return " + ".join(f"{value:,}" for value in values) if any(values) else "0"


def note(record: Dict[str, Any]) -> Optional[str]:
    """What a record says beyond its counts: how much a long run grows, where bit-identity ends."""
    details = record.get("details", {})
    if script_of(record) == "long_run":
        growth = details["growth_per_epoch"]
        rest = ", ".join(f"{value:.0f} {key}" for key, value in growth.items() if value >= 1)
        still = ", ".join(key for key, value in growth.items() if value < 1)
        return f"Growth per epoch on {record['tensorflow']}: {rest}; none: {still}."
    if script_of(record) == "bit_identity":
        agree = {report: cell["thread_counts_agree"] for report, cell in details["graphs"].items()}
        words = [
            f"{text} for {', '.join(report for report in agree if agree[report] is value)}"
            for value, text in ((True, "the same bytes"), (False, "other bytes"))
            if value in agree.values()
        ]
        return f"1 and 2 threads on {record['tensorflow']}: {'; '.join(words)}." if words else None
    return None


def render(records: Sequence[Dict[str, Any]]) -> str:
    """The block: table, the meaning of its words, notes, the commands that wrote it."""
    table: List[Sequence[str]] = []
    for row in rows(records):
        figures = [_figure(row.counts, key) for key in ("injected", *fault_record.COUNTS)]
        table.append([row.fault, row.where, ", ".join(row.versions), *figures])
    totals = [f"{sum(record[key] for record in records):,}" for key in ("faults", *fault_record.COUNTS)]
    table.append(["all", "", "", *totals])
    head = ["fault", "where", "TensorFlow", "injected", "survived", "detected", "lost"]
    commands: Dict[str, List[str]] = {}
    for record in records:
        where = f" on {record['tensorflow']}" if record["tensorflow"] else ""
        commands.setdefault(record["script"], []).append(f"{record['seconds']:.0f} s{where}")
    lines = [f"- `{command}`: {', '.join(times)}" for command, times in commands.items()]
    notes = [text for text in map(note, records) if text]
    return "\n".join([markdown.markdown_table(head, table), "", " ".join([WORDS, *notes]), "", *lines])


def main(words: Optional[List[str]] = None) -> int:
    """Prints or writes the block."""
    return readme_block.main(
        words, __doc__, BLOCK, [os.path.join(RECORDS, "*.json")], lambda paths: render(read(paths))
    )


if __name__ == "__main__":
    sys.exit(main())

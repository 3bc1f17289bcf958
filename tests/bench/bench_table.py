"""The README's benchmark table: python -m tests.bench.bench_table [FILE.json ...] [--write tf1_models/bench/README.md]

Without files, every `bench_*.json` and `profile-*.json` in tests/bench/records/, which `bench --out DIR` wrote. A row
is a report and a measurement; printed are the kit's median and how many times better it was than each other program
(median over the rounds; spreads are in the records), by the clock and, in brackets, by processor time. The block stands
between the README's `<!-- bench:begin -->` and `<!-- bench:end -->`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, List, Optional, Sequence, Tuple

from tests import readme_block
from tf1_models.output import markdown

RECORDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "records")
PATTERNS = [os.path.join(RECORDS, name) for name in ("bench_*.json", "profile-*.json")]
BLOCK = "bench"
PEERS = ("kit_default", "bare", "bare_xla", "keras", "keras_xla", "torch", "torch_compile", "tf115")
MEASURES = ("step", "epoch", "evaluate", "input", "startup", "memory")
WORDS = (
    "Ratios above 1: the kit is that many times faster, or takes that many times less, in brackets by processor time; "
    "a star marks the report's own framework. step: of the real loop; startup: from the command to the end of the "
    "first call of training steps (eight for prelu_cnn's kit, one elsewhere); memory: peak of a run over 50,000 "
    "images. {machine}; kit on TensorFlow {versions}."
)


PARTS = (
    "The highest so far and, in brackets, what is resident then: the program's own pages + pages of mapped files, "
    "nearly all TensorFlow's libraries, which its processes share and the kernel may drop."
)


def read(paths: Sequence[str]) -> List[Dict[str, Any]]:
    """The records, by name.

    Raises:
        SystemExit: a record is of another schema or was made with --quick.
    """
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            record = json.load(stream)
        if record.get("schema") != 1 or record["quick"]:
            raise SystemExit(f"{os.path.basename(path)}: no full benchmark of schema 1")
        found.append(record)
    return found


def read_profiles(paths: Sequence[str]) -> List[Dict[str, Any]]:
    """The records of `bench --profile`, in the order of their names."""
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            found.append(json.load(stream))
    return found


# kinds of `op_times` that stand together in a column
KINDS = {
    "convolutions": ("convolution", "filter gradient", "input gradient"),
    "matrix products": ("matrix product",),
    "batch norm": ("batch norm",),
    "pooling": ("pooling",),
    "optimizer": ("optimizer",),
}


def profiles(records: Sequence[Dict[str, Any]]) -> str:
    """Where a step's and an evaluated batch's kernels spend their time, and the most memory that they hold."""
    rows = []
    for record in records:
        for measure in ("step", "evaluate"):
            its = record[measure]
            share = {row["kind"]: 100 * row["share"] for row in its["kinds"]}
            columns = [sum(share.get(kind, 0.0) for kind in kinds) for kinds in KINDS.values()]
            cells = [f"{column:.0f}" for column in [*columns, max(100 - sum(columns), 0.0)]]
            rows.append([measure, record["report"], *cells, f"{its['live_mb']:,.0f}"])
    rows.sort(key=lambda row: MEASURES.index(row[0]))
    return markdown.markdown_table(
        ["share of the kernels' time, %", "report", *KINDS, "rest", "held at most, MB"], rows
    )


def versions(section: Dict[str, Any]) -> str:
    """The TensorFlow that the kit ran on."""
    return str(section["peers"]["kit"].get("tensorflow") or "?")


def _cell(section: Dict[str, Any], peer: str, original: str) -> str:
    ratio, by_cpu = (section.get(key, {}).get(peer) for key in ("ratios", "cpu_ratios"))
    if ratio is None:
        return "-"
    star = "*" if peer == original else ""
    return f"{ratio['median']:.2f}{star}" + (f" ({by_cpu['median']:.2f})" if by_cpu else "")


def _name(report: str, sections: Dict[str, Any], section: Dict[str, Any]) -> str:
    """Report, settings, and the TensorFlow that the kit ran on where it is not today's."""
    name = " ".join([report, *(f"{key}={value}" for key, value in sections["changes"].items())])
    version = versions(section)
    return name + ("" if version in ("?", "2.21.0") else f" (kit on {version})")


def rows(records: List[Dict[str, Any]]) -> List[List[str]]:
    """One row per measurement, report, settings and TensorFlow that the kit ran; of several records the newest."""
    found: Dict[Tuple[str, str], List[str]] = {}
    for measure in MEASURES:
        for record in sorted(records, key=lambda record: str(record["started"])):
            for report, sections in record["reports"].items():
                section = sections.get(measure)
                if not section or "median" not in section["peers"].get("kit", {}):
                    continue
                name = _name(report, sections, section)
                kit = section["peers"]["kit"]["median"]
                shown = f"{kit:,.0f}" if kit >= 100 else f"{kit:.1f}"
                cells = [_cell(section, peer, sections["original"]) for peer in PEERS]
                found[measure, name] = [measure, name, f"{shown} {section['unit']}", *cells]
    return sorted(found.values(), key=lambda row: (MEASURES.index(row[0]), row[1]))


def memory_parts(records: List[Dict[str, Any]]) -> str:
    """What was resident after each part of the kit's run: a table, or "" where no record says it."""
    found: Dict[str, List[Dict[str, Any]]] = {}
    for record in sorted(records, key=lambda record: str(record["started"])):
        for report, sections in record["reports"].items():
            section = sections.get("memory") or {"peers": {}}
            parts = section["peers"].get("kit", {}).get("parts")
            if parts:
                found[_name(report, sections, section)] = parts
    if not found:
        return ""
    names = sorted(found)
    lines = [[part["part"], *(_resident(found[name][at]) for name in names)] for at, part in enumerate(found[names[0]])]
    return markdown.markdown_table(["the kit's memory after, MB", *names], lines)


def _resident(part: Dict[str, Any]) -> str:
    return f"{part['peak']:,.0f} ({part['anonymous']:,.0f} + {part['file']:,.0f})"


def render(records: List[Dict[str, Any]], traced: Sequence[Dict[str, Any]] = ()) -> str:
    """The block.

    Args:
        records: From `read`.
        traced: From `read_profiles`.
    """
    machines = sorted(
        {f"{r['machine']['cores']} cores of an {r['machine']['cpu']}, {r['threads']} threads" for r in records}
    )
    used = sorted(
        {
            versions(section)
            for record in records
            for sections in record["reports"].values()
            for measure in MEASURES
            for section in [sections.get(measure)]
            if section
        }
        - {"?"},
        reverse=True,
    )
    head = ["", "report", "kit", *("without the setting" if peer == "kit_default" else peer for peer in PEERS)]
    words = WORDS.format(machine="; ".join(machines), versions=" and ".join(used))
    slopes = [
        _slope(report, sections["slope"])
        for record in records
        for report, sections in record["reports"].items()
        if sections.get("slope") and sections["slope"]["fit"]
    ]
    lines = [markdown.markdown_table(head, rows(records)), "", " ".join([words, *slopes])]
    by_part = memory_parts(records)
    if by_part:
        lines += ["", by_part, "", PARTS]
    return "\n".join(lines + (["", profiles(traced)] if traced else []))


def _slope(report: str, section: Dict[str, Any]) -> str:
    fit, by_epoch = section["fit"], section["by_epoch"]
    sizes = ", ".join(f"{point['images']:,}" for point in section["points"])
    return (
        f"{report}'s epoch over {sizes} images: {1000 * fit['slope']:.2f} s per thousand {fit['intercept']:+.2f} "
        f"s, off a line by at most {100 * fit['residual']:.1f} %; over its epochs by "
        f"{100 * by_epoch['residual']:.1f} %."
    )


def main(words: Optional[List[str]] = None) -> int:
    """Prints or writes the block."""
    return readme_block.main(words, __doc__, BLOCK, PATTERNS, render_files)


def render_files(paths: Sequence[str]) -> str:
    """The block of these records, whatever each is."""
    traced = [path for path in paths if os.path.basename(path).startswith("profile-")]
    return render(read([path for path in paths if path not in traced]), read_profiles(traced))


if __name__ == "__main__":
    sys.exit(main())

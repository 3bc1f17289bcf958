"""The tables of a benchmark, for a terminal."""

from __future__ import annotations

from typing import Any, Dict, List

_HIGHER = ("step", "epoch", "evaluate", "input")


def tables(document: Dict[str, Any]) -> str:
    """Machine, roofs, then a table for each report and measurement."""
    m = document["machine"]
    lines = [
        f"{m['cpu']}, {m['cores']} cores, {m['memory_gb']} GB, load {m['load_average'][0]} at the start, governor "
        f"{m['governor'] or 'not known'}; {document['threads']} threads, {document['rounds']} rounds"
        + (" (--quick: shows that it works, not how fast it is)" if document["quick"] else "")
    ]
    roofs = document["roofs"]
    if roofs:
        lines.append(
            f"matrix product {roofs['sgemm_gflops']:.0f} GFLOP/s ({roofs['sgemm_by']}, {roofs['sgemm_size']}"
            f"), copy {roofs['copy_gb_s']:.1f} GB/s, triad {roofs['triad_gb_s']:.1f} GB/s"
        )
    if document["verbs"]:
        lines.append(", ".join(f"{name} {row['median']:.3f} s" for name, row in document["verbs"].items()))
    for report, found in document["reports"].items():
        for measure in document["measures"]:
            if measure == "slope" and measure in found:
                lines += ["", *_slope(report, found[measure])]
            elif measure in found:
                lines += ["", *_section(report, measure, found[measure], found)]
    return "\n".join(lines)


def _section(report: str, measure: str, section: Dict[str, Any], found: Dict[str, Any]) -> List[str]:
    changes = "".join(f", {key}={value}" for key, value in found["changes"].items())
    lines = [f"{report} ({found['run']}, batch {found['batch']}{changes}): {measure}, {section['unit']}"]
    lines += rows(section, found["original"], lower=measure not in _HIGHER)
    roof = section.get("roofline")
    if roof:
        lines.append(
            f"  kit: {roof['gflops']:.0f} GFLOP/s, {100 * roof['of_sgemm']:.0f} % of the matrix product's; "
            f"{roof['gb_s']:.1f} GB/s if nothing were cached, {100 * roof['of_bandwidth']:.0f} % of a copy's"
        )
    others = section.get("others")
    if others and others["median"] > 0.05:
        lines.append(
            f"  not quiet: other programs took {100 * others['median']:.0f} % of the processors (up to "
            f"{100 * others['high']:.0f} %)"
        )
    parts = section["peers"].get("kit", {}).get("parts")
    if parts:
        lines.append(f"  {'the kit, MB resident after':44}{'peak':>8}{'anonymous':>11}{'files':>8}")
        lines += [
            f"  {row['part']:44}{row['peak']:8.0f}{row['anonymous']:11.0f}{row['file']:8.0f}"
            for row in parts
            if "peak" in row
        ]
    best = section.get("best_peer")
    if best and best["peer"]:
        lines.append(f"  best peer: {best['peer']}, kit/peer {best['ratio']:.2f}")
    return lines


def rows(section: Dict[str, Any], original: str = "", lower: bool = False) -> List[str]:
    """A line a program: median, spread, ratio within the rounds, the ratio by processor time (what a busy machine
    leaves comparable); `original` is marked with a star."""
    head = "peer/kit" if lower else "kit/peer"
    by_cpu = section.get("cpu_ratios") or {}
    lines = [
        f"  {'':28}{'median':>10}{'low':>10}{'high':>10}{head:>10}{'low':>8}{'high':>8}"
        + (f"{'by CPU':>8}" if by_cpu else "")
    ]
    for name, row in section["peers"].items():
        shown = name + (" *" if name == original else "")
        if row["status"] != "ran" or "median" not in row:
            lines.append(f"  {shown:28}not run ({row.get('reason', 'no number')})")
            continue
        line = f"  {shown:28}{row['median']:10.2f}{row['low']:10.2f}{row['high']:10.2f}"
        ratio = section["ratios"].get(name)
        line += f"{ratio['median']:10.2f}{ratio['low']:8.2f}{ratio['high']:8.2f}" if ratio else ""
        lines.append(line + (f"{by_cpu[name]['median']:8.2f}" if ratio and name in by_cpu else ""))
    return lines


def _slope(report: str, section: Dict[str, Any]) -> List[str]:
    if not section["fit"]:
        return [f"{report}: slope not measured"]
    points = ", ".join(f"{p['images']} images {p['seconds']:.2f} s" for p in section["points"])
    fit, by_epoch = section["fit"], section["by_epoch"]
    return [
        f"{report}: epoch seconds by images: {points}",
        f"  {1000 * fit['slope']:.3f} s per thousand images + {fit['intercept']:.2f} s, off the line by at most "
        f"{100 * fit['residual']:.1f} %; by epochs {by_epoch['slope']:.2f} s an epoch, off by at most "
        f"{100 * by_epoch['residual']:.1f} %",
    ]


def profile(report: str, found: Dict[str, Any]) -> str:
    """Op kinds of a training step and of a batch's evaluation."""
    lines: List[str] = []
    for measure, words in (("step", "a training step"), ("evaluate", "a batch evaluated")):
        its = found[measure]
        lines += [
            *([""] if lines else []),
            f"{report}: {words}, {its['wall_ms']:.1f} ms traced (ops side by side: {its['op_ms']:.1f} ms), at most "
            f"{its['live_mb']:,.0f} MB taken at once",
            f"  {'kind':20}{'ms':>10}{'share':>8}{'MB':>9}{'ops':>6}",
        ]
        lines += [
            f"  {row['kind']:20}{row['ms']:10.1f}{100 * row['share']:7.1f}%{row['mb']:9.1f}{row['ops']:6d}"
            for row in its["kinds"]
        ]
        lines.append(f"  {'op':44}{'ms':>10}{'MB':>9}{'ops':>6}")
        lines += [
            f"  {row['type'] + ' (' + row['kind'] + ')':44}{row['ms']:10.1f}{row['mb']:9.1f}{row['ops']:6d}"
            for row in its["types"][:12]
        ]
    return "\n".join(lines)


def candidates(found: Dict[str, Any]) -> str:
    """Both tables; the ratio is the first line's over this one's: below 1 the choice is faster."""
    lines = [f"{found['report']}: training step, images/s", *rows(found["training"])]
    lines += ["", f"{found['report']}: evaluation, images/s", *rows(found["evaluation"])]
    return "\n".join(lines)

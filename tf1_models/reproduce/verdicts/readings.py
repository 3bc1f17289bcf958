"""A quirk and its other reading, side by side over the rows where both were run: which is nearer to the report?

A variant's reason begins with the quirk that it reads otherwise (`Q9: …`, `Q7 mended: …`). Rows share trainings, so
nothing is tested here: the deviations stand beside each other, with how many rows each reading reproduces.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from tf1_models import registry

_QUIRK = re.compile(r"(Q[0-9]+)\b")


def compare_all(entries: Sequence[Mapping[str, Any]], variants: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """One entry for each quirk that was run both ways in a row with a number at least.

    Args:
        entries: The rows as `summary` writes them.
        variants: What `summary` says of the variants.

    Returns:
        JSON-ready: `report`, `quirk`, `rows` (run, variant, `kept` and `other`: reported less ours, fractions),
        `nearer_kept` (rows in which the kept reading is nearer), `reproduced` (rows: kept, other), `words`.
    """
    by_name = {(entry["report"], entry["run"]): entry for entry in entries}
    groups: Dict[Tuple[str, str], List[Tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for variant in variants:
        quirk, row = _QUIRK.match(variant["why"]), by_name[variant["report"], variant["run"]]
        if quirk is not None and row["deviation"] is not None and variant["deviation"] is not None:
            groups.setdefault((variant["report"], quirk.group(1)), []).append((row, variant))
    found = []
    for (report, quirk_id), pairs in groups.items():
        entry = {
            "report": report,
            "quirk": quirk_id,
            "rows": [
                {"run": v["run"], "variant": v["variant"], "kept": row["deviation"], "other": v["deviation"]}
                for row, v in pairs
            ],
            "nearer_kept": sum(abs(row["deviation"]) < abs(v["deviation"]) for row, v in pairs),
            "reproduced": [sum(pair[k]["outcome"] == "reproduced" for pair in pairs) for k in (0, 1)],
        }
        found.append({**entry, "words": _words(entry)})
    return found


def _words(entry: Mapping[str, Any]) -> str:
    quirks = {quirk.id: quirk.title for quirk in registry.experiments_module(entry["report"]).QUIRKS}
    rows, (kept, other) = entry["rows"], entry["reproduced"]
    each = "; ".join(f"{row['run']} {100 * row['kept']:+.2f} and {100 * row['other']:+.2f}" for row in rows)
    return (
        f"{entry['report']}, {entry['quirk']} ({quirks[entry['quirk']]}), reported less ours in points, kept and read "
        f"otherwise: {each}. The kept reading is nearer in {entry['nearer_kept']} of {len(rows)} rows; it reproduces "
        f"{kept}, the other {other}."
    )

"""Two gradings side by side: what a regrading changed, and whether key, policy or versions are the same."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List

from tf1_models.errors import InputError, Refused
from tf1_models.grading.submissions.opening import read_regular

_WATCHED = ("status", "macro_f1", "weighted_f1", "accuracy", "rank", "points", "counted", "sha256")


def load_record(path: str) -> Dict[str, Any]:
    """Reads an earlier grading's JSON.

    Raises:
        InputError: unreadable, or not the record of a grading.
    """
    try:
        value = json.loads(read_regular(os.path.realpath(path)).decode("utf-8"))
    except (Refused, ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, Refused) else "not JSON"
        raise InputError(f"--diff {path}: {reason}; give the JSON of an earlier grading (grade --json)") from None
    rows = value.get("submissions") if isinstance(value, dict) else None
    good = isinstance(rows, list) and all(isinstance(row, dict) and isinstance(row.get("file"), str) for row in rows)
    if not good or value.get("kind") != "grade":
        raise InputError(f"--diff {path}: not the record of a grading (grade --json)")
    return dict(value)


def diff_records(earlier: Dict[str, Any], later: Dict[str, Any]) -> Dict[str, Any]:
    """What changed from one grading to the next.

    Args:
        earlier: From `load_record`.
        later: From `record.make_record`.

    Returns:
        JSON-ready dict: `same_key`, `context` (changed key, policy, versions, reference), `added`, `removed` (files),
        `changed` (file -> field -> [before, after]) and `unchanged` (a count).
    """
    before = {str(row["file"]): row for row in earlier["submissions"]}
    after = {str(row["file"]): row for row in later["submissions"]}
    changed: Dict[str, Dict[str, List[Any]]] = {}
    for name in sorted(before.keys() & after.keys()):
        fields = {
            field: [before[name].get(field), after[name].get(field)]
            for field in _WATCHED
            if before[name].get(field) != after[name].get(field)
        }
        if fields:
            changed[name] = fields
    context = {
        field: [earlier.get(field), later.get(field)]
        for field in ("truth", "policy", "versions", "reference")
        if earlier.get(field) != later.get(field)
    }
    keys = [record.get("truth") for record in (earlier, later)]
    digests = [key.get("labels_sha256") if isinstance(key, dict) else None for key in keys]
    return {
        "same_key": digests[0] == digests[1],
        "context": context,
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": changed,
        "unchanged": len(before.keys() & after.keys()) - len(changed),
    }


def diff_lines(difference: Dict[str, Any]) -> List[str]:
    """The difference in words, for people."""
    lines = []
    if not difference["same_key"]:
        lines.append("the key's labels are not the same")
    for field, (old, new) in difference["context"].items():
        fields = [f for f in {**(old or {}), **(new or {})} if (old or {}).get(f) != (new or {}).get(f)]
        if isinstance(old, dict) or isinstance(new, dict):
            lines.append(f"{field} changed: {', '.join(fields)}")
    for word in ("added", "removed"):
        lines += [f"{word}: {name}" for name in difference[word]]
    for name, fields in difference["changed"].items():
        parts = [f"{field} {_shown(old)} -> {_shown(new)}" for field, (old, new) in fields.items() if field != "sha256"]
        if "sha256" in fields:
            parts.append("the file changed" if not parts or len(fields) > 1 else "the file's bytes changed")
        lines.append(f"changed: {name}: {', '.join(parts)}")
    lines.append(f"unchanged: {difference['unchanged']}")
    return lines


def _shown(value: Any) -> str:
    return "none" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)

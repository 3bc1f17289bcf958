"""What the audit wrote, and the block of tests/README.md that is rendered from it.

python -m tests.mutants.result [FILE.json ...] [--write tests/README.md]
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, List, Sequence

from tests import readme_block
from tests.mutants.mutant import Case
from tests.mutants.workplace import Outcome
from tf1_models.output import markdown
from tf1_models.storage.files import write_json

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "result.json")
BLOCK = "mutants"
MOST_SURVIVORS = 0.03  # of all, each with its reason


def load(path: str) -> Dict[str, Any]:
    """The document of an earlier run, or an empty one: {"schema": 1, "mutants": key -> `entry`}."""
    if not os.path.exists(path):
        return {"schema": 1, "mutants": {}}
    with open(path, encoding="utf-8") as stream:
        document: Dict[str, Any] = json.load(stream)
    if document.get("schema") != 1:
        raise SystemExit(f"{path}: no result of schema 1")
    return document


def write(document: Dict[str, Any], path: str) -> None:
    """Writes it atomically."""
    write_json(path, document)


def entry(case: Case, word: str, outcome: Outcome, digest: str, commit: str) -> Dict[str, Any]:
    """What is kept of one mutant.

    Args:
        case: The mutant.
        word: "noticed", "timeout" (which counts as noticed) or "survived".
        outcome: Of its tests.
        digest: `Case.digest` of what was judged.
        commit: Hash of the working tree's commit, with "+" where it had changes.
    """
    return {
        "place": case.place,
        "file": case.file,
        "wrong": case.mutant.wrong,
        "outcome": word,
        "by": outcome.by,
        "seconds": round(outcome.seconds, 1),
        "equivalent": case.mutant.equivalent,
        "commit": commit,
        "digest": digest,
    }


def holds(document: Dict[str, Any], case: Case) -> bool:
    """Whether a mutant has an outcome, and neither its file nor its tests have changed since."""
    found = document["mutants"].get(case.key)
    return found is not None and found["digest"] == case.digest()


def is_missing(document: Dict[str, Any], case: Case) -> bool:
    """Whether a mutant was never judged, or was not noticed when it was."""
    found = document["mutants"].get(case.key)
    return found is None or (found["outcome"] == "survived" and not case.mutant.equivalent)


def keep_only(document: Dict[str, Any], cases: Sequence[Case]) -> None:
    """Drops mutants that are no longer listed; the others come in the list's order, in the list's words."""
    kept = {}
    for case in cases:
        if case.key in document["mutants"]:
            words = {"place": case.place, "wrong": case.mutant.wrong, "equivalent": case.mutant.equivalent}
            kept[case.key] = {**document["mutants"][case.key], **words}
    document["mutants"] = kept


def survivors(document: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Entries of mutants that no test noticed."""
    return [one for one in document["mutants"].values() if one["outcome"] == "survived"]


def unexplained(document: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Those without a reason."""
    return [one for one in survivors(document) if not one["equivalent"]]


def table(document: Dict[str, Any]) -> str:
    """Per place: mutants, noticed, survived."""
    places: Dict[str, List[str]] = {}
    for one in document["mutants"].values():
        places.setdefault(one["place"], []).append(one["outcome"])
    rows = [_row(place, outcomes) for place, outcomes in places.items()]
    rows.append(_row("all", [outcome for outcomes in places.values() for outcome in outcomes]))
    return markdown.markdown_table(["place", "mutants", "noticed", "survived"], rows)


def _row(place: str, outcomes: Sequence[str]) -> List[Any]:
    late = outcomes.count("timeout")
    noticed = f"{outcomes.count('noticed') + late}" + (f" ({late} by a timeout)" if late else "")
    return [place, len(outcomes), noticed, outcomes.count("survived")]


def render(paths: Sequence[str]) -> str:
    """The block: the table, at which commit, and why each survivor survives."""
    (path,) = paths
    document = load(path)
    of_commit: Dict[str, int] = {}
    for one in document["mutants"].values():
        commit = one["commit"][:12] + ("+" if one["commit"].endswith("+") else "")
        of_commit[commit] = of_commit.get(commit, 0) + 1
    seconds = sum(one["seconds"] for one in document["mutants"].values())
    at = ", ".join(f"`{commit}` ({n})" for commit, n in of_commit.items())
    lines = [table(document), "", f"Judged at {at}, in {seconds / 60:.0f} minutes on one core."]
    found = survivors(document)
    if found:
        lines += ["", "Survivors, and why no test can notice them:", ""]
        lines += [f"- `{one['file']}`, {one['wrong']}: {one['equivalent'] or 'NOT EXPLAINED'}" for one in found]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(readme_block.main(None, __doc__, BLOCK, [PATH], render))

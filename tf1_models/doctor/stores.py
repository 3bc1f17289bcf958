"""The data that is found and its digest, and the stored checkpoints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Dict, List, Tuple

from tf1_models.doctor.child import environment
from tf1_models.doctor.line import FAILED, OK, WARNING, Line
from tf1_models.errors import KitError, one_line

_MOUNT = 'docker run --rm -v "$PWD/checkpoints:/kit/checkpoints:ro" tf1-models doctor   # in a checkout of the kit'
_DOWNLOAD = "tf1-models data download   # or train on --data digits, which needs none"


def in_image() -> bool:
    """True inside the kit's own image, by the folder that its Dockerfile sets."""
    return os.environ.get("TF1_MODELS_CHECKPOINTS") == "/kit/checkpoints"


def data(full: bool) -> Tuple[List[Line], Dict[str, Any]]:
    """Where CIFAR-10 is found, by names; its digest from the kit's own cache, or by reading it whole.

    Args:
        full: Read the copy and check its digest; else only the cache's manifest, whose files are not read.
    """
    from tf1_models.datasets import find

    copy = find.chosen()
    facts: Dict[str, Any] = {
        "searched": [place.path for place in find.places()],
        "path": None,
        "form": None,
        "digest": None,
        "checked": False,
    }
    if copy is None:
        where = ", ".join(str(path) for path in facts["searched"])
        return [Line("data", WARNING, f"no CIFAR-10 in {where}", _DOWNLOAD, False)], facts
    facts.update(path=copy.path, form=copy.form)
    text = f"{copy.path} ({copy.form})"
    if copy.missing:
        return [
            Line(
                "data",
                FAILED,
                f"{text} lacks {', '.join(copy.missing[:3])}",
                f"rm -r {copy.path} && tf1-models data download",
                False,
            )
        ], facts
    try:
        if full:
            from tf1_models.datasets import identify
            from tf1_models.datasets.load import read

            found = read(copy)
            official = identify.has_official_labels(found.y_train, found.y_test)
            facts.update(digest=found.digest, checked=True, copy=identify.words(found.digest, found.lossy, official))
            text += f", digest {found.digest[:16]}… read and right: {facts['copy']}"
        elif copy.form == find.KIT_CACHE:
            from tf1_models.datasets import cache

            facts["digest"] = cache.read_manifest(copy.path)["digest"]
            text += f", digest {facts['digest'][:16]}… by its manifest (--full reads the files)"
        else:
            text += ", by its names (--full reads it and gives its digest)"
    except KitError as error:
        return [Line("data", FAILED, f"{text}: {error}", f"tf1-models data check --data {copy.path}", False)], facts
    return [Line("data", OK, text, None, False)], facts


def checkpoints(full: bool, threads: "int | None" = None) -> Tuple[List[Line], List[Dict[str, Any]]]:
    """Stored checkpoints: every file against its manifest; with `full` also `verify`, in a child.

    Returns:
        One line when all hold, else one for each that does not; and a record for each.
    """
    from tf1_models.checkpoints import stored_manifest

    names, folder = stored_manifest.names(), stored_manifest.stored_folder()
    if not names:
        mend = _MOUNT if in_image() else "export TF1_MODELS_CHECKPOINTS=CHECKOUT/checkpoints   # of the kit"
        return [Line("checkpoints", WARNING, f"none stored in {os.path.abspath(folder)}", mend, False)], []
    lines, facts = [], []
    for name in names:
        row = {"name": name, "status": OK, "checked": "checksums"}
        try:
            path = stored_manifest.folder_of(name)
            stored_manifest.check_files(path, stored_manifest.read(path))
        except (KitError, OSError) as error:
            row.update(status=FAILED, problem=one_line(error))
            lines.append(
                Line(
                    "checkpoints",
                    FAILED,
                    f"{name}: {one_line(error)}",
                    f"git checkout -- {os.path.join(folder, name)}",
                    False,
                )
            )
        facts.append(row)
    sound = [row["name"] for row in facts if row["status"] == OK]
    if full and sound:
        lines += _verify(sound, facts)
    if not lines:
        how = "verified against their records" if full else "files match their manifests (--full runs `verify`)"
        lines.append(Line("checkpoints", OK, f"{len(names)} stored: {how}", None, False))
    return lines, facts


def _verify(names: List[str], facts: List[Dict[str, Any]]) -> List[Line]:
    """`verify --json` on sound checkpoints, in a process of its own: it needs TensorFlow."""
    done = subprocess.run(
        [sys.executable, "-m", "tf1_models", "verify", "--json", "--no-scores", *names],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    try:
        rows = json.loads(done.stdout.decode("utf-8"))["checkpoints"]
    except (ValueError, KeyError):
        words = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"]
        return [Line("checkpoints", FAILED, f"verify does not run: {words[-1][:300]}", "tf1-models verify", False)]
    lines = []
    for row in rows:
        record = next(r for r in facts if r["name"] == row["name"])
        record.update(status=row["status"], checked="verify")
        if row["status"] != OK:
            record["problem"] = next(text for text in row["checks"].values() if text.startswith("failed"))
            lines.append(
                Line(
                    "checkpoints",
                    FAILED,
                    f"{row['name']}: {record['problem']}",
                    f"tf1-models verify {row['name']}",
                    False,
                )
            )
    return lines

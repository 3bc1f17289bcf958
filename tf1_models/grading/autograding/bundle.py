"""A ready autograder for Gradescope: one zip with set-up and run scripts, this grader, and the key.

The zip holds the kit's own NumPy modules, copied as they are; no TensorFlow, and under 1 MB. The same options give the
same bytes. Layout on the platform (`AUTOGRADER_ROOT` replaces `/autograder` for trying it elsewhere):

    /autograder/source/          this zip, unpacked      /autograder/submission/   what the student handed in
    /autograder/run_autograder   started by the platform /autograder/results/      results.json
"""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

import tf1_models
from tf1_models.errors import UsageError
from tf1_models.grading.options import Scoring
from tf1_models.grading.outputs import gradescope
from tf1_models.grading.policy import make_policy
from tf1_models.grading.truth import Key, load_key
from tf1_models.storage.files import to_json, write_bytes

MAX_BUNDLE_BYTES = 1_000_000
_MODULES = (
    "__init__.py",
    "classes.py",
    "errors.py",
    "metrics.py",
    "grade.py",
    "storage/__init__.py",
    "storage/files.py",
    "storage/npy_header.py",
    "storage/regular_file.py",
)
# The command's outputs for people are not needed there.
_LEFT_OUT = ("bundle.py", "leaderboard.py", "markdown.py", "sheets.py", "anonymous.py")
_DATE = (1980, 1, 1, 0, 0, 0)  # the zip format's zero: equal bundles are equal bytes

_SETUP = """#!/usr/bin/env bash
# Once, when the platform builds the image: Python and NumPy are all that the grader needs.
set -euo pipefail
apt-get update -y
apt-get install -y --no-install-recommends python3 python3-numpy
"""

_RUN = """#!/usr/bin/env bash
# No `set -e`: whatever happens below, a valid results.json must remain. It is put there first.
ROOT="${AUTOGRADER_ROOT:-/autograder}"
mkdir -p "$ROOT/results"
cp "$ROOT/source/fallback_results.json" "$ROOT/results/results.json"
cd "$ROOT/source" || exit 0
# half a processor and 768 MB: one thread, and an end before the platform's
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
timeout 300 "${AUTOGRADER_PYTHON:-python3}" -E -s run_grader.py "$ROOT"
exit 0
"""

_RUN_GRADER = """\"\"\"Grades /autograder/submission, writes results.json; see grading/autograding/autograder.py.\"\"\"

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from tf1_models.grading.autograding.autograder import main  # noqa: E402

sys.exit(main(sys.argv[1]))
"""


def _npz(key: Key) -> bytes:
    """The key as .npz bytes: labels, and ids where it has them."""
    arrays = {"labels": key.labels}
    if key.shape.int_ids is not None:
        arrays["int_ids"] = key.shape.int_ids
    if key.shape.text_ids is not None:
        arrays["text_ids"] = np.array(list(key.shape.text_ids), dtype=np.str_)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:  # numpy.savez would write today's date
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array, allow_pickle=False)
            archive.writestr(_info(name + ".npy"), content.getvalue())
    return out.getvalue()


def _info(name: str, executable: bool = False) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix: the mode below counts
    info.external_attr = (0o100755 if executable else 0o100644) << 16
    return info


def _sources() -> List[Tuple[str, bytes]]:
    """(path in the zip, content) of the grader's modules."""
    package = os.path.dirname(os.path.abspath(tf1_models.__file__))
    paths = [name for name in _MODULES]
    for folder, below, names in os.walk(os.path.join(package, "grading")):
        below.sort()
        inside = os.path.relpath(folder, package).replace(os.sep, "/")
        paths += [f"{inside}/{name}" for name in sorted(names) if name.endswith(".py") and name not in _LEFT_OUT]
    found = []
    for path in paths:
        with open(os.path.join(package, path), "rb") as stream:
            found.append((f"tf1_models/{path}", stream.read()))
    return found


def make_bundle(
    truth: Any,
    out: str,
    scoring: Scoring,
    reference: Optional[float] = None,
    visibility: str = "visible",
    leaderboard: bool = True,
) -> int:
    """Writes the autograder zip.

    Args:
        truth: See `truth.load_key`.
        out: Path of the zip.
        scoring: As for `grade.grade`.
        reference: A fraction to compare with.
        visibility: See `gradescope.results`.
        leaderboard: Send leaderboard entries.

    Returns:
        Bytes of the zip.

    Raises:
        InputError: key or rubric cannot be used.
        UsageError: an option out of range, or a zip of 1 MB and more.
    """
    key = load_key(truth, scoring.subset_key)
    policy = make_policy(scoring)
    if policy.rubric.rule == "percentile":
        raise UsageError("a percentile needs the whole class: grade the platform's export with that rubric instead")
    if visibility not in gradescope.VISIBILITIES:
        raise UsageError(f"--visibility {visibility}: known are {', '.join(gradescope.VISIBILITIES)}")
    if policy.rubric.ceiling is None and (reference is None or not policy.rubric.floor < reference <= 1):
        raise UsageError("the rubric's ceiling is the reference: give --reference as a fraction above its floor")
    settings: Dict[str, Any] = {
        "schema": 1,
        "key_name": key.name,
        "key_sha256": key.sha256,
        "metric": policy.metric,
        "fail_under": policy.fail_under,
        "tolerance": policy.tolerance,
        "rubric": _rubric_document(policy.rubric),
        "reference": reference,
        "visibility": visibility,
        "leaderboard": leaderboard,
        "subset_key": scoring.subset_key,
    }
    fallback = gradescope.failure(gradescope.CRASHED, [], policy.rubric.max_points)
    fallback["extra_data"]["status"] = "grader_failed"
    members = [
        ("setup.sh", _SETUP.encode("ascii"), True),
        ("run_autograder", _RUN.encode("ascii"), True),
        ("run_grader.py", _RUN_GRADER.encode("ascii"), False),
        ("fallback_results.json", to_json(fallback).encode("utf-8"), False),
        ("settings.json", to_json(settings).encode("utf-8"), False),
        ("key.npz", _npz(key), False),
    ]
    members += [(path, content, False) for path, content in _sources()]
    content_out = io.BytesIO()
    with zipfile.ZipFile(content_out, "w") as archive:
        for name, content, executable in members:
            archive.writestr(_info(name, executable), content)
    zipped = content_out.getvalue()
    if len(zipped) >= MAX_BUNDLE_BYTES:
        raise UsageError(f"the bundle would have {len(zipped):,} bytes; the key is too large for one under 1 MB")
    write_bytes(out, zipped)
    return len(zipped)


def _rubric_document(rubric: Any) -> Dict[str, Any]:
    """A rubric as `rubric.make_rubric` reads it."""
    document: Dict[str, Any] = {"max_points": rubric.max_points, "round": rubric.digits}
    if rubric.rule == "linear":
        ceiling = "reference" if rubric.ceiling is None else rubric.ceiling
        document["linear"] = {"floor": rubric.floor, "ceiling": ceiling, "floor_points": rubric.floor_points}
    else:
        document[rubric.rule] = [{"at": at, "points": points} for at, points in rubric.steps]
    return document

"""What runs on the platform: grade the one file in the submission folder, and write results.json.

The run script has put a valid results.json in place before this starts; it is replaced in one step, so a crash, a
time-out or a kill at any moment leaves one valid document or the other.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, Optional

import numpy as np

from tf1_models.errors import one_line
from tf1_models.grading.engine import grade_sources
from tf1_models.grading.options import Scoring
from tf1_models.grading.outputs import gradescope
from tf1_models.grading.policy import make_policy
from tf1_models.grading.record import make_record
from tf1_models.grading.reference import Reference
from tf1_models.grading.submissions.alignment import KeyShape
from tf1_models.grading.submissions.sources import Collected, collect
from tf1_models.grading.truth import Key
from tf1_models.storage.files import write_json

_SHOWN_FILES = 10


def _load_key(path: str, settings: Dict[str, Any]) -> Key:
    """The bundle's own key."""
    with np.load(path, allow_pickle=False) as arrays:
        labels = arrays["labels"]
        int_ids = arrays["int_ids"] if "int_ids" in arrays.files else None
        text_ids: Optional[Dict[str, int]] = None
        if "text_ids" in arrays.files:
            text_ids = {str(text): i for i, text in enumerate(arrays["text_ids"].tolist())}
    shape = KeyShape(len(labels), int_ids, text_ids, bool(settings["subset_key"]))
    return Key(settings["key_name"], labels, shape, settings["key_sha256"], [])


def grade_folder(folder: str, source: str) -> Dict[str, Any]:
    """Grades a submission folder with the settings and key of an unpacked bundle.

    Args:
        folder: What the student handed in.
        source: The unpacked bundle.

    Returns:
        The results.json document.
    """
    with open(os.path.join(source, "settings.json"), encoding="utf-8") as stream:
        settings = json.load(stream)
    key = _load_key(os.path.join(source, "key.npz"), settings)
    policy = make_policy(Scoring(**{name: settings[name] for name in ("metric", "fail_under", "tolerance", "rubric")}))
    value = settings["reference"]
    reference = None if value is None else Reference("threshold", f"{value:g}", policy.metric, value)
    found = collect([folder])
    if len(found.sources) != 1:
        names = ", ".join(one.name for one in found.sources[:_SHOWN_FILES]) or "none"
        reason = "hand in exactly one prediction file (.npy, .npz, .csv, .txt or .json)"
        reason += f"; found {len(found.sources)}: {names}"
        return gradescope.failure("NOT GRADED:", [reason], policy.rubric.max_points)
    grading = grade_sources(Collected(found.sources), key, policy, reference)
    record = make_record(grading, key, policy, reference, None, [])
    return gradescope.results(record, settings["visibility"], settings["leaderboard"])


def main(root: str) -> int:
    """Entry point of the bundle's run script.

    Args:
        root: The platform's folder, `/autograder`.

    Returns:
        0 when results.json holds the grading, 1 when the one put there beforehand was left.
    """
    source = os.path.join(root, "source")
    try:
        document = grade_folder(os.path.join(root, "submission"), source)
        write_json(os.path.join(root, "results", "results.json"), document)
    except Exception as error:  # students see the fallback; the reason goes to the platform's log, without paths
        print(f"grader failed: {type(error).__name__}: {one_line(error)}", file=sys.stderr)
        return 1
    return 0

"""Prints the table of oracle errors: python -m tests.oracles.oracle_table [--worst] [REPORT…]

Each golden test module (tests/graphs/test_<report>_golden.py) has a function `errors()`: a list of dictionaries with
`report`, `case`, `oracle` (the framework and its version, from the golden file), `dtype`, `forward`, `gradients` and
`ten_steps` (float32: the loss after one step); where evaluation differs from training it may have `evaluated_before`
and `evaluated_after_one`, the evaluation logits before and after one step. `--worst` prints a row for each report,
oracle and dtype with the largest errors of its cases: the README holds that output, and nothing in it is typed by hand.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Dict, List

REPORTS = ("course_models", "bn_cnn", "prelu_cnn", "nine_conv", "alexnet_bn")
HEADER = ("report", "case", "oracle", "dtype", "forward", "gradients", "ten steps", "evaluation")
EVALUATED = ("evaluated_before", "evaluated_after_one")


def rows(reports: List[str]) -> List[Dict[str, Any]]:
    """The errors of the named reports' cases, in the order of the reports."""
    found: List[Dict[str, Any]] = []
    for report in reports:
        found += importlib.import_module(f"tests.graphs.test_{report}_golden").errors()
    return found


def worst(found: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """One row per report, oracle and dtype: the number of cases, and the largest of each error."""
    groups: Dict[Any, List[Dict[str, Any]]] = {}
    for row in found:
        groups.setdefault((row["report"], row["oracle"], row["dtype"]), []).append(row)
    out = []
    for (report, oracle, dtype), members in groups.items():
        errors = {
            key: max((m[key] for m in members if m.get(key) is not None), default=None)
            for key in ("forward", "gradients", "ten_steps", *EVALUATED)
        }
        case = members[0]["case"] if len(members) == 1 else f"worst of {len(members)}"
        out.append({"report": report, "case": case, "oracle": oracle, "dtype": dtype, **errors})
    return out


def _cell(value: Any) -> str:
    return "–" if value is None else f"{value:.1e}"


def markdown(found: List[Dict[str, Any]]) -> str:
    """The table; a value that a case does not have is a dash; evaluation before the steps and after one."""
    lines = ["| " + " | ".join(HEADER) + " |", "|" + " --- |" * len(HEADER)]
    for row in found:
        ten_steps = _cell(row["ten_steps"])
        if row["dtype"] == "float32" and row["ten_steps"] is not None:
            ten_steps += " (loss after one)"
        cells = [row["report"], row["case"], row["oracle"], row["dtype"], _cell(row["forward"])]
        evaluated = [row.get(key) for key in EVALUATED]
        evaluation = _cell(None) if evaluated[0] is None else ", ".join(map(_cell, evaluated))
        lines.append("| " + " | ".join([*cells, _cell(row["gradients"]), ten_steps, evaluation]) + " |")
    return "\n".join(lines)


def main(arguments: List[str]) -> int:
    """Prints the table of all reports, or of those named."""
    only_worst = "--worst" in arguments
    arguments = [name for name in arguments if name != "--worst"]
    unknown = [name for name in arguments if name not in REPORTS]
    if unknown:
        print(f"unknown report {unknown[0]!r}; known: {', '.join(REPORTS)}", file=sys.stderr)
        return 2
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from tf1_models.session.tensorflow_setup import import_tensorflow

    tf = import_tensorflow()
    found = rows(arguments or list(REPORTS))
    print(markdown(worst(found) if only_worst else found))
    print(f"\nComputed with TensorFlow {tf.__version__}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

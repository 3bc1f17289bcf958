"""Which run, with which settings: the words that `train` and `show` share."""

from __future__ import annotations

import argparse


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Declares REPORT, key=value and --run."""
    parser.add_argument("report", metavar="REPORT", help="a report, as `list` names it")
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="key=value",
        help="optional: settings that differ from the report's run; `tf1-models show REPORT` lists the "
        "keys and the report's values",
    )
    parser.add_argument("--run", help="a run of the report (default: its headline run)")

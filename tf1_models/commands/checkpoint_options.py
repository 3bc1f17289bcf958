"""The options that every verb on a checkpoint takes, and the progress bar over images that they share."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import Any, Callable, Iterator


def add_checkpoint_options(parser: argparse.ArgumentParser) -> None:
    """Declares CKPT, --report, --run, --data, --threads, --tf-log, --json."""
    parser.add_argument("checkpoint", metavar="CKPT", help="Saver prefix, run folder, SavedModel or a stored name")
    parser.add_argument("--report", help="for a foreign checkpoint without a manifest: whose graph it fills")
    parser.add_argument("--run", help="likewise, which run of the report")
    add_name_options(parser)
    parser.add_argument(
        "--data",
        help="cifar10 (searched), digits (embedded), or a path; default: what the checkpoint "
        "was trained on (a foreign one: cifar10)",
    )
    parser.add_argument("--threads", type=int, help="threads TensorFlow may use (default: the usable processors)")
    parser.add_argument("--tf-log", action="store_true", help="show TensorFlow's own start-up lines")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def add_name_options(parser: argparse.ArgumentParser) -> None:
    """Declares --scope, --rename, --use-averages: how a foreign checkpoint's names meet a report's graph."""
    parser.add_argument(
        "--scope",
        metavar="NAME",
        help="with --report: the leading scope of its variables, e.g. net or tower_0/model; '' for "
        "none (default: the graph's own names, else the one scope that fits)",
    )
    parser.add_argument(
        "--rename",
        metavar="OLD=NEW",
        action="append",
        default=[],
        help="with --report, repeatable: its variable OLD is the graph's NEW; one * in both stands for "
        "the same text ('*_1=*'); or a text file with one such pair a line",
    )
    parser.add_argument(
        "--use-averages",
        action="store_true",
        help="with --report: take the moving averages (NAME/ExponentialMovingAverage) in the place of "
        "the trainable variables",
    )


def name_options(args: argparse.Namespace) -> Any:
    """The `NameOptions` of a command line.

    Raises:
        UsageError: options that do not go together, or no pair.
        InputError: the file of --rename cannot be read.
    """
    from tf1_models.checkpoints.name_options import NameOptions, options_of
    from tf1_models.errors import UsageError

    found = options_of(args.scope, args.rename, args.use_averages)
    if found != NameOptions() and not args.report:
        raise UsageError(
            "--scope, --rename and --use-averages go with --report: they say how another program's "
            "checkpoint meets its graph"
        )
    return found


@contextlib.contextmanager
def image_bar(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar over images on a terminal, nothing elsewhere; yields the function that moves it."""
    from tf1_models.output.progress import wants_bar

    if not wants_bar(sys.stderr):
        yield lambda done: None
        return
    import progressbar

    widgets = [f"{label} ", progressbar.Bar(), " ", progressbar.Percentage(), " ", progressbar.ETA()]
    bar: Any = progressbar.ProgressBar(max_value=total, widgets=widgets, fd=sys.stderr).start()
    try:
        yield bar.update
    finally:
        bar.finish(dirty=True)

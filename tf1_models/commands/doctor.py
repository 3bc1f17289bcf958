"""`doctor`: what is installed, which devices TensorFlow really uses, what is missing and the command that mends it."""

from __future__ import annotations

import argparse
import sys

EXAMPLES = (
    "doctor",
    "doctor --full",
    "doctor --require-gpu --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's options."""
    parser.epilog = (
        "exit codes: 4 when the machine lacks something (a package, TensorFlow, a GPU that is there but "
        "unused, or one demanded with --require-gpu); 1 when only data or a stored checkpoint is bad; "
        "0 otherwise, warnings included"
    )
    parser.add_argument("--require-gpu", action="store_true", help="exit 4 unless TensorFlow uses a GPU")
    parser.add_argument(
        "--full",
        action="store_true",
        help="also read the data whole (digest) and run `verify` on every stored checkpoint",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=180.0,
        metavar="S",
        help="seconds for the child process that imports TensorFlow (default 180)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    """Runs the verb; TensorFlow is imported in a child only."""
    from tf1_models.doctor import line
    from tf1_models.doctor.examine import examine
    from tf1_models.errors import UsageError

    if not args.timeout > 0:
        raise UsageError("--timeout must be above 0")
    found = examine(args.require_gpu, args.full, args.timeout)
    lines = found["lines"]
    code = int(found["exit_code"])
    if args.json:
        from tf1_models.storage.files import to_json

        print(to_json({**found, "lines": [row.as_json() for row in lines]}))
        return code
    print(line.render(lines, line.colours(sys.stdout)))
    red = sum(row.status == line.FAILED for row in lines)
    warnings = sum(row.status == line.WARNING for row in lines)
    print(
        f"\n{red} to mend, {warnings} to know of; {found['seconds']:.1f} s"
        if red or warnings
        else f"\nall is well; {found['seconds']:.1f} s"
    )
    return code

"""`python -m tf1_models VERB …`: finds the verb's module, runs it, turns the kit's errors into exit codes.

Only the chosen verb's module is imported, and no verb imports TensorFlow before it has checked its input: `--help`
and `list` stay fast, and bad data fails in a second.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from typing import List, Optional

import tf1_models
from tf1_models.errors import KitError, MachineError, missing_package
from tf1_models.output import help_text
from tf1_models.output.progress import tell

# verb -> one line of help, in the order in which a user meets them; the module is tf1_models.commands.<verb>
VERBS = {
    "list": "reports and runs: metric, reported value, epochs, batch, parameters",
    "show": "one report: layer table, hyper-parameters, quirks, assumptions, sources",
    "data": "find, check, prepare or download CIFAR-10",
    "train": "train one run; resumes what an interrupted one left",
    "evaluate": "score a checkpoint: accuracy, macro-F1, weighted-F1, per class",
    "predict": "write a checkpoint's class probabilities to result.npy",
    "verify": "stored checkpoints against their recorded logits, predictions and scores",
    "checkpoint": "inspect, compare, export or store checkpoints",
    "reproduce": "rerun the reports' tables, resumable, and judge every number",
    "report": "render the results again: HTML, Markdown, CSV, JSON",
    "grade": "F1 of prediction files against a key; format check; autograder bundle",
    "doctor": "what is installed, which devices TensorFlow uses, what is missing and what mends it",
    "bench": "this kit beside its peers in one run: step, epoch, evaluation, start-up, memory",
}

EPILOG = (
    "exit codes: 0 done; 1 the check's answer is no; 2 usage; 3 bad input; 4 environment; 130 interrupted (state "
    "saved). Results go to stdout, everything else to stderr. `tf1-models help VERB` has each verb's options and "
    "examples."
)


def common_options() -> help_text.Parser:
    """The options that every verb takes, accepted after the verb."""
    parser = help_text.Parser(add_help=False)
    parser.add_argument("--debug", action="store_true", help="add the traceback to an error")
    return parser


def _parser(argv: List[str]) -> help_text.Parser:
    parser = help_text.Parser(
        prog="tf1-models",
        description="TensorFlow 1 graph-mode reproduction kit: five CIFAR-10 reports, rebuilt and rerun.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tf1-models {tf1_models.__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    chosen = next((word for word in argv if not word.startswith("-")), None)
    for verb, summary in VERBS.items():
        if chosen is not None and verb != chosen:
            verbs.add_parser(verb, help=summary, add_help=False)
            continue
        child = verbs.add_parser(
            verb, help=summary, description=summary, parents=[common_options()], allow_abbrev=False
        )
        if verb == chosen:
            module = importlib.import_module(f"tf1_models.commands.{verb}")
            module.add_arguments(child)
            child.set_defaults(handler=module.run)
            help_text.add_examples(child, [verb], module.EXAMPLES)
    return parser


def _check_system() -> None:
    """Says on a system where the kit was never tried what it lacks there.

    Raises:
        MachineError: Windows, whose Python has not what files and runs are kept safe with.
    """
    if sys.platform.startswith("linux"):
        return
    if sys.platform == "win32":
        raise MachineError(
            "the kit does not run on Windows, whose Python has no fcntl, no resource limits, no SIGHUP "
            "and no /proc: use WSL 2, or the Docker image (tf1_models/doctor/README.md)"
        )
    name = "macOS" if sys.platform == "darwin" else sys.platform
    tell(
        f"tf1-models: made for Linux and never tried on {name}, which lacks /proc (precision=bf16 and --cluster need "
        "it, bench and doctor see less of the machine) and a limit on the memory that reads a foreign checkpoint"
    )


def main(argv: Optional[List[str]] = None) -> int:
    """Runs one verb.

    Args:
        argv: Words after the program's name; `sys.argv[1:]` when None.

    Returns:
        The exit code (see `EPILOG`).
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    try:
        return _run(words)
    except ModuleNotFoundError as error:  # a Python that has not what the kit comes with, whatever the verb
        if (error.name or "tf1_models").split(".")[0] == "tf1_models":
            raise
        if "--debug" in words:
            traceback.print_exc()
        missing = missing_package(error)
        tell(f"tf1-models: {missing}")
        return missing.exit_code


def _run(words: List[str]) -> int:
    """`main` where every package is there; `help VERB` is an option already."""
    parser = _parser(words)
    try:
        args, extra = parser.parse_known_args(words)
        # argparse gives a `*` positional only its first stretch of words: key=value may also stand after options
        if extra and not (hasattr(args, "settings") and all("=" in word and word[0] != "-" for word in extra)):
            help_text.refuse(parser, words, extra)
        if extra:
            args.settings = [*args.settings, *extra]
    except SystemExit as stop:  # argparse has printed its one line (2) or the help (0)
        return int(stop.code or 0)
    if args.verb is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        _check_system()
        code = args.handler(args)
        sys.stdout.flush()
        return int(code or 0)
    except KitError as error:
        if args.debug:
            traceback.print_exc()
        tell(f"tf1-models {args.verb}: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        print(f"tf1-models {args.verb}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `tf1-models list | head`: the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE

"""`grade`: F1 of prediction files against a key; `grade check`: format only; `grade bundle`: an autograder zip."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Callable, Dict, List

from tf1_models.errors import InputError, UsageError
from tf1_models.output.help_text import Parser, add_examples
from tf1_models.storage.files import to_json, write_bytes, writing_output

USAGE = """tf1-models grade --truth T SUBMISSION… [options]
       tf1-models grade check FILE… [--rows N] [--json]
       tf1-models grade bundle --truth T --out autograder.zip [options]"""
EPILOG = """exit codes: 0 graded (a batch with invalid files too); 1 a graded file is below --fail-under; 2 usage;
3 bad input: the key, the only submission, or with --strict any submission. A file called check or bundle: ./check."""
SUBMISSIONS = "prediction files, folders, zips (a platform's export), or - for standard input"
METRICS = ("macro_f1", "weighted_f1", "accuracy")

EXAMPLES = (
    "grade --truth cifar10:test submissions/",
    "grade check result.npy",
    "grade bundle --truth key.npy --out autograder.zip",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb; words from the first submission on are parsed in `run`, so options may stand anywhere."""
    parser.usage, parser.epilog = USAGE, EPILOG
    _grade_options(parser)
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="SUBMISSION", help=SUBMISSIONS)


def _scoring_options(parser: argparse.ArgumentParser) -> Any:
    """What `grade` and `grade bundle` share; returns the group of what cannot be left out."""
    required = parser.add_argument_group("required options")
    required.add_argument(
        "--truth", metavar="T", help="key: .npy, .npz, .csv, .txt or .json of labels, cifar10:test or cifar10:dev"
    )
    parser.add_argument(
        "--metric", choices=METRICS, help="decides rank, points and threshold (default: the rubric's, else macro_f1)"
    )
    parser.add_argument("--rubric", metavar="FILE", help="points: JSON of linear, steps or percentile (TOML on 3.11+)")
    parser.add_argument("--max-points", type=float, metavar="P", help="full points (default: the rubric's, else 100)")
    parser.add_argument("--fail-under", type=float, metavar="X", help="a score below X does not pass (exit 1)")
    parser.add_argument(
        "--tolerance", type=float, metavar="X", help="added to a score before it is compared (default: the rubric's, 0)"
    )
    parser.add_argument(
        "--subset-key", action="store_true", help="submissions may name images that the key does not score (Kaggle)"
    )
    return required


def _submission_options(parser: argparse.ArgumentParser) -> None:
    parser.usage = USAGE
    parser.add_argument("submissions", nargs="*", metavar="SUBMISSION", help=SUBMISSIONS)
    _grade_options(parser)


def _grade_options(parser: argparse.ArgumentParser) -> None:
    _scoring_options(parser)
    parser.add_argument(
        "--reference", metavar="R", help="compare with reported:REPORT/RUN, a checkpoint, a prediction file or 0.76"
    )
    parser.add_argument("--roster", metavar="FILE", help="class list (CSV): missing, unknown and repeated students")
    parser.add_argument("--id-regex", metavar="RE", help="searched in a submission's name; its group is the student")
    parser.add_argument("--only", metavar="GLOB", help="grade only files of this name in folders and zips: result.npy")
    parser.add_argument("--strict", action="store_true", help="exit 3 when any submission is invalid")
    parser.add_argument(
        "--intervals", choices=("auto", "always", "never"), default="auto", help="bootstrap (auto: up to 50 files)"
    )
    parser.add_argument("--draws", type=int, default=1000, metavar="N", help="bootstrap draws (default 1000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the bootstrap (default 0)")
    parser.add_argument("--no-near-duplicates", action="store_true", help="do not look for near-identical files")
    parser.add_argument("--diff", metavar="EARLIER.json", help="what changed since an earlier grading's --json")
    out = parser.add_argument_group("output (default: a table)")
    form = out.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the whole record, one document")
    form.add_argument("--csv", action="store_true", help="one row per submission")
    form.add_argument("--md", action="store_true", help="Markdown")
    form.add_argument("--gradebook", choices=("canvas", "moodle", "nbgrader"), help="CSV with that platform's columns")
    out.add_argument("--assignment", default="CIFAR-10", metavar="NAME", help="its name in the grade book")
    out.add_argument("--record", metavar="FILE", help="also write the record (JSON) to FILE")
    out.add_argument("--html", metavar="FILE", help="also write a leaderboard page")
    out.add_argument("--anonymous", action="store_true", help="pseudonyms in the page (`grade check` tells one's own)")
    out.add_argument("--gradescope", metavar="FILE", help="also write results.json (one submission)")


def _again(
    build: Callable[[argparse.ArgumentParser], None], args: argparse.Namespace, words: List[str], verb: str = ""
) -> argparse.Namespace:
    """Parses the words after the first positional one; what stood before it is kept in `args`."""
    from tf1_models.cli import common_options

    parser = Parser(
        prog=f"tf1-models grade {verb}".strip(), epilog=EPILOG, parents=[common_options()], allow_abbrev=False
    )
    build(parser)
    add_examples(parser, ["grade", *([verb] if verb else [])], EXAMPLES)
    # argparse gives a default only to what the namespace lacks: options that stood before the first word are kept
    return parser.parse_intermixed_args(words, namespace=args)


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.description = "Format only, without labels: every problem at once, with line numbers. Exit 3 when invalid."
    parser.add_argument("files", nargs="*", metavar="FILE", help=SUBMISSIONS)
    parser.add_argument("--rows", type=int, default=10_000, metavar="N", help="rows expected (default 10000; 0: any)")
    parser.add_argument("--json", action="store_true", help="one JSON document")


def _bundle_options(parser: argparse.ArgumentParser) -> None:
    parser.description = "A ready Gradescope autograder: one zip under 1 MB, NumPy only. It holds the key."
    parser.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    required = _scoring_options(parser)
    required.add_argument("--out", metavar="ZIP", help="where to write the bundle")
    parser.add_argument("--reference", type=float, metavar="X", help="a score to compare with, a fraction")
    parser.add_argument(
        "--visibility",
        choices=("visible", "hidden", "after_due_date", "after_published"),
        default="visible",
        help="when students see the score (a hidden test hides the total)",
    )
    parser.add_argument("--no-leaderboard", action="store_true", help="send no leaderboard entries")


def run(args: argparse.Namespace) -> int:
    """Runs the verb; see `EPILOG` for the exit codes."""
    words = list(args.words)
    verb = words[0] if words and words[0] in ("check", "bundle") else ""
    try:
        if verb == "check":
            return _check(_again(_check_options, args, words[1:], verb))
        if verb == "bundle":
            return _bundle(_again(_bundle_options, args, words[1:], verb))
        args = _again(_submission_options, args, words)
    except SystemExit as stop:  # argparse has printed its line or the help
        return int(stop.code or 0)
    return _grade(args)


def _emit(text: str) -> None:
    """Results to stdout, as UTF-8 whatever the locale says (continuous integration often has none)."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="replace")
    sys.stdout.write(text)


def _write(path: str, content: str) -> None:
    with writing_output(path):
        write_bytes(path, content.encode("utf-8", "replace"))


def _needs_truth(args: argparse.Namespace) -> None:
    if not args.truth:
        raise UsageError("--truth is needed: a file of labels, cifar10:test or cifar10:dev")


def _scoring(args: argparse.Namespace) -> Dict[str, Any]:
    """The attributes of `Scoring`, as `_scoring_options` declares them."""
    names = ("metric", "fail_under", "tolerance", "rubric", "max_points", "subset_key")
    return {name: getattr(args, name) for name in names}


def _grade(args: argparse.Namespace) -> int:
    """Grades, writes what was asked for, and turns the result into an exit code."""
    _needs_truth(args)
    if not args.submissions:
        raise UsageError("nothing to grade: name files, folders, zips, or - for standard input")
    from tf1_models import grade  # here: `--help` does not pay for NumPy
    from tf1_models.grading.options import Options
    from tf1_models.grading.outputs import gradescope
    from tf1_models.grading.outputs.diff import diff_records, load_record

    if args.gradescope:  # whatever happens from here on, a valid file stays behind
        fallback = gradescope.failure(gradescope.CRASHED, [], args.max_points or 100.0)
        _write(args.gradescope, to_json(fallback) + "\n")
    earlier = load_record(args.diff) if args.diff else None
    options = Options(
        **_scoring(args),
        reference=args.reference,
        roster=args.roster,
        id_regex=args.id_regex,
        only=args.only,
        intervals={"auto": None, "always": True, "never": False}[args.intervals],
        draws=args.draws,
        seed=args.seed,
        near_duplicates=not args.no_near_duplicates,
    )
    record = grade.grade(args.truth, args.submissions, options=options)
    if earlier is not None:
        record["diff"] = diff_records(earlier, record)
    _write_files(args, record)
    _emit(_rendered(args, record))
    return _exit_code(args, record)


def _write_files(args: argparse.Namespace, record: Dict[str, Any]) -> None:
    from tf1_models.grading.outputs import gradescope, leaderboard
    from tf1_models.grading.record import to_text
    from tf1_models.output import inline_svg

    if args.record:
        _write(args.record, to_text(record))
    if args.html:
        lacking = inline_svg.missing()
        if lacking is not None:
            print(f"{args.html}: {lacking}", file=sys.stderr)
        _write(args.html, leaderboard.render(record, args.anonymous, f"{args.assignment}: leaderboard"))
    if args.gradescope:
        if len(record["submissions"]) != 1:
            raise UsageError(f"--gradescope is for one submission; {len(record['submissions'])} were found")
        _write(args.gradescope, to_json(gradescope.results(record)) + "\n")


def _rendered(args: argparse.Namespace, record: Dict[str, Any]) -> str:
    from tf1_models.grading.outputs import markdown, sheets, table
    from tf1_models.grading.people.roster import load_roster
    from tf1_models.grading.record import to_text

    if args.json:
        return to_text(record)
    if args.csv:
        return sheets.full_sheet(record)
    if args.gradebook:
        roster = load_roster(args.roster) if args.roster else None
        return sheets.grade_book(record, roster, args.gradebook, args.assignment)
    return markdown.render(record) if args.md else table.render(record)


def _exit_code(args: argparse.Namespace, record: Dict[str, Any]) -> int:
    invalid, rows = record["summary"]["invalid"], record["submissions"]
    if invalid and (args.strict or len(rows) == 1):
        return InputError.exit_code
    return 1 if record["summary"]["failed"] else 0


def _check(args: argparse.Namespace) -> int:
    """Format only: what a student can run without the labels."""
    if not args.files:
        raise UsageError("grade check: name the file to check")
    if args.rows < 0:
        raise UsageError(f"--rows {args.rows}: a number of rows, or 0 for any")
    from tf1_models.grading.check import check_paths, render

    document = check_paths(args.files, args.rows or None)
    _emit(to_json(document) + "\n" if args.json else render(document))
    return 0 if all(row["status"] == "valid" for row in document["submissions"]) else InputError.exit_code


def _bundle(args: argparse.Namespace) -> int:
    """Writes the autograder zip."""
    _needs_truth(args)
    if args.rest or not args.out:
        raise UsageError("grade bundle takes no submissions" if args.rest else "--out is needed: autograder.zip")
    from tf1_models.grading.autograding.bundle import make_bundle
    from tf1_models.grading.options import Scoring

    with writing_output(args.out):
        size = make_bundle(
            args.truth, args.out, Scoring(**_scoring(args)), args.reference, args.visibility, not args.no_leaderboard
        )
    _emit(f"{args.out}: {size:,} bytes; upload it as the assignment's autograder. It holds the key: keep it private.\n")
    return 0

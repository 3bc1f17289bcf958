"""`reproduce REPORT…`: reruns the reports' tables, resumable at every point, and judges every number."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Dict, List, Sequence

EXAMPLES = (
    "reproduce prelu_cnn --runs final --seeds 3 --dry-run",
    "reproduce all --jobs 2",
    "reproduce prelu_cnn --status",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's options."""
    parser.add_argument(
        "reports",
        nargs="+",
        metavar="REPORT",
        help="reports, as `list` names them; all: every one; key=value words are settings for every run",
    )
    parser.set_defaults(settings=[])
    parser.add_argument("--runs", help="runs or variants with commas (default: every run that can have a verdict)")
    parser.add_argument(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="seeds of each run, counted up from its own (default 1); noise takes 3 of some run",
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="runs at a time on this machine (default 1)")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of each run (default: processors / jobs)")
    parser.add_argument("--data", default="cifar10", help="cifar10 (searched), digits (embedded), or a path")
    parser.add_argument("--out", default="runs", help="results folder (default: runs)")
    parser.add_argument("--epochs", type=int, help="fewer epochs for every run: not comparable then")
    parser.add_argument("--max-steps", type=int, help="cut every run after N steps: not comparable then")
    parser.add_argument("--dry-run", action="store_true", help="list the runs by cost, and run nothing")
    parser.add_argument("--status", action="store_true", help="list how far each run is, and run nothing")
    parser.add_argument("--failed", action="store_true", help="only runs that failed before")
    parser.add_argument(
        "--each", action="store_true", help="train every run, even where another one's is the same computation"
    )
    parser.add_argument("--shard", metavar="i/n", help="only the i-th of n parts, for queues on a shared folder")
    parser.add_argument("--scheduler", metavar="ADDR", help="hand the runs to this dask.distributed scheduler")
    parser.add_argument("--resources", metavar="NAME=N", help="what a run takes of a cluster's worker, e.g. GPU=1")
    parser.add_argument("--retries", type=int, default=2, metavar="N", help="cluster: repeat lost runs (default 2)")
    parser.add_argument("--json", action="store_true", help="one JSON document: plan, status, or verdicts")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")


def run(args: argparse.Namespace) -> int:
    """Runs the verb; 1 when a run failed or a number of this sweep differs."""
    from tf1_models import registry
    from tf1_models.errors import Interrupted
    from tf1_models.reproduce.runs import queue

    words, reports = _words(args)
    names = [name for name in (args.runs or "").split(",") if name]
    for report in reports:
        registry.experiments_module(report)  # an unknown word ends here
    rows, left_out = queue.choose_rows(reports, names, words)
    name = _data_name(args)
    tasks = queue.tasks(rows, args.seeds, words, name, args.data, args.out)
    if args.shard:
        tasks = queue.shard(tasks, args.shard)
    if args.failed:
        tasks = [task for task in tasks if queue.state_of(task) == "failed"]
    if left_out and not args.quiet:
        print(
            f"left out: {len(left_out)} runs that can have no verdict (no number, or Q10); --runs names them",
            file=sys.stderr,
        )
    if args.dry_run or args.status:
        return _print_plan(tasks, args)
    records, stopped = _sweep(tasks, args)
    from tf1_models.reproduce.page import writing

    document = writing.write_pages(args.out)
    chosen = {(task.report, task.run) for task in tasks}
    entries = [entry for entry in document["runs"] if (entry["report"], entry["run"]) in chosen]
    bad = [record for record in records if record["state"] in ("failed", "lost", "in use")]
    _print_verdicts(entries, bad, document, args)
    if stopped:
        raise Interrupted("interrupted; every running run has saved its state: the same command continues")
    missed = [e for e in entries if e["outcome"] in ("higher", "lower")]
    return 1 if bad or missed else 0


def _data_name(args: argparse.Namespace) -> Any:
    """What names the run folders; a plan needs no image, so that of the official ones is at hand without them."""
    from tf1_models.datasets.load import load
    from tf1_models.errors import InputError
    from tf1_models.reproduce.runs import queue

    try:
        data = load(args.data)  # the children read the images again
    except InputError as error:
        if args.data != "cifar10" or not (args.dry_run or args.status):
            raise
        if not args.quiet:
            print(f"planning for the official CIFAR-10 images ({error})", file=sys.stderr)
        return queue.official_data_name()
    return queue.DataName(data.name, data.digest, len(data.y_train), data.y_train.copy())


def _words(args: argparse.Namespace) -> "tuple[Dict[str, str], List[str]]":
    """Settings and reports out of the words; options checked."""
    from tf1_models import registry
    from tf1_models.errors import UsageError
    from tf1_models.experiments.overrides import parse_words

    settings = [word for word in args.reports if "=" in word] + list(args.settings)
    words = parse_words(settings)
    for key, value in (("epochs", args.epochs), ("max_steps", args.max_steps)):
        if value is not None:
            if key in words:
                raise UsageError(f"{key} is set twice: as an option and as key=value")
            words[key] = str(value)
    if "seed" in words:
        raise UsageError("seeds count up from each run's own; write --seeds N")
    for option in ("seeds", "jobs", "threads"):
        value = getattr(args, option)
        if value is not None and value < 1:
            raise UsageError(f"--{option} {value} is out of range; allowed: 1 or more")
    if args.retries < 0:
        raise UsageError(f"--retries {args.retries} is out of range; allowed: 0 or more")
    reports = [word for word in args.reports if "=" not in word]
    if not reports:
        raise UsageError(f"no report named; known: {', '.join(registry.REPORTS)}, all")
    if "all" in reports:
        return words, list(registry.REPORTS)
    return words, list(dict.fromkeys(reports))


def _sweep(tasks: Sequence[Any], args: argparse.Namespace) -> Any:
    from tf1_models.reproduce.runs import sweep
    from tf1_models.reproduce.runs.dask_engine import parse_resources

    engine = sweep.Engine(
        args.jobs, args.threads, args.scheduler, args.retries, parse_resources(args.resources), args.quiet
    )
    return sweep.run(tasks, args.out, engine, share=not args.each)


def _print_plan(tasks: Sequence[Any], args: argparse.Namespace) -> int:
    """--dry-run: by cost; --status: in the reports' order."""
    from tf1_models.reproduce.runs import cost, queue
    from tf1_models.session.tensorflow_setup import usable_cpus

    speeds = cost.speeds(args.out, tasks, args.threads or max(usable_cpus() // args.jobs, 1))
    covered = {} if args.each else {tasks[k].label: other.label for k, other in queue.covered_by(tasks).items()}
    rows: List[Dict[str, Any]] = []
    for task in tasks if args.status else cost.by_cost(tasks, speeds):
        other = covered.get(task.label)
        state = "covered" if other else queue.state_of(task)
        rows.append(
            {
                "report": task.report,
                "run": task.run,
                "seed": task.seed,
                "label": task.label,
                "folder": task.folder,
                "state": state,
                "covered_by": other,
                "epochs_done": queue.epochs_done(task),
                "epochs": task.epochs,
                "seconds_left": 0.0 if other else cost.seconds_left(task, speeds),
            }
        )
    if args.json:
        from tf1_models.storage.files import to_json

        print(to_json({"schema": 1, "runs": rows}))
        return 0
    table = [
        (
            row["label"],
            row["state"],
            f"{row['epochs_done']}/{row['epochs']} epochs",
            f"same computation as {row['covered_by']}" if row["covered_by"] else cost.hours(row["seconds_left"]),
        )
        for row in rows
    ]
    widths = [max((len(line[column]) for line in table), default=0) for column in range(3)]
    for line in table:
        print("  ".join(f"{word:<{width}}" for word, width in zip(line, widths)) + f"  {line[3]}")
    left = [row["seconds_left"] for row in rows if row["state"] not in ("finished", "covered")]
    print(f"{len(rows)} runs, {cost.in_all(left)}")
    return 0


def _print_verdicts(
    entries: Sequence[Dict[str, Any]], bad: Sequence[Dict[str, Any]], document: Dict[str, Any], args: argparse.Namespace
) -> None:
    if args.json:
        from tf1_models.storage.files import to_json

        print(to_json({**document, "runs": list(entries), "records": list(bad)}))
        return
    from tf1_models.reproduce.page import tables

    for entry in entries:
        said, ours = tables.percent(entry["reported"]), tables.ours(entry)
        print(
            f"{entry['report']}/{entry['run']}: reported {said}, ours {ours}, {entry['verdict'] or 'no verdict'}"
            + (f" ({entry['reason']})" if entry["reason"] else "")
        )
    for record in bad:
        print(f"{record['label']} {record['state']}: {record['message']}")
    print(f"results: {args.out}/report.html, report.md, report.csv, report.json")

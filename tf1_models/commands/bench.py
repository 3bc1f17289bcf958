"""`bench`: this kit beside its peers in one run; this process only starts, stops and asks the measured ones."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import Any, Dict

EXAMPLES = (
    "bench nine_conv --only step",
    "bench --quick --out bench",
    "bench --profile bn_cnn",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's options."""
    parser.epilog = (
        "measures: step, epoch, evaluate, startup, memory, input (alexnet_bn), slope (only on demand). peers: kit, "
        "kit_default (without key=value), "
        "kit_resident (its step alone, one a call), bare and bare_xla (a plain TF 1 graph), keras, keras_xla, torch, "
        "torch_compile, tf115. A peer that cannot run is listed with the reason. Images are made up unless --data is "
        "given"
    )
    parser.add_argument(
        "reports",
        nargs="*",
        metavar="REPORT | key=value",
        help="only these reports; settings of the kit's run, which is then shown without them too",
    )
    parser.add_argument("--only", metavar="MEASURES", help="comma list; default: all but slope")
    parser.add_argument("--peers", metavar="PEERS", help="comma list; default: all")
    parser.add_argument("--rounds", type=int, help="bursts of each program (default 7; 2 with --quick)")
    parser.add_argument("--burst", type=float, metavar="S", help="seconds a burst (default 2; 0.2 with --quick)")
    parser.add_argument(
        "--tries",
        type=int,
        help="run a burst up to N times while other programs disturb it (default 3; 1 with --quick)",
    )
    parser.add_argument(
        "--starts",
        type=int,
        default=1,
        help="divide the rounds of step, epoch and evaluate among N fresh starts of every program (default 1)",
    )
    parser.add_argument("--threads", type=int, help="threads for every program (default: the usable processors)")
    parser.add_argument("--batch", type=int, help="another batch size than the reports'")
    parser.add_argument("--images", type=int, help="training images of an epoch")
    for peer, text in (("tf115", "TensorFlow 1.15"), ("torch", "PyTorch"), ("keras", "Keras 3")):
        parser.add_argument(f"--python-{peer}", metavar="PATH", help=f"interpreter that has {text} (default: this one)")
    parser.add_argument("--data", help="images of a data set, e.g. cifar10, instead of made-up ones")
    parser.add_argument("--quick", action="store_true", help="small numbers: shows that it works, not how fast it is")
    parser.add_argument(
        "--profile",
        metavar="REPORT",
        help="op kinds of a training step and of an evaluation by time and memory, and nothing else",
    )
    parser.add_argument(
        "--candidates",
        metavar="REPORT",
        help="XLA, oneDNN, threads and evaluation batches measured beside each other, nothing else",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--out", metavar="DIR", help="also write bench.json and bench.png there")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")


def _wishes(args: argparse.Namespace, scratch: str) -> Any:
    from tf1_models import registry
    from tf1_models.bench import plan
    from tf1_models.errors import UsageError
    from tf1_models.experiments.overrides import parse_words
    from tf1_models.session.tensorflow_setup import usable_cpus

    words = [word for word in args.reports if "=" in word]
    reports = [word for word in args.reports if "=" not in word]
    for report in [*reports, args.profile, args.candidates]:
        if report is not None:
            registry.experiments_module(report)
    for name in ("rounds", "tries", "starts", "threads", "batch", "images"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name} {value} is out of range; allowed: 1 or more")
    if args.burst is not None and not 0 < args.burst <= 60:
        raise UsageError(f"--burst {args.burst:g} is out of range; allowed: above 0 to 60 seconds")
    if args.profile and args.candidates:
        raise UsageError("--profile and --candidates are two measurements; choose one")
    rounds = args.rounds or (2 if args.quick else 7)
    if args.starts > rounds:
        raise UsageError(f"--starts {args.starts} is above the {rounds} rounds that are divided among them")
    return plan.Wishes(
        reports=tuple(report for report in registry.REPORTS if not reports or report in reports),
        measures=plan.chosen(args.only, plan.MEASURES, plan.DEFAULT_MEASURES, "--only"),
        peers=plan.chosen(args.peers, plan.PEERS, plan.PEERS, "--peers"),
        rounds=rounds,
        burst_s=args.burst or (0.2 if args.quick else 2.0),
        threads=args.threads or usable_cpus(),
        quick=args.quick,
        pythons={"tf115": args.python_tf115 or "", "torch": args.python_torch or "", "keras": args.python_keras or ""},
        batch=args.batch,
        images=args.images,
        scratch=scratch,
        tries=args.tries or (1 if args.quick else 3),
        starts=args.starts,
        changes=parse_words(words),
    )


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    from tf1_models.bench import text
    from tf1_models.bench.measures import Images
    from tf1_models.storage.files import to_json, writing_output

    def say(line: str) -> None:
        if not args.quiet:
            print(line, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="tf1-models-bench-") as scratch:
        wishes = _wishes(args, scratch)
        images = Images(scratch, args.data)
        if args.out:
            with writing_output(args.out):
                os.makedirs(args.out, exist_ok=True)
        if args.profile or args.candidates:
            found, shown = _asked(args, wishes, images, say)
        else:
            from tf1_models.bench import document

            found = document.measure_all(wishes, images, say, lambda part: _write(args.out, "bench.json", part))
            shown = text.tables(found)
    if args.out:
        if args.profile or args.candidates:
            _write(
                args.out, f"{'profile' if args.profile else 'candidates'}-{args.profile or args.candidates}.json", found
            )
        else:
            _write(args.out, "bench.json", found)
            _draw(args.out, found, say)
    print(to_json(found) if args.json else shown)
    return 0


def _asked(args: argparse.Namespace, wishes: Any, images: Any, say: Any) -> Any:
    """--profile or --candidates: the document and its text."""
    from tf1_models.bench import candidates, machine, measures, text
    from tf1_models.bench.worker import NotRun
    from tf1_models.errors import MachineError

    head = {"schema": 1, "machine": machine.describe(), "threads": wishes.threads}
    if args.candidates:
        found = {**head, **candidates.both(args.candidates, wishes, images, say)}
        return found, text.candidates(found)
    try:
        found = {**head, "report": args.profile, **measures.asked(args.profile, "profile", wishes, images)["profile"]}
    except NotRun as reason:
        raise MachineError(f"no profile of {args.profile}: {reason}") from reason
    return found, text.profile(args.profile, found)


def _write(out: Any, name: str, found: Dict[str, Any]) -> None:
    from tf1_models.storage.files import write_json, writing_output

    if not out:
        return
    with writing_output(os.path.join(out, name)):
        write_json(os.path.join(out, name), found)


def _draw(out: str, found: Dict[str, Any], say: Any) -> None:
    from tf1_models.errors import install_command

    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError:
        say(f"no bench.png: matplotlib is missing; {install_command('plots')}")
        return
    from tf1_models.bench.picture import picture
    from tf1_models.storage.files import write_bytes, writing_output

    with writing_output(os.path.join(out, "bench.png")):
        write_bytes(os.path.join(out, "bench.png"), picture(found))

"""`train REPORT`: trains one run, or continues what an interrupted one left."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Dict, Sequence

from tf1_models.commands.run_options import add_run_options

EXAMPLES = (
    "train nine_conv --data digits --epochs 16",
    "train nine_conv --run single_fc",
    "train bn_cnn keep_prob=0.5 batch_size=64 --epochs 8",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's options."""
    add_run_options(parser)
    parser.add_argument("--data", default="cifar10", help="cifar10 (searched), digits (embedded), or a path")
    parser.add_argument("--seed", type=int, help="run seed (default: the run's own)")
    parser.add_argument("--epochs", type=int, help="same as epochs=N")
    parser.add_argument("--max-steps", type=int, help="stop after N training steps; same as max_steps=N")
    parser.add_argument("--out", default="runs", help="folder for run folders, or one run folder (default: runs)")
    parser.add_argument("--fresh", action="store_true", help="start anew: removes what an earlier run left there")
    parser.add_argument(
        "--console",
        choices=["kit", "report"],
        default="kit",
        help="report: print what the report's own program printed",
    )
    parser.add_argument("--threads", type=int, help="threads TensorFlow may use (default: the usable processors)")
    parser.add_argument(
        "--steps-per-call",
        type=int,
        metavar="N",
        help="take N steps a Session call, which a signal waits for; same results, with xla=true but for last bits "
        "(default: 8 for a small net with batches of at most 64 images on a processor, else 1)",
    )
    parser.add_argument(
        "--checkpoint-minutes",
        type=float,
        default=10.0,
        metavar="M",
        help="also save inside an epoch, every M minutes (default 10)",
    )
    parser.add_argument(
        "--cluster",
        action="store_true",
        help="train on several machines: the environment variable TF_CONFIG names the members (chief, "
        "worker, ps) and this one; start the same command on each",
    )
    parser.add_argument(
        "--cluster-timeout-s",
        type=float,
        metavar="S",
        help="with --cluster: seconds without an answer after which a member counts as missing (default 60)",
    )
    parser.add_argument("--require-gpu", action="store_true", help="exit 4 unless TensorFlow uses a GPU")
    parser.add_argument("--tf-log", action="store_true", help="show TensorFlow's own start-up lines")
    parser.add_argument("--json", action="store_true", help="print result.json instead of a table")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")


def run(args: argparse.Namespace) -> int:
    """Runs the verb; settings, data and folder are checked before TensorFlow is imported."""
    from tf1_models import registry
    from tf1_models.errors import UsageError
    from tf1_models.experiments.overrides import parse_words

    words = parse_words(args.settings)
    for key, value in (("seed", args.seed), ("epochs", args.epochs), ("max_steps", args.max_steps)):
        if value is not None:
            if key in words:
                raise UsageError(f"{key} is set twice: as an option and as key=value")
            words[key] = str(value)
    if args.threads is not None and args.threads < 1:
        raise UsageError(f"--threads {args.threads} is out of range; allowed: 1 or more")
    if not args.checkpoint_minutes > 0:
        raise UsageError("--checkpoint-minutes must be above 0")
    if args.console == "report" and args.json:
        raise UsageError("--json and --console report both want stdout; choose one")
    cluster = _cluster(args)
    experiment = registry.experiment(args.report, args.run or registry.default_run(args.report), words)
    _check_steps_per_call(args)
    if cluster is not None and (experiment.precision != "float32" or experiment.xla):
        raise UsageError("--cluster trains in float32 without XLA; leave out precision= and xla=")

    from tf1_models.datasets.load import load
    from tf1_models.output import report_console, training_bars
    from tf1_models.output.progress import Log
    from tf1_models.reproduce.verdicts import configuration
    from tf1_models.training import continuing, loop
    from tf1_models.training.layers_seen import layers_seen

    log = Log(args.quiet)
    if args.data != "digits":
        log.line(f"reading {args.data}")  # many small files, or a slow disk: it may take a while
    data: Any = None if cluster is not None and cluster.me.job == "ps" else load(args.data)
    options = loop.Options(
        out=args.out,
        fresh=args.fresh,
        threads=args.threads,
        steps_per_call=args.steps_per_call,
        checkpoint_minutes=args.checkpoint_minutes,
        require_gpu=args.require_gpu,
        tf_log=args.tf_log,
        watchers=training_bars.watchers_for(args.quiet),
        command=tuple(sys.argv[1:]),
    )
    if cluster is not None and cluster.me.job != "chief":
        from tf1_models.cluster.run import take_part

        take_part(cluster, experiment, data, options, log)
        return 0
    folder, record = loop.prepare(experiment, data, options)
    try:
        trained_before = folder.is_finished()
        if trained_before:
            result = folder.result()
            _check_finished_gpu(folder, args.require_gpu)
            log.line(f"already finished: {folder.path} (--fresh trains it again)")
            if cluster is not None:
                from tf1_models.cluster.run import dismiss

                dismiss(cluster, options, log)
        else:
            log.open(folder.file("log.txt"))
            if not args.fresh:
                continuing.begin(args.out, folder, record, log)
            if args.console == "report":
                options.watchers = [report_console.console(experiment, folder.path, layers_seen(experiment))]
            if cluster is None:
                result = loop.train(experiment, data, folder, record, options, log)
            else:
                from tf1_models.cluster.run import lead

                result = lead(cluster, experiment, data, folder, record, options, log)
        if args.console != "report" or trained_before:
            _print(
                result,
                folder.path,
                args.json,
                configuration.differences(record["identity"], registry.experiment(experiment.report, experiment.run)),
            )
    finally:
        log.close()
        folder.close()
    return 0


def _check_steps_per_call(args: argparse.Namespace) -> None:
    from tf1_models.errors import UsageError

    if args.steps_per_call is None:
        return
    if args.steps_per_call < 1:
        raise UsageError(f"--steps-per-call {args.steps_per_call} is out of range; allowed: 1 or more")
    if args.steps_per_call > 1 and args.cluster:
        raise UsageError(
            "--steps-per-call is for one machine: with --cluster a step's gradients cross the network; "
            "leave one of them out"
        )


def _cluster(args: argparse.Namespace) -> Any:
    """The checked cluster of TF_CONFIG under --cluster, else None."""
    from tf1_models.errors import UsageError

    if not args.cluster:
        if args.cluster_timeout_s is not None:
            raise UsageError("--cluster-timeout-s goes with --cluster")
        return None
    from tf1_models.cluster import configuration

    timeout_s = 60.0 if args.cluster_timeout_s is None else args.cluster_timeout_s
    if not 2 <= timeout_s <= 86400:
        raise UsageError(f"--cluster-timeout-s {timeout_s:g} is out of range; allowed: 2 to 86400")
    return configuration.read(timeout_s)


def _check_finished_gpu(folder: Any, required: bool) -> None:
    """--require-gpu asks the same of a run that is finished: was it a GPU that trained it?"""
    from tf1_models.errors import MachineError
    from tf1_models.storage.sealed import read_sealed

    if required:
        devices = read_sealed(folder.file("run.json"))["starts"][-1]["runtime"]["devices"]
        if not any(name.startswith("GPU") for name in devices):
            raise MachineError(
                f"{folder.path} is finished, but was trained on {', '.join(devices)}; leave out "
                "--require-gpu, or train it again with --fresh"
            )


def _print(result: Dict[str, Any], path: str, as_json: bool, differences: Sequence[str]) -> None:
    if as_json:
        from tf1_models.storage.files import to_json

        print(to_json(result))
        return
    print(f"{result['report']} / {result['run']}, seed {result['seed']}, data {result['data']}")
    print(f"{'':8}{'macro-F1':>10}{'weighted':>10}{'accuracy':>10}{'images':>8}")
    for split in ("dev", "test"):
        scores = result[split]
        if scores is not None:
            print(
                f"{split:8}{scores['macro_f1']:10.4f}{scores['weighted_f1']:10.4f}"
                f"{scores['accuracy']:10.4f}{scores['n']:8d}"
            )
    reported = result["reported"]
    if reported["value"] is not None and result["data"] == "cifar10":
        other = f", but of another run than this: {'; '.join(differences)}" if differences else ""
        print(f"reported ({reported['metric']}): {reported['value']:.4f}{other}")
    print(f"variables sha256 {result['variables_sha256']}")
    print(f"run folder {path}")

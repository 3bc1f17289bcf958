"""`checkpoint inspect|diff|export|store|list`: what a checkpoint holds; export and store alone import TensorFlow."""

from __future__ import annotations

import argparse
import os
import sys

from tf1_models.commands import checkpoint_contents as contents
from tf1_models.commands.checkpoint_options import add_name_options, name_options

EXAMPLES = (
    "checkpoint list",
    "checkpoint inspect nine_conv-final",
    "checkpoint diff nine_conv-final runs/nine_conv/final/FOLDER --tolerance 1e-6",
    "checkpoint export nine_conv-final --out weights.npz",
    "checkpoint store runs/nine_conv/final/FOLDER",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the sub-verbs."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    inspect = actions.add_parser("inspect", help="variables with shapes, dtypes and norms")
    inspect.add_argument("checkpoint", metavar="CKPT", help="Saver prefix, run folder, SavedModel or a stored name")
    inspect.add_argument("--report", help="say how the names meet this report's graph (imports TensorFlow)")
    inspect.add_argument("--run", help="likewise, which run")
    add_name_options(inspect)

    diff = actions.add_parser("diff", help="two checkpoints side by side; exit 1 when they differ")
    diff.add_argument("one", metavar="CKPT")
    diff.add_argument("other", metavar="CKPT")
    diff.add_argument(
        "--tolerance",
        type=float,
        default=0.0,
        metavar="X",
        help="allowed difference, relative to a variable's largest value (default 0: bit for bit)",
    )

    export = actions.add_parser("export", help="to .npz (no TensorFlow) or SavedModel")
    export.add_argument("checkpoint", metavar="CKPT")
    required = export.add_argument_group("required options")
    required.add_argument("--out", required=True, help="file.npz, or a folder that does not exist yet for a SavedModel")
    export.add_argument("--report", help="for a foreign checkpoint as SavedModel: whose graph it fills")
    export.add_argument("--run", help="likewise, which run")
    add_name_options(export)

    store = actions.add_parser("store", help="make or renew a stored checkpoint from a run folder")
    store.add_argument("folder", metavar="RUN_FOLDER", help="or one of its checkpoints, RUN_FOLDER/ckpt-STEP")
    store.add_argument("--data", default="cifar10", help="the images that it was trained on")
    store.add_argument("--no-weights", action="store_true", help="keep record and predictions only")
    store.add_argument("--accept", action="store_true", help="also when the new score leaves the old one's band")

    listing = actions.add_parser("list", help="the stored checkpoints, from their manifests")
    listing.add_argument("--readme", metavar="FILE", help="rewrite the block of this README that lists them")

    for child in (inspect, diff, export, store, listing):
        child.add_argument("--json", action="store_true", help="one JSON document")
        child.add_argument("--debug", action="store_true", help="add the traceback to an error")


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    actions = {"inspect": contents.inspect, "diff": contents.diff, "export": _export, "store": _store, "list": _list}
    return actions[args.action](args)


def _export(args: argparse.Namespace) -> int:
    from tf1_models.errors import UsageError
    from tf1_models.storage.files import to_json

    if os.path.exists(args.out):
        raise UsageError(f"{args.out} exists; name another")
    if args.out.endswith(".npz"):
        contents.export_npz(contents.prefix_of(args.checkpoint), args.out)
    else:
        from tf1_models.checkpoints import checkpoint_source
        from tf1_models.scoring import savedmodel

        source = checkpoint_source.find(args.checkpoint, args.report, args.run, name_options(args))
        note = savedmodel.export(source, args.out)
        if note:
            print(note, file=sys.stderr)
    print(to_json({"schema": 1, "out": args.out}) if args.json else f"wrote {args.out}")
    return 0


def _store(args: argparse.Namespace) -> int:
    from tf1_models.datasets.load import load
    from tf1_models.storage.files import to_json
    from tf1_models.stored.store import store

    done = store(args.folder, load(args.data), not args.no_weights, args.accept)
    if args.json:
        print(to_json({"schema": 1, **done}))
        return 0
    old, new = done["old"], done["new"]
    print(
        f"{done['name']}: macro-F1 {new['macro_f1']:.6f}, accuracy {new['accuracy']:.6f} ({new['n']} images)"
        + ("" if old is None else f"; before: macro-F1 {old['macro_f1']:.6f}, accuracy {old['accuracy']:.6f}")
    )
    print("note the change in CHANGELOG.md", file=sys.stderr)
    return 0


def _list(args: argparse.Namespace) -> int:
    from tf1_models.checkpoints import stored_manifest
    from tf1_models.errors import InputError
    from tf1_models.output.markdown import percent, write_block
    from tf1_models.storage.files import to_json
    from tf1_models.stored import table

    if args.readme and not stored_manifest.names():
        raise InputError(f"{args.readme} is left as it is: {stored_manifest.where_to_get_them()}")
    if args.readme:
        changed = write_block(args.readme, table.README_BLOCK, table.markdown())
        print(f"{args.readme}: {'rewritten' if changed else 'already current'}", file=sys.stderr)
        return 0
    rows = table.rows()
    if args.json:
        print(to_json({"schema": 1, "checkpoints": rows}))
        return 0
    if not rows:
        print(f"no stored checkpoints: {stored_manifest.where_to_get_them()}")
        return 0
    print(f"{'checkpoint':40}{'epochs':>9}  {'split':5}{'accuracy':>10}{'macro-F1':>10}{'MB':>7}  what was cut")
    for row in rows:
        size = "-" if row["weights_mb"] is None else row["weights_mb"]
        print(
            f"{row['name']:40}{row['epochs_run']:>4} /{row['epochs_reported']:>3}  {row['split']:5}"
            f"{percent(row['accuracy']):>9}%{percent(row['macro_f1']):>9}%{size:>7}  {row['cut'] or 'nothing'}"
        )
    return 0

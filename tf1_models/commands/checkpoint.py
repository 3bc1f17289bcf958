"""`checkpoint inspect|diff|export|store|list`: what a checkpoint holds; export and store alone import TensorFlow."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from tf1_models.commands.checkpoint_options import add_name_options, name_options

if TYPE_CHECKING:
    from tf1_models.checkpoints.foreign import ForeignCheckpoint

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
    return {"inspect": _inspect, "diff": _diff, "export": _export, "store": _store, "list": _list}[args.action](args)


def _prefix(name: str) -> str:
    """Saver prefix of whatever a user calls a checkpoint, manifest or not."""
    from tf1_models.checkpoints import other_formats, saving, stored_manifest
    from tf1_models.errors import InputError, nearest

    path = other_formats.saver_prefix(name)
    if os.path.isfile(path + ".index"):
        return path
    folders = (path, os.path.join(stored_manifest.stored_folder(), path))
    for folder in folders:
        if os.path.isfile(os.path.join(folder, stored_manifest.WEIGHTS + ".index")):
            return os.path.join(folder, stored_manifest.WEIGHTS)
        if os.path.isdir(folder) and saving.list_steps(folder):
            return saving.prefix(folder, saving.list_steps(folder)[0])
        saved_model = other_formats.saved_model_prefix(folder)
        if saved_model is not None:
            return saved_model
    if os.path.isdir(path):
        raise InputError(
            f"{path} holds no checkpoint of the kit (no ckpt-<step>.json){other_formats.foreign_prefixes(path)}"
        )
    if os.path.exists(path):
        raise InputError(other_formats.explanation(path))
    known = stored_manifest.names()
    raise InputError(
        f"no checkpoint {name!r}{nearest(name, known)}: give a Saver prefix, a run folder or a stored "
        f"name ({', '.join(known) if known else stored_manifest.where_to_get_them()})"
    )


def _norm(values: Any) -> float:
    import numpy as np

    return float(np.sqrt(np.sum(np.square(values, dtype=np.float64))))


def _inspect(args: argparse.Namespace) -> int:
    import numpy as np

    from tf1_models.checkpoints.foreign import ForeignCheckpoint
    from tf1_models.storage.files import to_json

    prefix = _prefix(args.checkpoint)
    rows: List[Dict[str, Any]] = []
    names = name_options(args)
    with ForeignCheckpoint(prefix) as checkpoint:  # whoever wrote it
        entries = checkpoint.entries
        for name, entry in checkpoint.entries.items():
            values = checkpoint.read(name)
            finite = bool(np.isfinite(values).all()) if values.dtype.kind == "f" else True
            rows.append(
                {
                    "name": name,
                    "shape": list(entry.shape),
                    "dtype": entry.dtype,
                    "norm": _norm(values) if finite else None,
                    "finite": finite,
                }
            )
    document: Dict[str, Any] = {
        "schema": 1,
        "checkpoint": prefix,
        "variables": rows,
        "parameters": int(sum(np.prod(row["shape"], dtype=np.int64) for row in rows)),
    }
    if args.report:
        document["name_map"], note = _map_to(args.report, args.run, entries, names)
        if note:
            print(note, file=sys.stderr)
    if args.json:
        print(to_json(document))
        return 0
    width = max([len(row["name"]) for row in rows] + [8])
    print(f"{'variable':{width}}  {'shape':20}{'dtype':10}{'norm':>14}")
    for row in rows:
        norm = "not finite!" if row["norm"] is None else f"{row['norm']:.6g}"
        print(f"{row['name']:{width}}  {row['shape']!s:20}{row['dtype']:10}{norm:>14}")
    print(f"{len(rows)} variables, {document['parameters']:,} numbers")
    for key, value in document.get("name_map", {}).items():
        print(f"{key}: {value if value else '-'}")
    return 0


def _map_to(report: str, run: Any, entries: Dict[str, Any], options: Any) -> Tuple[Dict[str, Any], Optional[str]]:
    """How names meet a report's graph, and what `evaluate` would say that it took."""
    from tf1_models import registry
    from tf1_models.checkpoints import name_hints, name_map
    from tf1_models.session import tensorflow_setup

    row = registry.experiment(report, run or registry.default_run(report))
    tf = tensorflow_setup.import_tensorflow()
    with tf.Graph().as_default():
        registry.Graph(row).build()
        wanted = name_map.wanted_of(tf)
    found = name_map.match(wanted, entries, options)
    document = {
        "scope": found.scope,
        "scopes": found.scopes,
        "matched": len(found.matched),
        "averages": len(found.averages),
        "missing": found.missing,
        "extra": found.extra,
        "slots": len(found.slots),
        "suggestions": name_hints.renames(wanted, entries, found)[0],
    }
    return document, None if found.missing else name_hints.taken(found, options, entries)


def _diff(args: argparse.Namespace) -> int:
    from tf1_models.checkpoints.foreign import ForeignCheckpoint
    from tf1_models.storage.files import to_json

    one, other = _prefix(args.one), _prefix(args.other)
    with ForeignCheckpoint(one) as first, ForeignCheckpoint(other) as second:
        rows = [
            _diff_row(name, first, second, args.tolerance) for name in sorted(set(first.entries) | set(second.entries))
        ]
    differing = [row for row in rows if row["status"] not in ("equal", "within tolerance")]
    if args.json:
        print(to_json({"schema": 1, "one": one, "other": other, "variables": rows, "differing": len(differing)}))
    else:
        for row in rows:
            shown = "" if row.get("relative") is None else f"{row['relative']:.3e}"
            print(f"{row['name']:40} {row['status']:20} {shown}")
        print(f"{len(rows) - len(differing)} equal or within tolerance, {len(differing)} not")
    return 1 if differing else 0


def _diff_row(name: str, first: "ForeignCheckpoint", second: "ForeignCheckpoint", tolerance: float) -> Dict[str, Any]:
    import numpy as np

    if name not in first.entries or name not in second.entries:
        return {"name": name, "status": "only in the first" if name in first.entries else "only in the second"}
    one, other = first.entries[name], second.entries[name]
    if one.shape != other.shape or one.dtype != other.dtype:
        return {"name": name, "status": f"{one.dtype} {list(one.shape)} / {other.dtype} {list(other.shape)}"}
    a, b = first.read(name), second.read(name)
    if a.tobytes() == b.tobytes():
        return {"name": name, "status": "equal", "relative": 0.0}
    with np.errstate(invalid="ignore", over="ignore"):  # NaN and Inf are "different", without a warning
        largest = float(np.abs(a.astype(np.float64)).max())
        relative = float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max()) / max(largest, 1e-30)
    return {
        "name": name,
        "status": "within tolerance" if relative <= tolerance else "different",
        "relative": relative if np.isfinite(relative) else None,
    }


def _export(args: argparse.Namespace) -> int:
    from tf1_models.errors import UsageError
    from tf1_models.storage.files import to_json

    if os.path.exists(args.out):
        raise UsageError(f"{args.out} exists; name another")
    if args.out.endswith(".npz"):
        _export_npz(_prefix(args.checkpoint), args.out)
    else:
        from tf1_models.checkpoints import checkpoint_source
        from tf1_models.scoring import savedmodel

        source = checkpoint_source.find(args.checkpoint, args.report, args.run, name_options(args))
        note = savedmodel.export(source, args.out)
        if note:
            print(note, file=sys.stderr)
    print(to_json({"schema": 1, "out": args.out}) if args.json else f"wrote {args.out}")
    return 0


def _export_npz(prefix: str, out: str) -> None:
    import zipfile

    import numpy as np

    from tf1_models.checkpoints.foreign import ForeignCheckpoint
    from tf1_models.errors import InputError
    from tf1_models.storage.files import write_atomically, writing_output

    with ForeignCheckpoint(prefix) as checkpoint:

        def write(stream: Any) -> None:  # as np.savez does, but one tensor in memory at a time
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                for name in checkpoint.entries:
                    if name.startswith("/") or ".." in name.split("/"):
                        raise InputError(f"{name!r} is no name for a file in an archive; not exported")
                    values = checkpoint.read(name)
                    if values.dtype.kind == "f" and not np.isfinite(values).all():
                        print(f"note: {name} holds NaN or Inf", file=sys.stderr)
                    with archive.open(name + ".npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, values, allow_pickle=False)

        with writing_output(out):
            write_atomically(out, write)


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

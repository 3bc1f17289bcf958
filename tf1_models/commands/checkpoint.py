"""`checkpoint inspect|diff|export|store`: what a checkpoint holds; inspect and diff import no TensorFlow."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, Dict, List


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the sub-verbs."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    inspect = actions.add_parser("inspect", help="variables with shapes, dtypes and norms")
    inspect.add_argument("checkpoint", metavar="CKPT", help="Saver prefix, run folder or a stored checkpoint's name")
    inspect.add_argument("--report", help="say how the names meet this report's graph (imports TensorFlow)")
    inspect.add_argument("--run", help="likewise, which run")

    diff = actions.add_parser("diff", help="two checkpoints side by side; exit 1 when they differ")
    diff.add_argument("one", metavar="CKPT")
    diff.add_argument("other", metavar="CKPT")
    diff.add_argument("--tolerance", type=float, default=0.0, metavar="X",
                      help="allowed difference, relative to a variable's largest value (default 0: bit for bit)")

    export = actions.add_parser("export", help="to .npz (no TensorFlow) or SavedModel")
    export.add_argument("checkpoint", metavar="CKPT")
    export.add_argument("--out", required=True, help="file.npz, or a folder that does not exist yet for a SavedModel")
    export.add_argument("--report", help="for a foreign checkpoint as SavedModel: whose graph it fills")
    export.add_argument("--run", help="likewise, which run")

    store = actions.add_parser("store", help="make or renew a stored checkpoint from a run folder")
    store.add_argument("folder", metavar="RUN_FOLDER")
    store.add_argument("--data", default="cifar10", help="the images that it was trained on")
    store.add_argument("--no-weights", action="store_true", help="keep record and predictions only")
    store.add_argument("--accept", action="store_true", help="also when the new score leaves the old one's band")

    for child in (inspect, diff, export, store):
        child.add_argument("--json", action="store_true", help="one JSON document")
        child.add_argument("--debug", action="store_true", help="add the traceback to an error")


def run(args: argparse.Namespace) -> int:
    """Runs the verb."""
    return {"inspect": _inspect, "diff": _diff, "export": _export, "store": _store}[args.action](args)


def _prefix(name: str) -> str:
    """Saver prefix of whatever a user calls a checkpoint, manifest or not."""
    from tf1_models.checkpoints import checkpoint_source, saving
    from tf1_models.errors import InputError
    from tf1_models.stored import manifest

    path = name[: -len(".index")] if name.endswith(".index") else name
    if os.path.isfile(path + ".index"):
        return path
    folders = (path, os.path.join(checkpoint_source.stored_folder(), path))
    for folder in folders:
        if os.path.isfile(os.path.join(folder, manifest.WEIGHTS + ".index")):
            return os.path.join(folder, manifest.WEIGHTS)
        if os.path.isdir(folder) and saving.list_steps(folder):
            return saving.prefix(folder, saving.list_steps(folder)[0])
    raise InputError(f"no checkpoint {name!r}: give a Saver prefix, a run folder or a stored checkpoint's name")


def _norm(values: Any) -> float:
    import numpy as np

    return float(np.sqrt(np.sum(np.square(values, dtype=np.float64))))


def _inspect(args: argparse.Namespace) -> int:
    import numpy as np

    from tf1_models.checkpoints import bundle
    from tf1_models.files import to_json

    prefix = _prefix(args.checkpoint)
    rows: List[Dict[str, Any]] = []
    for name, entry in bundle.read_index(prefix).items():
        values = bundle.read_tensor(prefix, entry)
        finite = bool(np.isfinite(values).all()) if values.dtype.kind == "f" else True
        rows.append({"name": name, "shape": list(entry.shape), "dtype": entry.dtype,
                     "norm": _norm(values) if finite else None, "finite": finite})
    document: Dict[str, Any] = {"schema": 1, "checkpoint": prefix, "variables": rows,
                                "parameters": int(sum(np.prod(row["shape"], dtype=np.int64) for row in rows))}
    if args.report:
        document["name_map"] = _map_to(args.report, args.run, [row["name"] for row in rows])
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


def _map_to(report: str, run: Any, names: List[str]) -> Dict[str, Any]:
    from tf1_models import registry, tensorflow_setup
    from tf1_models.checkpoints import name_map

    row = registry.experiment(report, run or registry.default_run(report))
    tf = tensorflow_setup.import_tensorflow()
    with tf.Graph().as_default():
        registry.Graph(row).build()
        found = name_map.match([v.op.name for v in tf.global_variables()], names)
    return {"scope": found.scope, "matched": len(found.matched), "missing": found.missing, "extra": found.extra,
            "slots": len(found.slots), "suggestions": found.suggestions}


def _diff(args: argparse.Namespace) -> int:
    import numpy as np

    from tf1_models.checkpoints import bundle
    from tf1_models.files import to_json

    one, other = _prefix(args.one), _prefix(args.other)
    first, second = bundle.read_index(one), bundle.read_index(other)
    rows: List[Dict[str, Any]] = []
    for name in sorted(set(first) | set(second)):
        if name not in first or name not in second:
            rows.append({"name": name, "status": "only in the first" if name in first else "only in the second"})
            continue
        a, b = bundle.read_tensor(one, first[name]), bundle.read_tensor(other, second[name])
        if a.shape != b.shape or a.dtype != b.dtype:
            rows.append({"name": name, "status": f"{a.dtype} {list(a.shape)} / {b.dtype} {list(b.shape)}"})
            continue
        if a.tobytes() == b.tobytes():
            rows.append({"name": name, "status": "equal", "relative": 0.0})
            continue
        largest = float(np.abs(a).max())
        difference = float(np.abs(a.astype(np.float64) - b).max())
        relative = difference / max(largest, 1e-30)
        same = relative <= args.tolerance
        rows.append({"name": name, "status": "within tolerance" if same else "different",
                     "relative": relative if np.isfinite(relative) else None})
    differing = [row for row in rows if row["status"] not in ("equal", "within tolerance")]
    if args.json:
        print(to_json({"schema": 1, "one": one, "other": other, "variables": rows, "differing": len(differing)}))
    else:
        for row in rows:
            shown = "" if row.get("relative") is None else f"{row['relative']:.3e}"
            print(f"{row['name']:40} {row['status']:20} {shown}")
        print(f"{len(rows) - len(differing)} equal or within tolerance, {len(differing)} not")
    return 1 if differing else 0


def _export(args: argparse.Namespace) -> int:
    from tf1_models.errors import UsageError
    from tf1_models.files import to_json

    if os.path.exists(args.out):
        raise UsageError(f"{args.out} exists; name another")
    if args.out.endswith(".npz"):
        _export_npz(_prefix(args.checkpoint), args.out)
    else:
        from tf1_models.checkpoints import checkpoint_source, savedmodel

        savedmodel.export(checkpoint_source.find(args.checkpoint, args.report, args.run), args.out)
    print(to_json({"schema": 1, "out": args.out}) if args.json else f"wrote {args.out}")
    return 0


def _export_npz(prefix: str, out: str) -> None:
    import numpy as np

    from tf1_models.checkpoints import bundle
    from tf1_models.errors import MachineError, one_line
    from tf1_models.files import write_atomically

    values: Dict[str, Any] = dict(bundle.read_all(prefix))
    try:
        write_atomically(out, lambda stream: np.savez(stream, **values))
    except OSError as error:
        raise MachineError(f"{out} not written ({one_line(error)})") from error


def _store(args: argparse.Namespace) -> int:
    from tf1_models.datasets.load import load
    from tf1_models.files import to_json
    from tf1_models.stored.store import store

    done = store(args.folder, load(args.data), not args.no_weights, args.accept)
    if args.json:
        print(to_json({"schema": 1, **done}))
        return 0
    old, new = done["old"], done["new"]
    print(f"{done['name']}: macro-F1 {new['macro_f1']:.6f}, accuracy {new['accuracy']:.6f} ({new['n']} images)"
          + ("" if old is None else f"; before: macro-F1 {old['macro_f1']:.6f}, accuracy {old['accuracy']:.6f}"))
    print("note the change in CHANGELOG.md", file=sys.stderr)
    return 0

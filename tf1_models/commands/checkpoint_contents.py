"""`checkpoint inspect|diff|export FILE.npz`: what a checkpoint holds; TensorFlow for `--report` alone."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from tf1_models.commands.checkpoint_options import name_options

if TYPE_CHECKING:
    from tf1_models.checkpoints.foreign import ForeignCheckpoint


def prefix_of(name: str) -> str:
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


def inspect(args: argparse.Namespace) -> int:
    """Prints every variable's shape, dtype and norm, and how the names meet a report's graph."""
    import numpy as np

    from tf1_models.checkpoints.foreign import ForeignCheckpoint
    from tf1_models.storage.files import to_json

    prefix = prefix_of(args.checkpoint)
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


def diff(args: argparse.Namespace) -> int:
    """Prints two checkpoints side by side; 1 where they differ."""
    from tf1_models.checkpoints.foreign import ForeignCheckpoint
    from tf1_models.storage.files import to_json

    one, other = prefix_of(args.one), prefix_of(args.other)
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


def export_npz(prefix: str, out: str) -> None:
    """Writes every variable under its own name.

    Raises:
        InputError: damaged, or a name that no archive should hold.
        MachineError: the file cannot be written.
    """
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

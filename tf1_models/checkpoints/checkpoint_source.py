"""What a user may call a checkpoint: a prefix, a run folder, a stored checkpoint's name, or a foreign Saver file."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional

from tf1_models import registry
from tf1_models.checkpoints import bundle, foreign, saving, stored_manifest
from tf1_models.checkpoints.source import Source, experiment_of
from tf1_models.checkpoints.stored_manifest import stored_folder
from tf1_models.errors import InputError, nearest, tensorflow_words
from tf1_models.storage.sealed import read_sealed


def find(name: str, report: Optional[str] = None, run: Optional[str] = None) -> Source:
    """Finds and checks a checkpoint.

    Args:
        name: Saver prefix (with or without `.index`), run folder, or a name below `checkpoints/`.
        report: For a foreign checkpoint without a manifest: whose graph it fills.
        run: Likewise; default: the report's headline run.

    Returns:
        The source; files have passed their checksums where a manifest gives them.

    Raises:
        InputError: nothing there, damaged, or foreign without `report`.
        UsageError: unknown report or run.
    """
    path = name[: -len(".index")] if name.endswith(".index") else name
    if not os.path.exists(path) and not os.path.exists(path + ".index"):
        stored = os.path.join(stored_folder(), path)
        if not os.path.isdir(stored):
            names = sorted(os.listdir(stored_folder())) if os.path.isdir(stored_folder()) else []
            known = [n for n in names if os.path.isdir(os.path.join(stored_folder(), n))]
            raise InputError(
                f"no checkpoint {name!r}{nearest(name, known)}: give a Saver prefix, a run folder or a stored name"
                + (f" ({', '.join(known)})" if known else "")
            )
        path = stored
    if os.path.isdir(path):
        return _in_folder(path)
    folder, base = os.path.split(path)
    sidecar = path + ".json"
    if os.path.isfile(sidecar) and base.startswith("ckpt-") and base[5:].isdigit():
        manifest = saving.read_manifest(folder or ".", int(base[5:]))
        return Source(path, experiment_of(manifest), manifest)
    if report is None:
        raise InputError(f"{name} has no manifest beside it; say whose graph it fills with --report (and --run)")
    foreign.read_index(path)  # vetted before TensorFlow is imported, let alone built for
    return Source(path, registry.experiment(report, run or registry.default_run(report)), None)


def _in_folder(path: str) -> Source:
    if os.path.isfile(os.path.join(path, "manifest.json")):
        document = stored_manifest.read(path)
        stored_manifest.check_files(path, document)
        if document["weights"] is None:
            raise InputError(f"{path} keeps a record without weights; train the run to have them")
        return stored_manifest.source_of(path, document)
    result_path = os.path.join(path, "result.json")
    steps = saving.list_steps(path)
    if not steps:
        raise InputError(f"{path} holds no checkpoint of the kit (no ckpt-<step>.json)")
    step = steps[0]
    if os.path.isfile(result_path):
        step = int(read_sealed(result_path)["steps"])  # the weights that the result scores
    manifest = saving.read_manifest(path, step)
    return Source(saving.prefix(path, step), experiment_of(manifest), manifest)


def restore(tf: Any, session: Any, source: Source) -> None:
    """Restores the graph's own variables strictly; optimizer slots and step in the file may be more.

    The kit's own checkpoints go through tf.train.Saver; TensorFlow never opens a foreign one (see `foreign`).

    Raises:
        InputError: a variable of the graph is missing or of another shape or dtype, with the nearest name.
    """
    variables = tf.global_variables()
    if source.manifest is None:
        with foreign.ForeignCheckpoint(source.prefix) as checkpoint:
            _check_fit(source, variables, checkpoint.entries)
            foreign.assign(session, variables, checkpoint)
        return
    _check_fit(source, variables, bundle.read_index(source.prefix))
    try:
        tf.train.Saver(variables).restore(session, source.prefix)
    except (tf.errors.OpError, ValueError) as error:
        raise InputError(f"{source.prefix} does not restore: {tensorflow_words(error)}") from error


def _check_fit(source: Source, variables: List[Any], entries: Dict[str, bundle.Entry]) -> None:
    wanted = saving.variable_table(variables)
    absent = [row["name"] for row in wanted if row["name"] not in entries]
    if absent:
        hints = [f"{name}{nearest(name, list(entries))}" for name in absent[:3]]
        raise InputError(
            f"{os.path.basename(source.prefix)} does not restore: it lacks {', '.join(hints)}"
            + (f" and {len(absent) - 3} more of the graph's variables" if len(absent) > 3 else "")
            + "; `checkpoint inspect` shows what it holds"
        )
    found = [{"name": row["name"], "shape": list(entries[row["name"]].shape), "dtype": entries[row["name"]].dtype}
             for row in wanted]
    saving.compare_variables(wanted, found, os.path.basename(source.prefix))

"""What a user may call a checkpoint: a prefix, a run folder, a stored checkpoint's name, or a foreign Saver file."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Callable, Dict, List, Optional

from tf1_models import registry
from tf1_models.checkpoints import bundle, foreign, name_hints, name_map, other_formats, saving, stored_manifest
from tf1_models.checkpoints.name_map import NameMap, Wanted
from tf1_models.checkpoints.name_options import NameOptions
from tf1_models.checkpoints.source import Source, experiment_of
from tf1_models.checkpoints.stored_manifest import stored_folder
from tf1_models.errors import InputError, UsageError, nearest, tensorflow_words
from tf1_models.storage.sealed import read_sealed


def find(
    name: str, report: Optional[str] = None, run: Optional[str] = None, names: Optional[NameOptions] = None
) -> Source:
    """Finds and checks a checkpoint.

    Args:
        name: Saver prefix, one of a Saver's files, run folder, SavedModel's folder, or a name below `checkpoints/`.
        report: For a foreign checkpoint without a manifest: whose graph it fills.
        run: Likewise; default: the report's headline run.
        names: Likewise, how its variables' names meet the graph's.

    Returns:
        The source; files have passed their checksums where a manifest gives them.

    Raises:
        InputError: nothing there, damaged, or foreign without `report`.
        UsageError: unknown report or run, or `names` for a checkpoint of the kit.
    """
    source = _find(name, report, run)
    if names is None or names == NameOptions():
        return source
    if source.manifest is not None:
        raise UsageError(
            f"{name} is a checkpoint of the kit, whose names are the graph's; --scope, --rename and "
            "--use-averages are for other programs' checkpoints"
        )
    return dataclasses.replace(source, names=names)


def _find(name: str, report: Optional[str], run: Optional[str]) -> Source:
    path = other_formats.saver_prefix(name)
    if not os.path.exists(path) and not os.path.exists(path + ".index"):
        stored = os.path.join(stored_folder(), path)
        if not os.path.isdir(stored):
            known = stored_manifest.names()
            raise InputError(
                f"no checkpoint {name!r}{nearest(name, known)}: give a Saver prefix, a run folder or a stored name "
                f"({', '.join(known) if known else stored_manifest.where_to_get_them()})"
            )
        path = stored
    if os.path.isdir(path):
        saved_model = other_formats.saved_model_prefix(path)
        if saved_model is None:
            return _in_folder(path)
        path = saved_model
    if not os.path.exists(path + ".index"):
        raise InputError(other_formats.explanation(path))
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
        raise InputError(
            f"{path} holds no checkpoint of the kit (no ckpt-<step>.json){other_formats.foreign_prefixes(path)}"
        )
    step = steps[0]
    if os.path.isfile(result_path):
        step = int(read_sealed(result_path)["steps"])  # the weights that the result scores
    manifest = saving.read_manifest(path, step)
    return Source(saving.prefix(path, step), experiment_of(manifest), manifest)


def restore(tf: Any, session: Any, source: Source, variables: Optional[List[Any]] = None) -> Optional[str]:
    """Restores the graph's own variables strictly; optimizer slots and step in the file may be more.

    The kit's own checkpoints go through tf.train.Saver; TensorFlow never opens a foreign one (see `foreign`).

    Args:
        tf: TensorFlow's v1 module.
        session: Session on the current graph.
        source: From `find`.
        variables: Those to fill, of the current graph; None: all of them.

    Returns:
        What of a foreign checkpoint was taken for the graph's variables (scope, renames, averages), in one line; None
        where the names are the graph's own.

    Raises:
        InputError: a variable of the graph is missing or of another shape or dtype, with what may mend it.
    """
    variables = tf.global_variables() if variables is None else variables
    if source.manifest is None:
        with foreign.ForeignCheckpoint(source.prefix) as checkpoint:
            found = fit(name_map.wanted_of(tf, variables), checkpoint.entries, source, lambda: _other_nets(tf))
            foreign.assign(session, variables, checkpoint, found.matched)
            words = name_hints.taken(found, source.names, checkpoint.entries)
            return None if words is None else f"{os.path.basename(source.prefix)}: {words}"
    fit(name_map.wanted_of(tf, variables), bundle.read_index(source.prefix), source, dict)
    try:
        tf.train.Saver(variables).restore(session, source.prefix)
    except (tf.errors.OpError, ValueError) as error:
        raise InputError(f"{source.prefix} does not restore: {tensorflow_words(error)}") from error
    return None


def fit(
    wanted: List[Wanted],
    entries: Dict[str, bundle.Entry],
    source: Source,
    other_nets: Callable[[], Dict[str, List[Wanted]]],
) -> NameMap:
    """Which tensor fills which variable of the graph, all of them.

    Args:
        wanted: The graph's variables.
        entries: The file's tensors.
        source: The checkpoint; one of the kit has the graph's own names.
        other_nets: Gives other runs' variables, for the message.

    Raises:
        InputError: variables are missing, two scopes fit, a shape or dtype is another, or a rename changes nothing.
    """
    base = os.path.basename(source.prefix)
    names = source.names if source.manifest is None else NameOptions(scope="")
    found = name_map.match(wanted, entries, names)
    if found.missing or (len(found.scopes) > 1 and found.scope not in found.scopes):
        raise InputError(f"{base} does not restore: {name_hints.why(wanted, entries, found, names, other_nets)}")
    rows = [{"name": row.name, "shape": list(row.shape), "dtype": row.dtype} for row in wanted]
    there = [
        {
            "name": row.name,
            "shape": list(entries[found.matched[row.name]].shape),
            "dtype": entries[found.matched[row.name]].dtype,
        }
        for row in wanted
    ]
    saving.compare_variables(rows, there, base)
    idle = name_hints.unused(names, found)
    if idle is not None:
        raise InputError(f"--rename {idle} changes nothing in {base}: its variables fit without it; leave it out")
    return found


def _other_nets(tf: Any) -> Dict[str, List[Wanted]]:
    """The variables of every net of every report, by the words that choose it; builds their graphs (1.5 s)."""
    found: Dict[str, List[Wanted]] = {}
    for report in registry.REPORTS:
        default = registry.default_run(report)
        nets: List[Any] = []
        tables: List[List[Wanted]] = []
        for row in sorted(registry.runs(report), key=lambda row: row.run != default):
            if row.net in nets:
                continue
            nets.append(row.net)
            with tf.Graph().as_default():
                registry.Graph(row).build()
                table = name_map.wanted_of(tf)
            if table not in tables:
                tables.append(table)
                found[f"--report {report}" + ("" if row.run == default else f" --run {row.run}")] = table
    return found

"""What a user may call a checkpoint: a prefix, a run folder, a stored checkpoint's name, or a foreign Saver file."""

from __future__ import annotations

import dataclasses
import os
import typing
from typing import Any, Dict, List, Optional

from tf1_models import registry
from tf1_models.checkpoints import bundle, foreign, saving
from tf1_models.errors import InputError, UsageError, nearest, one_line, tensorflow_words
from tf1_models.sealed import read_sealed
from tf1_models.spec import Experiment, identity


@dataclasses.dataclass(frozen=True)
class Source:
    """A checkpoint that was found and checked.

    Attributes:
        prefix: Saver prefix.
        experiment: The run whose graph it fills.
        manifest: Its manifest; None for a foreign one, which `--report` describes.
    """

    prefix: str
    experiment: Experiment
    manifest: Optional[Dict[str, Any]]


def stored_folder() -> str:
    """$TF1_MODELS_CHECKPOINTS where it is set, else `checkpoints/` beside the package (a checkout) or here."""
    if os.environ.get("TF1_MODELS_CHECKPOINTS"):
        return os.environ["TF1_MODELS_CHECKPOINTS"]
    beside = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "checkpoints")
    return beside if os.path.isdir(beside) else "checkpoints"


def experiment_of(manifest: Dict[str, Any]) -> Experiment:
    """The run that a manifest was written by, with the settings of then.

    Raises:
        InputError: the manifest names a setting or run that this version of the kit does not know.
    """
    try:
        config = manifest["config"]
        row, stored = registry.experiment(config["report"], config["run"]), config["identity"]
        net = dataclasses.replace(row.net, **_fields_then(row.net, stored, "net."))
        row = dataclasses.replace(row, net=net, seed=int(config["seed"]), **_fields_then(row, stored, ""))
        same = identity(row) == stored
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, UsageError) as error:
        raise InputError(f"the manifest's settings are none of the kit's ({one_line(error)})") from error
    if not same:
        raise InputError("the checkpoint's settings are unknown to this version of the kit")
    return row


def _fields_then(record: Any, stored: Dict[str, Any], prefix: str) -> Dict[str, Any]:
    """Values of a record's settings as an identity gives them: what it leaves out stood at its default."""
    values = {}
    hints = typing.get_type_hints(type(record))
    for field in dataclasses.fields(record):
        key = prefix + field.name
        if key in stored:
            values[field.name] = tuple(stored[key]) if isinstance(stored[key], list) else stored[key]
            if not _is_of(values[field.name], hints[field.name]):
                raise TypeError(f"{field.name} has a value of another type")
        elif field.default is not dataclasses.MISSING:
            values[field.name] = field.default
    return values


def _is_of(value: Any, hint: Any) -> bool:
    """Whether a JSON value is of a settings field's type: bool, int, float, str, Optional of one, or a tuple of int."""
    if getattr(hint, "__origin__", None) is typing.Union:
        return any(_is_of(value, option) for option in hint.__args__)
    if getattr(hint, "__origin__", None) in (tuple, typing.Tuple):
        return isinstance(value, tuple) and all(_is_of(part, hint.__args__[0]) for part in value)
    if hint is float:
        return type(value) in (int, float)
    return type(value) is hint or (hint is type(None) and value is None)


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
        from tf1_models.stored import manifest as stored  # it builds on this module

        document = stored.read(path)
        stored.check_files(path, document)
        if document["weights"] is None:
            raise InputError(f"{path} keeps a record without weights; train the run to have them")
        return stored.source_of(path, document)
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

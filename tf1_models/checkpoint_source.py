"""What a user may call a checkpoint: a prefix, a run folder, a stored checkpoint's name, or a foreign Saver file."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Dict, Optional

from tf1_models import checkpoints, registry
from tf1_models.errors import InputError, nearest, one_line
from tf1_models.overrides import apply_overrides
from tf1_models.sealed import read_sealed
from tf1_models.spec import Experiment, identity, settings


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
    """`checkpoints/` beside the package (a checkout), or below the working folder."""
    beside = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "checkpoints")
    return beside if os.path.isdir(beside) else "checkpoints"


def _experiment_of(manifest: Dict[str, Any]) -> Experiment:
    """The run a manifest was written by, settings as they were then."""
    config = manifest.get("config") or {}
    row = registry.experiment(config.get("report", ""), config.get("run", ""))
    stored = config.get("settings") or config.get("identity") or {}
    now = settings(row)
    words = {}
    for key, value in stored.items():
        if key == "graph" or now.get(key) == value:
            continue
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        words[key[4:] if key.startswith("net.") else key] = "none" if value is None else text
    row = apply_overrides(row, words)
    row = dataclasses.replace(row, seed=int(config.get("seed", row.seed)))
    if "identity" in config and identity(row) != config["identity"]:
        raise InputError("the checkpoint's settings are unknown to this version of the kit")
    return row


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
        manifest = checkpoints.read_manifest(folder or ".", int(base[5:]))
        return Source(path, _experiment_of(manifest), manifest)
    if report is None:
        raise InputError(f"{name} has no manifest beside it; say whose graph it fills with --report (and --run)")
    return Source(path, registry.experiment(report, run or registry.default_run(report)), None)


def _in_folder(path: str) -> Source:
    result_path = os.path.join(path, "result.json")
    steps = checkpoints.list_steps(path)
    if not steps:
        raise InputError(f"{path} holds no checkpoint of the kit (no ckpt-<step>.json)")
    step = steps[0]
    if os.path.isfile(result_path):
        step = int(read_sealed(result_path)["steps"])  # the weights that the result scores
    manifest = checkpoints.read_manifest(path, step)
    return Source(checkpoints.prefix(path, step), _experiment_of(manifest), manifest)


def restore(tf: Any, session: Any, source: Source) -> None:
    """Restores the graph's own variables strictly; optimizer slots and step in the file may be more.

    Raises:
        InputError: a variable of the graph is missing or of another shape or dtype, with the nearest name.
    """
    variables = tf.global_variables()
    wanted = checkpoints.variable_table(variables)
    if source.manifest is not None:
        have = {row["name"]: row for row in source.manifest["variables"]}
        found = [have[row["name"]] for row in wanted if row["name"] in have]
        checkpoints.compare_variables(wanted, found)
    try:
        tf.train.Saver(variables).restore(session, source.prefix)
    except (tf.errors.OpError, ValueError) as error:
        raise InputError(f"{source.prefix} does not restore: {one_line(error)[:300]}") from error

"""A checkpoint that was found: its files, the run whose graph it fills, its manifest."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, Dict, Optional

from tf1_models import registry
from tf1_models.checkpoints.name_options import NameOptions
from tf1_models.errors import InputError, UsageError, one_line
from tf1_models.spec import NO_SETTINGS, Experiment, identity


@dataclasses.dataclass(frozen=True)
class Source:
    """A checkpoint that was found and checked.

    Attributes:
        prefix: Saver prefix.
        experiment: The run whose graph it fills.
        manifest: Its manifest; None for a foreign one, which `--report` describes.
        names: For a foreign one: how its variables' names meet the graph's.
    """

    prefix: str
    experiment: Experiment
    manifest: Optional[Dict[str, Any]]
    names: NameOptions = NameOptions()


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
    """Values of a record's settings as an identity gives them: what it leaves out stood at its default.

    What describes a row and is no setting of it (`spec.NO_SETTINGS`) is today's: no identity says it.
    """
    values = {}
    hints = typing.get_type_hints(type(record))
    for field in dataclasses.fields(record):
        if not prefix and field.name in NO_SETTINGS:
            continue
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

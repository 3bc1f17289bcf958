"""`key=value` words of the command line, applied to a frozen run row by field name and type."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, Dict, List

from tf1_models.errors import UsageError, nearest
from tf1_models.spec import NO_SETTINGS, Experiment

_WORDS = {"true": True, "false": False}


def parse_words(words: List[str]) -> Dict[str, str]:
    """Splits `key=value` words.

    Raises:
        UsageError: a word without `=`, or a key named twice.
    """
    pairs: Dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{word!r} is no setting; write key=value, e.g. keep_prob=0.5")
        if key in pairs:
            raise UsageError(f"{key} is set twice")
        pairs[key] = value
    return pairs


def as_word(value: Any) -> str:
    """A setting's value as `key=value` takes it: true, false, none, or numbers with commas."""
    if isinstance(value, (list, tuple)):
        return ",".join(str(part) for part in value)
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _convert(key: str, text: str, hint: Any) -> Any:
    """Text -> the field's type; the text `none` only where the field is Optional."""
    options = getattr(hint, "__args__", ()) if getattr(hint, "__origin__", None) is typing.Union else (hint,)
    if type(None) in options and text.lower() == "none":
        return None
    kind = next(option for option in options if option is not type(None))
    try:
        if kind is bool:
            return _WORDS[text.lower()]
        if kind is int:
            return int(text)
        if kind is float:
            return float(text)
        if getattr(kind, "__origin__", None) in (tuple, typing.Tuple):
            return tuple(int(part) for part in text.split(",") if part)
        return text
    except (ValueError, KeyError):
        names = {bool: "true or false", int: "a whole number", float: "a number"}
        wanted = names.get(kind, "whole numbers with commas")
        raise UsageError(f"{key}={text!r} is not {wanted}") from None


def apply_overrides(row: Experiment, overrides: Dict[str, str]) -> Experiment:
    """A copy of the row with fields (its own or its net's) replaced.

    Args:
        row: The run as reported.
        overrides: Field name -> text; a name the net has wins only if the row has none of that name.

    Returns:
        The new row; ranges are checked when it is built.

    Raises:
        UsageError: unknown field, wrong type or value out of range.
    """
    own_hints = typing.get_type_hints(type(row))
    net_hints = typing.get_type_hints(type(row.net))
    own: Dict[str, Any] = {}
    net: Dict[str, Any] = {}
    known = sorted(name for name in [*own_hints, *net_hints] if name not in NO_SETTINGS)
    for key, text in overrides.items():
        if key in NO_SETTINGS or (key not in own_hints and key not in net_hints):
            raise UsageError(f"unknown setting {key!r}{nearest(key, known)}; known: {', '.join(known)}")
        if key in own_hints:
            own[key] = _convert(key, text, own_hints[key])
        else:
            net[key] = _convert(key, text, net_hints[key])
    if net:
        own["net"] = dataclasses.replace(row.net, **net)
    return dataclasses.replace(row, **own) if own else row

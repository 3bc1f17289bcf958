"""Which data a verb on a checkpoint scores: its own, unless others are named; digests decide, not names."""

from __future__ import annotations

import os
import sys
from typing import Any, List, Optional


def load_for(source: Any, named: Optional[str]) -> Any:
    """The data set to score a checkpoint on.

    Args:
        source: A `Source`.
        named: What --data says; None: the checkpoint's own data, or CIFAR-10 for a foreign one, which names none.

    Returns:
        A `Dataset`. Where `named` is other data than the checkpoint's own, one line on stderr says so.

    Raises:
        InputError: missing or bad data, or the checkpoint's own is not to be found.
    """
    from tf1_models.datasets.load import load

    if source.manifest is None:
        return load(named or "cifar10")
    wanted = source.manifest["config"]["data_digest"]
    if named is not None:
        data = load(named)
        if data.digest != wanted:
            print(f"trained on {_words(source, wanted)}, scored on {data.name} ({data.digest[:8]})", file=sys.stderr)
        return data
    return _own(source, wanted)


def _own(source: Any, wanted: str) -> Any:
    """Tries the places where it may be: embedded, where the run's command found it, where CIFAR-10 is looked for."""
    from tf1_models.datasets import find, identify
    from tf1_models.datasets.load import load
    from tf1_models.errors import InputError

    known = identify.KNOWN.get(wanted)
    places: List[str] = []
    if known is not None and "digits" in known.words:
        places.append("digits")
    else:
        path = _path_of_then(source)
        if path is not None and os.path.exists(path):
            places.append(path)
        if find.chosen() is not None:
            places.append("cifar10")
    for place in places:
        data = load(place)
        if data.digest == wanted:
            return data
    there = f"; CIFAR-10 here is another copy ({data.digest[:8]})" if places else ""
    raise InputError(
        f"this checkpoint was trained on {_words(source, wanted)}, which is not found here{there}; name it with --data "
        "PATH, or name the data to score it on"
    )


def _words(source: Any, digest: str) -> str:
    """The checkpoint's own data for people: name and, where known, which copy."""
    from tf1_models.datasets import identify

    known = identify.KNOWN.get(digest)
    record = _run_record(source)
    name = known.words if known is not None else str(record.get("data", "data of its own"))
    return f"{name} ({digest[:8]})"


def _path_of_then(source: Any) -> Optional[str]:
    """The path that the run's last start named with --data; None without one, or without a run folder."""
    starts = _run_record(source).get("starts") or []
    words = [str(word) for word in starts[-1].get("command", [])] if starts else []
    for word, following in zip(words, [*words[1:], ""]):
        if word == "--data" or word.startswith("--data="):
            named = following if word == "--data" else word[len("--data=") :]
            return os.path.join(str(starts[-1].get("working_folder", "")), named)  # as typed there, not here
    return None


def _run_record(source: Any) -> Any:
    """run.json beside a run folder's checkpoint; empty elsewhere (a stored checkpoint, a single copied file)."""
    from tf1_models.errors import InputError
    from tf1_models.storage.sealed import read_sealed

    path = os.path.join(os.path.dirname(source.prefix), "run.json")
    if not os.path.isfile(path):
        return {}
    try:
        return read_sealed(path)
    except InputError:  # the checkpoint's own manifest vouches for it; run.json only helps to find its data
        return {}

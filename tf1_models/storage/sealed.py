"""JSON documents that carry a checksum of themselves, so that a flipped bit is noticed before anything is believed."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Dict

from tf1_models.errors import InputError, one_line
from tf1_models.storage.files import to_json, write_json
from tf1_models.storage.reading import open_regular


def _checksum(document: Dict[str, Any]) -> str:
    body = {key: value for key, value in document.items() if key != "checksum"}
    return hashlib.sha256(to_json(body, indent=None).encode("utf-8")).hexdigest()


def write_sealed(path: str, document: Dict[str, Any]) -> None:
    """Writes the document atomically with a last key `checksum`: SHA-256 of its compact JSON without that key."""
    write_json(path, {**document, "checksum": _checksum(document)})


def read_sealed(path: str, limit_bytes: int = 64 << 20) -> Dict[str, Any]:
    """Reads a document that `write_sealed` wrote, and returns it as it was given there.

    Raises:
        InputError: no regular file, larger than `limit_bytes`, not JSON, without a checksum, or the checksum is off.
    """
    name = os.path.basename(path)
    try:
        stream, size = open_regular(path, limit_bytes)  # never waits on a FIFO of that name
        with stream:
            content = stream.read(size)
        document = json.loads(content.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{name} cannot be read: {one_line(error)}") from error
    if not isinstance(document, dict) or "checksum" not in document:
        raise InputError(f"{name} has no checksum: it was cut off or is none of the kit's")
    try:
        same = _checksum(document) == document["checksum"]
    except ValueError:  # NaN or Infinity, which the kit never writes
        same = False
    # the exact bytes too: a flip inside white space or an equal escape would parse to the same document
    if not same or content != (to_json(document) + "\n").encode("utf-8"):
        raise InputError(f"{name} is damaged: its checksum does not match its content")
    del document["checksum"]
    return document

"""The dict in a .npy file's header, read by a grammar of its own: nothing is evaluated, nothing else is let through.

NumPy's own readers, by version, let through negative shapes, arrays of nothing with 10^12 elements and 64 MB headers.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Tuple

from tf1_models.errors import Refused

MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 1024  # numpy writes 118 for a plain array
_S = r"[ \t\n]*"
_ITEM = (
    rf"""(?:['"]descr['"]{_S}:{_S}['"](?P<descrI>[^'"]{{1,16}})['"]"""
    rf"""|['"]fortran_order['"]{_S}:{_S}(?P<orderI>True|False)"""
    rf"""|['"]shape['"]{_S}:{_S}\((?P<shapeI>(?:{_S}[0-9]+L?{_S},)*{_S}(?:[0-9]+L?{_S})?)\))"""
)
# Three items in any order (not only numpy writes .npy), nothing else; a repeated key leaves another one missing.
_HEADER = re.compile(
    rf"{_S}\{{{_S}" + rf"{_S},{_S}".join(_ITEM.replace("I>", f"{i}>") for i in range(3)) + rf"{_S},?{_S}\}}{_S}"
)


class NpyHeader(NamedTuple):
    """Attributes: descr (dtype as text, not checked), fortran_order, shape (none negative)."""

    descr: str
    fortran_order: bool
    shape: Tuple[int, ...]


def parse(header: bytes) -> NpyHeader:
    """Reads the dict that stands between a .npy file's length field and its values.

    Args:
        header: Its bytes; the caller has bounded them by `MAX_HEADER_BYTES`.

    Raises:
        Refused: no plain array's header; the text begins with "a .npy header" or "a structured array".
    """
    try:
        text = header.decode("ascii")
    except UnicodeDecodeError:
        raise Refused("a .npy header that is not ASCII") from None
    found = _HEADER.fullmatch(text)
    groups = {} if found is None else {k.rstrip("012"): v for k, v in found.groupdict().items() if v is not None}
    if len(groups) != 3:
        if re.search(r"'descr'\s*:\s*\[", text):
            raise Refused("a structured array; a plain array of numbers is read")
        raise Refused("a .npy header that cannot be read")
    parts = groups["shape"].split(",")
    shape = tuple(_whole(part) for part in parts if part.strip())
    if len(parts) == 1 and shape:
        raise Refused("a .npy header whose shape is a number, not a tuple")
    return NpyHeader(groups["descr"], groups["order"] == "True", shape)


def _whole(part: str) -> int:
    text = part.strip()
    text = text[:-1] if text.endswith("L") else text  # Python 2 wrote long integers so
    if not text.isdigit() or len(text) > 18 or (text[0] == "0" and text != "0"):
        raise Refused("a .npy header whose shape cannot be read")
    return int(text)

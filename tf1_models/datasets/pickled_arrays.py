"""What a batch's pickle may ask for by name, and the inert values that stand in for it.

A pickle names functions of numpy and calls them; here a name is looked up in `GLOBALS` and the call is one of the
functions below, which check every argument and build an array from bytes at hand. Nothing is imported, no numpy
object is ever asked to set its own state.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

from tf1_models.errors import Refused

GLOBALS = {
    ("numpy.core.multiarray", "_reconstruct"): "reconstruct",
    ("numpy._core.multiarray", "_reconstruct"): "reconstruct",
    ("numpy.core.multiarray", "scalar"): "scalar",
    ("numpy._core.multiarray", "scalar"): "scalar",
    ("numpy.core.numeric", "_frombuffer"): "frombuffer",
    ("numpy._core.numeric", "_frombuffer"): "frombuffer",
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("_codecs", "encode"): "encode",
}
_ITEM_BYTES = {"u1": 1, "i1": 1, "u2": 2, "i2": 2, "u4": 4, "i4": 4, "u8": 8, "i8": 8}


class Symbol:
    """Stands for a global: a value of `GLOBALS`."""

    def __init__(self, name: str) -> None:
        self.name = name


class Payload:
    """A long string: its bytes (uint8 [n]) and whether it was pickled as text (latin-1)."""

    def __init__(self, content: np.ndarray, is_text: bool) -> None:
        self.content = content
        self.is_text = is_text


class DType:
    """A little-endian integer type: a key of `_ITEM_BYTES`."""

    def __init__(self, code: str) -> None:
        self.code = code


class Array:
    """An array before and after its state was set; `values` is None before."""

    def __init__(self) -> None:
        self.values: Optional[np.ndarray] = None


def text(value: Any) -> Optional[str]:
    """ASCII text of a small str or bytes, else None."""
    if type(value) is bytes:
        try:
            return value.decode("ascii")
        except UnicodeDecodeError:
            return None
    return value if type(value) is str else None


def call(symbol: Any, arguments: Any) -> Any:
    """What REDUCE means: one of the five functions that array pickles call.

    Raises:
        Refused: anything else, or other arguments than numpy writes.
    """
    if type(arguments) is not tuple or type(symbol) is not Symbol or symbol.name not in _CALLS:
        raise Refused("a call of something that is no function of numpy")
    return _CALLS[symbol.name](arguments)


def build(target: Any, state: Any) -> None:
    """What BUILD means: an array's or a type's state.

    Raises:
        Refused: any other target, big-endian numbers, Fortran order, or bytes that do not fit the shape.
    """
    if type(target) is DType and type(state) is tuple and len(state) in (8, 9):
        if text(state[1]) not in ("|", "<"):
            raise Refused("big-endian numbers")
    elif type(target) is Array and type(state) is tuple and len(state) == 5 and state[3] in (False, 0):
        _fill(target, state[1], state[2], state[4])
    else:
        raise Refused("BUILD on something that is no array in C order")


def _reconstruct(arguments: Tuple[Any, ...]) -> Array:
    # (ndarray, (0,), 'b'): numpy's empty array, filled by the BUILD that follows
    if len(arguments) != 3 or type(arguments[0]) is not Symbol or arguments[0].name != "ndarray":
        raise Refused("an array of an unknown kind")
    return Array()


def _dtype(arguments: Tuple[Any, ...]) -> DType:
    code = text(arguments[0]) if len(arguments) == 3 else None
    if code not in _ITEM_BYTES:
        raise Refused("an array that is not of integers")
    return DType(str(code))


def _encode(arguments: Tuple[Any, ...]) -> Any:
    value, encoding = arguments if len(arguments) == 2 else (None, None)
    if text(encoding) not in ("latin1", "latin-1"):
        raise Refused("an encoding other than latin1")
    if type(value) is Payload and value.is_text:
        return Payload(value.content, is_text=False)
    try:
        if type(value) is str:
            return value.encode("latin-1")
    except UnicodeEncodeError:
        pass
    raise Refused("text that is not latin-1")


def _frombuffer(arguments: Tuple[Any, ...]) -> Array:
    if len(arguments) != 4 or text(arguments[3]) != "C":
        raise Refused("an array that is not in C order")
    return _fill(Array(), arguments[2], arguments[1], arguments[0])


def _scalar(arguments: Tuple[Any, ...]) -> int:
    dtype, raw = arguments if len(arguments) == 2 else (None, None)
    if type(dtype) is not DType or type(raw) is not bytes or len(raw) != _ITEM_BYTES[dtype.code]:
        raise Refused("a scalar that is no integer")
    return int.from_bytes(raw, "little", signed=dtype.code[0] == "i")


def _fill(array: Array, shape: Any, dtype: Any, content: Any) -> Array:
    """Sets an array's values from its raw bytes, without a copy."""
    if type(content) is Payload and not content.is_text:
        raw = content.content
    elif type(content) is bytes and content:
        raw = np.frombuffer(content, np.uint8)
    else:
        raise Refused("an array without its bytes")
    if type(dtype) is not DType or type(shape) is not tuple or not 1 <= len(shape) <= 4:
        raise Refused("an array without type or shape")
    n_bytes = _ITEM_BYTES[dtype.code]
    for extent in shape:
        if type(extent) is not int or not 0 <= extent < 1 << 32:
            raise Refused("a shape that is no shape")
        n_bytes *= extent
    if n_bytes != len(raw) or array.values is not None:
        raise Refused(f"an array of {n_bytes} bytes with {len(raw)} bytes of content")
    array.values = raw.view("<" + dtype.code).reshape(shape)
    return array


_CALLS: Dict[str, Callable[[Tuple[Any, ...]], Any]] = {
    "reconstruct": _reconstruct,
    "dtype": _dtype,
    "encode": _encode,
    "frombuffer": _frombuffer,
    "scalar": _scalar,
}

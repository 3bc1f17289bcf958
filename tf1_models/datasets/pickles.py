"""A restricted unpickler of our own: runs the few opcodes that a CIFAR-10 batch needs and builds only inert values.

Python's `pickle` is not used at all, not even with a `find_class` allow-list: such a list stops code, but not the
9-byte file whose memo index asks for 4 GB (CVE-2018-20406 family) nor nested tuples as dict keys, whose hash takes
time 2^n. Here an opcode is either in the table below or refused; a global is a name in `pickled_arrays.GLOBALS`, never
an import; dict keys are short strings; memory is bounded by the file's size. Read are what Python 2 wrote (the official
archive) and what Python 3 and numpy 1 or 2 write at protocols 2 to 5.
"""

from __future__ import annotations

import codecs
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from tf1_models.datasets.pickled_arrays import GLOBALS, Payload, Symbol, build, call, text
from tf1_models.errors import InputError, Refused
from tf1_models.storage.reading import Reader, shown

MAX_OPCODES = 200_000  # the official batches have about 30,000, numpy scalars as labels make it 110,000
SMALL_BYTES = 1 << 16  # longer strings are array payloads: read straight into one buffer
_KEY_CHARS = 64


class Unpickler:
    """One pickle, read once: `Unpickler(reader).load()`."""

    def __init__(self, reader: Reader) -> None:
        self._in = reader
        self._stack: List[Any] = []
        self._marks: List[List[Any]] = []
        self._memo: Dict[int, Any] = {}

    def load(self) -> Dict[str, Any]:
        """Runs the pickle.

        Returns:
            The top-level dict: str keys; values are int, bytes, str, None, lists and tuples of them, or `Array`.

        Raises:
            InputError: anything that no CIFAR-10 batch holds.
        """
        exact, table = self._in.exact, _OPCODES
        for _ in range(MAX_OPCODES):
            opcode = exact(1)
            if opcode == b".":
                value = self._pop()
                if type(value) is not dict or self._stack or self._marks:
                    raise self._refused("it holds no dictionary at its top")
                self._in.finish()
                return value
            operation = table.get(opcode)
            if operation is None:
                raise self._refused(f"opcode 0x{opcode.hex()}, which no CIFAR-10 batch needs")
            operation(self)
        raise self._refused(f"more than {MAX_OPCODES} opcodes")

    def _refused(self, why: str) -> InputError:
        return self._in.error(f"pickle refused: {why}")

    def _pop(self) -> Any:
        if not self._stack:
            raise self._refused("stack underflow")
        return self._stack.pop()

    def _top(self, kind: type, what: str) -> Any:
        if not self._stack or type(self._stack[-1]) is not kind:
            raise self._refused(f"{what} on something else")
        return self._stack[-1]

    def _pop_mark(self) -> List[Any]:
        if not self._marks:
            raise self._refused("no mark on the stack")
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _unsigned(self, n_bytes: int) -> int:
        return int.from_bytes(self._in.exact(n_bytes), "little")

    # -- values ------------------------------------------------------------------------------------------------

    def _protocol(self) -> None:
        if self._unsigned(1) > 5:
            raise self._refused("unknown protocol")

    def _frame(self) -> None:
        if self._unsigned(8) > self._in.remaining:
            raise self._refused("a frame longer than the file")

    def _mark(self) -> None:
        self._marks.append(self._stack)
        self._stack = []

    def _long1(self) -> None:
        n_bytes = self._unsigned(1)
        if n_bytes > 8:
            raise self._refused("an integer of more than 8 bytes")
        self._stack.append(int.from_bytes(self._in.exact(n_bytes), "little", signed=True))

    def _binint(self) -> None:
        self._stack.append(int.from_bytes(self._in.exact(4), "little", signed=True))

    def _string(self, length_bytes: int, is_text: bool) -> None:
        n = self._unsigned(length_bytes)
        if n > self._in.remaining:
            raise self._in.error(f"truncated: a string of {n} bytes, {self._in.remaining} left")
        if n > SMALL_BYTES:
            self._stack.append(self._long_text(n) if is_text else self._long_bytes(n))
            return
        content = self._in.exact(n)
        if not is_text:
            self._stack.append(content)
            return
        try:
            self._stack.append(content.decode("utf-8"))
        except UnicodeDecodeError:
            raise self._refused("text that is not UTF-8") from None

    def _long_bytes(self, n: int) -> Payload:
        content = np.empty(n, np.uint8)
        self._in.into(content.data)
        return Payload(content, is_text=False)

    def _long_text(self, n: int) -> Payload:
        """Python 3 at protocol 2 writes bytes as latin-1 text in UTF-8: decoded piece by piece, at most 2 to 1."""
        content, at = np.empty(n, np.uint8), 0
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while n:
                piece = self._in.exact(min(n, SMALL_BYTES))
                n -= len(piece)
                raw = decoder.decode(piece, final=not n).encode("latin-1")
                content[at : at + len(raw)] = np.frombuffer(raw, np.uint8)
                at += len(raw)
        except UnicodeError:
            raise self._refused("long text that is not latin-1 in UTF-8") from None
        return Payload(content[:at], is_text=True)

    # -- containers and memo -----------------------------------------------------------------------------------

    def _tuple(self, n: int) -> None:
        if len(self._stack) < n:
            raise self._refused("stack underflow")
        items = tuple(self._stack[len(self._stack) - n :])
        del self._stack[len(self._stack) - n :]
        self._stack.append(items)

    def _mark_tuple(self) -> None:
        items = tuple(self._pop_mark())
        self._stack.append(items)

    def _append(self) -> None:
        value = self._pop()
        self._top(list, "APPEND").append(value)

    def _appends(self) -> None:
        items = self._pop_mark()
        self._top(list, "APPENDS").extend(items)

    def _set(self, items: List[Any]) -> None:
        target = self._top(dict, "SETITEMS")
        if len(items) % 2:
            raise self._refused("a key without value")
        for key, value in zip(items[::2], items[1::2]):
            name = text(key)
            if name is None or len(name) > _KEY_CHARS or name in target:
                raise self._refused("a dictionary key that is no short string, or twice the same")
            target[name] = value

    def _setitem(self) -> None:
        value = self._pop()
        self._set([self._pop(), value])

    def _put(self, index: int) -> None:
        if index >= MAX_OPCODES:
            raise self._refused(f"memo index {index}")
        if not self._stack:
            raise self._refused("stack underflow")
        self._memo[index] = self._stack[-1]

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise self._refused(f"memo index {index} was never set")
        self._stack.append(self._memo[index])

    # -- globals: names only ------------------------------------------------------------------------------------

    def _symbol(self, module: Optional[str], name: Optional[str]) -> None:
        known = GLOBALS.get((module or "", name or ""))
        if known is None:
            asked = shown(f"{module}.{name}", 80)
            raise self._refused(f"it asks for {asked}, which no CIFAR-10 batch needs")
        self._stack.append(Symbol(known))

    def _global(self) -> None:
        module, name = self._in.line(128), self._in.line(128)
        self._symbol(module.decode("ascii", "replace"), name.decode("ascii", "replace"))

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        self._symbol(text(module), text(name))

    def _reduce(self) -> None:
        arguments, symbol = self._pop(), self._pop()
        try:
            self._stack.append(call(symbol, arguments))
        except Refused as refused:
            raise self._refused(str(refused)) from None

    def _build(self) -> None:
        state = self._pop()
        try:
            build(self._stack[-1] if self._stack else None, state)
        except Refused as refused:
            raise self._refused(str(refused)) from None


_OPCODES: Dict[bytes, Callable[[Unpickler], None]] = {
    b"\x80": Unpickler._protocol,
    b"\x95": Unpickler._frame,
    b"(": Unpickler._mark,
    b"}": lambda self: self._stack.append({}),
    b"]": lambda self: self._stack.append([]),
    b")": lambda self: self._stack.append(()),
    b"N": lambda self: self._stack.append(None),
    b"\x88": lambda self: self._stack.append(True),
    b"\x89": lambda self: self._stack.append(False),
    b"K": lambda self: self._stack.append(self._unsigned(1)),
    b"M": lambda self: self._stack.append(self._unsigned(2)),
    b"J": Unpickler._binint,
    b"\x8a": Unpickler._long1,
    b"U": lambda self: self._string(1, is_text=False),  # SHORT_BINSTRING, Python 2's str
    b"T": lambda self: self._string(4, is_text=False),  # BINSTRING
    b"C": lambda self: self._string(1, is_text=False),  # SHORT_BINBYTES
    b"B": lambda self: self._string(4, is_text=False),  # BINBYTES
    b"\x8e": lambda self: self._string(8, is_text=False),  # BINBYTES8
    b"\x96": lambda self: self._string(8, is_text=False),  # BYTEARRAY8
    b"\x8c": lambda self: self._string(1, is_text=True),  # SHORT_BINUNICODE
    b"X": lambda self: self._string(4, is_text=True),  # BINUNICODE
    b"\x8d": lambda self: self._string(8, is_text=True),  # BINUNICODE8
    b"\x85": lambda self: self._tuple(1),
    b"\x86": lambda self: self._tuple(2),
    b"\x87": lambda self: self._tuple(3),
    b"t": Unpickler._mark_tuple,
    b"a": Unpickler._append,
    b"e": Unpickler._appends,
    b"s": Unpickler._setitem,
    b"u": lambda self: self._set(self._pop_mark()),
    b"q": lambda self: self._put(self._unsigned(1)),
    b"r": lambda self: self._put(self._unsigned(4)),
    b"\x94": lambda self: self._put(len(self._memo)),
    b"h": lambda self: self._get(self._unsigned(1)),
    b"j": lambda self: self._get(self._unsigned(4)),
    b"c": Unpickler._global,
    b"\x93": Unpickler._stack_global,
    b"R": Unpickler._reduce,
    b"b": Unpickler._build,
}

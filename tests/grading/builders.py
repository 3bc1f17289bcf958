"""Prediction files and archives as bytes, for the grader's tests."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

import numpy as np

from tf1_models.classes import CIFAR10_CLASSES


def npy(array: Any, version: "Optional[Tuple[int, int]]" = None) -> bytes:
    """`numpy.save`."""
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(array), version=version, allow_pickle=True)
    return out.getvalue()


def raw_npy(header: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A .npy with a header of one's own."""
    text = header.encode("latin-1")
    size = struct.pack("<H", len(text)) if version == b"\x01\x00" else struct.pack("<L", len(text))
    return b"\x93NUMPY" + version + size + text + body


def npz(**arrays: Any) -> bytes:
    """`numpy.savez_compressed`."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def csv_ids(labels: Sequence[int], names: bool = False, start: int = 0, header: str = "id,label\n") -> bytes:
    """`id,label` rows."""
    rows = [f"{i + start},{CIFAR10_CLASSES[k] if names else k}\n" for i, k in enumerate(labels)]
    return (header + "".join(rows)).encode("utf-8")


def lines(labels: Iterable[Any]) -> bytes:
    """One label a line."""
    return "".join(f"{k}\n" for k in labels).encode("utf-8")


def as_json(value: Any) -> bytes:
    """JSON text."""
    return json.dumps(value).encode("utf-8")


def zipped(members: "Union[Dict[str, bytes], List[Tuple[Any, bytes]]]", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of names (or ZipInfo) and contents."""
    out = io.BytesIO()
    items = list(members.items()) if isinstance(members, dict) else members
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in items:
            archive.writestr(name, content)
    return out.getvalue()


def link_member(name: str) -> zipfile.ZipInfo:
    """A symbolic link as Unix zip programs store it."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return info


def cp949_zip(name: str, content: bytes) -> bytes:
    """A zip whose member name is CP949 without the UTF-8 flag, as Korean Windows writes it."""
    raw = name.encode("cp949")
    stand_in = "x" * len(raw)
    return zipped({stand_in: content}).replace(stand_in.encode("ascii"), raw)


def overlapping_zip(count: int = 4) -> bytes:
    """A zip whose directory lists one member many times under different names: a small bomb."""
    data = zipped({"a.npy": b"0" * 1000})
    at = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entry, tail = data[at:end], bytearray(data[end:])
    entries = b"".join(entry.replace(b"a.npy", b"%c.npy" % (97 + i)) for i in range(count))
    struct.pack_into("<HHL", tail, 8, count, count, len(entries))
    return data[:at] + entries + bytes(tail)


def noisy(labels: np.ndarray, wrong: float, seed: int) -> np.ndarray:
    """uint8 [n]: the labels, a share of them replaced by other classes."""
    random = np.random.RandomState(seed)
    predicted = labels.copy()
    rows = random.rand(len(labels)) < wrong
    predicted[rows] = (predicted[rows] + random.randint(1, 10, int(rows.sum()))) % 10
    return predicted.astype(np.uint8)

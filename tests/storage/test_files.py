"""Atomic writing and sealed documents."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tf1_models.errors import InputError
from tf1_models.storage import files, sealed


def test_a_failing_write_leaves_the_old_content_and_nothing_beside_it(tmp_path: Any) -> None:
    path = str(tmp_path / "a.json")
    files.write_json(path, {"old": 1})

    def fail(stream: Any) -> None:
        stream.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        files.write_atomically(path, fail)
    assert json.load(open(path)) == {"old": 1}
    assert os.listdir(str(tmp_path)) == ["a.json"]


def test_nan_is_not_json(tmp_path: Any) -> None:
    with pytest.raises(ValueError):
        files.write_json(str(tmp_path / "a.json"), {"loss": float("nan")})
    assert os.listdir(str(tmp_path)) == []


def test_every_flipped_bit_of_a_sealed_document_is_noticed(tmp_path: Any) -> None:
    path = str(tmp_path / "a.json")
    sealed.write_sealed(
        path, {"schema": 1, "seed": 51, "name": "ä", "values": [1, 2.5, None, True], "inner": {"a": "b"}}
    )
    assert sealed.read_sealed(path)["values"] == [1, 2.5, None, True]
    good = open(path, "rb").read()
    for place in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[place] ^= 1 << bit
            with open(path, "wb") as stream:
                stream.write(bytes(bad))
            with pytest.raises(InputError):
                sealed.read_sealed(path)


def test_other_bytes_of_the_same_document_are_refused(tmp_path: Any) -> None:
    """They mean the same, and nothing of the kit has written them."""
    path = tmp_path / "a.json"
    sealed.write_sealed(str(path), {"schema": 1, "name": "ä"})
    good = path.read_bytes()
    for bad in (good + b"\n", good.replace(b": 1", b":  1"), good.replace("ä".encode(), b"\\u00e4")):
        assert bad != good and json.loads(bad.decode()) == json.loads(good.decode())
        path.write_bytes(bad)
        with pytest.raises(InputError, match="its checksum does not match its content"):
            sealed.read_sealed(str(path))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"a": 1', b"\xff\xfe", b'{"checksum": NaN}', b"[" * 100000])
def test_other_content_is_refused(tmp_path: Any, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError):
        sealed.read_sealed(str(path))

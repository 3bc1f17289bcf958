"""The restricted unpickler: what real batches are made of, and what must never get through."""

from __future__ import annotations

import io
import os
import pickle
import struct
import time

import numpy as np
import pytest

from tests.datasets import forms
from tf1_models.datasets.pickled_arrays import Array
from tf1_models.datasets.pickles import MAX_OPCODES, Unpickler
from tf1_models.errors import InputError
from tf1_models.storage.reading import Reader


def load(content: bytes) -> dict:
    return Unpickler(Reader(io.BytesIO(content), len(content), "batch")).load()


def refusal(content: bytes) -> str:
    with pytest.raises(InputError) as caught:
        load(content)
    return str(caught.value)


def test_python_2_batch():
    data = forms.tiny()
    batch = load(forms.py2_batch(data.x_train, data.y_train))
    assert batch["batch_label"] == b"training batch 1 of 5"
    assert batch["labels"] == data.y_train.tolist()
    assert np.array_equal(batch["data"].values, forms.planes(data.x_train))
    assert batch["filenames"][3] == b"x_s_000003.png"


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("text_keys", [True, False])
def test_batches_pickled_by_this_python(protocol, text_keys):
    data = forms.tiny()
    rows = forms.planes(data.x_train)
    batch = {"data": rows, "labels": data.y_train.tolist(), "filenames": ["a.png"] * 25, "batch_label": "x"}
    if not text_keys:
        batch = {key.encode(): value for key, value in batch.items()}
    got = load(pickle.dumps(batch, protocol))
    assert np.array_equal(got["data"].values, rows)
    assert got["labels"] == batch["labels" if text_keys else b"labels"]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_labels_as_array_and_as_numpy_scalars(protocol):
    got = load(pickle.dumps({"a": np.array([3, 9, -1]), "b": [np.int64(7), np.uint8(200)]}, protocol))
    assert got["a"].values.tolist() == [3, 9, -1]
    assert got["b"] == [7, 200]


def test_read_only_array_at_the_highest_protocol():
    rows = np.frombuffer(bytes(range(256)) * 12, np.uint8).reshape(1, 3072)
    assert np.array_equal(load(pickle.dumps({"data": rows}, pickle.HIGHEST_PROTOCOL))["data"].values, rows)


GADGETS = {
    "GLOBAL": b"cos\nsystem\n(U\x0ctouch MARKERtR.",
    "GLOBAL posix": b"\x80\x02cposix\nsystem\nX\x0c\x00\x00\x00touch MARKER\x85R.",
    "eval": b"c__builtin__\neval\n(U\x22__import__('os').system('touch MARKER')tR.".replace(b"\x22", b"\x29"),
    "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0ctouch MARKER\x85R.",
    "dotted": b"\x80\x04\x8c\x05numpy\x8c\x13core.os.system....\x93\x8c\x0ctouch MARKER\x85R.",
    "numpy attribute": b"cnumpy\nload\n(U\x01xtR.",
    "numpy runstring": b"cnumpy.testing._private.utils\nrunstring\n(U\x01x}tR.",
    "INST": b"(U\x0ctouch MARKERios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nU\x0ctouch MARKERo.",
    "NEWOBJ": b"\x80\x02csubprocess\nPopen\nU\x0ctouch MARKER\x85\x81.",
    "EXT": b"\x80\x02\x82\x01.",
    "PERSID": b"Pid\n.",
    "BINPERSID": b"U\x02idQ.",
    "BUILD": b"\x80\x02}}U\x01xb.",
    "call of a string": b"\x80\x02U\x06system)R.",
    "call of ndarray": b"cnumpy\nndarray\n)R.",
}


@pytest.mark.parametrize("name", GADGETS)
def test_code_gadgets_are_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refusal(GADGETS[name])
    assert message.startswith("batch: pickle refused: ") and "\n" not in message
    assert os.listdir(str(tmp_path)) == []


def test_the_refused_global_is_named():
    assert "it asks for os.system, which no CIFAR-10 batch needs" in refusal(GADGETS["GLOBAL"])
    assert "opcode 0x69" in refusal(GADGETS["INST"])
    hostile = refusal(b"c\x1b[31mos\nsys\ntem\n.")
    assert hostile.isprintable()


def nested_tuples(levels: int) -> bytes:
    body = b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(levels))
    return b"\x80\x02}N" + body + b"K\x01s."


BOMBS = {
    "memo, 9 bytes": (b"\x80\x02Nr\xff\xff\xff\x0f.", "memo index 268435455"),
    "memo as text": (b"Np536870912\n.", "opcode 0x70"),
    "nested tuples as key": (nested_tuples(100), "a dictionary key that is no short string"),
    "string length": (b"\x80\x02T\xff\xff\xff\x7f.", "truncated: a string of 2147483647 bytes, 1 left"),
    "bytes8 length": (b"\x80\x04\x8e" + b"\xff" * 8 + b".", "truncated: a string of 18446744073709551615 bytes"),
    "frame": (b"\x80\x04\x95" + b"\xff" * 8 + b".", "a frame longer than the file"),
    "marks": (b"(" * (MAX_OPCODES + 10), f"more than {MAX_OPCODES} opcodes"),
    "long integer": (b"\x8a\xff" + b"\x01" * 255, "an integer of more than 8 bytes"),
    "duplicates": (b"\x80\x02}(U\x01aK\x01U\x01aK\x02u.", "twice the same"),
    "shape 2^36": (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01(\x8a\x05\0\0\0\0\x10"
        b"tcnumpy\ndtype\n(U\x02u1K\0K\1tR\x89U\x01xtb.",
        "a shape that is no shape",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once(name):
    content, words = BOMBS[name]
    began = time.perf_counter()
    assert words in refusal(content)
    assert time.perf_counter() - began < 2


STRUCTURE = {
    "empty": (b"", "truncated"),
    "no end": (b"\x80\x02}", "truncated"),
    "trailing": (b"\x80\x02}.x", "1 bytes after the end of the data"),
    "no dictionary": (b"\x80\x02].", "it holds no dictionary at its top"),
    "leftovers": (b"\x80\x02N}.", "it holds no dictionary at its top"),
    "underflow": (b"\x80\x02.", "stack underflow"),
    "tuple underflow": (b"N\x87.", "stack underflow"),
    "put underflow": (b"q\x01.", "stack underflow"),
    "no mark": (b"]e.", "no mark on the stack"),
    "append to dictionary": (b"}Na.", "APPEND on something else"),
    "appends to dictionary": (b"}(Ne.", "APPENDS on something else"),
    "set on list": (b"](U\x01aNu.", "SETITEMS on something else"),
    "odd items": (b"}(Nu.", "a key without value"),
    "integer key": (b"}K\x01Ns.", "a dictionary key that is no short string"),
    "long key": (b"}U\x41" + b"a" * 65 + b"Ns.", "a dictionary key that is no short string"),
    "unset memo": (b"h\x01.", "memo index 1 was never set"),
    "protocol": (b"\x80\x06.", "unknown protocol"),
    "utf-8": (b"\x8c\x01\xff.", "text that is not UTF-8"),
    "long global": (b"c" + b"a" * 200, "a line of more than 128 bytes"),
    "float array": (b"cnumpy\ndtype\n(U\x02f8K\0K\1tR.", "an array that is not of integers"),
    "object array": (b"cnumpy\ndtype\n(U\x02O8K\0K\1tR.", "an array that is not of integers"),
    "big-endian": (b"cnumpy\ndtype\n(U\x02i8K\0K\1tR(K\x03U\x01>NNNNNK\0tb.", "big-endian numbers"),
    "encoding": (b"c_codecs\nencode\n(X\x01\0\0\0aX\x03\0\0\0hextR.", "an encoding other than latin1"),
    "encode bytes": (b"c_codecs\nencode\n(U\x01aX\x06\0\0\0latin1tR.", "text that is not latin-1"),
    "encode wide text": (b"c_codecs\nencode\n(X\x03\0\0\0\xe2\x82\xacX\x06\0\0\0latin1tR.", "text that is not latin-1"),
    "scalar": (b"cnumpy.core.multiarray\nscalar\n(U\x02u1U\x01atR.", "a scalar that is no integer"),
    "reconstruct": (b"cnumpy.core.multiarray\n_reconstruct\n(NNNtR.", "an array of an unknown kind"),
    "frombuffer": (b"cnumpy.core.numeric\n_frombuffer\n(NNNU\x01FtR.", "an array that is not in C order"),
    "frombuffer nothing": (b"cnumpy.core.numeric\n_frombuffer\n(NNNU\x01CtR.", "an array without its bytes"),
}


@pytest.mark.parametrize("name", STRUCTURE)
def test_malformed_pickles(name):
    content, words = STRUCTURE[name]
    assert words in refusal(content)


def test_bytes_must_fill_the_shape():
    good = forms.py2_array(np.zeros((2, 3072), np.uint8))
    assert type(load(b"}U\x04data" + good + b"s.")["data"]) is Array
    bad = good.replace(b"J" + struct.pack("<i", 2), b"J" + struct.pack("<i", 3))
    assert "an array of 9216 bytes with 6144 bytes of content" in refusal(b"}U\x04data" + bad + b"s.")
    negative = good.replace(b"J" + struct.pack("<i", 2), b"J" + struct.pack("<i", -2))
    assert "a shape that is no shape" in refusal(b"}U\x04data" + negative + b"s.")


def test_long_text_must_be_latin_1():
    text = ("é" * 70_000).encode()
    encode = b"c_codecs\nencode\n(X" + struct.pack("<I", len(text)) + text + b"X\x06\0\0\0latin1tR"
    assert load(b"}U\x01a" + encode + b"s.")["a"].content.tobytes() == b"\xe9" * 70_000
    wide = ("€" * 70_000).encode()
    assert "long text that is not latin-1" in refusal(b"X" + struct.pack("<I", len(wide)) + wide + b".")


def test_a_truncated_real_batch_is_refused_wherever_it_ends():
    data = forms.tiny()
    whole = forms.py2_batch(data.x_test, data.y_test)
    for end in list(range(0, 200)) + list(range(200, len(whole), 997)):
        assert "truncated" in refusal(whole[:end])

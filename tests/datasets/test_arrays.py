"""npy arrays and .npz: every shape and scale that is accepted, and headers made to hurt."""

from __future__ import annotations

import io
import os
import pickle
import struct
import time
import zipfile

import numpy as np
import pytest

from tests.datasets import forms
from tf1_models.datasets import arrays, npz
from tf1_models.errors import InputError

DATA = forms.tiny(1203, 20)  # several pieces of 200


def smooth(n: int = 30) -> np.ndarray:
    """Images whose neighbours are alike, as photographs are: uint8 [n, 32, 32, 3]."""
    rng = np.random.RandomState(1)
    y, x = np.mgrid[0:32, 0:32]
    slope = rng.randint(1, 4, (n, 1, 1, 3))
    return ((y + x)[None, :, :, None] * slope + rng.randint(0, 60, (n, 1, 1, 3))).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    return forms.write_npy(str(tmp_path / "npy"), forms.tiny())


def put(folder: str, name: str, array: np.ndarray) -> None:
    np.save(os.path.join(folder, f"{name}.npy"), array)


def refusal(folder: str) -> str:
    began = time.perf_counter()
    with pytest.raises(InputError) as caught:
        arrays.read_folder(folder) if os.path.isdir(folder) else npz.read(folder)
    assert time.perf_counter() - began < 3
    assert "\n" not in str(caught.value)
    return str(caught.value)


def same(got, wanted) -> bool:
    return all(a.dtype == np.uint8 and np.array_equal(a, b) for a, b in zip(got, wanted))


IMAGES = {
    "NHWC": lambda x: x,
    "NCHW": lambda x: x.transpose(0, 3, 1, 2).copy(),
    "rows": forms.planes,
    "int64": lambda x: x.astype(np.int64),
    "uint16 big-endian": lambda x: x.astype(">u2"),
    "float16": lambda x: x.astype(np.float16),
    "float32": lambda x: x.astype(np.float32),
    "float64 big-endian": lambda x: x.astype(">f8"),
    "divided float32": lambda x: (x / np.float32(255)).astype(np.float32),
    "divided float64 NCHW": lambda x: x.transpose(0, 3, 1, 2) / 255.0,
}
LABELS = {
    "N": lambda y: y,
    "N1": lambda y: y[:, None].astype(np.int32),
    "one-hot": lambda y: np.eye(10)[y],
    "one-hot uint8": lambda y: np.eye(10, dtype=np.uint8)[y],
    "float": lambda y: y.astype(np.float32),
}


@pytest.mark.parametrize("kind", IMAGES)
def test_images_of_every_shape_and_scale(tmp_path, kind):
    folder = forms.write_npy(str(tmp_path / "npy"), DATA)
    put(folder, "x_train", IMAGES[kind](DATA.x_train))
    put(folder, "x_test", IMAGES[kind](DATA.x_test))
    assert same(arrays.read_folder(folder), DATA)


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_every_shape(tmp_path, kind):
    folder = forms.write_npy(str(tmp_path / "npy"), DATA)
    put(folder, "y_train", LABELS[kind](DATA.y_train))
    assert same(arrays.read_folder(folder), DATA)


@pytest.mark.parametrize("compressed", [False, True])
def test_npz(tmp_path, compressed):
    assert same(npz.read(forms.write_npz(str(tmp_path / "a.npz"), DATA, compressed)), DATA)


def test_float_images_that_begin_black(tmp_path):
    """Whole pieces of zeros and ones leave the scale open until a later piece tells."""
    x = DATA.x_train.copy()
    x[:1000] = DATA.x_train[:1000] % 2
    data = DATA._replace(x_train=x)
    folder = forms.write_npy(str(tmp_path / "npy"), data)
    put(folder, "x_train", x.astype(np.float32))
    assert same(arrays.read_folder(folder), data)
    x[:1000] *= 255
    put(folder, "x_train", (x / 255.0).astype(np.float32))
    put(folder, "x_test", DATA.x_test / 255.0)
    assert same(arrays.read_folder(folder), data)


def test_scale_of_a_split_of_zeros_and_ones_comes_from_the_other(folder):
    data = forms.tiny()
    binary = data.x_test % 2
    put(folder, "x_test", binary.astype(np.float32))
    assert np.array_equal(arrays.read_folder(folder).x_test, binary)
    put(folder, "x_train", data.x_train / 255.0)
    assert np.array_equal(arrays.read_folder(folder).x_test, binary * 255)


def test_splits_of_different_scale(folder):
    put(folder, "x_train", forms.tiny().x_train / 255.0)
    assert "x_train and x_test differ in scale: one is 0..255, the other 0..1" in refusal(folder)


def test_rows_that_are_interleaved(folder):
    x = smooth(25)
    put(folder, "x_train", forms.planes(x))
    assert np.array_equal(arrays.read_folder(folder).x_train, x)
    put(folder, "x_train", x.reshape(25, 3072))
    assert "rows of 3072 are read as three colour planes, these look interleaved" in refusal(folder)


def spoilt(**changes) -> np.ndarray:
    x = forms.tiny().x_train.astype(np.float64)
    x[3, 4, 5, 1] = changes["value"]
    return x if changes.get("scale", 1) == 1 else x / 255.0


@pytest.mark.parametrize(
    "name, array, words",
    [
        ("x_train", spoilt(value=np.nan), "NaN or infinite pixels"),
        ("x_train", spoilt(value=np.inf), "NaN or infinite pixels"),
        ("x_train", spoilt(value=-1), "pixels must be 0 to 255 (or 0 to 1); found -1"),
        ("x_train", spoilt(value=256), "pixels must be 0 to 255 (or 0 to 1); found 256"),
        ("x_train", spoilt(value=0.5), "pixels are no bytes"),
        ("x_train", spoilt(value=100.5, scale=255), "pixels are no bytes"),
        ("x_train", (spoilt(value=0) / 255.0).astype(np.float16), "pixels are no bytes"),
        ("x_train", forms.tiny().x_train.astype(np.int16) - 1, "found -1"),
        ("x_train", forms.tiny().x_train.astype(np.int16) + 1, "found 256"),
        ("x_train", forms.tiny().x_train / 127.5 - 1, "pixels must be 0 to 255"),
        ("x_train", np.zeros((25, 28, 28, 3), np.uint8), "images must be [N, 32, 32, 3], [N, 3, 32, 32] or [N, 3072]"),
        ("x_train", np.zeros((25, 32, 32), np.uint8), "images must be"),
        ("x_train", np.zeros((25, 784), np.uint8), "images must be"),
        ("x_train", np.zeros((), np.uint8), "images must be"),
        ("x_train", np.zeros((0, 32, 32, 3), np.uint8), "1 to 100000 images are read, this file has 0"),
        ("x_train", np.zeros((24, 32, 32, 3), np.uint8), "24 images but 25 labels in y_train; they must be as many"),
        ("x_train", np.zeros((25, 32, 32, 3), bool), "describes no plain array of integers or floats"),
        ("x_train", np.zeros((25, 32, 32, 3), complex), "describes no plain array of integers or floats"),
        ("x_train", np.zeros((25, 32, 32, 3), "U1"), "describes no plain array of integers or floats"),
        ("x_train", np.zeros(25, [("a", "u1")]), "describes no plain array of integers or floats"),
        ("x_train", np.asfortranarray(forms.tiny().x_train), "saved in Fortran order"),
        ("y_train", np.full(25, 10), "labels must be 0 to 9; found 10"),
        ("y_train", np.full(25, -1), "labels must be 0 to 9; found -1"),
        ("y_train", np.full(25, 300), "labels must be 0 to 9; found 300"),
        ("y_train", np.full(25, 9.7), "labels must be whole numbers 0 to 9"),
        ("y_train", np.full(25, np.nan), "labels must be whole numbers 0 to 9"),
        ("y_train", np.full((25, 2), 1), "labels must be [N], [N, 1] or one-hot [N, 10]; got [25, 2]"),
        ("y_train", np.zeros((25, 10)), "labels [N, 10] must be one-hot"),
        ("y_train", np.full((25, 10), 0.1), "labels [N, 10] must be one-hot"),
        ("y_train", np.ones((25, 10)), "labels [N, 10] must be one-hot"),
        ("y_train", np.zeros(0), "labels must be [N], [N, 1] or one-hot [N, 10]; got [0]"),
    ],
)
def test_arrays_that_are_no_data_set(folder, name, array, words):
    put(folder, name, array)
    message = refusal(folder)
    assert words in message


def npy(header: bytes, content: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header + content


def described(shape: str, descr: str = "'|u1'", fortran: str = "False") -> bytes:
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()


PLAIN = "describes no plain array of integers or floats"
HEADERS = {
    "huge shape": (npy(described("(1099511627776,)")), "needs 1099511627776 bytes of data, the file holds 0"),
    "huge product": (npy(described("(999999999999, 999999999999)")), "bytes of data, the file holds 0"),
    "arrays of nothing": (npy(described("(1099511627776,)", "'|V0'")), PLAIN),
    "S0": (npy(described("(1099511627776,)", "'|S0'")), PLAIN),
    "negative": (npy(described("(-3,)"), b"\0\0\0"), PLAIN),
    "True": (npy(described("(True,)"), b"\0"), PLAIN),
    "descr tuple": (npy(described("(1,)", "()"), b"\0"), PLAIN),
    "descr nested": (npy(described("(1,)", "('|u1',)"), b"\0"), PLAIN),
    "object": (npy(described("(1,)", "'|O'"), pickle.dumps([1])), PLAIN),
    "float of one byte": (npy(described("(1,)", "'<f1'"), b"\0"), PLAIN),
    "code": (npy(b"__import__('os').system('touch MARKER')"), PLAIN),
    "brackets": (npy(b"(" * 900), PLAIN),
    "long header": (npy(described("(1,)") + b" " * 2000, b"\0"), "an .npy header of"),
    "version 2": (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f", "no .npy file (version 1.0)"),
    "trailing bytes": (npy(described("(1,)"), b"\0\0"), "needs 1 bytes of data, the file holds 2"),
    "truncated": (npy(described("(2,)"), b"\0"), "needs 2 bytes of data, the file holds 1"),
    "truncated header": (npy(described("(2,)"))[:30], "truncated"),
    "empty": (b"", "no .npy file (version 1.0)"),
    "pickle": (pickle.dumps(np.zeros(3), 2), "no .npy file (version 1.0)"),
    "zip renamed": (b"PK\x03\x04" + bytes(100), "no .npy file (version 1.0)"),
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("member", ["x_train", "y_train"])
def test_hostile_headers(folder, name, member, monkeypatch):
    monkeypatch.chdir(folder)
    content, words = HEADERS[name]
    forms.write(os.path.join(folder, f"{member}.npy"), content)
    assert words in refusal(folder)
    assert sorted(os.listdir(folder)) == ["x_test.npy", "x_train.npy", "y_test.npy", "y_train.npy"]


@pytest.mark.parametrize("name", HEADERS)
def test_hostile_headers_in_an_npz(tmp_path, name):
    path = forms.write_npz(str(tmp_path / "a.npz"), forms.tiny())
    content, words = HEADERS[name]
    parts = {n: forms.read_member(path, n) for n in ("x_train.npy", "x_test.npy", "y_test.npy")}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, raw in list(parts.items()) + [("y_train.npy", content)]:
            archive.writestr(member, raw)
    assert words in refusal(path)


def test_header_of_python_2(folder):
    """numpy under Python 2 wrote long integers with an L."""
    forms.write(os.path.join(folder, "y_train.npy"), npy(described("(25L, 1L)"), bytes(25)))
    assert arrays.read_folder(folder).y_train.tolist() == [0] * 25


def test_missing_array_and_fifo(folder):
    path = os.path.join(folder, "y_test.npy")
    os.unlink(path)
    assert "lacks y_test.npy" in refusal(folder)
    os.mkfifo(path)
    assert "is not a regular file" in refusal(folder)


def test_npz_that_is_none(tmp_path):
    path = forms.write_npz(str(tmp_path / "a.npz"), forms.tiny())
    content = forms.read(path)
    for cut in (content[:-1], content[:500], b"", b"x" * 1000, content + b"x", content[:-22] + bytes(22)):
        forms.write(path, cut)
        assert "no .npz file as numpy.savez writes it" in refusal(path)
    os.unlink(path)
    np.savez(path, x_train=np.zeros(3))
    assert "must hold one array y_train" in refusal(path)


def test_npz_damage_is_noticed(tmp_path):
    content = forms.read(forms.write_npz(str(tmp_path / "b.npz"), forms.tiny()))
    path = str(tmp_path / "a.npz")
    for place in range(0, len(content) - 22, len(content) // 60):
        forms.write(path, content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        try:  # a bit of a name's padding or of a date may be turned without harm, a bit of the data never
            got = npz.read(path)
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert same(got, forms.tiny())


def test_npz_with_too_many_or_repeated_members(tmp_path):
    path = forms.write_npz(str(tmp_path / "a.npz"), forms.tiny())
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", b"")
    assert "must hold one array x_train" in refusal(path)
    path = str(tmp_path / "b.npz")
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(2000):
            archive.writestr(f"{i:040d}", b"")
    assert "too many members" in refusal(path)


def test_npz_compression_and_bombs(tmp_path):
    path = str(tmp_path / "a.npz")
    parts = {name: io.BytesIO() for name in arrays.MEMBERS}
    for stream, array in zip(parts.values(), forms.tiny()):
        np.save(stream, array)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, stream in parts.items():
            archive.writestr(f"{name}.npy", stream.getvalue())
    assert "encrypted, strangely compressed, or over" in refusal(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, stream in parts.items():  # 30 MB of zeros in 30 kB, with the header of a small array
            archive.writestr(f"{name}.npy", stream.getvalue() + bytes(30_000_000))
    assert "bytes of data, the file holds" in refusal(path)

"""Class folders of images: official order, and images made to hurt."""

from __future__ import annotations

import builtins
import os
import struct
import time
import zlib

import numpy as np
import pytest

from tests.datasets import forms
from tf1_models.datasets import folders, identify
from tf1_models.errors import InputError, MachineError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: class folders are not read")

DATA = forms.tiny()


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Class folders of the tiny data set, whose labels stand for the official ones."""
    monkeypatch.setattr(identify, "official_labels", lambda: (DATA.y_train, DATA.y_test))
    return forms.write_images(str(tmp_path / "images"), DATA)


def refusal(root: str) -> str:
    began = time.perf_counter()
    with pytest.raises(InputError) as caught:
        folders.read(root)
    assert time.perf_counter() - began < 3
    assert "\n" not in str(caught.value)
    return str(caught.value)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, extra: bytes = b"", body: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", body or zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def test_official_order(root):
    got = folders.read(root)
    assert all(np.array_equal(a, b) for a, b in zip(got.arrays, DATA))
    assert got.lossy is None


def test_numbers_need_no_leading_zeros_and_may_carry_the_class(root):
    """As unpacked from other archives: 9_frog.png comes before 10_frog.png."""
    for folder, _, names in os.walk(root):
        for name in names:
            number = int(name[:4])
            os.rename(os.path.join(folder, name), os.path.join(folder, f"{number * 7}_{os.path.basename(folder)}.png"))
        forms.write(os.path.join(folder, ".DS_Store"), b"x")
    assert np.array_equal(folders.read(root).arrays.x_train, DATA.x_train)


def test_jpeg_is_lossy(tmp_path, root):
    grey = np.full_like(DATA.x_train, 90)
    forms.write_images(root, DATA._replace(x_train=grey))
    name = os.path.join(root, "train", "frog", "0000")
    Image.fromarray(grey[0]).save(f"{name}.jpg", quality=95)
    os.unlink(f"{name}.png")
    got = folders.read(root)
    assert got.lossy is True
    assert np.abs(got.arrays.x_train.astype(int) - 90).max() <= 2


def test_counts_must_be_the_official_ones(root):
    os.unlink(os.path.join(root, "train", "cat", "0001.png"))
    n = int((DATA.y_train == 3).sum())
    assert f"holds {n - 1} images; CIFAR-10 has {n} there" in refusal(root)


def test_names_must_be_numbers_and_only_once(root):
    path = os.path.join(root, "test", "ship", "0000.png")
    os.rename(path, path.replace("0000", "a_s_0000"))
    assert "class folders hold NNNN.png or NNNN.jpg" in refusal(root)
    os.rename(path.replace("0000", "a_s_0000"), path)
    forms.write(path.replace("0000.png", "0.jpg"), forms.read(path))
    assert "holds number 0 twice" in refusal(root)


def test_strange_classes_and_missing_ones(root):
    os.makedirs(os.path.join(root, "train", "submarine"))
    assert "holds submarine, which is no class of CIFAR-10" in refusal(root)
    os.rmdir(os.path.join(root, "train", "submarine"))
    os.rename(os.path.join(root, "test", "ship"), os.path.join(root, "ship"))
    assert "cannot be read" in refusal(root)


def test_links(root, tmp_path):
    path = os.path.join(root, "test", "ship", "0000.png")
    os.rename(path, str(tmp_path / "a.png"))
    os.symlink(str(tmp_path / "a.png"), path)
    assert "is not a regular file" in refusal(root)
    os.unlink(path)
    os.mkfifo(path)
    assert "is not a regular file" in refusal(root)
    os.unlink(path)
    os.rename(os.path.join(root, "test", "ship"), str(tmp_path / "ship"))
    os.symlink(str(tmp_path / "ship"), os.path.join(root, "test", "ship"))
    assert "is a link that leads out of" in refusal(root)


def animated(path: str) -> None:
    frames = [Image.new("RGB", (32, 32), (i, 0, 0)) for i in range(3)]
    frames[0].save(path, format="PNG", save_all=True, append_images=frames[1:])


IMAGES = {
    "13000x13000": (png(13_000, 13_000), "RGB 13000x13000|no PNG or JPEG image that can be read"),
    "20000x20000": (png(20_000, 20_000), "no PNG or JPEG image that can be read"),
    "2^31": (png(2**31 - 1, 2**31 - 1), "no PNG or JPEG image that can be read"),
    "60000x32": (png(60_000, 32), "RGB 60000x32"),
    "text bomb": (
        png(32, 32, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(40_000_000)))),
        "no PNG or JPEG image that can be read",
    ),
    "profile bomb": (
        png(32, 32, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(40_000_000)))),
        "no PNG or JPEG image that can be read",
    ),
    "too few pixels": (png(32, 32), "no PNG or JPEG image that can be read"),
    "empty": (b"", "no PNG or JPEG image that can be read"),
    "a GIF": (b"GIF89a" + bytes(100), "no PNG or JPEG image that can be read"),
    "large": (bytes(70_000), "at most 65536 are read"),
}


@pytest.mark.parametrize("name", IMAGES)
def test_hostile_images(root, name):
    content, words = IMAGES[name]
    forms.write(os.path.join(root, "train", "airplane", "0000.png"), content)
    message = refusal(root)
    assert any(word in message for word in words.split("|")) and "0000.png" in message


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "I;16", "CMYK"])
def test_modes_other_than_rgb(root, mode):
    path = os.path.join(root, "train", "airplane", "0000.png")
    Image.new(mode, (32, 32)).save(path, format="JPEG" if mode == "CMYK" else "PNG")
    assert f"one 32x32 RGB image is needed; this is {mode.split(';')[0]}" in refusal(root)


def test_animated_and_sizes(root):
    path = os.path.join(root, "train", "airplane", "0000.png")
    animated(path)
    assert "this is RGB 32x32, 3 frames" in refusal(root)
    Image.new("RGB", (32, 33)).save(path)
    assert "one 32x32 RGB image is needed; this is RGB 32x33" in refusal(root)


def test_truncated_images(root):
    path = os.path.join(root, "train", "airplane", "0000.png")
    content = forms.read(path)
    for end in range(0, len(content) - 20, 397):
        forms.write(path, content[:end])
        assert "no PNG or JPEG image that can be read" in refusal(root)


def test_without_pillow(root, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.split(".")[0] == "PIL":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MachineError, match=r"need Pillow: pip install .*\[data\]'"):
        folders.read(root)

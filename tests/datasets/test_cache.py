"""The kit's own cache: written last things last, verified to the last bit."""

from __future__ import annotations

import json
import os
import random

import numpy as np
import pytest

from tests.datasets import forms
from tf1_models.datasets import assemble, cache, find
from tf1_models.errors import InputError, MachineError

DATA = assemble.dataset(assemble.Arrays(*forms.tiny()), "npy", "somewhere/made", lossy=True, order="inferred")


@pytest.fixture
def folder(tmp_path):
    path = str(tmp_path / "kit")
    assert cache.write(DATA, path) is True
    return path


def refusal(folder: str) -> str:
    with pytest.raises(InputError) as caught:
        cache.read(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_round_trip(folder):
    got = cache.read(folder)
    assert np.array_equal(got.x_train, DATA.x_train) and np.array_equal(got.y_test, DATA.y_test)
    assert (got.digest, got.name, got.order, got.lossy, got.class_names) == (
        DATA.digest,
        "made",
        "inferred",
        True,
        DATA.class_names,
    )
    assert (got.form, got.location) == ("kit-cache", folder)
    assert find.form_of(folder) == (folder, "kit-cache", ())
    assert sorted(os.listdir(folder)) == sorted([*cache.NAMES, find.MANIFEST])
    assert np.array_equal(np.load(os.path.join(folder, "train_images.npy")), DATA.x_train)


def test_writing_again_verifies_and_changes_nothing(folder):
    before = {name: os.stat(os.path.join(folder, name)).st_mtime_ns for name in os.listdir(folder)}
    assert cache.write(DATA, folder) is False
    assert before == {name: os.stat(os.path.join(folder, name)).st_mtime_ns for name in os.listdir(folder)}


def test_a_folder_that_holds_something_else_is_left_alone(folder, tmp_path):
    other = assemble.dataset(assemble.Arrays(*forms.tiny(seed=1)), "npy", "other")
    with pytest.raises(InputError, match="holds another data set; choose another --out or remove it yourself"):
        cache.write(other, folder)
    assert cache.read(folder).digest == DATA.digest
    npy = forms.write_npy(str(tmp_path / "npy"), forms.tiny())
    with pytest.raises(InputError, match="holds npy; choose an --out of its own"):
        cache.write(DATA, npy)


def test_every_flipped_bit_is_noticed(folder):
    rng = random.Random(0)
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        content = forms.read(path)
        step = 3 if name == find.MANIFEST else max(1, len(content) // 40)
        places = range(rng.randrange(step), len(content), step)
        for place in places:
            forms.write(path, content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :])
            refusal(folder)
        forms.write(path, content)
    cache.read(folder)


def test_truncated_swapped_and_missing_files(folder):
    path = os.path.join(folder, "train_images.npy")
    content = forms.read(path)
    forms.write(path, content[:-1])
    assert "bytes of data, the file holds" in refusal(folder)
    forms.write(path, forms.read(os.path.join(folder, "test_images.npy")))
    assert "it is not what its manifest says" in refusal(folder)
    forms.write(path, content[:-1] + bytes([content[-1] ^ 1]))
    assert "is damaged: wrong checksum; run `data prepare` again into another folder" in refusal(folder)
    os.unlink(path)
    assert "does not exist" in refusal(folder)
    os.mkfifo(path)
    assert "is not a regular file" in refusal(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"n_train": -1},
        {"n_train": 1 << 40},
        {"n_train": "25"},
        {"n_train": True},
        {"name": "../../etc"},
        {"name": None},
        {"order": "random"},
        {"lossy": "no"},
        {"lossy": [1]},
        {"class_names": ["a"]},
        {"class_names": [1] * 10},
        {"class_names": ["\x1b[31m"] * 10},
        {"sha256": []},
        {"sha256": {}},
        {"digest": 3},
    ],
)
def test_a_manifest_with_a_right_seal_proves_nothing(folder, changes):
    path = os.path.join(folder, find.MANIFEST)
    manifest = json.loads(forms.read(path).decode())
    manifest.update(changes)
    manifest["seal"] = cache._seal(manifest)
    forms.write(path, (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode())
    assert "tf1_models-data.json is damaged" in refusal(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"[" * 60_000, b"\xff", b'{"kind": 1}', b"NaN"])
def test_manifests_that_are_none(folder, content):
    forms.write(os.path.join(folder, find.MANIFEST), content)
    assert "tf1_models-data.json" in refusal(folder)


def test_wrong_digest_and_schema(folder):
    path = os.path.join(folder, find.MANIFEST)
    manifest = json.loads(forms.read(path).decode())
    for changes, words in (
        ({"digest": "0" * 64}, "its content digest is not the manifest's"),
        ({"schema": 2}, "is no manifest that this version of the kit reads"),
    ):
        changed = dict(manifest, **changes)
        changed["seal"] = cache._seal(changed)
        forms.write(path, (json.dumps(changed, indent=1, ensure_ascii=False) + "\n").encode())
        assert words in refusal(folder)


def test_an_interrupted_write_leaves_no_cache(tmp_path, monkeypatch):
    path = str(tmp_path / "kit")

    def fail(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(cache.files, "write_json", fail)
        with pytest.raises(KeyboardInterrupt):
            cache.write(DATA, path)
    assert find.form_of(path) is None
    assert cache.write(DATA, path) is True
    assert cache.read(path).digest == DATA.digest


def test_where_nothing_can_be_written(tmp_path, monkeypatch):
    blocked = forms.write(str(tmp_path / "file"), b"")
    with pytest.raises(MachineError, match="cannot be written"):
        cache.write(DATA, os.path.join(blocked, "kit"))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.files, "write_atomically", full)
    with pytest.raises(MachineError, match="cannot be written .*No space left on device"):
        cache.write(DATA, str(tmp_path / "kit"))

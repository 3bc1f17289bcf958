"""`load`: one digest for every form, one line for everything that is wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.datasets import forms
from tf1_models.classes import CIFAR10_CLASSES, DIGITS_CLASSES
from tf1_models.datasets import assemble, cache, find, identify
from tf1_models.datasets.dataset import content_digest
from tf1_models.datasets.load import load
from tf1_models.errors import InputError

DATA = forms.tiny()


def packed(writer, folder, data):
    return forms.tar_gz(folder + ".tar.gz", forms.tar_members(writer(folder, data)))


def kit(folder, data):
    cache.write(assemble.dataset(assemble.Arrays(*data), "npy", "x", "cifar10"), folder)
    return folder


FORMS = {
    "cifar-10-batches-py": forms.write_py,
    "cifar-10-batches-bin": forms.write_bin,
    "cifar-10-batches-py.tar.gz": lambda folder, data: packed(forms.write_py, folder, data),
    "cifar-10-batches-bin.tar.gz": lambda folder, data: packed(forms.write_bin, folder, data),
    "npy": lambda folder, data: forms.write_npy(os.path.join(folder, "npy"), data),
    "npz": lambda folder, data: forms.write_npz(folder + ".npz", data),
    "class-folders": forms.write_images,
    "kit-cache": kit,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_data_set(form, tmp_path, monkeypatch):
    monkeypatch.setattr(identify, "official_labels", lambda: (DATA.y_train, DATA.y_test))
    got = load(FORMS[form](str(tmp_path / "copy"), DATA))
    assert got.form == form
    assert got.digest == content_digest(*DATA)
    assert np.array_equal(got.x_train, DATA.x_train) and np.array_equal(got.x_test, DATA.x_test)
    assert np.array_equal(got.y_train, DATA.y_train) and np.array_equal(got.y_test, DATA.y_test)
    assert got.x_train.dtype == got.y_train.dtype == np.uint8
    assert got.order == ("inferred" if form == "class-folders" else "official")
    assert got.lossy is None and got.class_names == CIFAR10_CLASSES


@pytest.mark.parametrize("form", ["cifar-10-batches-py", "npy"])
def test_the_folder_above_a_copy_will_do(form, tmp_path):
    FORMS[form](str(tmp_path / "copy"), DATA)
    assert load(str(tmp_path / "copy")).form == form


def test_names():
    arrays = assemble.Arrays(*DATA)
    assert assemble.dataset(arrays, "npy", "/a/b/my set.v2").name == "my-set"
    y_train, y_test = identify.official_labels()
    x = np.zeros((60_000, 32, 32, 3), np.uint8)
    official = assemble.Arrays(x[:50_000], y_train, x[50_000:], y_test)
    assert assemble.dataset(official, "npy", "/a/b/mine").name == "cifar10"


def test_digits():
    got = load("digits")
    assert (got.name, got.form, got.lossy, got.order, got.class_names) == (
        "digits",
        "digits",
        False,
        "official",
        DIGITS_CLASSES,
    )
    assert got.digest in identify.KNOWN


def test_a_known_digest_tells_lossy(tmp_path, monkeypatch):
    monkeypatch.setitem(identify.KNOWN, content_digest(*DATA), identify.Copy(True, "test"))
    assert load(forms.write_npy(str(tmp_path / "npy"), DATA)).lossy is True


def refusal(data: str) -> str:
    with pytest.raises(InputError) as caught:
        load(data)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 3
    return str(caught.value)


def test_cifar10_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(find.ENV, str(tmp_path / "mine"))
    message = refusal("cifar10")
    assert message.startswith(f"CIFAR-10 not found in working folder (./data), $TF1_MODELS_DATA ({tmp_path}/mine);")
    assert "`tf1-models data download`" in message and "--data digits" in message


def test_cifar10_below_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    forms.write_py("data", DATA)
    got = load()
    assert (got.name, got.location) == ("cifar10", os.path.join(".", "data", "cifar-10-batches-py"))
    os.unlink(os.path.join("data", "cifar-10-batches-py", "data_batch_5"))
    assert "lacks data_batch_5; complete it, remove it or name another copy" in refusal("cifar10")


def test_unknown_names_and_paths(tmp_path):
    assert "no data set 'cifr10' (did you mean 'cifar10'?)" in refusal("cifr10")
    assert "neither cifar10 nor digits, and no such path" in refusal(str(tmp_path / "none.tar.gz"))
    assert "is no form of CIFAR-10 that is known" in refusal(str(tmp_path))
    assert "is no form of CIFAR-10 that is known" in refusal(forms.write(str(tmp_path / "a.txt"), b""))
    assert "\x1b" not in refusal("a\x1b[31m\n")
    assert "no such path" in refusal("")


def test_no_tensorflow_is_imported_and_little_else(tmp_path):
    forms.write_npy(str(tmp_path / "npy"), DATA)
    code = (
        "import sys; from tf1_models.datasets.load import load; load(sys.argv[1]);"
        "sys.exit(bool({'tensorflow', 'sklearn', 'PIL', 'pickle5', 'urllib.request'} & set(sys.modules)))"
    )
    assert subprocess.call([sys.executable, "-c", code, str(tmp_path / "npy")]) == 0

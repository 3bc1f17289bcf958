"""Where data is looked for, by names alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.datasets import forms
from tf1_models.datasets import find


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home and an empty working folder; returns both."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in (find.ENV, "XDG_CACHE_HOME", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    return str(tmp_path / "home"), str(work)


def touch(*names: str) -> None:
    path = os.path.join(*names)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    forms.write(path, b"")


def batches(folder: str, suffix: str = "") -> str:
    for name in forms.BATCHES:
        touch(folder, name + suffix)
    return folder


def test_nothing_anywhere(home):
    assert find.everywhere() == [] and find.chosen() is None
    assert [place.why for place in find.places()] == ["working folder", "the kit's cache", "Keras", "torchvision"]


@pytest.mark.parametrize(
    "place",
    [
        "{home}/.keras/datasets/cifar-10-batches-py",
        "{home}/.keras/datasets/cifar-10-batches-py-target/cifar-10-batches-py",
        "{home}/data/cifar-10-batches-py",
        "{work}/data/cifar-10-batches-py",
        "{work}/data",
        "{home}/.cache/tf1_models/cifar-10-batches-py",
    ],
)
def test_pickled_batches_where_others_put_them(home, place):
    path = batches(place.format(home=home[0], work=home[1]))
    found = find.chosen()
    assert found is not None and os.path.abspath(found.path) == path and found.form == "cifar-10-batches-py"


@pytest.mark.parametrize(
    "name, form",
    [
        ("cifar-10-python.tar.gz", "tar.gz"),
        ("cifar-10-binary.tar.gz", "tar.gz"),
        ("cifar-10-batches-py.tar.gz", "tar.gz"),
        ("cifar-10-batches-py-target_archive", "tar.gz"),
        ("cifar10.npz", "npz"),
        ("prepared-cifar10/tf1_models-data.json", "kit-cache"),
    ],
)
def test_files_by_their_names(home, name, form):
    touch("data", *name.split("/"))
    assert find.chosen().form == form


def test_other_folders(home):
    batches("data/cifar-10-batches-bin", ".bin")
    for name in ("x_train", "y_train", "x_test", "y_test"):
        touch("data", "npy", f"{name}.npy")
    forms.write_images("data/images", forms.tiny())
    assert [(copy.form, copy.missing) for copy in find.everywhere()] == [
        ("cifar-10-batches-bin", ()),
        ("npy", ()),
        ("class-folders", ()),
    ]


def test_keras_home_and_xdg(home, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", os.path.join(home[0], "k"))
    monkeypatch.setenv("XDG_CACHE_HOME", os.path.join(home[0], "x"))
    paths = [place.path for place in find.places()]
    assert paths[1:3] == [os.path.join(home[0], "x", "tf1_models"), os.path.join(home[0], "k", "datasets")]


def test_the_variable_stands_in_for_the_usual_caches(home, monkeypatch):
    batches(os.path.join(home[0], "data"))
    monkeypatch.setenv(find.ENV, os.path.join(home[0], "empty"))
    assert find.chosen() is None
    monkeypatch.setenv(find.ENV, batches(os.path.join(home[0], "mine")))
    assert find.chosen().path.endswith("mine")
    batches("data")
    assert find.chosen().path == "./data"
    monkeypatch.setenv(find.ENV, os.path.join(home[0], "a.npz"))
    touch(home[0], "a.npz")
    assert [copy.form for copy in find.everywhere()] == ["cifar-10-batches-py", "npz"]


def test_an_incomplete_copy_is_not_passed_over(home):
    batches(os.path.join(home[0], "data"))
    touch("data", "cifar-10-batches-py", "data_batch_1")
    found = find.chosen()
    assert found.path == os.path.join(".", "data", "cifar-10-batches-py")
    assert found.missing == ("data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")
    batches("data/cifar-10-batches-bin", ".bin")  # but a complete one beside it comes first
    assert find.chosen().form == "cifar-10-batches-bin"


def test_form_of_nothing(tmp_path):
    assert find.form_of(str(tmp_path)) is None
    assert find.form_of(str(tmp_path / "none")) is None
    assert find.form_of(forms.write(str(tmp_path / "a.txt"), b"")) is None


def test_no_numpy_is_imported():
    code = "import sys; from tf1_models.datasets import find; find.everywhere(); sys.exit('numpy' in sys.modules)"
    assert subprocess.call([sys.executable, "-c", code]) == 0

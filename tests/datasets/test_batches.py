"""cifar-10-batches-py and cifar-10-batches-bin."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from tests.datasets import forms
from tf1_models.datasets import batches
from tf1_models.errors import InputError

WRITERS = {"": forms.write_py, ".bin": forms.write_bin}


@pytest.fixture(params=["", ".bin"])
def suffix(request):
    return request.param


def replace(folder: str, name: str, **changes) -> None:
    """Writes one pickled batch of three images with changed entries."""
    batch = {"data": np.zeros((3, 3072), np.uint8), "labels": [1, 2, 3]}
    batch.update(changes)
    forms.write(os.path.join(folder, name), pickle.dumps(batch, 2))


def refusal(folder: str, suffix: str = "") -> str:
    with pytest.raises(InputError) as caught:
        batches.read_folder(folder, suffix)
    return str(caught.value)


def test_batches_give_the_images_in_order(tmp_path, suffix):
    data = forms.tiny(23, 7)
    got = batches.read_folder(WRITERS[suffix](str(tmp_path), data), suffix)
    assert all(np.array_equal(a, b) for a, b in zip(got.arrays(), data))
    assert not got.is_official()
    assert got.missing() == []


def test_full_batches_are_not_moved():
    taken = batches.Batches()
    taken._n_rows = [batches.ROWS] * 6
    x_train, y_train, x_test, y_test = taken.arrays()
    assert (x_train.shape, y_train.shape) == ((50_000, 32, 32, 3), (50_000,))
    assert x_test.shape == (10_000, 32, 32, 3) and np.shares_memory(x_test, taken._x[50_000:])
    taken._md5 = list(batches.OFFICIAL_MD5)
    assert taken.is_official()


def test_every_batch_must_be_the_official_one():
    for slot in range(len(batches.NAMES)):  # the test batch too
        taken = batches.Batches()
        taken._md5 = list(batches.OFFICIAL_MD5)
        taken._md5[slot] = "0" * 32
        assert not taken.is_official()
    # as the archive's authors and torchvision publish them
    published = (
        "c99cafc152244af753f735de768cd75f d4bba439e000b95fd0a9bffe97cbabec 54ebc095f3ab1f0389bbae665268c751 "
        "634d18415352ddfa80567beed471001a 482c414d41f54cd18b22e5b47cb7c3cb 40351d587109b95175f43aff81a1287e"
    )
    assert " ".join(batches.OFFICIAL_MD5) == published


@pytest.mark.parametrize("more", [-1, 1])
def test_as_many_labels_as_images(tmp_path, more):
    data = forms.tiny()
    folder = forms.write_py(str(tmp_path), data)
    x, y = forms.parts(data)["data_batch_2"]
    longer = np.append(y, y)[: len(y) + more]
    forms.write(os.path.join(folder, "data_batch_2"), forms.py2_batch(x, longer))
    assert f"{len(x)} images but {len(x) + more} labels; they must be as many" in refusal(folder)


def test_missing_batch(tmp_path, suffix):
    folder = WRITERS[suffix](str(tmp_path), forms.tiny())
    os.unlink(os.path.join(folder, f"data_batch_3{suffix}"))
    assert f"lacks data_batch_3{suffix}; fetch it again or name another copy" in refusal(folder, suffix)


def test_class_names_must_be_the_official_ones(tmp_path, suffix):
    folder = WRITERS[suffix](str(tmp_path), forms.tiny())
    meta = os.path.join(folder, "batches.meta.txt" if suffix else "batches.meta")
    official = forms.read(meta)
    exchanged = official.replace(b"bird", b"????").replace(b"deer", b"bird").replace(b"????", b"deer")
    for content in (official.replace(b"bird", b"byrd"), exchanged):
        forms.write(meta, content)
        assert "its class names are not CIFAR-10's, in their official order" in refusal(folder, suffix)
    os.unlink(meta)  # copies without it are common
    batches.read_folder(folder, suffix)


def test_truncated_batch(tmp_path, suffix):
    folder = WRITERS[suffix](str(tmp_path), forms.tiny())
    path = os.path.join(folder, f"test_batch{suffix}")
    forms.write(path, forms.read(path)[:-5])
    assert "truncated" in refusal(folder, suffix)


def test_batch_that_is_a_fifo(tmp_path, suffix):
    folder = WRITERS[suffix](str(tmp_path), forms.tiny())
    path = os.path.join(folder, f"test_batch{suffix}")
    os.unlink(path)
    os.mkfifo(path)
    assert "is not a regular file" in refusal(folder, suffix)


def test_binary_labels_and_sizes(tmp_path):
    folder = forms.write_bin(str(tmp_path), forms.tiny())
    path = os.path.join(folder, "data_batch_2.bin")
    forms.write(path, bytes([10]) + bytes(3072))
    assert "labels must be 0 to 9; found 10" in refusal(folder, ".bin")
    forms.write(path, b"")
    assert "a batch holds 1 to 10000 images, this one 0" in refusal(folder, ".bin")
    forms.write(path, bytes(3073 * 10_001))
    assert "a batch holds 1 to 10000 images, this one 10001" in refusal(folder, ".bin")
    forms.write(path, bytes(64 * 1024 * 1024 + 1))
    assert "at most 67108864 are read" in refusal(folder, ".bin")


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"labels": [1, 2]}, "3 images but 2 labels; they must be as many"),
        ({"labels": [1, 2, 10]}, "labels must be 0 to 9; found 10"),
        ({"labels": [1, 2, -1]}, "labels must be 0 to 9; found -1"),
        ({"labels": [1, 2, 1 << 70]}, "pickle refused: an integer of more than 8 bytes"),
        ({"labels": [1, 2, (1 << 64) - 1]}, "pickle refused: an integer of more than 8 bytes"),
        ({"labels": [1, 2, "3"]}, "'labels' must be a list of integers"),
        ({"labels": [1, 2, True]}, "'labels' must be a list of integers"),
        ({"labels": None}, "'labels' must be a list of integers"),
        ({"labels": np.zeros((3, 1), int)}, "'labels' must be a list of integers"),
        ({"labels": np.array([0, 300, 1])}, "labels must be 0 to 9; found 300"),
        ({"data": np.zeros((3, 3071), np.uint8)}, r"'data' must be an array of bytes [N, 3072]"),
        ({"data": np.zeros((3, 3072), np.int8)}, r"'data' must be an array of bytes [N, 3072]"),
        ({"data": np.zeros((3, 32, 32, 3), np.uint8)}, r"'data' must be an array of bytes [N, 3072]"),
        ({"data": None}, r"'data' must be an array of bytes [N, 3072]"),
        ({"fine_labels": [1]}, "this is CIFAR-100; CIFAR-10 is needed"),
        ({"data": np.zeros((3, 3072), np.float32)}, "pickle refused: an array that is not of integers"),
        ({"data": np.zeros((0, 3072), np.uint8), "labels": []}, "pickle refused"),
    ],
)
def test_pickled_batches_that_are_no_batches(tmp_path, changes, words):
    folder = forms.write_py(str(tmp_path), forms.tiny())
    replace(folder, "data_batch_4", **changes)
    message = refusal(folder)
    assert words in message and "data_batch_4" in message and "\n" not in message


def test_labels_as_an_array_are_accepted(tmp_path):
    folder = forms.write_py(str(tmp_path), forms.tiny(25))
    replace(folder, "data_batch_1", labels=np.array([4, 5, 6]))
    assert batches.read_folder(folder, "").arrays()[1][:3].tolist() == [4, 5, 6]


@pytest.mark.parametrize("value", [np.nan, 0.5, np.inf])
def test_class_ids_refuse_fractions(value):
    with pytest.raises(InputError, match=r"y: labels must be (whole numbers )?0 to 9"):
        batches.class_ids(np.array([1.0, value]), "y")

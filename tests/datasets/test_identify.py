"""Known copies, and the official label sequence that the kit ships."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import pytest

from tf1_models.datasets import digits, identify
from tf1_models.datasets.dataset import content_digest
from tf1_models.errors import InputError


def test_official_labels():
    y_train, y_test = identify.official_labels()
    assert y_train.dtype == np.uint8 and (len(y_train), len(y_test)) == (50_000, 10_000)
    assert np.bincount(y_train).tolist() == [5000] * 10 and np.bincount(y_test).tolist() == [1000] * 10
    # the first labels of data_batch_1 and test_batch, as every tutorial prints them
    assert y_train[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert y_test[:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]
    assert hashlib.sha256(y_train.tobytes() + y_test.tobytes()).hexdigest() == identify.OFFICIAL_LABELS_SHA256
    assert identify.has_official_labels(y_train, y_test)
    assert not identify.has_official_labels(y_train[::-1], y_test)
    assert not identify.has_official_labels(y_train[:100], y_test)


def test_damaged_label_file(tmp_path, monkeypatch):
    monkeypatch.setattr(identify, "__file__", str(tmp_path / "identify.py"))
    path = str(tmp_path / "official_labels.npz")
    with pytest.raises(InputError, match="is missing or damaged; install tf1_models again"):
        identify.official_labels()
    np.savez(path, packed=np.zeros(30_000, np.uint8))
    with pytest.raises(InputError, match="is damaged; install tf1_models again"):
        identify.official_labels()
    np.savez(path, other=np.zeros(3))
    with pytest.raises(InputError, match="is missing or damaged"):
        identify.official_labels()


def test_digits_are_known():
    copy = identify.KNOWN[content_digest(*digits.read())]
    assert copy == (False, "scikit-learn's digits")


def test_words():
    jpeg = next(digest for digest, copy in identify.KNOWN.items() if copy.lossy)
    assert identify.words(jpeg, True, True) == "CIFAR-10, the known JPEG copy"
    assert identify.words("x", False, True) == "CIFAR-10, the official pixels (checksums match)"
    assert identify.words("x", True, True) == "pixels from JPEG files: lossy"
    assert identify.words("x", None, True) == "CIFAR-10's labels; pixels of unknown origin"
    assert identify.words("x", None, False) == "no known copy"


def test_the_label_file_is_small():
    assert os.path.getsize(os.path.join(os.path.dirname(identify.__file__), "official_labels.npz")) < 30_000


def test_the_archives_are_those_that_keras_and_torchvision_publish() -> None:
    published = {
        ("cifar-10-python.tar.gz", 170498071, "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"),
        ("cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
    }
    assert {tuple(archive) for archive in identify.ARCHIVES.values()} == published

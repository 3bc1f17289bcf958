"""What the doctor says of data and stored checkpoints: absent, sound, damaged."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.conftest import make_dataset
from tests.datasets import forms
from tf1_models.datasets import cache, find
from tf1_models.doctor import stores
from tf1_models.doctor.line import FAILED, OK, WARNING
from tf1_models.storage.files import sha256_file
from tf1_models.storage.sealed import write_sealed


@pytest.fixture(autouse=True)
def empty(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(find.ENV, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("TF1_MODELS_CHECKPOINTS", str(tmp_path / "stored"))


def test_no_data() -> None:
    lines, facts = stores.data(False)
    assert lines[0].status == WARNING and "./data" in lines[0].text and "data download" in str(lines[0].mend)
    assert facts["path"] is None and len(facts["searched"]) == 2


def test_data_by_its_names_and_read_whole() -> None:
    forms.write_npy("data", forms.tiny())
    lines, facts = stores.data(False)
    assert lines[0].status == OK and facts["digest"] is None and not facts["checked"]
    lines, facts = stores.data(True)
    assert lines[0].status == OK and facts["digest"] and facts["checked"]


def test_the_kits_cache_tells_its_digest_and_a_flipped_bit_is_found_when_read() -> None:
    data = make_dataset()
    os.makedirs("data")
    cache.write(data, "data/prepared-cifar10")
    lines, facts = stores.data(False)
    assert lines[0].status == OK and facts["digest"] == data.digest and not facts["checked"]
    with open("data/prepared-cifar10/train_images.npy", "r+b") as stream:
        stream.seek(5000)
        byte = stream.read(1)
        stream.seek(5000)
        stream.write(bytes([byte[0] ^ 1]))
    line = stores.data(True)[0][0]
    assert line.status == FAILED and "damaged" in line.text and not line.environment


def test_incomplete_data() -> None:
    forms.write_py("data", forms.tiny())
    os.unlink("data/cifar-10-batches-py/test_batch")
    line = stores.data(False)[0][0]
    assert line.status == FAILED and "lacks test_batch" in line.text and "data download" in str(line.mend)


def store(name: str) -> str:
    folder = os.path.join("stored", name)
    os.makedirs(folder)
    path = os.path.join(folder, "record.npz")
    with open(path, "wb") as stream:
        stream.write(b"record")
    write_sealed(
        os.path.join(folder, "manifest.json"),
        {"schema": 1, "weights": None, "files": {"record.npz": {"size": 6, "sha256": sha256_file(path)}}},
    )
    return path


def test_checkpoints() -> None:
    lines, facts = stores.checkpoints(False)
    assert lines[0].status == WARNING and "TF1_MODELS_CHECKPOINTS" in str(lines[0].mend) and facts == []
    store("a-final")
    path = store("b-final")
    lines, facts = stores.checkpoints(False)
    assert [line.status for line in lines] == [OK] and "2 stored" in lines[0].text
    assert [row["status"] for row in facts] == ["ok", "ok"]
    with open(path, "wb") as stream:
        stream.write(b"recorD")
    lines, facts = stores.checkpoints(False)
    assert [line.status for line in lines] == [FAILED] and "b-final: record.npz is damaged" in lines[0].text
    assert "git checkout" in str(lines[0].mend) and [row["status"] for row in facts] == ["ok", "failed"]


@pytest.mark.tf
def test_full_runs_verify() -> None:
    store("a-final")
    lines, facts = stores.checkpoints(True)
    assert [line.status for line in lines] == [OK] and facts[0]["checked"] == "verify"

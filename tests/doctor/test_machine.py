"""Packages against the pins, and what is said when Python, memory or disk are wrong."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.conftest import ROOT
from tf1_models.doctor import machine, pins
from tf1_models.doctor.line import FAILED, OK, WARNING
from tf1_models.errors import install_command


@pytest.fixture(autouse=True)
def lane(monkeypatch: Any) -> None:
    monkeypatch.setattr(pins, "lane", lambda: pins.TF221)


def test_packages_as_tested() -> None:
    for name in pins.TENSORFLOW_NAMES:
        found = {**pins.TF221.pins, name: "2.21.0"}
        if name != "tensorflow":
            del found["tensorflow"]
        lines, facts = machine.packages(found)
        assert [line.status for line in lines] == [OK] and f"{name} 2.21.0" in lines[0].text
        assert facts["tensorflow"] == {"installed": "2.21.0", "tested": "2.21.0", "distribution": name}


def test_each_package_that_differs_has_its_line_and_command() -> None:
    found = {**pins.TF221.pins, "numpy": "1.26.4", "scikit-learn": "1.8.0"}
    del found["tensorflow"], found["pillow"]
    lines, _ = machine.packages(found)
    rows = {line.text.split()[0]: line for line in lines[1:]}
    assert rows["tensorflow"].status == FAILED and rows["tensorflow"].mend == install_command("tf")
    assert rows["numpy"].status == WARNING and "last digits" in rows["numpy"].text
    assert rows["numpy"].mend == "pip install 'numpy==2.4.6'"
    assert rows["scikit-learn"].status == WARNING and "last digits" not in rows["scikit-learn"].text
    assert rows["pillow"].status == WARNING and "only some verbs" in rows["pillow"].text


def test_nothing_installed() -> None:
    lines, _ = machine.packages({})
    needed = set(pins.TF221.pins) - set(pins.TF221.optional)
    assert [line.status for line in lines].count(FAILED) == len(needed) and OK not in [line.status for line in lines]


def test_installed_reads_the_names_of_metadata_folders(tmp_path: Any, monkeypatch: Any) -> None:
    for name in ("Scikit_Learn-1.2.dist-info", "old-3.0-py3.7.egg-info", "tensorflow-1.15.5+nv23.3.dist-info", "x.py"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("sys.path", [str(tmp_path), str(tmp_path / "absent")])
    assert machine.installed() == {"scikit-learn": "1.2", "old": "3.0", "tensorflow": "1.15.5+nv23.3"}


@pytest.mark.parametrize("minor,status", [(11, OK), (12, WARNING), (14, FAILED), (9, FAILED)])
def test_python(minor: int, status: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.version_info", (3, minor, 0, "final", 0))
    line, _ = machine.python()
    assert line.status == status and (line.mend is None) == (status == OK)


def test_an_installed_kit_names_no_file_that_only_a_checkout_has(monkeypatch: Any) -> None:
    assert os.path.join(ROOT, "requirements.txt") in pins.new_environment(pins.TF221)
    monkeypatch.setattr("tf1_models.errors.__file__", os.path.join(os.sep, "site-packages", "tf1_models", "errors.py"))
    lines, _ = machine.packages({})
    mends = {line.text.split()[0]: str(line.mend) for line in lines}
    assert mends["tensorflow"] == "pip install 'tf1-models[tf]'"
    assert mends["matplotlib"] == "pip install 'tf1-models[plots]'"
    assert mends["pillow"] == "pip install 'tf1-models[data]'"
    monkeypatch.setattr("sys.version_info", (3, 14, 0, "final", 0))
    assert not any("requirements" in text for text in [*mends.values(), str(machine.python()[0].mend)])


def test_memory_takes_the_containers_limit(monkeypatch: Any) -> None:
    monkeypatch.setattr(machine, "memory_bytes", lambda: (64 << 30, 32 << 30))
    monkeypatch.setattr(machine, "_container_limit", lambda: None)
    assert machine.memory()[0].status == OK
    monkeypatch.setattr(machine, "_container_limit", lambda: 1 << 30)
    line, facts = machine.memory()
    assert line.status == WARNING and "1.0 of 1.0 GiB" in line.text and facts["container_limit_bytes"] == 1 << 30
    monkeypatch.setattr(machine, "_container_limit", lambda: 1 << 62)  # "unlimited" of cgroup v1
    assert machine.memory()[0].status == OK


def test_disk(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert machine.disk()[1]["folder"] == str(tmp_path)
    os.mkdir("runs")
    assert machine.disk()[1]["folder"] == str(tmp_path / "runs")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    line, _ = machine.disk()
    assert line.status == WARNING and "cannot be written" in line.text and "--out DIR" in str(line.mend)

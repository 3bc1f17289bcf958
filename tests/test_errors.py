"""What messages tell users to install: a command that works where they are, and no file that is not there."""

from __future__ import annotations

import os
import shlex
from typing import Any

import pytest

from tests import import_graph
from tests.conftest import ROOT
from tf1_models import errors

# `pins` names the files for a checkout
MAY_NAME_REQUIREMENTS = {"tf1_models.doctor.pins"}


def test_a_checkout_installs_its_own_extras_by_path(monkeypatch: Any) -> None:
    assert errors.checkout() == ROOT
    assert shlex.split(errors.install_command("plots")) == ["pip", "install", "-e", f"{ROOT}[plots]"]


def test_an_installed_kit_installs_them_by_name(monkeypatch: Any) -> None:
    monkeypatch.setattr(errors, "__file__", os.path.join(os.sep, "site-packages", "tf1_models", "errors.py"))
    assert errors.checkout() is None and errors.install_command("data") == "pip install 'tf1-models[data]'"


@pytest.mark.parametrize("minor, served", [(7, True), (8, False), (9, False), (10, True), (13, True), (14, False)])
def test_a_python_without_tensorflow_is_told_so(minor: int, served: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.version_info", (3, minor, 0, "final", 0))
    text = str(errors.no_tensorflow(ImportError("No module named 'tensorflow'")))
    assert ("pip install" in text) == served and ("needs Python 3.10 to 3.13" in text) != served


def test_the_extras_are_those_of_the_project_file() -> None:
    with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as stream:
        text = stream.read()
    for extra in ("tf", "plots", "data"):
        assert f"\n{extra} = [" in text
    assert '"scipy"' in text.split("dependencies = ")[1].splitlines()[0]


def test_no_message_names_a_file_that_an_installed_kit_lacks() -> None:
    naming = set()
    for dotted, path in import_graph.modules().items():
        with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
            if "-r requirements" in stream.read():
                naming.add(dotted)
    assert naming <= MAY_NAME_REQUIREMENTS

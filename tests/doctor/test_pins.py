"""The pins that an installed kit carries are those of the requirements files."""

from __future__ import annotations

import ast
import os
import re
import sys
from typing import Any, Dict, Tuple

import pytest

from tests import import_graph
from tests.conftest import ROOT
from tf1_models.doctor import pins


def read(name: str) -> str:
    with open(os.path.join(ROOT, name), encoding="utf-8") as stream:
        return stream.read()


def requirements(name: str) -> Dict[str, str]:
    with open(os.path.join(ROOT, name), encoding="utf-8") as stream:
        rows = [re.match(r"([A-Za-z0-9_.-]+)==(\S+)", row) for row in stream]
    return {row.group(1).lower(): row.group(2) for row in rows if row}


@pytest.mark.parametrize("lane", [pins.TF221, pins.TF115], ids=["2.21", "1.15"])
def test_pins_equal_the_requirements_file(lane: pins.Lane) -> None:
    tools = requirements("requirements-dev.txt")  # the older lane's file has its own versions of these
    assert lane.pins == {k: v for k, v in requirements(lane.requirements).items() if k not in tools}
    assert set(lane.optional) | set(lane.numbers) <= set(lane.pins)


def test_a_lane_is_for_the_pythons_that_it_names(monkeypatch: Any) -> None:
    """From TensorFlow's own metadata where it is there, from .ci/run, and from the rule that picks the lane."""
    for lane in (pins.TF221, pins.TF115):
        first, last = lane.pythons
        assert first <= lane.tested <= last
        for minor in range(first, last + 1):
            with monkeypatch.context() as patch:
                patch.setattr(pins.sys, "version_info", (3, minor, 0))
                assert pins.lane() is lane
    assert pins.TF115.pythons[1] < pins.TF221.pythons[0]
    tried = [pins.TF221.tested, pins.TF115.tested, pins.TF221.pythons[1]]  # the last as an installed kit
    assert re.findall(r"find_python 3\.(\d+)\)", read(".ci/run")) == [str(minor) for minor in tried]
    tensorflow = pytest.importorskip("importlib.metadata").metadata("tensorflow")
    if tensorflow["Version"] == pins.TF221.pins["tensorflow"]:
        classifiers = "\n".join(tensorflow.get_all("Classifier"))
        named = re.findall(r"^Programming Language :: Python :: 3\.(\d+)$", classifiers, re.M)
        assert (min(map(int, named)), max(map(int, named))) == pins.TF221.pythons


def test_the_extra_that_brings_a_package_is_the_projects() -> None:
    section = read("pyproject.toml").split("[project.optional-dependencies]")[1].split("\n[")[0]
    extras = dict(re.findall(r"^(\w+) = \[(.*?)\]", section, re.M | re.S))
    for package, extra in pins.EXTRAS.items():
        assert re.search(rf'"{package}\b', extras[extra]), package


def test_every_package_that_the_kit_imports_is_declared() -> None:
    """One that comes only by way of another is missing as soon as that other changes its mind."""
    found = set()
    for path in import_graph.modules().values():
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    builtin = getattr(sys, "stdlib_module_names", None) or pytest.skip("Python 3.10 lists its own modules")
    peers = {"torch", "keras"}  # measured by `bench` in Pythons of their own
    other_names = {"sklearn": "scikit-learn", "progressbar": "progressbar2", "PIL": "pillow"}
    packages = {other_names.get(name, name) for name in found - set(builtin) - peers - {import_graph.PACKAGE}}
    declared = read("pyproject.toml").split("[project.scripts]")[0]
    assert "numpy" in packages
    assert {name for name in packages if not re.search(rf'"{name}["=\[]', declared)} == set()
    assert packages - {"dask"} <= set(pins.TF221.pins)


def test_the_pins_that_move_numbers_are_those_that_the_file_marks() -> None:
    with open(os.path.join(ROOT, "requirements.txt"), encoding="utf-8") as stream:
        marked = {row.split("==")[0] for row in stream if "==" in row and "(numbers)" in row}
    assert set(pins.TF221.numbers) == marked


@pytest.mark.parametrize(
    "version, lane",
    [((3, 7, 16), pins.TF115), ((3, 8, 18), pins.TF115), ((3, 9, 0), pins.TF221), ((3, 11, 7), pins.TF221)],
)
def test_the_lane_of_each_python(version: Tuple[int, int, int], lane: pins.Lane, monkeypatch: Any) -> None:
    monkeypatch.setattr(pins.sys, "version_info", version)
    assert pins.lane() is lane

"""Every golden file names the script that made it and the oracle's version; what the kit itself gave is called so."""

from __future__ import annotations

import ast
import json
import os
import re
from typing import Any, Dict, List, Set

import numpy as np
import pytest

from tests.conftest import ROOT

TESTS = os.path.join(ROOT, "tests")
VERSIONED = re.compile(r"(TensorFlow|PyTorch|tf-keras) \d+\.\d+\.\d+")
KIT_RECORD = "kit_record_"  # how the name of a file begins whose values this kit computed
# D1's rule from names to op seeds is the kit's own: an oracle that draws initial values has to be told it
NOT_THE_KIT = {"tf1_models.seeds"}


def golden_files(tests: str = TESTS) -> List[str]:
    """Paths of all files below a folder called golden."""
    found = []
    for folder, _, names in os.walk(tests):
        if "golden" in os.path.relpath(folder, tests).split(os.sep):
            found += [os.path.join(folder, name) for name in names]
    return sorted(found)


def said(path: str) -> Dict[str, str]:
    """What a golden file says of itself: those of `script`, `oracle` and `recorded_with` that it has."""
    keys = ("script", "oracle", "recorded_with")
    if path.endswith(".npz"):
        with np.load(path, allow_pickle=False) as stored:
            return {key: str(stored[key]) for key in keys if key in stored.files}
    with open(path, encoding="utf-8") as stream:
        found: Dict[str, Any] = json.load(stream)
    return {key: found[key] for key in keys if key in found}


def kit_modules(script: str) -> Set[str]:
    """Modules of the package that a script imports, itself or through its neighbours below tests/."""
    seen: Set[str] = set()
    todo, found = [script], set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
            tree = ast.parse(stream.read())
        names: List[str] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
        for name in names:
            module = name.replace(".", "/")
            is_file = os.path.isfile(os.path.join(ROOT, module + ".py"))
            if name.startswith("tf1_models.") and (is_file or os.path.isdir(os.path.join(ROOT, module))):
                found.add(name)
            elif name.startswith("tests.") and is_file:
                todo.append(module + ".py")
    return found


def complaints(path: str) -> List[str]:
    """What is wrong with one golden file; empty when its origin is told."""
    found, about = [], said(path)
    script, is_record = about.get("script", ""), os.path.basename(path).startswith(KIT_RECORD)
    if not re.fullmatch(r"tests/oracles/make_\w+\.py", script) or not os.path.isfile(os.path.join(ROOT, script)):
        return [f"names no script that is here: {script!r}"]
    with open(os.path.join(ROOT, script), encoding="utf-8") as stream:
        source = stream.read()
    here = os.path.relpath(path, os.path.join(TESTS, "golden")).split(os.sep)
    if f'"{here[0]}"' not in source:  # the folder of a set of files, or the name of a single one
        found.append(f"{script} writes no {here[0]}")
    of = about.get("recorded_with" if is_record else "oracle", "")
    if not VERSIONED.search(of):
        found.append(f"names no {'TensorFlow' if is_record else 'oracle'} with its version: {of!r}")
    of_kit = kit_modules(script) - NOT_THE_KIT
    if is_record and ("oracle" in about or not of_kit):
        found.append("is called a record of the kit and is none")
    if not is_record and ("recorded_with" in about or of_kit):
        found.append(f"comes from the kit ({', '.join(sorted(of_kit))}); its name has to begin with {KIT_RECORD}")
    return found


def test_there_are_golden_files_of_every_report() -> None:
    folders = {os.path.relpath(path, os.path.join(TESTS, "golden")).split(os.sep)[0] for path in golden_files()}
    assert folders > {"course_models", "bn_cnn", "prelu_cnn", "nine_conv", "alexnet_bn", "optimizers", "schedules"}


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: os.path.relpath(path, TESTS))
def test_a_golden_file_names_its_maker_and_the_oracles_version(path: str) -> None:
    assert complaints(path) == []


@pytest.mark.parametrize(
    "name, about, complaint",
    [
        ("orphan.json", {"oracle": "PyTorch 2.13.0+cpu"}, "names no script"),
        ("gone.json", {"script": "tests/oracles/make_gone.py", "oracle": "PyTorch 2.13.0+cpu"}, "names no script"),
        (
            "other.json",
            {"script": "tests/oracles/make_initial_values.py", "oracle": "TensorFlow 1.15.5"},
            "writes no o",
        ),
        (
            "initial_values.json",
            {"script": "tests/oracles/make_initial_values.py", "oracle": "TensorFlow"},
            "its version",
        ),
        (
            "kit_record_initial_values.json",
            {"script": "tests/oracles/make_kit_record_initial_values.py", "oracle": "TensorFlow 1.15.5"},
            "names no TensorFlow",
        ),
        (
            "optimizers/kit_record_a.json",
            {"script": "tests/oracles/make_torch_optimizers_golden.py", "recorded_with": "TensorFlow 1.15.5"},
            "and is none",
        ),
        (
            "initial_values.json",
            {"script": "tests/oracles/make_kit_record_initial_values.py", "oracle": "TensorFlow 1.15.5"},
            "comes from the kit",
        ),
    ],
)
def test_a_file_that_tells_less_is_found(
    name: str, about: Dict[str, str], complaint: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "golden" / name
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(about), encoding="utf-8")
    assert golden_files(str(tmp_path)) == [str(path)]
    monkeypatch.setattr("tests.oracles.test_golden_files.TESTS", str(tmp_path))
    assert any(complaint in one for one in complaints(str(path))), complaints(str(path))

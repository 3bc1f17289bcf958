"""The house: rooms in one order, nothing imports upward, no circle, and every room says what is in it."""

from __future__ import annotations

import ast
import os

from tests import import_graph
from tests.conftest import ROOT

# From the ground up; a room imports from rooms before it. The one place where the order is written. `cli` finds the
# verbs by name (importlib), so it stands low, and children of `bench` and `reproduce` call it.
ROOMS = (
    "__init__", "errors", "classes", "seeds", "metrics", "spec", "experiments", "graphs/parts", "graphs", "registry",
    "storage", "datasets", "output", "cli", "session", "checkpoints", "scoring", "training",
    "stored", "cluster", "doctor", "bench", "bench/peers",
    "reproduce/verdicts", "reproduce/runs", "reproduce", "reproduce/page",
    "grading/submissions", "grading/people", "grading/statistics", "grading/outputs", "grading", "grading/autograding",
    "grade", "verify", "library", "commands", "__main__",
)  # fmt: skip


def test_every_room_has_its_place_and_nothing_imports_upward() -> None:
    rooms = {import_graph.room(dotted) for dotted in import_graph.modules()}
    assert rooms == set(ROOMS)
    floor = {name: number for number, name in enumerate(ROOMS)}
    upward = sorted((one, other) for one, other in import_graph.room_arrows() if floor[one] < floor[other])
    assert not upward


def test_no_module_imports_in_a_circle() -> None:
    assert import_graph.circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert import_graph.circle(import_graph.imports()) == []


def test_a_room_says_what_is_in_it() -> None:
    for folder, _, names in os.walk(os.path.join(ROOT, import_graph.PACKAGE)):
        if "__init__.py" in names:
            with open(os.path.join(folder, "__init__.py"), encoding="utf-8") as stream:
                assert len(ast.get_docstring(ast.parse(stream.read())) or "") > 20, folder


# Folders of tests that stand for no room: what spans the package, and what the tests are made with
BESIDE_THE_ROOMS = {"faults", "golden", "gpu", "image", "lanes", "mutants", "oracles", "transcripts"}


def test_the_tests_mirror_the_package() -> None:
    """A folder of tests is a room (a room in a room has its tests there); test_<module>.py stands in its module's."""
    rooms = {name.split("/")[0] for name in ROOMS}
    modules = import_graph.modules()
    misplaced = []
    for folder, _, names in os.walk(os.path.join(ROOT, "tests")):
        words = os.path.relpath(folder, os.path.join(ROOT, "tests")).split(os.sep)
        if words[-1] in ("__pycache__", "records") or words[0] in BESIDE_THE_ROOMS:
            continue
        assert words == ["."] or (len(words) == 1 and words[0] in rooms), folder
        for name in names:
            module = name[len("test_") : -len(".py")]
            homes = {
                path.split(os.sep)[1] if path.count(os.sep) > 1 else "."
                for path in modules.values()
                if os.path.basename(path) == f"{module}.py"
            }
            if name.startswith("test_") and homes and words[0] not in homes:
                misplaced.append((os.path.join(*words, name), sorted(homes)))
    assert not misplaced


def test_few_modules_stand_at_the_top() -> None:
    top = {name[: -len(".py")] for name in os.listdir(os.path.join(ROOT, import_graph.PACKAGE)) if name.endswith(".py")}
    assert top == {"__init__", "__main__", "cli", "registry", "spec", "errors", "classes", "seeds", "metrics", "grade",
                   "verify", "library"}  # fmt: skip

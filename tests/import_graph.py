"""Which module of the package imports which, from its source alone; a room is a folder, or a module at the top.

python -m tests.import_graph          rooms, arrows between them, circles
"""

from __future__ import annotations

import ast
import os
from typing import Dict, List, Set, Tuple

from tests.conftest import ROOT

PACKAGE = "tf1_models"


def modules() -> Dict[str, str]:
    """Dotted name -> path below the root."""
    found = {}
    for folder, _, names in os.walk(os.path.join(ROOT, PACKAGE)):
        for name in names:
            if name.endswith(".py"):
                path = os.path.relpath(os.path.join(folder, name), ROOT)
                dotted = path[: -len(".py")].replace(os.sep, ".")
                found[dotted[: -len(".__init__")] if dotted.endswith(".__init__") else dotted] = path
    return found


def imports() -> Dict[str, Set[str]]:
    """Dotted name -> the package's modules that it imports anywhere, functions included."""
    known = modules()
    arrows: Dict[str, Set[str]] = {}
    for dotted, path in known.items():
        with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
            tree = ast.parse(stream.read())
        found: Set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                found.update(name if name in known else node.module for name in names)
            elif isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
        arrows[dotted] = {name for name in found if name in known and name not in (dotted, PACKAGE)}
    return arrows


def room(dotted: str) -> str:
    """ "training", "grading/people"; a module at the top is a room of its own."""
    parts = modules()[dotted].split(os.sep)[1:]
    return "/".join(parts[:-1]) or parts[0][: -len(".py")]


def room_arrows() -> Set[Tuple[str, str]]:
    """(room, room that it imports from)."""
    rooms = {dotted: room(dotted) for dotted in modules()}
    return {
        (rooms[one], rooms[other])
        for one, others in imports().items()
        for other in others
        if rooms[one] != rooms[other]
    }


def circle(arrows: Dict[str, Set[str]]) -> List[str]:
    """Names that import each other in a circle, one such circle; empty without any."""
    done: Set[str] = set()
    path: List[str] = []

    def walk(name: str) -> List[str]:
        if name in path:
            return path[path.index(name) :] + [name]
        if name in done:
            return []
        path.append(name)
        for other in sorted(arrows.get(name, ())):
            found = walk(other)
            if found:
                return found
        path.pop()
        done.add(name)
        return []

    for name in sorted(arrows):
        found = walk(name)
        if found:
            return found
    return []


def main() -> None:
    """Prints the counts."""
    between = room_arrows()
    rooms = {room(dotted) for dotted in modules()}
    print(
        f"{len(rooms)} rooms, {len(between)} arrows between them, "
        f"{len([r for r in rooms if '/' not in r and r + '.py' in os.listdir(os.path.join(ROOT, PACKAGE))])} modules "
        f"at the top; circle: {' -> '.join(circle(imports())) or 'none'}"
    )


if __name__ == "__main__":
    main()

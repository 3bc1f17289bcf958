"""Mutants of how a foreign checkpoint's names meet a graph's."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_OPTIONS = ("tests/checkpoints/test_name_options.py", "tests/checkpoints/test_name_map.py")

GROUPS = (
    Group("tf1_models/checkpoints/name_map.py", ("tests/checkpoints/test_name_map.py",), (
        M("return entry.shape == row.shape and entry.dtype == row.dtype", "return entry.shape == row.shape",
          "another data type fits"),
        M("return entry.shape == row.shape and entry.dtype == row.dtype", "return entry.dtype == row.dtype",
          "another shape fits"),
        M('if said.scope in fitting or ("" in fitting and said.scope is None):', "if said.scope in fitting:",
          "the graph's own names do not come first",
          equivalent="'' is `best` then in any case: alone it is what fits, among several the start value"),
        M("    elif len(fitting) == 1:\n", "    elif fitting:\n", "the first of two scopes is taken"),
        M("if len(found) == len(wanted) and all(", "if all(", "a scope with a part of the variables fits"),
        M("shadows = {name[: -len(AVERAGE)]: name for", "shadows = {name[: -len(AVERAGE)]: name[: -len(AVERAGE)] for",
          "the variables are taken for their averages"),
        M("if row.trainable}\n", "}\n", "moving statistics need averages too"),
        M("    _check_once(matched)\n", "", "one tensor fills two variables"),
        M("|square_avg|sum)", "|square_avg)", "Adagrad's slots are taken for variables"),
        M('(_\\d+)?(\\[[\\d:,]*\\])?$"', '(\\[[\\d:,]*\\])?$"', "the second Adam's slots are taken for variables"),
        M("if name not in row or rank < row[name][0]:", "if name not in row or rank > row[name][0]:",
          "a rename comes last"),
        M("return max(rows, key=len)", "return rows[0]", "averages of a scope inside itself lack their statistics"),
    )),
    Group("tf1_models/checkpoints/name_options.py", _OPTIONS, (
        M('return bare + "/" if bare else ""', "return bare", "a scope without its slash"),
        M("if twice is not None:", "if False:", "a name renamed twice"),
        M("if old is not None and old not in taken]", "if old is not None]",
          "a renamed tensor fills its old name too"),
        M("len(name) <= len(before) + len(after) or not name.startswith(before)", "not name.startswith(before)",
          "a star stands for less than nothing"),
        M('line.partition("#")[0].strip()', "line.strip()", "comments are read as renames"),
        M("    if unknown is not None:", "    if False:", "a rename to no variable of the graph"),
        M('pattern[0].replace("*", name[len(before) :', 'pattern[0].replace("*", name[len(before) + 1 :',
          "a star loses a letter"),
    )),
    Group("tf1_models/checkpoints/checkpoint_source.py", ("tests/checkpoints/test_checkpoint_source.py",), (
        M("    if source.manifest is not None:\n        raise UsageError(",
          "    if source.manifest is None:\n        raise UsageError(", "options for the kit's own checkpoints alone"),
    )),
    Group("tf1_models/checkpoints/source.py", ("tests/checkpoints/test_source.py",), (
        M("if not prefix and field.name in NO_SETTINGS:", "if False:", "what describes a row is reset to its default"),
        M("        elif field.default is not dataclasses.MISSING:\n", "        elif False:\n",
          "what an identity leaves out stands as the row has it today"),
    )),
)  # fmt: skip

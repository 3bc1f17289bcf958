"""Which tensor fills which variable, for checkpoints that other programs wrote with another scope or with slots."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from tf1_models.checkpoints.bundle import Entry
from tf1_models.checkpoints.name_options import NameOptions, old_names
from tf1_models.errors import UsageError

AVERAGE = "/ExponentialMovingAverage"
# TF 1's optimizer slots and shadow variables (numbered where there are several optimizers), this kit's own, and the
# variables that optimizers add beside them.
_SLOT = re.compile(
    r"/(Adam|Momentum|RMSProp|Adagrad|Adadelta|Ftrl|ExponentialMovingAverage|exp_avg|exp_avg_sq"
    r"|square_avg|sum)(_\d+)?(\[[\d:,]*\])?$"
)  # in brackets: see slices.part_name
_LONE = re.compile(r"(^|/)(beta[12]_power(_\d+)?|global_step|torch_adam_step|keras_adam_step)$")


class Wanted(NamedTuple):
    """A variable of the graph."""

    name: str
    shape: Tuple[int, ...]
    dtype: str
    trainable: bool = True


class NameMap(NamedTuple):
    """How a file's names meet a graph's.

    Attributes:
        scope: Leading scope that the file's names have and the graph's lack, e.g. "model/"; "" for none.
        scopes: Every scope below which all of the graph's variables are there in shape and dtype; two or more without
            "" among them decide nothing, and `scope` is "" then.
        matched: Graph name -> file name.
        missing: Graph names that the file lacks.
        extra: File names that are neither matched nor slots.
        slots: File names that belong to optimizers and averages.
        averages: Graph names that an average fills.
    """

    scope: str
    scopes: List[str]
    matched: Dict[str, str]
    missing: List[str]
    extra: List[str]
    slots: List[str]
    averages: List[str]


def wanted_of(tf: Any, variables: Optional[Sequence[Any]] = None) -> List[Wanted]:
    """Variables of the current graph (None: all), sorted by name; `tf` is TensorFlow's v1 module."""
    trainable = {variable.op.name for variable in tf.trainable_variables()}
    return sorted(
        Wanted(v.op.name, tuple(v.shape.as_list()), v.dtype.base_dtype.name, v.op.name in trainable)
        for v in (tf.global_variables() if variables is None else variables)
    )


def is_slot(name: str) -> bool:
    """Whether a name is an optimizer's slot, power or step, or an average, rather than a model's variable."""
    return bool(_SLOT.search(name) or _LONE.search(name))


def match(wanted: Sequence[Wanted], entries: Mapping[str, Entry], options: Optional[NameOptions] = None) -> NameMap:
    """Finds the leading scope, one for all, below which the graph's variables lie in the file.

    Args:
        wanted: The graph's variables.
        entries: The file's tensors by name.
        options: What the user says about the names.

    Returns:
        The map. The graph's own names come first where they fit; else the one scope that fits; where none or several
        do, `missing` or `scopes` says so.

    Raises:
        UsageError: a rename names no variable of the graph, or one tensor would fill two.
    """
    said = options or NameOptions()
    places = old_names(said, [row.name for row in wanted])
    below = _scopes({name: name for name in entries}, places)
    averaged: Dict[str, Dict[str, str]] = {}
    if said.use_averages:
        shadows = {name[: -len(AVERAGE)]: name for name in entries if name.endswith(AVERAGE)}
        trainable = {row.name for row in wanted if row.trainable}
        averaged = _scopes(shadows, {name: old for name, old in places.items() if name in trainable})
        below = {scope: {**_others(scope, below, trainable), **found} for scope, found in averaged.items()}
    if said.scope is not None:
        below = _chosen(said.scope, below, said.use_averages)
    rows = {row.name: row for row in wanted}
    fitting = sorted(
        scope
        for scope, found in below.items()
        if len(found) == len(wanted) and all(fits(rows[name], entries[old]) for name, old in found.items())
    )
    best = ""
    if said.scope in fitting or ("" in fitting and said.scope is None):
        best = said.scope or ""
    elif len(fitting) == 1:
        best = fitting[0]
    elif not fitting and below:  # only for the words about what is missing
        best = min(below, key=lambda scope: (-len(below[scope]), len(scope), scope))
    elif not below:
        best = said.scope or ""
    matched = below.get(best, {})
    _check_once(matched)
    used = set(matched.values())
    return NameMap(
        best,
        fitting,
        matched,
        [row.name for row in wanted if row.name not in matched],
        [name for name in entries if name not in used and not is_slot(name)],
        [name for name in entries if name not in used and is_slot(name)],
        [name for name, old in matched.items() if name in averaged.get(best, {})],
    )


def fits(row: Wanted, entry: Entry) -> bool:
    """Whether a tensor has a variable's shape and dtype."""
    return entry.shape == row.shape and entry.dtype == row.dtype


def _scopes(names: Mapping[str, str], places: Mapping[str, Sequence[str]]) -> Dict[str, Dict[str, str]]:
    """Scope -> graph name -> file name, for every scope below which at least one variable lies; one pass over the file.

    Args:
        names: Name without suffix -> file name.
        places: Graph name -> names in the file without scope, first to last.
    """
    ranks: Dict[str, List[Tuple[int, str]]] = {}
    for name, olds in places.items():
        for rank, old in enumerate(olds):
            ranks.setdefault(old, []).append((rank, name))
    depths = sorted({old.count("/") + 1 for old in ranks})
    found: Dict[str, Dict[str, Tuple[int, str]]] = {}
    for full, file_name in names.items():
        parts = full.rsplit("/", depths[-1]) if depths else []
        for depth in depths:
            if depth > len(parts):
                break
            old = "/".join(parts[len(parts) - depth :])
            for rank, name in ranks.get(old, ()):
                row = found.setdefault(full[: len(full) - len(old)], {})
                if name not in row or rank < row[name][0]:
                    row[name] = (rank, file_name)
    result = {scope: {name: old for name, (_, old) in row.items()} for scope, row in found.items()}
    for name, olds in places.items():  # a rename may give a file's name whole, scope and all
        if olds and olds[0] != name and olds[0] in names:
            for row_of_scope in result.values():
                row_of_scope.setdefault(name, names[olds[0]])
    return result


def _others(scope: str, below: Mapping[str, Dict[str, str]], trainable: Iterable[str]) -> Dict[str, str]:
    """Variables without averages (moving statistics) beside averages below `scope`.

    An average that was made inside a scope has it twice (net/net/W1/ExponentialMovingAverage): the variables
    themselves lie below one of the scope's ends.
    """
    left = set(trainable)
    tries, rest = [scope], scope
    while rest:
        rest = rest.partition("/")[2]
        tries.append(rest)
    rows = [{name: old for name, old in below.get(one, {}).items() if name not in left} for one in tries]
    return max(rows, key=len)


def _chosen(scope: str, below: Mapping[str, Dict[str, str]], use_averages: bool) -> Dict[str, Dict[str, str]]:
    """The row of the named scope; averages may lie in another one around it."""
    if scope in below:
        return {scope: below[scope]}
    if use_averages and scope:
        return {one: row for one, row in below.items() if one.endswith("/" + scope)}
    return {}


def _check_once(matched: Mapping[str, str]) -> None:
    filled: Dict[str, str] = {}
    for name, old in matched.items():
        if old in filled:
            raise UsageError(f"--rename: {old} would fill both {filled[old]} and {name}")
        filled[old] = name

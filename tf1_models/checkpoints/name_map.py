"""Which tensor fills which variable, for checkpoints that other programs wrote with another scope or with slots."""

from __future__ import annotations

import difflib
from typing import Dict, List, NamedTuple, Optional, Sequence

# Suffixes of TF 1's optimizer slots and shadow variables, and the variables that optimizers add beside them.
_SLOTS = ("/Adam", "/Adam_1", "/Momentum", "/RMSProp", "/RMSProp_1", "/Adagrad", "/Adadelta", "/Adadelta_1", "/Ftrl",
          "/Ftrl_1", "/ExponentialMovingAverage", "/exp_avg", "/exp_avg_sq", "/square_avg", "/sum")
_LONE = ("beta1_power", "beta2_power", "global_step", "torch_adam_step", "keras_adam_step")


class NameMap(NamedTuple):
    """How a file's names meet a graph's.

    Attributes:
        scope: Leading scope that the file's names have and the graph's lack, e.g. "model/"; "" for none.
        matched: Graph name -> file name.
        missing: Graph names that the file lacks.
        extra: File names that are neither matched nor slots.
        slots: File names that belong to optimizers.
        suggestions: Missing name -> the nearest of `extra`.
    """

    scope: str
    matched: Dict[str, str]
    missing: List[str]
    extra: List[str]
    slots: List[str]
    suggestions: Dict[str, str]


def is_slot(name: str) -> bool:
    """Whether a name is an optimizer's slot, power or step rather than a model's variable."""
    return name.endswith(_SLOTS) or name.rsplit("/", 1)[-1] in _LONE


def match(wanted: Sequence[str], found: Sequence[str]) -> NameMap:
    """Matches by equal name, then by one leading scope common to the whole file.

    Args:
        wanted: The graph's variable names.
        found: The file's tensor names.

    Returns:
        The map. A scope is taken only if it makes strictly more of the graph's names match.
    """
    names = set(found)
    best_scope, best = "", {name: name for name in wanted if name in names}
    first = next(iter(wanted), "")
    for candidate in found:
        if first and candidate.endswith("/" + first):
            scope = candidate[: -len(first)]
            matched = {name: scope + name for name in wanted if scope + name in names}
            if len(matched) > len(best):
                best_scope, best = scope, matched
    used = set(best.values())
    slots = [name for name in found if name not in used and is_slot(name)]
    extra = [name for name in found if name not in used and not is_slot(name)]
    missing = [name for name in wanted if name not in best]
    suggestions: Dict[str, str] = {}
    for name in missing:
        near: Optional[List[str]] = difflib.get_close_matches(name, extra, n=1, cutoff=0.5)
        if near:
            suggestions[name] = near[0]
    return NameMap(best_scope, best, missing, extra, slots, suggestions)

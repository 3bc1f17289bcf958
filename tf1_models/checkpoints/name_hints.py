"""Why a checkpoint lacks a graph's variables, most likely, and the option that mends it."""

from __future__ import annotations

import re
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from tf1_models.checkpoints.bundle import Entry
from tf1_models.checkpoints.name_map import AVERAGE, NameMap, Wanted, is_slot, match
from tf1_models.checkpoints.name_options import NameOptions, apply
from tf1_models.errors import nearest
from tf1_models.storage.reading import shown

_MAX_SHOWN = 4
_MAX_COMPARED = 5000  # extras beyond are not looked at: a hint is no reason to work for long

_MAX_CANDIDATES = 20

_Kind = Tuple[Tuple[int, ...], str]
OtherNets = Callable[[], Mapping[str, Sequence[Wanted]]]


def why(
    wanted: Sequence[Wanted], entries: Mapping[str, Entry], found: NameMap, options: NameOptions, other_nets: OtherNets
) -> str:
    """The rest of the sentence "it does not restore: …".

    Args:
        wanted: The graph's variables.
        entries: The file's tensors.
        found: Their map, with variables missing or with several scopes.
        options: What the user said.
        other_nets: Gives other reports' variables by the words that choose them; called only where they may explain.

    Returns:
        One line without a full stop.
    """
    if len(found.scopes) > 1:
        first = found.scopes[0].rstrip("/")
        return (
            f"its variables fit below {_some([scope.rstrip('/') for scope in found.scopes])}: choose one, e.g. "
            f"--scope {shown(first)}"
        )
    absent = _absent_rename(entries, options)
    if absent:
        return absent
    n_missing, first = len(found.missing), found.missing[0]
    more = f" and {n_missing - 1} more" if n_missing > 1 else ""
    lacks = f"it lacks {first}{more} of the graph's {len(wanted)} variables"
    return shown(f"{lacks}; {_reason(wanted, entries, found, options, other_nets)}", 600)


def _absent_rename(entries: Mapping[str, Entry], options: NameOptions) -> str:
    """Words for a rename whose OLD is nowhere in the file, with or without a scope."""
    for old, new in options.renames:
        before, star, after = old.partition("*")
        there = (
            any(name == old or name.endswith("/" + old) for name in entries)
            if not star
            else any(name.endswith(after) and before in name for name in entries)
        )
        if not there:
            near = nearest(old, list(entries)[:_MAX_COMPARED])
            return f"--rename {shown(old)}={shown(new)}: it holds no {shown(old)}{near}"
    return ""


def _reason(
    wanted: Sequence[Wanted], entries: Mapping[str, Entry], found: NameMap, options: NameOptions, other_nets: OtherNets
) -> str:
    look = "`checkpoint inspect` shows what it holds"
    if options.use_averages:
        if not any(name.endswith(AVERAGE) for name in entries):
            return "it holds no moving averages (…/ExponentialMovingAverage): leave out --use-averages"
        return "moving averages are there for some variables only: leave out --use-averages"
    if options.scope:
        others = match(wanted, entries, NameOptions(None, options.renames)).scopes
        words = _some([f"--scope {scope.rstrip('/')}" for scope in others if scope])
        below = any(name.startswith(options.scope) for name in entries)
        if words or not below:
            there = "" if below else f"nothing lies below {shown(options.scope)}"
            return "; ".join(part for part in (there, f"they are there with {words}" if words else look) if part)
    if match(wanted, entries, NameOptions(options.scope, options.renames, True)).scopes:
        return "their moving averages are there: --use-averages takes them"
    ready, rivals = renames(wanted, entries, found)
    if 2 * len(found.missing) > len(wanted):
        whole = {
            words: len(rows)
            for words, rows in other_nets().items()
            if match(rows, entries, NameOptions(options.scope)).scopes
        }
        if whole:
            return f"it holds the variables of another net: {max(whole, key=lambda words: whole[words])}"
    if rivals:
        return "they fit with " + " or ".join(f"--rename '{pair}'" for pair in rivals[:_MAX_SHOWN]) + ": choose one"
    if ready:
        more = f" (and {len(ready) - _MAX_SHOWN} more)" if len(ready) > _MAX_SHOWN else ""
        return "by their shapes they are " + " ".join(f"--rename '{pair}'" for pair in ready[:_MAX_SHOWN]) + more
    if all(is_slot(name) for name in entries):
        return "it holds optimizer slots and steps only, no model"
    lost = {(row.shape, row.dtype) for row in wanted if row.name in set(found.missing)}
    if not any((entries[name].shape, entries[name].dtype) in lost for name in found.extra):
        return f"nothing else in it has their shapes, so its program did not save them; {look}"
    if found.scope and not options.scope:
        return f"the others lie below {found.scope.rstrip('/')}; {look}"
    return look


def renames(wanted: Sequence[Wanted], entries: Mapping[str, Entry], found: NameMap) -> Tuple[List[str], List[str]]:
    """OLD=NEW for missing variables where unused tensors of equal shape and dtype leave one candidate.

    One `*` stands for what several names have in common (`*_1=*`), if it leads every missing variable that it matches
    to a tensor of its shape.

    Returns:
        The pairs that fit together; and pairs that fit as well as each other, between which nothing decides.
    """
    if len(found.scopes) > 1:
        return [], []
    missing = [row for row in wanted if row.name in set(found.missing)]
    scope = found.scope if found.matched else _common_scope(found.extra)
    extras = {name[len(scope) :]: name for name in found.extra[:_MAX_COMPARED] if name.startswith(scope)}
    by_kind: Dict[_Kind, Set[str]] = {}
    for short, name in extras.items():
        by_kind.setdefault((entries[name].shape, entries[name].dtype), set()).add(short)
    open_rows = {row.name: row for row in missing}
    pairs: List[str] = []
    while True:
        counts = _patterns(open_rows, by_kind)
        most = max(counts.values(), default=0)
        if most < 2:
            break
        pattern, *equals = sorted(one for one, count in counts.items() if count == most)
        there = set().union(*by_kind.values())
        rivals = [
            one
            for one in equals
            if any(
                apply(one, name) != apply(pattern, name) and {apply(one, name), apply(pattern, name)} <= there
                for name in open_rows
            )
        ]
        if rivals:
            return pairs, ["=".join(one) for one in (pattern, *rivals)]
        pairs.append("=".join(pattern))
        for row in list(open_rows.values()):
            old = apply(pattern, row.name)
            if old is not None and old in by_kind.get((row.shape, row.dtype), ()):
                by_kind[(row.shape, row.dtype)].remove(old)
                del open_rows[row.name]
    for row in open_rows.values():
        candidates = sorted(by_kind.get((row.shape, row.dtype), ()))
        alike = [other for other in open_rows.values() if (other.shape, other.dtype) == (row.shape, row.dtype)]
        if len(candidates) == 1 and len(alike) == 1:
            pairs.append(f"{candidates[0]}={row.name}")
    return pairs, []


def _patterns(rows: Mapping[str, Wanted], by_kind: Mapping[_Kind, Set[str]]) -> Dict[Tuple[str, str], int]:
    """(OLD, NEW) with a `*` -> how many of the rows it leads to a tensor of their kind; 0 where one is of another."""
    tried: Dict[Tuple[str, str], int] = {}
    there = set().union(*by_kind.values())
    for row in rows.values():
        for old in sorted(by_kind.get((row.shape, row.dtype), ()))[:_MAX_CANDIDATES]:
            for pattern in _common(old, row.name):
                if pattern not in tried:
                    targets = {name: apply(pattern, name) for name in rows}
                    hits = [
                        target in by_kind.get((rows[name].shape, rows[name].dtype), ())
                        for name, target in targets.items()
                        if target in there
                    ]
                    tried[pattern] = len(hits) if all(hits) else 0
    return tried


def _common(old: str, new: str) -> List[Tuple[str, str]]:
    """What two names differ by: behind a common beginning, in front of a common end, around a common number."""
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    found = []
    if head:
        found.append(("*" + old[head:], "*" + new[head:]))
    if tail:
        found.append((old[: len(old) - tail] + "*", new[: len(new) - tail] + "*"))
    for number in set(re.findall(r"\d+", old)) & set(re.findall(r"\d+", new)):
        if old.count(number) == 1 == new.count(number):
            found.append((old.replace(number, "*"), new.replace(number, "*")))
    return [pair for pair in found if pair != ("*", "*")]


def _common_scope(names: Sequence[str]) -> str:
    """The leading scope that all names share, with its slash; "" for none."""
    if not names:
        return ""
    low, high = min(names), max(names)
    head = next((n for n in range(min(len(low), len(high))) if low[n] != high[n]), min(len(low), len(high)))
    return low[: low.rfind("/", 0, head) + 1]


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - _MAX_SHOWN} more" if len(words) > _MAX_SHOWN else ""
    return shown(", ".join(words[:_MAX_SHOWN]), 300) + more


def taken(found: NameMap, options: NameOptions, entries: Mapping[str, Entry]) -> Optional[str]:
    """What was taken in place of the graph's own names, or might have been, in one line; None where nothing is to say.

    Args:
        found: A whole map.
        options: What the user said.
        entries: The file's tensors.
    """
    words = [f"below {found.scope.rstrip('/')}"] if found.scope else []
    n_renamed = sum(_bare(found, name) != name for name in found.matched)
    if options.renames and n_renamed:
        words.append(f"{n_renamed} renamed ({_some(['='.join(pair) for pair in options.renames])})")
    if found.averages:
        words.append(f"{len(found.averages)} as moving averages")
    notes = [f"took {len(found.matched)} variables, {', '.join(words)}"] if words else []
    others = [scope.rstrip("/") or "the graph's own names" for scope in found.scopes if scope != found.scope]
    if others and options.scope is None:
        notes.append(f"{_some(others)} would fit too (--scope)")
    if not options.use_averages and any(name.endswith(AVERAGE) for name in entries):
        notes.append("it holds moving averages too (--use-averages takes them)")
    return shown("; ".join(notes), 600) if notes else None


def unused(options: NameOptions, found: NameMap) -> Optional[str]:
    """The first rename that a whole map did not need, as OLD=NEW."""
    for old, new in options.renames:
        targets = {name: apply((old, new), name) if "*" in new else old for name in found.matched}
        if not any(
            _bare(found, name) in (target, (target or "")[len(found.scope) :])
            for name, target in targets.items()
            if "*" in new or name == new
        ):
            return f"{old}={new}"
    return None


def _bare(found: NameMap, name: str) -> str:
    """A graph's name in the file, scope and average aside."""
    old = found.matched[name]
    old = old[: -len(AVERAGE)] if name in found.averages else old
    return old[len(found.scope) :] if old.startswith(found.scope) else old

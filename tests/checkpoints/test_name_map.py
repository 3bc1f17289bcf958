"""Names of foreign checkpoints: scopes, slots, renames, averages, what fits twice."""

from __future__ import annotations

import time
from typing import Any, Dict, Iterable, Sequence, Tuple

import pytest

from tf1_models.checkpoints.bundle import Entry
from tf1_models.checkpoints.name_map import Wanted, is_slot, match
from tf1_models.checkpoints.name_options import NameOptions, options_of
from tf1_models.errors import UsageError

SHAPES: Dict[str, Tuple[int, ...]] = {"W1": (3, 4), "b1": (4,), "W_fc1": (4, 2)}
GRAPH = [Wanted(name, shape, "float32") for name, shape in SHAPES.items()]
AVERAGE = "/ExponentialMovingAverage"


def entries(names: Iterable[str], dtype: str = "float32") -> Dict[str, Entry]:
    """A file's tensors, each of the shape that the variable at its name's end has in the graph."""
    found = {}
    for name in names:
        core = next((part for part in reversed(name.split("/")) if part in SHAPES), "")
        found[name] = Entry(name, dtype, SHAPES.get(core, ()), 0, 0, 0)
    return found


def below(scope: str, names: Sequence[str] = tuple(SHAPES), suffix: str = "") -> Dict[str, Entry]:
    return entries(scope + name + suffix for name in names)


def test_equal_names_and_slots() -> None:
    found = match(GRAPH, entries(["W1", "W1/Adam", "W1/Adam_1", "W_fc1", "b1", "beta1_power", "global_step"]))
    assert found.scope == "" and not found.missing and not found.extra and found.scopes == [""]
    assert found.slots == ["W1/Adam", "W1/Adam_1", "beta1_power", "global_step"]


@pytest.mark.parametrize("scope", ["net/", "tower_0/net/", "a/b/c/d/"])
def test_a_leading_scope_of_the_whole_file(scope: str) -> None:
    file = {**below(scope), **below(scope + scope, suffix="/Adam"), **entries(["global_step"])}
    found = match(GRAPH, file)
    assert found.scope == scope and found.scopes == [scope] and not found.missing and not found.extra
    assert found.matched == {name: scope + name for name in SHAPES}


def test_the_scope_is_found_whichever_variable_the_file_lacks_it_for() -> None:
    """The first variable alone used to make the candidates."""
    found = match(GRAPH, {**below("net/", ["b1", "W_fc1"]), **entries(["W1"])})
    assert found.scope == "net/" and found.missing == ["W1"] and found.extra == ["W1"]


def test_two_scopes_that_fit_decide_nothing_and_one_is_chosen_by_name() -> None:
    file = {**below("b/"), **below("a/")}
    found = match(GRAPH, file)
    assert found.scopes == ["a/", "b/"] and found.scope == "" and found.matched == {}
    for word in ("b", "b/", "/b"):
        found = match(GRAPH, file, options_of(word, [], False))
        assert found.scope == "b/" and found.matched["W1"] == "b/W1" and not found.missing
    assert match(GRAPH, file, NameOptions("c/")).missing == list(SHAPES)


def test_only_one_of_two_scopes_has_the_shapes() -> None:
    file = {**below("a/"), **below("b/")}
    file["a/W1"] = file["a/W1"]._replace(shape=(3, 5))
    assert match(GRAPH, file).scope == "b/" and match(GRAPH, file).scopes == ["b/"]
    file["b/b1"] = file["b/b1"]._replace(dtype="float64")
    assert match(GRAPH, file).scopes == []


def test_the_graphs_own_names_come_before_any_scope() -> None:
    file = {**below(""), **below("target/")}
    found = match(GRAPH, file)
    assert found.scope == "" and found.scopes == ["", "target/"] and found.matched["W1"] == "W1"
    assert match(GRAPH, file, NameOptions("target/")).matched["W1"] == "target/W1"
    assert match(GRAPH, below("net/"), NameOptions("")).missing == list(SHAPES)  # "" forbids to look for one


RENAMED = ["conv/weights", "conv/biases", "W_fc1"]
PAIRS = (("conv/weights", "W1"), ("conv/biases", "b1"))


@pytest.mark.parametrize("scope", ["", "net/", "tower_0/net/"])
def test_renames_are_by_name_and_meet_a_scope(scope: str) -> None:
    file = below(scope, RENAMED)
    file[scope + "conv/weights"] = file[scope + "conv/weights"]._replace(shape=(3, 4))
    file[scope + "conv/biases"] = file[scope + "conv/biases"]._replace(shape=(4,))
    wanted = {"W1": scope + "conv/weights", "b1": scope + "conv/biases", "W_fc1": scope + "W_fc1"}
    whole = tuple((scope + old, new) for old, new in PAIRS)
    for renames in (PAIRS, whole):
        found = match(GRAPH, file, NameOptions(None, renames))
        assert found.matched == wanted and found.scope == scope and not found.missing
    assert match(GRAPH, file, NameOptions(scope, PAIRS)).matched == wanted
    assert len(match(GRAPH, file).missing) == 2


def test_a_notebooks_numbers_and_the_variables_beside_them() -> None:
    file = entries(["W1", "b1", "W_fc1"])
    for name in list(file):
        file[name + "_1"] = file[name]._replace(name=name + "_1")
    assert match(GRAPH, file).matched["W1"] == "W1"
    found = match(GRAPH, file, NameOptions(None, (("*_1", "*"),)))
    assert found.matched == {name: name + "_1" for name in SHAPES} and found.extra == list(SHAPES)
    del file["b1_1"]  # what the pattern does not find is taken by its own name
    assert match(GRAPH, file, NameOptions(None, (("*_1", "*"),))).matched["b1"] == "b1"


def test_a_swap_and_a_tensor_for_two_variables() -> None:
    graph = [Wanted("a", (2,), "float32"), Wanted("b", (2,), "float32")]
    file = {name: Entry(name, "float32", (2,), 0, 0, 0) for name in "ab"}
    assert match(graph, file, NameOptions(None, (("a", "b"), ("b", "a")))).matched == {"a": "b", "b": "a"}
    assert match(graph, file, NameOptions(None, (("a", "b"),))).missing == ["a"]
    graph = [Wanted("a/w", (2,), "float32"), Wanted("b/xw", (2,), "float32")]
    with pytest.raises(UsageError, match="xw would fill both a/w and b/xw"):
        match(graph, {"xw": file["a"]}, NameOptions(None, (("x*", "a/*"), ("*", "b/*"))))
    with pytest.raises(UsageError, match=r"--rename x=W9: the graph has no variable 'W9'"):
        match(GRAPH, file, NameOptions(None, (("x", "W9"),)))


STATISTICS = [*GRAPH, Wanted("bn/mean", (4,), "float32", trainable=False)]


@pytest.mark.parametrize("scope, around", [("", ""), ("net/", ""), ("net/", "net/"), ("tower_0/net/", "train/")])
def test_averages_take_the_place_of_trainable_variables(scope: str, around: str) -> None:
    """Made inside a scope, TF 1's averages have it twice; statistics have none and come as they are."""
    averages = below(around + scope, suffix=AVERAGE)
    file: Dict[str, Any] = {**below(scope), **averages, scope + "bn/mean": Entry("", "float32", (4,), 0, 0, 0)}
    for options in (NameOptions(use_averages=True), NameOptions(scope, (), True)):
        found = match(STATISTICS, file, options)
        assert not found.missing and found.scope == around + scope, options
        assert {found.matched[name] for name in SHAPES} == set(averages) and sorted(found.averages) == sorted(SHAPES)
        assert found.matched["bn/mean"] == scope + "bn/mean"
    assert match(STATISTICS, file).averages == [] and match(STATISTICS, file).scope == scope
    del file[around + scope + "b1" + AVERAGE]
    assert match(STATISTICS, file, NameOptions(use_averages=True)).missing == ["b1"]


def test_averages_with_renames_and_of_two_scopes() -> None:
    file = {**below("", ["W1_1", "b1_1", "W_fc1_1"]), **below("", ["W1_1", "b1_1", "W_fc1_1"], AVERAGE)}
    file = {name: entry._replace(shape=SHAPES[name.split("/")[0][:-2]]) for name, entry in file.items()}
    found = match(GRAPH, file, NameOptions(None, (("*_1", "*"),), True))
    assert found.matched == {name: name + "_1" + AVERAGE for name in SHAPES}
    file = {**below("a/", suffix=AVERAGE), **below("b/", suffix=AVERAGE)}
    assert match(GRAPH, file, NameOptions(use_averages=True)).scopes == ["a/", "b/"]
    assert match(GRAPH, file, NameOptions("b/", (), True)).matched["W1"] == "b/W1" + AVERAGE


def test_slots_are_told_from_variables() -> None:
    assert is_slot("a/b/Adam_1") and is_slot("a/b/Adam_3") and is_slot("a/beta2_power") and is_slot("beta1_power_1")
    for slot in ("Momentum", "RMSProp_1", "Adagrad", "Adadelta", "Ftrl", "exp_avg", "exp_avg_sq", "square_avg", "sum"):
        assert is_slot(f"W1/{slot}") and not is_slot(f"W1{slot}")
    assert is_slot("net/global_step") and is_slot("W1" + AVERAGE)
    assert not is_slot("a/Adamant") and not is_slot("W1") and not is_slot("my_global_step") and not is_slot("a/Adam/w")


def test_twenty_thousand_scopes_take_no_time() -> None:
    file = {f"s{n}/" * 30 + "W1": Entry("", "float32", (3, 4), 0, 0, 0) for n in range(20_000)}
    began = time.perf_counter()
    found = match(GRAPH, file, NameOptions(None, (("*_1", "*"),), True))
    assert time.perf_counter() - began < 5 and len(found.missing) == 3

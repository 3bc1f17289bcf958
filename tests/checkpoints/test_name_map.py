"""Names of foreign checkpoints: scopes, slots, suggestions."""

from __future__ import annotations

from tf1_models.checkpoints.name_map import is_slot, match

GRAPH = ["W1", "b1", "W_fc1"]


def test_equal_names_and_slots() -> None:
    found = match(GRAPH, ["W1", "W1/Adam", "W1/Adam_1", "W_fc1", "b1", "beta1_power", "global_step"])
    assert found.scope == "" and not found.missing and not found.extra
    assert found.slots == ["W1/Adam", "W1/Adam_1", "beta1_power", "global_step"]


def test_a_leading_scope_of_the_whole_file() -> None:
    found = match(GRAPH, ["tower_0/net/W1", "tower_0/net/W1/Adam", "tower_0/net/b1", "tower_0/net/W_fc1"])
    assert found.scope == "tower_0/net/"
    assert found.matched["b1"] == "tower_0/net/b1" and not found.missing


def test_the_nearest_name_is_suggested() -> None:
    found = match(GRAPH, ["W1", "b1", "W_fcl"])
    assert found.missing == ["W_fc1"] and found.suggestions == {"W_fc1": "W_fcl"} and found.extra == ["W_fcl"]


def test_slots_are_told_from_variables() -> None:
    assert is_slot("a/b/Adam_1") and is_slot("a/beta2_power") and not is_slot("a/Adamant") and not is_slot("W1")

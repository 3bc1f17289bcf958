"""Curves that coincide are drawn once."""

from __future__ import annotations

from tf1_models.output.plots import distinct


def test_curves_that_coincide_are_drawn_once_and_named_together() -> None:
    falling = [2.0, 1.5, 1.0]
    assert distinct([("total", falling), ("data", falling), ("L2", [0.0, 0.0, 0.0])]) == [("total and data", falling)]
    apart = [("total", falling), ("data", [1.9, 1.4, 0.9]), ("L2", [0.1, 0.1, 0.1])]
    assert distinct(apart) == apart
    scores = [("macro-F1", [0.5, 0.8]), ("weighted-F1", [0.505, 0.8])]
    assert distinct(scores, 0.008) == [("macro-F1 and weighted-F1", [0.5, 0.8])]
    assert distinct(scores) == scores
    assert distinct([("train", [0.0]), ("dev", [0.1])]) == [("train", [0.0]), ("dev", [0.1])]

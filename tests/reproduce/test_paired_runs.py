"""What is a pair of runs, and what is said of it."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List

import pytest

from tests.conftest import ROOT
from tests.reproduce import paired_runs
from tf1_models.output.markdown import find_block


def write(root: Any, name: str, seed: int, scores: List[float], **settings: Any) -> None:
    folder = os.path.join(str(root), name, "bn_cnn", "final", f"seed{seed}")
    os.makedirs(folder)
    its: Dict[str, Any] = {"epochs": len(scores), "convolutions": "direct", "keep_prob": 0.7, **settings}
    record = {"report": "bn_cnn", "run": "final", "seed": seed, "data_digest": "d", "settings": its}
    with open(os.path.join(folder, "run.json"), "w", encoding="utf-8") as stream:
        json.dump(record, stream)
    with open(os.path.join(folder, "metrics.jsonl"), "w", encoding="utf-8") as stream:
        stream.writelines(json.dumps({"accuracy": score}) + "\n" for score in scores)


def test_a_pair_differs_in_how_sums_are_formed_alone(tmp_path: Any) -> None:
    write(tmp_path, "a", 0, [0.5, 0.6])
    write(tmp_path, "b", 0, [0.52, 0.61, 0.7], convolutions="winograd_5x5")
    write(tmp_path, "c", 1, [0.5, 0.5], convolutions="winograd_5x5")
    write(tmp_path, "d", 1, [0.4, 0.5], keep_prob=0.5)
    write(tmp_path, "e", 1, [0.4, 0.5], convolutions="winograd_5x5", keep_prob=0.5)
    roots = [str(tmp_path / name) for name in "abcde"]
    pairs = paired_runs.read(roots)
    assert [(pair["seed"], pair["direct"], pair["other"]) for pair in pairs] == [
        (0, [0.5, 0.6], [0.52, 0.61]),
        (1, [0.4, 0.5], [0.4, 0.5]),
    ]
    text = paired_runs.render(pairs)
    assert "| 2 | 60.00 | 61.00 | +1.00 | 55.00 | 56.50 | +1.50 |" in text
    # t of one degree of freedom, 12.706, times 0.5 and 0.75
    assert "difference is +0.50 ± 6.35 points in the last and +0.75 ± 9.53 in the mean (95 %)" in text
    assert "Over" not in paired_runs.render(pairs[:1])
    with pytest.raises(SystemExit, match="no two run folders"):
        paired_runs.read(roots[:1] + roots[2:4])


def test_the_page_is_current() -> None:
    with open(os.path.join(ROOT, "tf1_models", "reproduce", "README.md"), encoding="utf-8") as stream:
        block = find_block(stream.read(), paired_runs.BLOCK)
    assert block == paired_runs.render(paired_runs.recorded()), "stale: python -m tests.reproduce.paired_runs --write"

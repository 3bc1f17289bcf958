"""bn_cnn against PyTorch: forward, gradients, ten Adam steps, at full width."""

from __future__ import annotations

import functools
from typing import Any, Dict, List

import pytest

from tests.graphs import torch_case

pytestmark = pytest.mark.tf

CASES = {"final_float64": "final", "final_float32": "final", "half_channels_float64": "half_channels"}


@functools.lru_cache(maxsize=None)
def _rows() -> Dict[str, Dict[str, Any]]:
    return {row["case"]: row for row in torch_case.errors("bn_cnn", CASES)}


def errors() -> List[Dict[str, Any]]:
    """Rows for `tests.oracles.oracle_table`."""
    return list(_rows().values())


@pytest.mark.parametrize("case", CASES)
def test_matches_pytorch(case: str) -> None:
    torch_case.check(_rows()[case])


@pytest.mark.parametrize("case", CASES)
def test_a_bias_before_batch_norm_has_gradient_zero(case: str) -> None:
    row = _rows()[case]
    for number in (1, 2, 3):
        assert row["golden"][f"zero/layer{number}/0/bias"].all()
        assert row["actual"][f"zero_ratio/layer{number}/0/bias"] < 1e-6


def test_the_comparison_sees_a_wrong_epsilon(monkeypatch: pytest.MonkeyPatch) -> None:
    """1.001e-5, as tf.nn.fused_batch_norm would have it, is caught: the bounds are not vacuous."""
    from tf1_models.graphs.parts import torch_layers

    monkeypatch.setattr(torch_layers, "BATCH_NORM_EPSILON", 1.001e-5)
    row = torch_case.errors("bn_cnn", {"final_float64": "final"})[0]
    with pytest.raises(AssertionError):
        torch_case.check(row)

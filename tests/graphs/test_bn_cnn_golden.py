"""bn_cnn against PyTorch: forward, gradients, ten Adam steps, at full width."""

from __future__ import annotations

import functools
from typing import Any, Dict, List

import pytest

from tests.graphs import torch_case
from tests.graphs.golden_case import Comparison

pytestmark = pytest.mark.tf

CASES = (("final", "float64"), ("final", "float32"), ("half_channels", "float64"))  # each is the run of its name


@functools.lru_cache(maxsize=None)
def compared(case: str, dtype: str) -> Comparison:
    return torch_case.compare("bn_cnn", case, dtype, run=case)


def errors() -> List[Dict[str, Any]]:
    """Rows for `tests.oracles.oracle_table`."""
    return [compared(case, dtype).row() for case, dtype in CASES]


@pytest.mark.parametrize("case, dtype", CASES)
def test_matches_pytorch(case: str, dtype: str) -> None:
    compared(case, dtype).check()


@pytest.mark.parametrize("case, dtype", CASES)
def test_a_bias_before_batch_norm_has_gradient_zero(case: str, dtype: str) -> None:
    found = compared(case, dtype)
    for number in (1, 2, 3):
        assert found.golden[f"zero/layer{number}/0/bias"].all()
        assert found.actual[f"zero_ratio/layer{number}/0/bias"] < 1e-6


def test_the_comparison_sees_a_wrong_epsilon(monkeypatch: pytest.MonkeyPatch) -> None:
    """1.001e-5, as tf.nn.fused_batch_norm would have it, is caught: the bounds are not vacuous."""
    from tf1_models.graphs.parts import torch_layers

    monkeypatch.setattr(torch_layers, "BATCH_NORM_EPSILON", 1.001e-5)
    with pytest.raises(AssertionError):
        torch_case.compare("bn_cnn", "final", "float64", run="final").check()

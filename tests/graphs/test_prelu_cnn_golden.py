"""prelu_cnn against PyTorch: five activations, four optimizers, at full width."""

from __future__ import annotations

import functools
from typing import Any, Dict, List

import pytest

from tests.graphs import torch_case

pytestmark = pytest.mark.tf

CASES = {
    "final_float64": "final",
    "final_float32": "final",
    "relu_adam_float64": "relu_adam",
    "warm_leaky_relu_float64": "warm_leaky_relu",
    "warm_rrelu_a_float64": "warm_rrelu_a",
    "elu_adam_float64": "elu_adam",
    "elu_sgd_float64": "elu_sgd",
    "warm_adagrad_float64": "warm_adagrad",
    "warm_rmsprop_float64": "warm_rmsprop",
}


@functools.lru_cache(maxsize=None)
def _rows() -> Dict[str, Dict[str, Any]]:
    return {row["case"]: row for row in torch_case.errors("prelu_cnn", CASES)}


def errors() -> List[Dict[str, Any]]:
    """Rows for `tests.oracles.oracle_table`."""
    return list(_rows().values())


@pytest.mark.parametrize("case", CASES)
def test_matches_pytorch(case: str) -> None:
    torch_case.check(_rows()[case])

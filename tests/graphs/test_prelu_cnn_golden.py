"""prelu_cnn against PyTorch: five activations, four optimizers, at full width."""

from __future__ import annotations

import functools
from typing import Any, Dict, List

import pytest

from tests.graphs import torch_case
from tests.graphs.golden_case import Comparison

pytestmark = pytest.mark.tf

OTHERS = ("relu_adam", "warm_leaky_relu", "warm_rrelu_a", "elu_adam", "elu_sgd", "warm_adagrad", "warm_rmsprop")
# each is the run of its name
CASES = (("final", "float64"), ("final", "float32"), *((run, "float64") for run in OTHERS))


@functools.lru_cache(maxsize=None)
def compared(case: str, dtype: str) -> Comparison:
    return torch_case.compare("prelu_cnn", case, dtype, run=case)


def errors() -> List[Dict[str, Any]]:
    """Rows for `tests.oracles.oracle_table`."""
    return [compared(case, dtype).row() for case, dtype in CASES]


@pytest.mark.parametrize("case, dtype", CASES)
def test_matches_pytorch(case: str, dtype: str) -> None:
    compared(case, dtype).check()

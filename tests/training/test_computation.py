"""Which runs are one computation, by their settings alone. TensorFlow-free."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from tf1_models import registry
from tf1_models.spec import identity
from tf1_models.training import computation


def of(run: str = "final", **settings: str) -> Dict[str, Any]:
    return identity(registry.experiment("prelu_cnn", run, settings))


@pytest.mark.parametrize(
    "longer, shorter, begins",
    [
        (of(), of(), True),
        (of(epochs="31"), of(), True),
        (of(epochs="29"), of(), False),
        (of(epochs="31"), of(max_steps="6"), False),  # who ended inside an epoch ended nowhere on the way
        (of(max_steps="6"), of(), True),  # what became of it, its result.json says
        (of("gamma_10"), of("gamma_20"), True),  # Q9: a schedule that is never stepped
        (of("gamma_10", schedule_stepped="true"), of("gamma_20", schedule_stepped="true"), False),
        (of(learning_rate="0.01"), of(), False),
        (of(batch_size="32"), of(batch_size="64"), False),
    ],
)
def test_what_begins_with_what(longer: Dict[str, Any], shorter: Dict[str, Any], begins: bool) -> None:
    assert computation.begins_with(longer, shorter) is begins
    assert computation.same(longer, shorter) is (begins and longer["epochs"] == shorter["epochs"])

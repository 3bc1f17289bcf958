"""nine_conv against TensorFlow 1.15.5 with tf.contrib's Xavier: the final net, its ablations, the shallow listing."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest

from tests.graphs import golden_case
from tests.graphs.graph_record import golden
from tf1_models.experiments import nine_conv

# case -> (run, overrides); without dropout `shallow` is `shallow_dropout`
CASES: Dict[str, Tuple[str, Dict[str, str]]] = {
    "final": ("final", {}),
    "single_fc": ("single_fc", {}),
    "without_conv9": ("without_conv9", {}),
    "without_conv256_a": ("without_conv256_a", {}),
    "pool_kept": ("without_conv256_a", {"block_256": "pool_kept"}),
    "fc2_bypassed": ("final", {"fc2_bypassed": "true"}),
    "shallow_dropout": ("shallow_dropout", {}),
}


# Adam's first step is nearly lr * sign(g): an element whose gradient is rounding noise moves by lr either way, and on
# raw pixels the loss feels it. The oracle's own float32 loss after one step is 1.2e-4 away from its float64 one.
AFTER_ONE_STEP = 2e-4


def compare(tf: Any, case: str, dtype: str) -> golden_case.Comparison:
    """One case."""
    run, overrides = CASES[case]
    return golden_case.compare_run(tf, "nine_conv", case, dtype, run, overrides)


def errors() -> List[Dict[str, Any]]:
    """All cases' rows, for `tests.oracles.oracle_table`."""
    import tensorflow.compat.v1 as tf

    return [compare(tf, case, dtype).row() for case in CASES for dtype in golden_case.DTYPES]


@pytest.mark.tf
@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("dtype", golden_case.DTYPES)
def test_equals_the_listing(tf: Any, dtype: str, case: str) -> None:
    compare(tf, case, dtype).check(AFTER_ONE_STEP)


def test_the_bound_after_one_step_is_of_the_oracles_own_rounding() -> None:
    distances = []
    for case in CASES:
        double, single = (float(golden("nine_conv", case, dtype)["losses"][1]) for dtype in ("float64", "float32"))
        distances.append(abs(single - double) / double)
    assert AFTER_ONE_STEP / 4 < max(distances) < AFTER_ONE_STEP, distances


def test_every_distinct_net_has_a_case() -> None:
    compared = {row.net for row in nine_conv.EXPERIMENTS if row.run in CASES}
    others = {row.run for row in nine_conv.EXPERIMENTS if row.net not in compared}
    assert others == {"shallow"}  # shallow_dropout without its dropout

"""course_models against TensorFlow 1.15.5's own tf.layers: every distinct net, at full width."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from tests.graphs import golden_case
from tf1_models.experiments import course_models

# case -> (run, overrides); runs that share a net share a case
CASES: Dict[str, Any] = {
    "sim01_model2_bn": ("sim01_model2_bn", {}),
    "sim03_model_extra_conv": ("sim03_model_extra_conv", {}),
    "sim04_one_pool_less": ("sim04_one_pool_less", {}),
    "sim06_filters_256": ("sim06_filters_256", {}),
    "sim08_deeper_wider": ("sim08_deeper_wider", {}),
    "sim09_last_filters_up": ("sim09_last_filters_up", {}),
    "sim10_both_filters_up": ("sim10_both_filters_up", {}),
    "sim11_model3": ("sim11_model3", {}),
    "model2": ("model2", {}),
    "model": ("sim03_model_extra_conv", {"filters": "32,64,128,128", "kernels_px": "3,3,3,2", "pools_after": "2,3,4"}),
    "model3_doubling": ("sim11_model3", {"filters": "16,32,64,128"}),
}


def compare(tf: Any, case: str, dtype: str) -> golden_case.Comparison:
    """One case."""
    run, overrides = CASES[case]
    return golden_case.compare_run(tf, "course_models", case, dtype, run, overrides)


def errors() -> List[Dict[str, Any]]:
    """All cases' rows, for `tests.oracles.oracle_table`."""
    import tensorflow.compat.v1 as tf

    return [compare(tf, case, dtype).row() for case in CASES for dtype in golden_case.DTYPES]


@pytest.mark.tf
@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("dtype", golden_case.DTYPES)
def test_equals_tf_layers(tf: Any, dtype: str, case: str) -> None:
    compare(tf, case, dtype).check()


def test_every_distinct_net_has_a_case() -> None:
    nets = {row.net for row in course_models.EXPERIMENTS}
    compared = {row.net for row in course_models.EXPERIMENTS if row.run in CASES}
    assert nets == compared

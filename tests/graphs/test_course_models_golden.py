"""course_models against TensorFlow 1.15.5's own tf.layers: every distinct net, at full width."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from tests.graphs.graph_record import golden, graph_record
from tests.oracles import reference
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


def compare(tf: Any, case: str, dtype: str) -> reference.Errors:
    """The errors of one case."""
    run, overrides = CASES[case]
    expected = golden("course_models", case, dtype)
    first_image = int(expected["first_image"])
    actual = graph_record(tf, "course_models", run, dtype, 4, 255.0, overrides=overrides, first_image=first_image)
    return reference.difference(expected, actual)


def errors() -> List[Dict[str, Any]]:
    """All cases' errors, for `tests.oracles.oracle_table`."""
    import tensorflow.compat.v1 as tf

    found: List[Dict[str, Any]] = []
    for case in CASES:
        for dtype in ("float64", "float32"):
            error = compare(tf, case, dtype)
            oracle = str(golden("course_models", case, dtype)["oracle"])
            found.append(
                {
                    "report": "course_models",
                    "case": case,
                    "oracle": oracle,
                    "dtype": dtype,
                    "forward": error.forward,
                    "gradients": error.gradients,
                    "ten_steps": error.ten_steps,
                }
            )
    return found


@pytest.mark.tf
@pytest.mark.parametrize("case", list(CASES))
def test_float64_equals_tf_layers(tf: Any, case: str) -> None:
    error = compare(tf, case, "float64")
    assert error.forward < 1e-9 and error.gradients < 1e-9 and error.ten_steps < 1e-7, error


@pytest.mark.tf
@pytest.mark.parametrize("case", list(CASES))
def test_float32_equals_tf_layers(tf: Any, case: str) -> None:
    error = compare(tf, case, "float32")
    assert error.forward < 1e-5 and error.gradients < 1e-5 and error.ten_steps < 1e-5, error


def test_every_distinct_net_has_a_case() -> None:
    nets = {row.net for row in course_models.EXPERIMENTS}
    compared = {row.net for row in course_models.EXPERIMENTS if row.run in CASES}
    assert nets == compared

"""Every variable of every report starts with the bytes that TensorFlow 1.15.5 gives it, on every version (D1)."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Dict

import numpy as np
import pytest

from tests.graphs.graph_record import GOLDEN
from tf1_models import registry

pytestmark = pytest.mark.tf


def stored() -> Dict[str, Any]:
    with open(os.path.join(GOLDEN, "initial_values.json"), encoding="utf-8") as file:
        found: Dict[str, Any] = json.load(file)
    return found


def initial_digests(tf: Any, report: str, run: str, seed: Any = None) -> Dict[str, str]:
    """Variable name -> SHA-256 of its initial value's bytes."""
    with tf.Graph().as_default():
        registry.graph(report, run).build(seed=seed)
        variables = tf.global_variables()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            values = [np.asarray(session.run(v)) for v in variables]
    little = [value.astype(value.dtype.newbyteorder("<")) for value in values]
    return {v.op.name: hashlib.sha256(value.tobytes()).hexdigest() for v, value in zip(variables, little)}


@pytest.mark.parametrize("report", registry.REPORTS)
def test_initial_values_are_those_of_tensorflow_1(tf: Any, report: str) -> None:
    expected = stored()[report]
    assert expected["run"] == registry.default_run(report)
    assert initial_digests(tf, report, expected["run"]) == expected["sha256"]


def test_another_seed_gives_other_kernels_and_the_same_constants(tf: Any) -> None:
    expected = stored()["course_models"]["sha256"]
    found = initial_digests(tf, "course_models", "model2", seed=1)
    differing = {name for name in expected if found[name] != expected[name]}
    assert differing == {name for name in expected if name.endswith("/kernel")}

"""Initial values of bn_cnn and prelu_cnn are the same bytes on every TensorFlow: CRC-32 of each variable, seed 0."""

from __future__ import annotations

import json
import os
import zlib
from typing import Any, Dict

import numpy as np
import pytest

from tf1_models import registry

pytestmark = pytest.mark.tf

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GOLDEN = os.path.join(TESTS, "golden", "torch_initial_values.json")
RUNS = (("bn_cnn", "final"), ("prelu_cnn", "final"), ("prelu_cnn", "warm_adam"))


def initial_values(tf: Any, report: str, run: str) -> Dict[str, int]:
    """Variable -> CRC-32 of its float32 start value."""
    with tf.Graph().as_default():
        registry.graph(report, run).build()
        with tf.Session() as session:
            values = session.run({v.op.name: v.initial_value for v in tf.global_variables()})
    return {name: zlib.crc32(np.ascontiguousarray(value).tobytes()) & 0xFFFFFFFF for name, value in values.items()}


@pytest.mark.parametrize("report, run", RUNS)
def test_the_same_bytes_on_every_version(tf: Any, report: str, run: str) -> None:
    with open(GOLDEN, encoding="utf-8") as stream:
        expected = json.load(stream)[f"{report}/{run}"]
    assert initial_values(tf, report, run) == expected

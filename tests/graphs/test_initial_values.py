"""Every variable starts with the bytes that TensorFlow 1.15.5 draws, on every version (D1): an oracle, and a record."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Dict, Optional

import numpy as np
import pytest

from tests.graphs.graph_record import GOLDEN
from tf1_models import registry

pytestmark = pytest.mark.tf


ORACLE, KIT_RECORD = "initial_values.json", "kit_record_initial_values.json"
OF_TENSORFLOW_1 = ("course_models/model2", "nine_conv/final")
ON_RECORD = ("bn_cnn/final", "prelu_cnn/final", "prelu_cnn/warm_adam", "alexnet_bn/batch_100_epochs_30")


def stored(name: str) -> Dict[str, Dict[str, str]]:
    """Report/run -> variable -> SHA-256."""
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        found: Dict[str, Dict[str, str]] = json.load(file)["sha256"]
    return found


def initial_digests(
    tf: Any, report: str, run: str, seed: Any = None, overrides: Optional[Dict[str, str]] = None
) -> Dict[str, str]:
    """Variable name -> SHA-256 of its initial value's bytes."""
    with tf.Graph().as_default():
        registry.graph(report, run, overrides).build(seed=seed)
        variables = tf.global_variables()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            values = [np.asarray(session.run(v)) for v in variables]
    little = [value.astype(value.dtype.newbyteorder("<")) for value in values]
    return {v.op.name: hashlib.sha256(value.tobytes()).hexdigest() for v, value in zip(variables, little)}


@pytest.mark.parametrize("of", OF_TENSORFLOW_1)
def test_initial_values_are_those_of_tensorflow_1(tf: Any, of: str) -> None:
    report, run = of.split("/")
    assert run == registry.default_run(report)
    assert initial_digests(tf, report, run) == stored(ORACLE)[of]


@pytest.mark.parametrize("of", ON_RECORD)
def test_initial_values_are_those_on_record(tf: Any, of: str) -> None:
    """Whose framework draws other numbers: what this kit drew when the record was made, on either TensorFlow."""
    report, run = of.split("/")
    assert initial_digests(tf, report, run) == stored(KIT_RECORD)[of]


def test_every_report_is_held_to_one_of_the_two() -> None:
    expected = {f"{report}/{registry.default_run(report)}" for report in registry.REPORTS}
    assert expected <= {*OF_TENSORFLOW_1, *ON_RECORD}
    assert (set(stored(ORACLE)), set(stored(KIT_RECORD))) == (set(OF_TENSORFLOW_1), set(ON_RECORD))


def test_another_seed_gives_other_kernels_and_the_same_constants(tf: Any) -> None:
    expected = stored(ORACLE)["course_models/model2"]
    found = initial_digests(tf, "course_models", "model2", seed=1)
    differing = {name for name in expected if found[name] != expected[name]}
    assert differing == {name for name in expected if name.endswith("/kernel")}

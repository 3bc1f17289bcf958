"""Writes tests/golden/kit_record_initial_values.json: what this kit's own graphs started with, to notice a change.

    python -m tests.oracles.make_kit_record_initial_values      (TensorFlow 1.15, Python 3.7)

A record, not an oracle: PyTorch and Keras draw other numbers than TensorFlow, so nothing but this kit can give the
bytes that `bn_cnn`, `prelu_cnn` and `alexnet_bn` start with; their distribution is tested by hand beside the layers.
It holds both TensorFlows to one stream, and today's kit to the runs that were begun before. Kept is the SHA-256 of a
value's bytes (little-endian, C order), under each run's default seed.
"""

from __future__ import annotations

import json
import os
from typing import Dict

import tensorflow as tf

from tests.oracles import reference
from tests.oracles.make_initial_values import digest
from tf1_models import registry

PATH = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "kit_record_initial_values.json"
)
RUNS = (("bn_cnn", "final"), ("prelu_cnn", "final"), ("prelu_cnn", "warm_adam"), ("alexnet_bn", "batch_100_epochs_30"))


def digests(report: str, run: str) -> Dict[str, str]:
    """Variable -> SHA-256 of its start value."""
    with tf.Graph().as_default():
        registry.graph(report, run).build()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return {v.op.name: digest(session.run(v)) for v in tf.global_variables()}


def main() -> None:
    """Writes the file."""
    found = {
        "script": reference.script_name(__file__),
        "recorded_with": f"TensorFlow {tf.__version__}, this kit's graphs",
        "sha256": {f"{report}/{run}": digests(report, run) for report, run in RUNS},
    }
    with open(PATH, "w", encoding="utf-8") as out:
        json.dump(found, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()

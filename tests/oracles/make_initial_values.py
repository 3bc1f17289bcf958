"""Writes tests/golden/initial_values.json under TensorFlow 1.15.5: what the two TF1 reports' variables start with.

    python -m tests.oracles.make_initial_values      (TensorFlow 1.15, Python 3.7)

nine_conv's values are drawn by tf.contrib's xavier_initializer in a program of its own, course_models' by tf.layers
with glorot_uniform, both under the kit's explicit op seeds (D1), the one thing that is the kit's here. The other three
reports used other frameworks, which draw other numbers: theirs is a record of this kit, see
`make_kit_record_initial_values`. Kept is the SHA-256 of a value's bytes (little-endian, C order).
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Dict

import numpy as np
import tensorflow as tf

from tests.oracles import make_course_models_golden, make_nine_conv_golden, reference
from tf1_models.seeds import op_seed

PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "initial_values.json")
COURSE_MODELS_SEED = 0  # the default of the reports that name none


def digest(value: Any) -> str:
    """SHA-256 of one variable's value."""
    array = np.asarray(value)
    little = array.astype(array.dtype.newbyteorder("<"))
    return hashlib.sha256(little.tobytes(order="C")).hexdigest()


def of_tf_layers() -> Dict[str, Any]:
    """model2's, as tf.layers draws them: its default initializer, given a seed that depends on the variable's name."""

    class Seeded(tf.keras.initializers.Initializer):
        def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
            name = tf.get_variable_scope().name + "/kernel"
            return tf.glorot_uniform_initializer(seed=op_seed(COURSE_MODELS_SEED, name))(shape, dtype=dtype)

    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [None, 32, 32, 3])
    plain = tf.layers.conv2d, tf.layers.dense
    tf.layers.conv2d = lambda *args, **kwargs: plain[0](*args, kernel_initializer=Seeded(), **kwargs)
    tf.layers.dense = lambda *args, **kwargs: plain[1](*args, kernel_initializer=Seeded(), **kwargs)
    try:
        make_course_models_golden.model2(x)
    finally:
        tf.layers.conv2d, tf.layers.dense = plain
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = {v.op.name: session.run(v) for v in tf.global_variables()}
    return {"main_params/global_step": np.zeros((), np.int32), **values}


def main() -> None:
    """Writes the file."""
    values = {"course_models/model2": of_tf_layers(), "nine_conv/final": make_nine_conv_golden.initial_values()}
    found = {
        "script": reference.script_name(__file__),
        "oracle": f"TensorFlow {tf.__version__}, tf.contrib and tf.layers",
        "sha256": {run: {name: digest(value) for name, value in of_run.items()} for run, of_run in values.items()},
    }
    with open(PATH, "w", encoding="utf-8") as out:
        json.dump(found, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()

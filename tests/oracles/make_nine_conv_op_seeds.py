"""Writes tests/golden/nine_conv_op_seeds/tensorflow_<version>.json: the op seeds that nine_conv's own program gets.

    python -m tests.oracles.make_nine_conv_op_seeds [OPS]      (TensorFlow 1.13 or 1.15, Python 3.7)

After `tf.set_random_seed(51)` TensorFlow 1 gives an op without a seed the number of ops in the graph, so what stands
before the variables decides what they start with. The layers' statements are the report's final listing, in its order;
those before them are a published copy's (public): x, y, keep_prob, two one-hot arrays. The number of labels in these
does not matter: an array is one op. Kept are each random op's seed and the SHA-256 of each initial value.

With OPS nothing is written: that many ops more stand before the layers, and the seeds are printed.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict

import numpy as np
import tensorflow as tf

from tests.oracles import reference
from tests.oracles.make_initial_values import digest

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "nine_conv_op_seeds")
SEED = 51


def get(name: str, shape: Any) -> Any:
    return tf.get_variable(name=name, shape=shape, initializer=tf.contrib.layers.xavier_initializer())


def conv(x: Any, number: int, filters: int) -> Any:
    W = get(f"W{number}", [3, 3, int(x.shape[-1]), filters])
    b = get(f"b{number}", [filters])
    c = tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME")
    return tf.nn.relu(tf.nn.bias_add(c, b))


def pool(x: Any) -> Any:
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def fc(x: Any, number: int, units: int) -> Any:
    W = get(f"W_fc{number}", [int(x.shape[-1]), units])
    b = get(f"b_fc{number}", [units])
    return tf.nn.bias_add(tf.matmul(x, W), b)


def program(more_ops: int = 0) -> int:
    """Builds the program in a fresh default graph, after `more_ops` others; returns the ops before the layers."""
    tf.reset_default_graph()
    tf.set_random_seed(SEED)
    for _ in range(more_ops):
        tf.no_op()
    x = tf.placeholder(tf.float32, shape=[None, 32, 32, 3])
    tf.placeholder(tf.float32, shape=[None, 10])
    keep_prob = tf.placeholder_with_default(1.0, shape=())
    for n_labels in (375, 125):  # train and dev
        tf.squeeze(tf.one_hot(np.zeros((n_labels, 1), np.uint8), 10), axis=1)
    before = len(tf.get_default_graph().get_operations())
    l2 = conv(conv(x, 1, 64), 2, 64)
    l4 = conv(conv(pool(l2), 3, 128), 4, 128)
    l6 = conv(conv(pool(l4), 5, 256), 6, 256)
    l9 = conv(conv(conv(pool(l6), 7, 512), 8, 512), 9, 512)
    flat = tf.reshape(pool(l9), [-1, 2 * 2 * 512])
    l10 = tf.nn.dropout(fc(flat, 1, 2048), keep_prob)
    l11 = tf.nn.dropout(fc(l10, 2, 2048), keep_prob)
    fc(l11, 3, 10)
    return before


def op_seeds() -> Dict[str, int]:
    """Variable, or scope of a dropout -> the op seed that its random op was given; all have the graph's seed."""
    found = {}
    for op in tf.get_default_graph().get_operations():
        if op.type == "RandomUniform":
            assert op.get_attr("seed") == SEED
            found[op.name.split("/")[0]] = int(op.get_attr("seed2"))
    return found


def main(arguments: Any) -> None:
    """Writes the file of this TensorFlow, or prints the seeds after some ops more."""
    if arguments:
        before = program(int(arguments[0]))
        print(f"TensorFlow {tf.__version__}, {before} ops before the layers: {json.dumps(op_seeds())}")
        return
    before, seeds = program(), op_seeds()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = {v.op.name: digest(session.run(v)) for v in tf.global_variables()}
    found = {
        "script": reference.script_name(__file__),
        "oracle": f"TensorFlow {tf.__version__}, tf.contrib",
        "ops_before_the_layers": before,
        "op_seeds": seeds,
        "sha256": values,
    }
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, f"tensorflow_{tf.__version__}.json"), "w", encoding="utf-8") as out:
        json.dump(found, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])

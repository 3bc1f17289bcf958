"""Golden files of `nine_conv`, written by the report's own framework: TensorFlow 1.15.5 with tf.contrib's Xavier.

    python -m tests.oracles.make_nine_conv_golden [NET…]      (TensorFlow 1.15, Python 3.7)

The program is a plain one: the listing's statements as the report prints them, its ablations beside it, and nothing of
this kit's graphs. `initial_values` runs its initializers under this kit's explicit seeds (D1), for
`make_initial_values`.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict

import numpy as np
import tensorflow as tf

from tests.oracles import reference, tf1_oracle
from tf1_models.seeds import op_seed

N_IMAGES = 2
FIRST_IMAGES = (0, 2, 4, 6, 8, 10, 12, 14)  # the first well-posed batch, see `tf1_oracle.write_nets`
SEED = 51
REGULARIZATION_STRENGTH = 0.01


def get(name: str, shape: Any) -> Any:
    """tf.get_variable(name, shape, initializer=xavier_initializer()), in float64 too."""
    dtype = tf.get_variable_scope().dtype
    initializer = tf.contrib.layers.xavier_initializer(seed=op_seed(SEED, name), dtype=dtype)
    return tf.get_variable(name=name, shape=shape, initializer=initializer)


def conv(x: Any, number: int, kernel: int, filters: int) -> Any:
    W = get(f"W{number}", [kernel, kernel, int(x.shape[-1]), filters])
    b = get(f"b{number}", [filters])
    c = tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME")
    return tf.nn.relu(tf.nn.bias_add(c, b))


def pool(x: Any, size: int = 2) -> Any:
    return tf.nn.max_pool(x, ksize=[1, size, size, 1], strides=[1, 2, 2, 1], padding="SAME")


def dense(x: Any, suffix: str, units: int) -> Any:
    W = get(f"W_{suffix}", [int(x.shape[-1]), units])
    b = get(f"b_{suffix}", [units])
    return tf.nn.bias_add(tf.matmul(x, W), b)


def first_four(x: Any) -> Any:
    l2 = conv(conv(x, 1, 3, 64), 2, 3, 64)
    l4 = conv(conv(pool(l2), 3, 3, 128), 4, 3, 128)
    return pool(l4)


def features(x: Any, conv9: bool = True) -> Any:
    l6_pool = pool(conv(conv(first_four(x), 5, 3, 256), 6, 3, 256))
    l9 = conv(conv(l6_pool, 7, 3, 512), 8, 3, 512)
    if conv9:
        l9 = conv(l9, 9, 3, 512)
    return tf.reshape(pool(l9), [-1, 2 * 2 * 512])


def head(l9_flat: Any, keep_prob: Any) -> Any:
    l10 = tf.nn.dropout(dense(l9_flat, "fc1", 2 * 2 * 512), keep_prob)
    l11 = tf.nn.dropout(dense(l10, "fc2", 2 * 2 * 512), keep_prob)
    return dense(l11, "fc3", 10)


def final(x: Any, keep_prob: Any) -> Any:
    return head(features(x), keep_prob)


def single_fc(x: Any, keep_prob: Any) -> Any:
    return dense(features(x), "fc", 10)


def without_conv9(x: Any, keep_prob: Any) -> Any:
    return head(features(x, conv9=False), keep_prob)


def without_conv256(x: Any, keep_prob: Any) -> Any:
    l9 = conv(conv(conv(first_four(x), 7, 3, 512), 8, 3, 512), 9, 3, 512)
    return head(tf.reshape(pool(l9), [-1, 4 * 4 * 512]), keep_prob)


def pool_kept(x: Any, keep_prob: Any) -> Any:
    l9 = conv(conv(conv(pool(first_four(x)), 7, 3, 512), 8, 3, 512), 9, 3, 512)
    return head(tf.reshape(pool(l9), [-1, 2 * 2 * 512]), keep_prob)


def fc2_bypassed(x: Any, keep_prob: Any) -> Any:
    l10 = tf.nn.dropout(dense(features(x), "fc1", 2 * 2 * 512), keep_prob)
    dense(l10, "fc2", 2 * 2 * 512)
    l11 = tf.nn.dropout(l10, keep_prob)  # the published copy (Q15)
    return dense(l11, "fc3", 10)


def shallow(x: Any, keep_prob: Any) -> Any:
    l1_pool = tf.nn.dropout(pool(conv(x, 1, 5, 64), 3), keep_prob)
    l2_pool = tf.nn.dropout(pool(conv(l1_pool, 2, 16, 128)), keep_prob)
    return dense(tf.reshape(l2_pool, [-1, 8 * 8 * 128]), "fc", 10)


NETS: Dict[str, Callable[[Any, Any], Any]] = {
    "final": final,
    "single_fc": single_fc,
    "without_conv9": without_conv9,
    "without_conv256_a": without_conv256,
    "pool_kept": pool_kept,
    "fc2_bypassed": fc2_bypassed,
    "shallow_dropout": shallow,
}


def program(net: Callable[[Any, Any], Any], dtype: str) -> Any:
    """Placeholders, logits and cost of the listing, in a fresh default graph."""
    tf.reset_default_graph()
    tf.get_variable_scope().set_dtype(tf.as_dtype(dtype))
    x = tf.placeholder(dtype, [None, 32, 32, 3])
    y = tf.placeholder(dtype, [None, 10])
    keep_prob = tf.placeholder_with_default(tf.constant(1.0, dtype), shape=())
    logits = net(x, keep_prob)
    cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=logits))
    if net is not shallow:
        cost = cost + REGULARIZATION_STRENGTH * tf.reduce_sum(
            [tf.nn.l2_loss(v) for v in tf.trainable_variables() if len(v.shape) > 1]
        )
    return x, y, logits, cost


def initial_values() -> Dict[str, np.ndarray]:
    """The final net's initial values as tf.contrib draws them."""
    program(final, "float32")
    with tf.Session(config=tf1_oracle.config()) as session:
        session.run(tf.global_variables_initializer())
        return {v.op.name: session.run(v) for v in tf.global_variables()}


def case(net: Callable[[Any, Any], Any], dtype: str, first_image: int) -> Dict[str, np.ndarray]:
    """Ten Adam steps of one net on two images of the fixed sequence; raw pixels (Q13), dropout off."""
    pixels, labels = (part[first_image:] for part in reference.fixed_batch(first_image + N_IMAGES))
    x, y, logits, cost = program(net, dtype)
    feed = {x: pixels.astype(dtype), y: reference.one_hot(labels, dtype)}
    return tf1_oracle.ten_steps(logits, cost, tf.train.AdamOptimizer(0.001), feed, dtype, first_image)


if __name__ == "__main__":
    oracle = f"TensorFlow {tf.__version__}, tf.contrib"
    tf1_oracle.write_nets("nine_conv", NETS, sys.argv[1:], case, FIRST_IMAGES, 1e-6, __file__, oracle)

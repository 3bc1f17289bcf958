"""Golden files of `course_models`, written by the report's own framework: TensorFlow 1.15.5 with `tf.layers`.

    python -m tests.oracles.make_course_models_golden [NET…]      (TensorFlow 1.15, Python 3.7)

The nets below are typed from the report with tf.layers' own calls and nothing of this kit's
graphs; tf.layers names the variables.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict

import numpy as np
import tensorflow as tf

from tests.oracles import reference, tf1_oracle

N_IMAGES = 4
# where in the fixed sequence a batch may start: the first well posed, see `tf1_oracle.write_nets`
FIRST_IMAGES = (0, 4, 8, 12, 16)
NUM_CLASSES = 10


def conv(x: Any, filters: int, kernel: int) -> Any:
    return tf.layers.conv2d(x, filters=filters, kernel_size=[kernel, kernel], padding="SAME", activation=tf.nn.relu)


def pool(x: Any) -> Any:
    return tf.layers.max_pooling2d(x, pool_size=[2, 2], strides=2, padding="SAME")


def batch_norm(x: Any) -> Any:
    # no training=True: Q4. Not fused in float64: the fused op has no such kernel
    return tf.layers.batch_normalization(x, fused=False if x.dtype == tf.float64 else None)


def head(x: Any, flat: int, units: int) -> Any:
    with tf.variable_scope("fully_connected") as scope:
        x = tf.reshape(x, [-1, flat])
        fc = tf.layers.dense(inputs=x, units=units, activation=tf.nn.relu)
        drop = tf.layers.dropout(fc, rate=0.5)  # no training=True: Q3
        return tf.layers.dense(inputs=drop, units=NUM_CLASSES, activation=tf.nn.softmax, name=scope.name)


def model2(x: Any, normalise: Callable[[Any], Any] = lambda out: out) -> Any:
    with tf.variable_scope("conv1"):
        x = normalise(pool(conv(x, 64, 5)))
    with tf.variable_scope("conv2"):
        x = normalise(pool(conv(x, 64, 5)))
    with tf.variable_scope("conv3"):
        x = normalise(conv(x, 128, 3))
    with tf.variable_scope("conv4"):
        x = normalise(conv(x, 128, 3))
    with tf.variable_scope("conv5"):
        x = normalise(conv(x, 128, 3))
    return head(x, 8 * 8 * 128, 1024)


def sim01(x: Any) -> Any:
    return model2(x, batch_norm)


def first_scope(x: Any, kernel: int = 3) -> Any:
    with tf.variable_scope("conv1"):
        x = conv(x, 32, kernel)
        x = conv(x, 64, kernel)
        return tf.layers.dropout(pool(x), rate=0.25)


def sim03(x: Any) -> Any:
    x = first_scope(x)
    with tf.variable_scope("conv2"):
        x = conv(x, 128, 3)
        x = conv(x, 128, 3)
        x = pool(x)
        x = conv(x, 128, 2)
        x = tf.layers.dropout(pool(x), rate=0.25)
    return head(x, 4 * 4 * 128, 1500)


def sim04(x: Any, filters: int = 128) -> Any:
    x = first_scope(x)
    with tf.variable_scope("conv2"):
        x = conv(x, filters, 3)
        x = conv(x, filters, 3)
        x = conv(x, filters, 2)
        x = tf.layers.dropout(pool(x), rate=0.25)
    return head(x, 8 * 8 * filters, 1500)


def sim06(x: Any) -> Any:
    return sim04(x, 256)


def sim08(x: Any) -> Any:
    x = first_scope(x, kernel=5)
    with tf.variable_scope("conv2"):
        x = conv(x, 128, 3)
        x = conv(x, 128, 3)
        x = conv(x, 128, 3)
        x = conv(x, 128, 2)
        x = tf.layers.dropout(pool(x), rate=0.25)
    return head(x, 8 * 8 * 128, 1500)


def sim09(x: Any, before_last: int = 128) -> Any:
    x = first_scope(x)
    with tf.variable_scope("conv2"):
        x = pool(conv(x, before_last, 2))
        x = pool(conv(x, 256, 2))
        x = tf.layers.dropout(x, rate=0.25)
    return head(x, 4 * 4 * 256, 1500)


def sim10(x: Any) -> Any:
    return sim09(x, 256)


def model(x: Any) -> Any:
    x = first_scope(x)
    with tf.variable_scope("conv2"):
        x = pool(conv(x, 128, 3))
        x = pool(conv(x, 128, 2))
        x = tf.layers.dropout(x, rate=0.25)
    return head(x, 4 * 4 * 128, 1500)


def model3(x: Any, filters: Any = (32, 64, 128, 128)) -> Any:
    with tf.variable_scope("conv1"):
        x = conv(x, filters[0], 2)
        x = conv(x, filters[1], 2)
        x = tf.layers.dropout(pool(x), rate=0.25)
    with tf.variable_scope("conv2"):
        x = conv(x, filters[2], 2)
        x = conv(x, filters[3], 2)
        x = tf.layers.dropout(pool(x), rate=0.25)
    return head(x, 8 * 8 * filters[3], 1500)


def model3_doubling(x: Any) -> Any:
    return model3(x, (16, 32, 64, 128))


NETS: Dict[str, Callable[[Any], Any]] = {
    "sim01_model2_bn": sim01,
    "sim03_model_extra_conv": sim03,
    "sim04_one_pool_less": sim04,
    "sim06_filters_256": sim06,
    "sim08_deeper_wider": sim08,
    "sim09_last_filters_up": sim09,
    "sim10_both_filters_up": sim10,
    "sim11_model3": model3,
    "model2": model2,
    "model": model,
    "model3_doubling": model3_doubling,
}


def case(net: Callable[[Any], Any], dtype: str, first_image: int) -> Dict[str, np.ndarray]:
    """Ten Adam steps of one net on four images of the fixed sequence."""
    pixels, labels = (part[first_image:] for part in reference.fixed_batch(first_image + N_IMAGES))
    tf.reset_default_graph()
    with tf.name_scope("main_params"):
        x = tf.placeholder(dtype, [None, 3072], name="Input")
        y = tf.placeholder(dtype, [None, NUM_CLASSES], name="Output")
        x_image = tf.reshape(x, [-1, 32, 32, 3], name="images")
    softmax = net(x_image)
    logits = softmax.op.inputs[0]
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=softmax, labels=y))  # Q1
    optimizer = tf.train.AdamOptimizer(learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-08)
    feed = {x: (pixels / 255.0).astype(dtype).reshape(N_IMAGES, 3072), y: reference.one_hot(labels, dtype)}
    return tf1_oracle.ten_steps(logits, loss, optimizer, feed, dtype, first_image)


if __name__ == "__main__":
    oracle = f"TensorFlow {tf.__version__}, tf.layers"
    tf1_oracle.write_nets("course_models", NETS, sys.argv[1:], case, FIRST_IMAGES, 5e-7, __file__, oracle)

"""`course_models`: the given `model`, the prescribed `model2`, the free `model3` and the simulations between them.

Source: report course_models, listing of model2 and simulations #1 to #12; `model`, the loss and the
input names are those of the public program.

As reported: 3072 values a picture, 0..1, channels last; every convolution SAME with bias and ReLU; pools 2x2 stride 2
SAME; variables called as `tf.layers` (gone from current TensorFlow) called them, with its defaults: Glorot-uniform
kernels, zero biases. The scope of each layer is part of its name: `conv1/conv2d/kernel`, `conv1/conv2d_1/kernel`, …

Quirks kept on purpose:
- Q1 the loss is softmax cross-entropy over `probabilities`, not over the logits (`losses.double_softmax`).
- Q3 inert dropout: `tf.layers.dropout` was called without `training=True`; `keep_prob` is therefore None.
- Q4 frozen batch norm (#1, #2): called without `training=True` it normalises with the moving statistics, which keep
  their initial 0 and 1; only gamma and beta learn.

Assumed: the layer shapes of model3 and of #3 to #10 (`experiments.course_models`); model3 has model's scopes.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import tensorflow.compat.v1 as tf

from tf1_models.experiments.course_models import CourseNet
from tf1_models.graphs.parts import losses
from tf1_models.graphs.parts.handles import GraphHandles, LayerTable
from tf1_models.seeds import op_seed

BN_EPSILON = 1e-3  # tf.layers.batch_normalization's default
_FIRST_SCOPE_CONVOLUTIONS = 2  # model and model3: two convolutions in conv1, the others in conv2


def build(
    net: CourseNet,
    images: Optional[Any] = None,
    labels: Optional[Any] = None,
    seed: int = 0,
    step: Optional[Any] = None,
    dtype: Any = tf.float32,
) -> GraphHandles:
    """Adds the graph to the current default graph; the arguments are those of `registry.Graph.build`.

    The placeholders are `main_params/Input` float [batch, 3072], pixels 0..1 (images given as [batch, 32, 32, 3] will
    do), `main_params/Output` float [batch, 10] one-hot and `main_params/learning_rate`; `main_params/global_step` is an
    int32 variable. There is no `keep_prob` (Q3) and no `is_training` (Q4), and `step` is not used: no random op acts.
    """
    with tf.variable_scope("main_params"):
        x = tf.placeholder(dtype, [None, 3072], name="Input") if images is None else images
        y = tf.placeholder(dtype, [None, 10], name="Output") if labels is None else labels
        x_image = tf.reshape(x, [-1, 32, 32, 3], name="images")
        global_step = tf.get_variable(
            "global_step", shape=(), dtype=tf.int32, initializer=tf.zeros_initializer(), trainable=False
        )
        learning_rate = tf.placeholder(tf.float32, shape=(), name="learning_rate")

    table = LayerTable()
    layers = _Layers(table, seed, dtype)
    trunk = _model2 if net.graph == "model2" else _model
    logits = trunk(net, x_image, layers)

    softmax = tf.nn.softmax(logits, name="softmax")
    data_loss = losses.double_softmax(softmax, y)  # Q1
    l2_loss = tf.constant(0.0, dtype, name="l2_loss")
    return GraphHandles(
        images=x,
        labels=y,
        logits=logits,
        probabilities=softmax,
        predictions=tf.argmax(softmax, axis=1, name="y_pred_cls"),
        data_loss=data_loss,
        l2_loss=l2_loss,
        loss=tf.add(data_loss, l2_loss, name="loss"),
        learning_rate=learning_rate,
        global_step=global_step,
        layers=table.rows(),
        loss_over_softmax=True,  # Q1
    )


class _Layers:
    """The `tf.layers` calls of the listings: same names, same defaults, plain ops."""

    def __init__(self, table: LayerTable, seed: int, dtype: Any) -> None:
        self.table, self.seed, self.dtype = table, seed, dtype
        self._counts: Dict[Tuple[str, str], int] = {}

    def _unique(self, base: str) -> str:
        """tf.layers' default names: `conv2d`, `conv2d_1`, … counted anew in every variable scope."""
        key = (tf.get_variable_scope().name, base)
        self._counts[key] = self._counts.get(key, -1) + 1
        return base if self._counts[key] == 0 else f"{base}_{self._counts[key]}"

    def _path(self, name: str) -> str:
        return f"{tf.get_variable_scope().name}/{name}"

    def _variable(self, name: str, shape: Tuple[int, ...], initializer: Any, trainable: bool = True) -> Any:
        return tf.get_variable(name, shape=shape, dtype=self.dtype, initializer=initializer, trainable=trainable)

    def _kernel_and_bias(self, shape: Tuple[int, ...]) -> Tuple[Any, Any]:
        initializer = tf.glorot_uniform_initializer(seed=op_seed(self.seed, self._path("kernel")), dtype=self.dtype)
        return (
            self._variable("kernel", shape, initializer),
            self._variable("bias", shape[-1:], tf.zeros_initializer(dtype=self.dtype)),
        )

    def conv2d(self, x: Any, filters: int, kernel_px: int) -> Any:
        """Convolution, stride 1, SAME, with bias and ReLU."""
        with tf.variable_scope(self._unique("conv2d")):
            kernel, bias = self._kernel_and_bias((kernel_px, kernel_px, int(x.shape[-1]), filters))
            c = tf.nn.bias_add(tf.nn.conv2d(x, kernel, strides=[1, 1, 1, 1], padding="SAME"), bias)
            return self.table.add(tf.get_variable_scope().name, tf.nn.relu(c), (kernel, bias))

    def max_pooling2d(self, x: Any) -> Any:
        """Max pool 2x2, stride 2, SAME."""
        pooled = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        return self.table.add(self._path(self._unique("max_pooling2d")), pooled)

    def dropout(self, x: Any, rate: float) -> Any:
        """Q3: without `training=True` tf.layers.dropout returns its input, in training too; `rate` never acts."""
        return self.table.add(self._path(self._unique("dropout")), inert_dropout(x, rate))

    def batch_normalization(self, x: Any) -> Any:
        """Q4: without `training=True` the moving statistics normalise, and nothing ever moves them."""
        channels = (int(x.shape[-1]),)
        zeros, ones = tf.zeros_initializer(dtype=self.dtype), tf.ones_initializer(dtype=self.dtype)
        with tf.variable_scope(self._unique("batch_normalization")):
            gamma = self._variable("gamma", channels, ones)
            beta = self._variable("beta", channels, zeros)
            mean = self._variable("moving_mean", channels, zeros, trainable=False)
            variance = self._variable("moving_variance", channels, ones, trainable=False)
            normalised = frozen_batch_norm(x, gamma, beta, mean, variance)
            return self.table.add(tf.get_variable_scope().name, normalised, (gamma, beta, mean, variance))

    def flat(self, x: Any) -> Any:
        """NHWC flatten."""
        height, width, channels = x.shape.as_list()[1:]
        return self.table.add(self._path("flatten"), tf.reshape(x, [-1, height * width * channels]))

    def dense(self, x: Any, units: int, activation: Optional[Any] = None, name: Optional[str] = None) -> Any:
        """Fully connected layer; called `dense` unless the listing names it."""
        with tf.variable_scope(name or self._unique("dense")):
            kernel, bias = self._kernel_and_bias((int(x.shape[-1]), units))
            out = tf.nn.bias_add(tf.matmul(x, kernel), bias)
            out = out if activation is None else activation(out)
            return self.table.add(tf.get_variable_scope().name, out, (kernel, bias))


def inert_dropout(x: Any, rate: float) -> Any:
    """Q3: the identity.

    Args:
        x: float tensor.
        rate: The listing's drop rate, kept for the reader.
    """
    del rate
    return x


def frozen_batch_norm(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:
    """Q4: gamma * (x - 0) / sqrt(1 + 1e-3) + beta as long as nobody writes the moving statistics.

    Args:
        x: float [batch, height, width, channels].
        gamma, beta, mean, variance: Variables [channels].
    """
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, BN_EPSILON)


def _model(net: CourseNet, x: Any, layers: _Layers) -> Any:
    """The given program, with what the simulations change in it; model3 too.

    As given: conv1 3x3x32, 3x3x64, pool, dropout .25; conv2 3x3x128, pool, 2x2x128, pool, dropout .25; flatten
    4*4*128; dense 1500, dropout .5; dense 10. Looped, as the simulations have four to six convolutions.
    """
    numbered = list(enumerate(zip(net.filters, net.kernels_px), start=1))
    scopes = {"conv1": numbered[:_FIRST_SCOPE_CONVOLUTIONS], "conv2": numbered[_FIRST_SCOPE_CONVOLUTIONS:]}
    for scope, convolutions in scopes.items():
        with tf.variable_scope(scope):
            for number, (filters, kernel_px) in convolutions:
                x = layers.conv2d(x, filters, kernel_px)
                if number in net.pools_after:
                    x = layers.max_pooling2d(x)
            x = layers.dropout(x, rate=0.25)
            if net.batch_norm == "frozen":
                x = layers.batch_normalization(x)
    with tf.variable_scope("fully_connected"):
        fc = layers.dense(layers.flat(x), net.dense_units, tf.nn.relu)
        drop = layers.dropout(fc, rate=0.5)
        return layers.dense(drop, 10, name="fully_connected")  # the listing's name=scope.name


def _model2(net: CourseNet, x: Any, layers: _Layers) -> Any:
    """Report A; with batch_norm="frozen" simulations #1 and #2: batch norm as the last line of each scope (Q4)."""
    filters, kernels_px = net.filters, net.kernels_px

    def last_line(out: Any, number: int) -> Any:
        if number in net.pools_after:
            out = layers.max_pooling2d(out)
        return layers.batch_normalization(out) if net.batch_norm == "frozen" else out

    with tf.variable_scope("conv1"):  # 5x5x64, pool: [16, 16, 64]
        x = last_line(layers.conv2d(x, filters[0], kernels_px[0]), 1)
    with tf.variable_scope("conv2"):  # 5x5x64, pool: [8, 8, 64]
        x = last_line(layers.conv2d(x, filters[1], kernels_px[1]), 2)
    with tf.variable_scope("conv3"):  # 3x3x128: [8, 8, 128]
        x = last_line(layers.conv2d(x, filters[2], kernels_px[2]), 3)
    with tf.variable_scope("conv4"):
        x = last_line(layers.conv2d(x, filters[3], kernels_px[3]), 4)
    with tf.variable_scope("conv5"):
        x = last_line(layers.conv2d(x, filters[4], kernels_px[4]), 5)
    with tf.variable_scope("fully_connected"):
        flat = layers.flat(x)  # [8 * 8 * 128]
        fc = layers.dense(flat, net.dense_units, tf.nn.relu)
        drop = layers.dropout(fc, rate=0.5)
        return layers.dense(drop, 10, name="fully_connected")

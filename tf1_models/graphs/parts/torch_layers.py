"""PyTorch's layers in TF 1 ops: its initial values, batch norm, activations and flatten order (bn_cnn, prelu_cnn).

Layout is NHWC inside, kernels [height, width, in, out], linear weights [in, out]. Variable names are PyTorch's
state_dict keys with "/" for ".": `layer/3/running_var` is `layer.3.running_var`. Only `num_batches_tracked`, which
counts and decides nothing at momentum 0.1, has no counterpart.

Numbers that differ from TensorFlow's own and are written out at the call (PyTorch's documented defaults):
- initial values U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weights and biases alike (kaiming_uniform with a = sqrt(5));
- batch norm eps 1e-5, momentum 0.1 (TF counts 0.9), biased variance to normalise, n/(n-1) times it in the running
  estimate. In float32 by the op behind `tf.nn.fused_batch_norm`, called itself because that function raises eps to
  1.001e-5 without a word; in float64, for which there is no such op, from `tf.nn.moments`. A test holds them together;
- PReLU with one slope of 0.25 for all channels; at exactly 0 the negative branch counts, as in PyTorch;
- `flatten` goes channel by channel (NCHW).
"""

from __future__ import annotations

import math
from typing import Any, Callable, List, Optional, Tuple

import tensorflow.compat.v1 as tf

from tf1_models.graphs.parts import random_ops, winograd
from tf1_models.graphs.parts.by_mode import by_mode
from tf1_models.graphs.parts.handles import GraphHandles, LayerTable
from tf1_models.graphs.parts.losses import mean_cross_entropy
from tf1_models.seeds import op_seed

BATCH_NORM_EPSILON = 1e-5
BATCH_NORM_MOMENTUM = 0.1
PRELU_SLOPE = 0.25
LEAKY_RELU_SLOPE = 0.01
RRELU_LOWER, RRELU_UPPER = 1.0 / 8.0, 1.0 / 3.0


class TorchLayers:
    """Builds layers and collects what a graph has to return: rows of the layer table and batch norm's updates.

    Args:
        is_training: Batch norm's and RReLU's mode: scalar bool tensor, True for a graph that only trains, or False for
            one that never does and has no update ops.
        seed: Run seed.
        step: int64 scalar tensor or None (see `graphs.random_ops`).
        dtype: tf.float32 or tf.float64.
        weight_init: "default" or "xavier" (weights only).
        convolutions: "direct", or "winograd_5x5" where `winograd.pays`.
    """

    def __init__(
        self,
        is_training: Any,
        seed: int,
        step: Optional[Any],
        dtype: Any,
        weight_init: str = "default",
        convolutions: str = "direct",
    ):
        self.is_training, self.seed, self.step, self.dtype = is_training, seed, step, dtype
        self.weight_init, self.convolutions = weight_init, convolutions
        self.table = LayerTable()
        self.update_ops: List[Any] = []

    def handles(self, images: Any, labels: Any, logits: Any, keep_prob: Optional[Any]) -> GraphHandles:
        """Both PyTorch reports' end: cross-entropy on the logits (`nn.CrossEntropyLoss`), no L2 term.

        Args:
            images: What the first layer took.
            labels: float [batch, 10], one-hot.
            logits: float [batch, 10].
            keep_prob: Scalar tensor; None where no dropout acts.
        """
        data_loss = mean_cross_entropy(logits, labels)
        return GraphHandles(
            images=images,
            labels=labels,
            logits=logits,
            probabilities=tf.nn.softmax(logits, name="probabilities"),
            predictions=tf.argmax(logits, axis=1, name="predictions"),
            data_loss=data_loss,
            l2_loss=tf.constant(0.0, self.dtype, name="l2_loss"),
            loss=data_loss,
            layers=self.table.rows(),
            keep_prob=keep_prob,
            is_training=self.is_training,
            update_ops=tuple(self.update_ops),
            statistics_memory_steps=1.0 / BATCH_NORM_MOMENTUM,
        )

    def _row(self, name: str, kind: str, output: Any, variables: Tuple[Any, ...] = ()) -> Any:
        return self.table.add(f"{name.replace('/', '.')} {kind}", output, variables)

    def _variable(self, name: str, shape: List[int], initializer: Any, trainable: bool = True) -> Any:
        return tf.get_variable(name, shape=shape, dtype=self.dtype, initializer=initializer, trainable=trainable)

    def _weight_and_bias(self, shape: List[int]) -> Tuple[Any, Any]:
        """`weight` of the given shape and `bias` of its last size, in the current variable scope."""
        scope = tf.get_variable_scope().name
        bound = 1.0 / math.sqrt(_product(shape[:-1]))  # fan_in
        weight_seed = op_seed(self.seed, f"{scope}/weight")
        if self.weight_init == "xavier":  # PyTorch's xavier_uniform_: the same bounds as Glorot's
            initializer = tf.glorot_uniform_initializer(seed=weight_seed)
        else:
            initializer = tf.random_uniform_initializer(-bound, bound, seed=weight_seed)
        weight = self._variable("weight", shape, initializer)
        bias_initializer = tf.random_uniform_initializer(-bound, bound, seed=op_seed(self.seed, f"{scope}/bias"))
        return weight, self._variable("bias", shape[-1:], bias_initializer)

    def conv2d(self, x: Any, name: str, filters: int, kernel_px: int) -> Any:
        """Convolution, stride 1, padding (kernel_px - 1) / 2 on each side (for odd kernels just SAME), with bias."""
        with tf.variable_scope(name):
            weight, bias = self._weight_and_bias([kernel_px, kernel_px, int(x.shape[-1]), filters])
            if winograd.pays(self.convolutions, kernel_px, x):
                y = winograd.conv2d(x, weight, "winograd")
            else:
                y = tf.nn.conv2d(x, weight, strides=[1, 1, 1, 1], padding="SAME")
            y = tf.nn.bias_add(y, bias)
        return self._row(name, "Conv2d", y, (weight, bias))

    def linear(self, x: Any, name: str, units: int) -> Any:
        """[batch, in] -> [batch, units]."""
        with tf.variable_scope(name):
            weight, bias = self._weight_and_bias([int(x.shape[-1]), units])
            y = tf.nn.bias_add(tf.matmul(x, weight), bias)
        return self._row(name, "Linear", y, (weight, bias))

    def batch_norm(self, x: Any, name: str) -> Any:
        """BatchNorm2d of [batch, height, width, channels], or BatchNorm1d of [batch, channels].

        In training it normalises with the batch's biased variance and appends the running estimates' update ops; in
        evaluation it uses the running estimates, and the same ops leave them as they are.
        """
        n_channels = int(x.shape[-1])
        with tf.variable_scope(name):
            weight = self._variable("weight", [n_channels], tf.ones_initializer())
            bias = self._variable("bias", [n_channels], tf.zeros_initializer())
            running_mean = self._variable("running_mean", [n_channels], tf.zeros_initializer(), False)
            running_var = self._variable("running_var", [n_channels], tf.ones_initializer(), False)
            old_mean, old_var = tf.identity(running_mean), tf.identity(running_var)
            normalise = _fused_batch_norm if self.dtype == tf.float32 else _batch_norm_from_moments
            y, mean, unbiased = by_mode(
                self.is_training,
                [x, weight, bias, old_mean, old_var],
                lambda x, weight, bias, mean, var: normalise(x, weight, bias, None),
                lambda x, weight, bias, mean, var: normalise(x, weight, bias, (mean, var)),
            )
            y.set_shape(x.shape)
            kind = "BatchNorm2d" if len(x.shape) == 4 else "BatchNorm1d"
            if self.is_training is False:
                return self._row(name, kind, y, (weight, bias, running_mean, running_var))
            momentum = tf.where(
                self.is_training, tf.constant(BATCH_NORM_MOMENTUM, self.dtype), tf.constant(0.0, self.dtype)
            )
            updates = [
                tf.assign(running_mean, old_mean * (1.0 - momentum) + mean * momentum, name="update_mean"),
                tf.assign(running_var, old_var * (1.0 - momentum) + unbiased * momentum, name="update_var"),
            ]
        for update in updates:
            self.update_ops.append(update.op)
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update.op)
        return self._row(name, kind, y, (weight, bias, running_mean, running_var))

    def activation(self, x: Any, name: str, kind: str) -> Any:
        """relu, leaky_relu (0.01), prelu (one learnt slope, 0.25 at first), rrelu (U(1/8, 1/3)) or elu (1.0)."""
        if kind == "relu":
            return self._row(name, "ReLU", tf.nn.relu(x))
        if kind == "leaky_relu":
            return self._row(name, "LeakyReLU", tf.where(x > 0.0, x, LEAKY_RELU_SLOPE * x))
        if kind == "elu":  # the minimum keeps the branch that is not taken finite, and so its gradient
            return self._row(name, "ELU", tf.where(x > 0.0, x, tf.expm1(tf.minimum(x, 0.0))))
        if kind == "prelu":
            with tf.variable_scope(name):
                slope = self._variable("weight", [1], tf.constant_initializer(PRELU_SLOPE))
            known = tf.get_static_value(slope) if self.is_training is False else None
            if known is not None:  # one op, which TensorFlow fuses into the convolution before it
                return self._row(name, "PReLU", tf.nn.leaky_relu(x, float(known[0])), (slope,))
            return self._row(name, "PReLU", _prelu(x, tf.identity(slope)), (slope,))
        if kind == "rrelu":
            return self._row(name, "RReLU", tf.where(x > 0.0, x, self._rrelu_slopes(x, name) * x))
        raise ValueError(f"unknown activation {kind!r}")

    def _rrelu_slopes(self, x: Any, name: str) -> Any:
        """A slope for every element: drawn in training, the mean 11/48 in evaluation."""
        full_name = f"{tf.get_variable_scope().name}/{name}".lstrip("/")

        def drawn() -> Any:
            u = random_ops.uniform(tf.shape(x), f"{full_name}/slope", self.seed, self.step, self.dtype)
            return RRELU_LOWER + (RRELU_UPPER - RRELU_LOWER) * u

        mean = tf.constant((RRELU_LOWER + RRELU_UPPER) / 2.0, self.dtype)
        if self.is_training is True:
            slopes = drawn()
        elif self.is_training is False:
            slopes = mean
        else:
            slopes = tf.cond(self.is_training, drawn, lambda: tf.fill(tf.shape(x), mean))
        return tf.identity(slopes, name=f"{name}/slopes")

    def max_pool(self, x: Any, name: str) -> Any:
        """Max pool 2x2, stride 2."""
        pooled = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
        return self._row(name, "MaxPool2d", pooled)

    def inert_dropout(self, x: Any, name: str) -> Any:
        """Q7: `nn.Dropout2d(0,35)` has p = 0 and 35 as its `inplace`; only its row in the table remains."""
        return self._row(name, "Dropout2d (p=0)", tf.identity(x))

    def dropout(self, x: Any, name: str, keep_prob: Any) -> Any:
        """nn.Dropout: single units; what is kept is scaled by 1 / keep_prob, as in TF."""
        return self._row(name, "Dropout", random_ops.dropout(x, keep_prob, name, self.seed, self.step))

    def dropout2d(self, x: Any, name: str, keep_prob: Any) -> Any:
        """nn.Dropout2d: whole channels of [batch, height, width, channels], single units of [batch, units]."""
        keep_prob = tf.cast(keep_prob, self.dtype)
        shape = tf.shape(x)
        mask_shape = tf.stack([shape[0]] + [1] * (len(x.shape) - 2) + [shape[-1]])
        full_name = f"{tf.get_variable_scope().name}/{name}".lstrip("/")
        keep = random_ops.uniform(mask_shape, f"{full_name}/channels", self.seed, self.step, self.dtype)
        mask = tf.cast(keep >= 1.0 - keep_prob, self.dtype)
        return self._row(name, "Dropout2d", x * (1.0 / keep_prob) * mask)

    def flatten(self, x: Any, name: str) -> Any:
        """[batch, height, width, channels] -> [batch, channels * height * width], channel by channel (NCHW)."""
        height, width, channels = x.shape.as_list()[1:]
        flat = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [-1, channels * height * width], name=name)
        return self.table.add(name, flat)


@tf.custom_gradient
def _prelu(x: Any, slope: Any) -> Tuple[Any, Callable[[Any], Tuple[Any, Any]]]:
    """x where it is positive, slope [1] times x elsewhere; the gradient in two passes less than the derived one."""
    positive = x > 0.0

    def gradient(dy: Any) -> Tuple[Any, Any]:
        dx = tf.where(positive, dy, slope * dy)
        return dx, tf.reshape(tf.reduce_sum(dy * tf.minimum(x, 0.0)), [1])

    return tf.where(positive, x, slope * x), gradient


def _fused_batch_norm(x: Any, weight: Any, bias: Any, running: Optional[Tuple[Any, Any]]) -> Tuple[Any, Any, Any]:
    """Normalises float32 [batch, (height, width,) channels] by one op, which has a gradient of its own.

    Args:
        x: The input.
        weight: [channels], the scale.
        bias: [channels], the shift.
        running: Mean and variance to normalise with; None: the batch's own.

    Returns:
        (output, mean, n/(n-1) times the variance); the running ones as they are.
    """
    mean, variance = running or (tf.zeros([0]), tf.zeros([0]))
    flat = x if len(x.shape) == 4 else x[:, None, None, :]
    y, batch_mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
        x=flat,
        scale=weight,
        offset=bias,
        mean=mean,
        variance=variance,
        epsilon=BATCH_NORM_EPSILON,
        is_training=running is None,
    )
    y = y if len(x.shape) == 4 else y[:, 0, 0, :]
    return (y, batch_mean, unbiased) if running is None else (y, mean, variance)


def _batch_norm_from_moments(
    x: Any, weight: Any, bias: Any, running: Optional[Tuple[Any, Any]]
) -> Tuple[Any, Any, Any]:
    """The same written out, for every float type."""
    mean, variance = running or tf.nn.moments(x, list(range(len(x.shape) - 1)))
    scale = tf.rsqrt(variance + BATCH_NORM_EPSILON) * weight
    y = x * scale + (bias - mean * scale)
    if running is not None:
        return y, mean, variance
    n = tf.cast(tf.size(x) // int(x.shape[-1]), x.dtype)
    return y, mean, variance * (n / tf.maximum(n - 1.0, 1.0))  # of one value (PyTorch refuses) the variance is 0


def _product(sizes: List[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product

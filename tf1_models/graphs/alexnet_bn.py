"""`alexnet_bn`: five convolutions at 256x256, batch norm after the ReLU, four dense layers (Keras).

Source: report alexnet_bn, listing and layer summary. Variables and layers are called as Keras calls
them (`conv2d_1/kernel`, `batch_normalization_2/moving_mean`, …); the rows of the layer table are the summary's 21.

Keras' defaults, written out: Glorot-uniform kernels, zero biases; batch norm momentum 0.99 (share of the old value),
epsilon 1e-3; pools without padding.

Quirks kept on purpose:
- Q17 both kinds of batch norm normalise with the biased variance; the two convolutional ones (fused in Keras 2)
  average the Bessel-corrected variance n/(n-1), the three dense ones the biased one.
- Q18 32x32 pictures count as upsampled to 256x256: every pixel repeated 8 times each way, which is what
  nearest-neighbour resizing does at this factor, and commutes with the division by 255. The first convolution takes
  them as they are and gives what it would give of the large ones (`upsampled_conv`), which nobody has to hold.
"""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import tensorflow.compat.v1 as tf

from tf1_models.experiments.alexnet_bn import AlexNetNet
from tf1_models.graphs.parts import precise_batch_norm, upsampled_conv, winograd
from tf1_models.graphs.parts.by_mode import by_mode
from tf1_models.graphs.parts.handles import GraphHandles, LayerTable
from tf1_models.graphs.parts.losses import mean_cross_entropy
from tf1_models.graphs.parts.random_ops import dropout
from tf1_models.seeds import op_seed

SMALL_PX, IMAGE_SIZE_PX = 32, 256


def build(
    net: AlexNetNet,
    images: Optional[Any] = None,
    labels: Optional[Any] = None,
    seed: int = 0,
    step: Optional[Any] = None,
    dtype: Any = tf.float32,
    convolutions: str = "direct",
    keep_prob: Optional[Any] = None,
    is_training: Optional[Any] = None,
) -> GraphHandles:
    """Adds the graph to the current default graph; the arguments are those of `registry.Graph.build`.

    The placeholders are `images` float [batch, 32, 32, 3], pixels 0..1 (images given as [batch, 256, 256, 3] are taken
    as resized already), `labels` float [batch, 10] one-hot, `keep_prob`, `placeholder_with_default(1.0)`, and
    `is_training`, `placeholder_with_default(False)`. `update_ops`, the ten moving statistics' updates, stand in
    tf.GraphKeys.UPDATE_OPS, too.
    """
    x = tf.placeholder(dtype, [None, 32, 32, 3], name="images") if images is None else images
    y = tf.placeholder(dtype, [None, 10], name="labels") if labels is None else labels
    if keep_prob is None:
        keep_prob = tf.placeholder_with_default(tf.constant(1.0, dtype), shape=(), name="keep_prob")
    if is_training is None:
        is_training = tf.placeholder_with_default(tf.constant(False), shape=(), name="is_training")
    table = LayerTable()
    layers = _Layers(net, table, is_training, keep_prob, seed, step, dtype, convolutions)
    logits, probabilities = _alexnet(x, layers)

    data_loss = mean_cross_entropy(logits, y)  # one softmax: Keras, too, takes the logits behind the Softmax op
    l2_loss = tf.constant(0.0, dtype, name="l2_loss")
    return GraphHandles(
        images=x,
        labels=y,
        keep_prob=keep_prob,
        is_training=is_training,
        logits=logits,
        probabilities=probabilities,
        predictions=tf.argmax(logits, axis=1, name="predictions"),
        data_loss=data_loss,
        l2_loss=l2_loss,
        loss=tf.add(data_loss, l2_loss, name="loss"),
        update_ops=tuple(layers.update_ops),
        layers=table.rows(),
        statistics_memory_steps=1.0 / (1.0 - net.bn_momentum),
    )


def _alexnet(x: Any, layers: _Layers) -> Tuple[Any, Any]:
    """The listing, line by line; returns logits and probabilities."""
    x = layers.first_conv(x, "conv2d", 96, 11, stride=4)  # [62, 62, 96]
    x = layers.batch_norm(x, "batch_normalization")
    x = layers.pool(x, "max_pooling2d")  # [30, 30, 96]

    x = layers.conv(x, "conv2d_1", 256, 5)  # [30, 30, 256]
    x = layers.batch_norm(x, "batch_normalization_1")
    x = layers.pool(x, "max_pooling2d_1")  # [14, 14, 256]

    x = layers.conv(x, "conv2d_2", 384, 3)  # [14, 14, 384]
    x = layers.conv(x, "conv2d_3", 384, 3)  # [14, 14, 384]
    x = layers.conv(x, "conv2d_4", 256, 3)  # [14, 14, 256]
    x = layers.pool(x, "max_pooling2d_2")  # [6, 6, 256]
    x = layers.flat(x, "flatten")  # [9216]

    _, x = layers.dense(x, "dense", 512)
    x = layers.batch_norm(x, "batch_normalization_2")
    x = layers.dropout(x, "dropout")

    _, x = layers.dense(x, "dense_1", 256)
    x = layers.batch_norm(x, "batch_normalization_3")
    x = layers.dropout(x, "dropout_1")

    _, x = layers.dense(x, "dense_2", 128)
    x = layers.batch_norm(x, "batch_normalization_4")
    x = layers.dropout(x, "dropout_2")

    return layers.dense(x, "dense_3", 10, tf.nn.softmax)


def moving_variance_factor(values_per_channel: Any, rank: int) -> Any:
    """Q17: what the batch's biased variance is multiplied with before it is averaged.

    Args:
        values_per_channel: Scalar float tensor n.
        rank: 4 for a convolutional batch norm (fused in Keras 2: Bessel's n/(n-1)), 2 for a dense one (1).

    Returns:
        Scalar of n's dtype. A single value is not divided by 0 (the fused op takes max(n-1, 1), too).
    """
    if rank == 2:
        return tf.ones_like(values_per_channel)
    return values_per_channel / tf.maximum(values_per_channel - 1.0, 1.0)


class _Layers:
    """Keras' layers of the listing as plain ops; notes each in the table."""

    def __init__(
        self,
        net: AlexNetNet,
        table: LayerTable,
        is_training: Any,
        keep_prob: Any,
        seed: int,
        step: Optional[Any],
        dtype: Any,
        convolutions: str = "direct",
    ) -> None:
        self.net, self.table, self.is_training, self.keep_prob = net, table, is_training, keep_prob
        self.seed, self.step, self.dtype, self.convolutions = seed, step, dtype, convolutions
        self.update_ops: List[Any] = []

    def _variable(self, name: str, shape: Tuple[int, ...], initializer: Any, trainable: bool = True) -> Any:
        return tf.get_variable(name, shape=shape, dtype=self.dtype, initializer=initializer, trainable=trainable)

    def _kernel_and_bias(self, shape: Tuple[int, ...]) -> Tuple[Any, Any]:
        full_name = f"{tf.get_variable_scope().name}/kernel"
        glorot = tf.glorot_uniform_initializer(seed=op_seed(self.seed, full_name), dtype=self.dtype)
        zeros = tf.zeros_initializer(dtype=self.dtype)
        return self._variable("kernel", shape, glorot), self._variable("bias", shape[-1:], zeros)

    def first_conv(self, x: Any, name: str, filters: int, kernel_px: int, stride: int) -> Any:
        """VALID convolution at 256x256 pixels, with bias and ReLU, of the small pictures or the large ones (Q18).

        Raises:
            ValueError: pictures of another size.
        """
        size_px = x.shape.as_list()[1]
        if size_px not in (SMALL_PX, IMAGE_SIZE_PX):
            raise ValueError(
                f"alexnet_bn takes pictures of {SMALL_PX}x{SMALL_PX} or {IMAGE_SIZE_PX}x{IMAGE_SIZE_PX}, not {x.shape}"
            )
        with tf.variable_scope(name):
            kernel, bias = self._kernel_and_bias((kernel_px, kernel_px, int(x.shape[-1]), filters))
            if size_px == SMALL_PX:
                out = upsampled_conv.conv2d(x, kernel, bias, stride, IMAGE_SIZE_PX // SMALL_PX, "upsampled")
            else:
                c = tf.nn.conv2d(x, kernel, strides=[1, stride, stride, 1], padding="VALID")
                out = tf.nn.relu(tf.nn.bias_add(c, bias))
            return self.table.add(name, out, (kernel, bias))

    def conv(self, x: Any, name: str, filters: int, kernel_px: int) -> Any:
        """SAME convolution with bias and ReLU."""
        with tf.variable_scope(name):
            kernel, bias = self._kernel_and_bias((kernel_px, kernel_px, int(x.shape[-1]), filters))
            if winograd.pays(self.convolutions, kernel_px, x):
                c = winograd.conv2d(x, kernel, "winograd")
            else:
                c = tf.nn.conv2d(x, kernel, strides=[1, 1, 1, 1], padding="SAME")
            return self.table.add(name, tf.nn.relu(tf.nn.bias_add(c, bias)), (kernel, bias))

    def pool(self, x: Any, name: str) -> Any:
        """Max pool 3x3, stride 2, VALID."""
        pooled = tf.nn.max_pool(x, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="VALID", name=name)
        return self.table.add(name, pooled)

    def flat(self, x: Any, name: str) -> Any:
        """NHWC flatten."""
        height, width, channels = x.shape.as_list()[1:]
        return self.table.add(name, tf.reshape(x, [-1, height * width * channels], name=name))

    def dense(self, x: Any, name: str, units: int, activation: Any = tf.nn.relu) -> Tuple[Any, Any]:
        """Fully connected layer; the table notes what the activation makes of it.

        Returns:
            (before the activation, after it).
        """
        with tf.variable_scope(name):
            kernel, bias = self._kernel_and_bias((int(x.shape[-1]), units))
            out = tf.nn.bias_add(tf.matmul(x, kernel), bias)
            return out, self.table.add(name, activation(out), (kernel, bias))

    def dropout(self, x: Any, name: str) -> Any:
        """Dropout, rate .5 in training: the run's keep_prob feeds it."""
        return self.table.add(name, dropout(x, self.keep_prob, name, self.seed, self.step))

    def batch_norm(self, x: Any, name: str) -> Any:
        """Batch statistics in training, moving ones otherwise; adds the updates of the moving ones (Q17)."""
        channels = (int(x.shape[-1]),)
        rank = len(x.shape)
        zeros, ones = tf.zeros_initializer(dtype=self.dtype), tf.ones_initializer(dtype=self.dtype)
        with tf.variable_scope(name):
            gamma = self._variable("gamma", channels, ones)
            beta = self._variable("beta", channels, zeros)
            moving_mean = self._variable("moving_mean", channels, zeros, trainable=False)
            moving_variance = self._variable("moving_variance", channels, ones, trainable=False)

            def of_batch(x: Any, gamma: Any, beta: Any, *past: Any) -> Tuple[Any, Any, Any]:
                del past
                out, mean, variance = precise_batch_norm.batch_norm(x, gamma, beta, self.net.bn_epsilon)
                n = tf.cast(tf.size(x) // channels[0], self.dtype)
                return out, mean, variance * moving_variance_factor(n, rank)

            def of_past(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Tuple[Any, Any, Any]:
                out = tf.nn.batch_normalization(x, mean, variance, beta, gamma, self.net.bn_epsilon)
                return out, mean, variance

            past = [tf.identity(moving_mean), tf.identity(moving_variance)]
            read = [x, tf.identity(gamma), tf.identity(beta), *past]
            out, mean, averaged = by_mode(self.is_training, read, of_batch, of_past)
            kept = 1.0 - self.net.bn_momentum
            if self.is_training is False:  # a graph that never trains
                out.set_shape(x.shape)
                return self.table.add(name, out, (gamma, beta, moving_mean, moving_variance))
            for moving, value in ((moving_mean, mean), (moving_variance, averaged)):
                update = tf.assign_sub(moving, (moving - value) * tf.constant(kept, self.dtype)).op
                self.update_ops.append(update)
                tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
            out.set_shape(x.shape)
            return self.table.add(name, out, (gamma, beta, moving_mean, moving_variance))

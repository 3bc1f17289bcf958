"""`bn_cnn`: three blocks conv 5x5 -> batch norm -> ReLU -> max pool, then three linear layers with dropout (PyTorch).

Source: report bn_cnn, listings of sections 2.2 and 2.3. The report prints the output shape after
every layer; here they are rows of the layer table (batch, height, width, channels).

As reported: 32/64/128 channels, dropout p = 0.3 after both hidden linear layers, flatten in PyTorch's NCHW order.
Variables carry PyTorch's state_dict keys (see `graphs.torch_layers`).

Quirks kept on purpose:
- Q6 text and listing differ in batch and epochs only: two runs, one graph.

Assumed: cross-entropy; one BatchNorm and one ReLU a block (the garbled listing repeats some of these lines);
PyTorch's default initial values; inputs in [0, 1] (ToTensor without normalisation).
"""

from __future__ import annotations

from typing import Any, Optional

import tensorflow.compat.v1 as tf

from tf1_models.experiments.bn_cnn import BnCnnNet
from tf1_models.graphs.parts.handles import GraphHandles
from tf1_models.graphs.parts.torch_layers import TorchLayers


def build(
    net: BnCnnNet,
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

    The placeholders are `x` float [batch, 32, 32, 3], pixels 0..1, `y` float [batch, 10] one-hot, `is_training`,
    `placeholder_with_default(False)`, and, where the run has dropout, `keep_prob`, `placeholder_with_default(1.0)`.
    """
    x = tf.placeholder(dtype, [None, 32, 32, 3], name="x") if images is None else images
    y = tf.placeholder(dtype, [None, 10], name="y") if labels is None else labels
    if is_training is None:
        is_training = tf.placeholder_with_default(False, shape=(), name="is_training")
    if net.dropout and keep_prob is None:
        keep_prob = tf.placeholder_with_default(tf.constant(1.0, dtype), shape=(), name="keep_prob")
    layers = TorchLayers(is_training, seed, step, dtype, convolutions=convolutions)

    # 1st layer
    h = layers.conv2d(x, "layer1/0", net.channels[0], kernel_px=5)  # [32, 32, 32]
    h = layers.batch_norm(h, "layer1/1")
    h = layers.activation(h, "layer1/2", "relu")
    h = layers.max_pool(h, "layer1/3")  # [16, 16, 32]
    # 2nd layer
    h = layers.conv2d(h, "layer2/0", net.channels[1], kernel_px=5)  # [16, 16, 64]
    h = layers.batch_norm(h, "layer2/1")
    h = layers.activation(h, "layer2/2", "relu")
    h = layers.max_pool(h, "layer2/3")  # [8, 8, 64]
    # 3rd layer
    h = layers.conv2d(h, "layer3/0", net.channels[2], kernel_px=5)  # [8, 8, 128]
    h = layers.batch_norm(h, "layer3/1")
    h = layers.activation(h, "layer3/2", "relu")
    h = layers.max_pool(h, "layer3/3")  # [4, 4, 128]
    h = layers.flatten(h, "flatten")  # [2048]
    # 4th layer (1st fully connected)
    h = layers.activation(layers.linear(h, "fc1", 100), "relu1", "relu")
    h = layers.dropout(h, "dropout1", keep_prob) if keep_prob is not None else h
    # 5th layer (2nd fully connected)
    h = layers.activation(layers.linear(h, "fc2", 50), "relu2", "relu")
    h = layers.dropout(h, "dropout2", keep_prob) if keep_prob is not None else h
    # output layer (3rd fully connected)
    logits = layers.linear(h, "fc3", 10)

    return layers.handles(x, y, logits, keep_prob)

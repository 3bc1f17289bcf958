"""`prelu_cnn`: three convolutions with PReLU and batch norm, one hidden linear layer (PyTorch).

Source: report prelu_cnn, listing and printed module of section 4.

As reported: the layers and their numbers are those of the printed module, `layer` 0 to 13 and `fc_layer` 0 to 4;
variables carry PyTorch's state_dict keys (see `graphs.torch_layers`); activation first, batch norm after it.

Quirks kept on purpose:
- Q7 inert dropout: `nn.Dropout2d(0,35)` is p = 0 with `inplace` = 35, a comma for a point, and the printed module says
  so. Layers 2, 6, 11 and fc_layer 2 do nothing, in training too. `dropout_acts` builds what was meant.
- Q8, Q9, Q10, Q11, Q19 are in the runs, not in the graph (experiments/prelu_cnn.py).

Assumed: LeakyReLU 0.01, ELU 1.0, RReLU U(1/8, 1/3) in training and its mean in evaluation; "weight initialisation"
means xavier-uniform weights.
"""

from __future__ import annotations

from typing import Any, Optional

import tensorflow.compat.v1 as tf

from tf1_models.experiments.prelu_cnn import PreluCnnNet
from tf1_models.graphs.parts.handles import GraphHandles
from tf1_models.graphs.parts.torch_layers import TorchLayers


def build(
    net: PreluCnnNet,
    images: Optional[Any] = None,
    labels: Optional[Any] = None,
    seed: int = 0,
    step: Optional[Any] = None,
    dtype: Any = tf.float32,
    keep_prob: Optional[Any] = None,
    is_training: Optional[Any] = None,
) -> GraphHandles:
    """Adds the graph to the current default graph; the arguments are those of `registry.Graph.build`.

    The placeholders are `x` float [batch, 32, 32, 3], pixels 0..1, `y` float [batch, 10] one-hot, and `is_training`,
    `placeholder_with_default(False)`; `keep_prob` only under `dropout_acts`, as the report's dropout is inert (Q7).
    """
    x = tf.placeholder(dtype, [None, 32, 32, 3], name="x") if images is None else images
    y = tf.placeholder(dtype, [None, 10], name="y") if labels is None else labels
    if is_training is None:
        is_training = tf.placeholder_with_default(False, shape=(), name="is_training")
    if net.dropout_acts and keep_prob is None:
        keep_prob = tf.placeholder_with_default(tf.constant(1.0, dtype), shape=(), name="keep_prob")
    layers = TorchLayers(is_training, seed, step, dtype, net.weight_init)

    def dropout(h: Any, name: str) -> Any:
        return layers.inert_dropout(h, name) if keep_prob is None else layers.dropout2d(h, name, keep_prob)  # Q7

    h = layers.conv2d(x, "layer/0", 16, kernel_px=3)  # [32, 32, 16]
    h = layers.activation(h, "layer/1", net.activation)
    h = dropout(h, "layer/2")
    h = layers.batch_norm(h, "layer/3")

    h = layers.conv2d(h, "layer/4", 32, kernel_px=3)  # [32, 32, 32]
    h = layers.activation(h, "layer/5", net.activation)
    h = dropout(h, "layer/6")
    h = layers.batch_norm(h, "layer/7")
    h = layers.max_pool(h, "layer/8")  # [16, 16, 32]

    h = layers.conv2d(h, "layer/9", 64, kernel_px=3)  # [16, 16, 64]
    h = layers.activation(h, "layer/10", net.activation)
    h = dropout(h, "layer/11")
    h = layers.batch_norm(h, "layer/12")
    h = layers.max_pool(h, "layer/13")  # [8, 8, 64]
    h = layers.flatten(h, "flatten")  # [4096]

    h = layers.linear(h, "fc_layer/0", 100)
    h = layers.activation(h, "fc_layer/1", net.activation)
    h = dropout(h, "fc_layer/2")
    h = layers.batch_norm(h, "fc_layer/3")
    logits = layers.linear(h, "fc_layer/4", 10)

    return layers.handles(x, y, logits, keep_prob)

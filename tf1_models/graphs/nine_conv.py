"""`nine_conv`: nine 3x3 convolutions, Xavier everywhere, three fully connected layers, L2 and keep_prob dropout.

Source: report nine_conv, final listing and its ablations.

As reported: variables, shapes and their order are those of the listing; `l10` and `l11` are linear (no ReLU between
the fully connected layers); dropout only after them.

Quirks kept on purpose:
- Q12 biases are drawn from Xavier too: for shape [n] fan_in = fan_out = n, so U(-sqrt(3/n), sqrt(3/n)).
- Q13 raw pixels 0..255 enter the first convolution (the run's `pixel_divisor` is 1).
- Q15 `fc2_bypassed` builds the published copy's `l11 = dropout(l10)`: W_fc2 only decays. The listing uses l11.

Assumed: layers that an ablation drops leave the numbers of the others as they are; the one-layer heads are called
`W_fc`, `b_fc` as in the report's own shallow listing; all pools SAME; strides of the shallow pools 2.
"""

from __future__ import annotations

import contextlib
from typing import Any, List, Optional

import tensorflow.compat.v1 as tf

from tf1_models.experiments.nine_conv import NineConvNet
from tf1_models.graphs.parts import winograd
from tf1_models.graphs.parts.handles import GraphHandles, LayerTable
from tf1_models.graphs.parts.listing_op_numbers import ListingOpNumbers, graph_seed
from tf1_models.graphs.parts.losses import l2_term, mean_cross_entropy
from tf1_models.graphs.parts.random_ops import dropout
from tf1_models.seeds import op_seed


def build(
    net: NineConvNet,
    images: Optional[Any] = None,
    labels: Optional[Any] = None,
    seed: int = 51,
    step: Optional[Any] = None,
    dtype: Any = tf.float32,
    convolutions: str = "direct",
    keep_prob: Optional[Any] = None,
) -> GraphHandles:
    """Adds the graph to the current default graph; the arguments are those of `registry.Graph.build`.

    The placeholders are `x` float [batch, 32, 32, 3], raw pixels 0..255 (Q13), `y` float [batch, 10] one-hot, and
    `keep_prob`, `placeholder_with_default(1.0)`. `net.seed_stream` says how initial values derive from the seed.
    """
    x = tf.placeholder(dtype, [None, 32, 32, 3], name="x") if images is None else images
    y = tf.placeholder(dtype, [None, 10], name="y") if labels is None else labels
    if keep_prob is None:
        keep_prob = tf.placeholder_with_default(tf.constant(1.0, dtype), shape=(), name="keep_prob")
    table = LayerTable()
    layers = _Layers(table, seed, dtype, convolutions, net.seed_stream)
    trunk = _shallow_trunk if net.trunk == "shallow" else _nine_conv_trunk
    logits = trunk(net, x, keep_prob, layers, step)

    probabilities = tf.nn.softmax(logits, name="hypothesis")
    data_loss = mean_cross_entropy(logits, y)
    l2_loss = l2_term(layers.variables, net.l2_scale, dtype)
    return GraphHandles(
        images=x,
        labels=y,
        keep_prob=keep_prob,
        logits=logits,
        probabilities=probabilities,
        predictions=tf.argmax(logits, axis=1, name="predictions"),
        data_loss=data_loss,
        l2_loss=l2_loss,
        loss=tf.add(data_loss, l2_loss, name="cost"),
        layers=table.rows(),
    )


class _Layers:
    """The listing's four statements (W, b, op, bias_add) as one call; remembers every variable for the L2 term."""

    def __init__(self, table: LayerTable, seed: int, dtype: Any, convolutions: str, seed_stream: str) -> None:
        self.table, self.seed, self.dtype, self.convolutions = table, seed, dtype, convolutions
        self.numbers = ListingOpNumbers() if seed_stream == "report" else None
        self.variables: List[Any] = []

    def _xavier(self, name: str, shape: List[int]) -> Any:
        # glorot_uniform with an explicit seed is bit-equal to contrib's xavier_initializer, 1-D shapes included (Q12)
        full_name = f"{tf.get_variable_scope().name}/{name}".lstrip("/")
        own_seed = op_seed(self.seed, full_name) if self.numbers is None else self.numbers.variable()
        initializer = tf.glorot_uniform_initializer(seed=own_seed, dtype=self.dtype)
        with contextlib.ExitStack() as stack:
            if self.numbers is not None:
                stack.enter_context(graph_seed(self.seed))
            variable = tf.get_variable(name, shape=shape, dtype=self.dtype, initializer=initializer)
        self.variables.append(variable)
        return variable

    def _count(self, kind: str) -> None:
        if self.numbers is not None:
            self.numbers.add(kind)

    def conv(self, x: Any, number: int, kernel_px: int, filters: int) -> Any:
        """Convolution, stride 1, SAME, with bias and ReLU."""
        w = self._xavier(f"W{number}", [kernel_px, kernel_px, int(x.shape[-1]), filters])
        b = self._xavier(f"b{number}", [filters])
        self._count("conv")
        if winograd.pays(self.convolutions, kernel_px, x):
            c = winograd.conv2d(x, w, name=f"c{number}")
        else:
            c = tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME", name=f"c{number}")
        return self.table.add(f"conv{number}", tf.nn.relu(tf.nn.bias_add(c, b), name=f"l{number}"), (w, b))

    def pool(self, x: Any, number: int, size_px: int = 2) -> Any:
        """Max pool, stride 2, SAME."""
        self._count("pool")
        pooled = tf.nn.max_pool(
            x, ksize=[1, size_px, size_px, 1], strides=[1, 2, 2, 1], padding="SAME", name=f"l{number}_pool"
        )
        return self.table.add(f"pool{number}", pooled)

    def flat(self, x: Any, number: int) -> Any:
        """NHWC flatten."""
        self._count("flat")
        width = 1
        for size in x.shape.as_list()[1:]:
            width *= size
        return self.table.add("flatten", tf.reshape(x, [-1, width], name=f"l{number}_flat"))

    def dense(self, x: Any, suffix: str, units: int, name: str) -> Any:
        """Linear layer: the listing has no ReLU here."""
        w = self._xavier(f"W_{suffix}", [int(x.shape[-1]), units])
        b = self._xavier(f"b_{suffix}", [units])
        self._count("dense")
        return self.table.add(suffix, tf.nn.bias_add(tf.matmul(x, w), b, name=name), (w, b))

    def dropout(self, x: Any, keep_prob: Any, name: str, step: Optional[Any]) -> Any:
        """Dropout with a mask of its own; its mask follows the run seed in every `seed_stream`."""
        self._count("dropout")
        return dropout(x, keep_prob, name, self.seed, step)


def _nine_conv_trunk(net: NineConvNet, x: Any, keep_prob: Any, layers: _Layers, step: Optional[Any]) -> Any:
    l1 = layers.conv(x, 1, 3, 64)  # [32, 32, 64]
    l2 = layers.conv(l1, 2, 3, 64)
    l2_pool = layers.pool(l2, 2)  # [16, 16, 64]
    l3 = layers.conv(l2_pool, 3, 3, 128)
    l4 = layers.conv(l3, 4, 3, 128)
    l4_pool = layers.pool(l4, 4)  # [8, 8, 128]
    l6_pool = l4_pool
    if net.block_256 == "kept":
        l5 = layers.conv(l4_pool, 5, 3, 256)
        l6 = layers.conv(l5, 6, 3, 256)
        l6_pool = layers.pool(l6, 6)  # [4, 4, 256]
    elif net.block_256 == "pool_kept":
        l6_pool = layers.pool(l4_pool, 6)  # [4, 4, 128]
    l7 = layers.conv(l6_pool, 7, 3, 512)
    l8 = layers.conv(l7, 8, 3, 512)
    l9 = l8 if net.without_conv9 else layers.conv(l8, 9, 3, 512)
    l9_pool = layers.pool(l9, 9)  # [2, 2, 512]; [4, 4, 512] without the 256 block
    l9_flat = layers.flat(l9_pool, 9)

    if net.single_fc:
        return layers.dense(l9_flat, "fc", 10, "logits")
    l10 = layers.dense(l9_flat, "fc1", 2048, "l10")
    l10 = layers.dropout(l10, keep_prob, "dropout_fc1", step)
    l11 = layers.dense(l10, "fc2", 2048, "l11")
    if net.fc2_bypassed:  # Q15: W_fc2 and b_fc2 exist and decay, nothing reads them
        l11 = l10
    l11 = layers.dropout(l11, keep_prob, "dropout_fc2", step)
    return layers.dense(l11, "fc3", 10, "logits")


def _shallow_trunk(net: NineConvNet, x: Any, keep_prob: Any, layers: _Layers, step: Optional[Any]) -> Any:
    l1 = layers.conv(x, 1, 5, 64)  # [32, 32, 64]
    l1_pool = layers.pool(l1, 1, size_px=3)  # [16, 16, 64]
    if net.pool_dropout:
        l1_pool = layers.dropout(l1_pool, keep_prob, "dropout_pool1", step)
    l2 = layers.conv(l1_pool, 2, 16, 128)  # the listing's 16x16 kernel
    l2_pool = layers.pool(l2, 2)  # [8, 8, 128]
    if net.pool_dropout:
        l2_pool = layers.dropout(l2_pool, keep_prob, "dropout_pool2", step)
    return layers.dense(layers.flat(l2_pool, 2), "fc", 10, "logits")

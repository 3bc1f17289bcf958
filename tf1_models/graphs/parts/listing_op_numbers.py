"""The op seeds that TensorFlow 1 derived in `nine_conv`'s own program: what `seed_stream=report` draws from.

After `tf.set_random_seed(51)` an op without a seed of its own takes the pair (51, number of ops in the graph), so its
values depend on all that was built before it. The numbers below are counted, kind by kind, as TensorFlow 1.13 builds
the listing; `tests/oracles/make_nine_conv_op_seeds.py` builds it on the real 1.13.2 and 1.15.5 and stores what they
derive.

- Listed: the order of the layers' statements, the variables, `set_random_seed` before them, `keep_prob`.
- The version: the report's log names line 1266 of saver.py and `successfully opened C[UDA library]`. Both are
  1.13's; 1.15.5 has neither. They agree as far as b_fc1: 1.15 builds a dropout of 17 ops, 1.13 one of 15.
- Assumed: before the layers stand x, y, keep_prob and two one-hot arrays, 16 ops, as in a published copy of the
  program (public); nothing else had been built in that graph; an ablation leaves out its statements and changes no
  other; the GPU's kernel draws what the CPU's does.
"""

from __future__ import annotations

import contextlib
from typing import Any, Iterator

import tensorflow.compat.v1 as tf

# x and y 1 op each, keep_prob with its constant 2, tf.squeeze(tf.one_hot(labels, 10), axis=1) 6 for train and for dev
OPS_BEFORE_THE_LAYERS = 16
# shape, minimum and maximum stand before the random op; difference, product, sum, variable, assign and read follow it
_OPS_BEFORE_THE_RANDOM_ONE, _OPS_OF_A_VARIABLE = 3, 10
_OPS = {
    "conv": 3,  # convolution, bias_add, ReLU
    "pool": 1,
    "flat": 2,  # shape, reshape
    "dense": 2,  # matmul, bias_add
    "dropout": 15,
}


class ListingOpNumbers:
    """Counts the listing's ops as its statements go by; the kit's own ops do not count.

    Attributes:
        n_ops: Ops so far.
    """

    def __init__(self) -> None:
        self.n_ops = OPS_BEFORE_THE_LAYERS

    def variable(self) -> int:
        """One `tf.get_variable` with Xavier's initializer: the op seed that it draws with."""
        seed = self.n_ops + _OPS_BEFORE_THE_RANDOM_ONE
        self.n_ops += _OPS_OF_A_VARIABLE
        return seed

    def add(self, kind: str) -> None:
        """The ops of a statement: "conv", "pool", "flat", "dense" or "dropout", without its variables."""
        self.n_ops += _OPS[kind]


@contextlib.contextmanager
def graph_seed(seed: int) -> Iterator[None]:
    """`tf.set_random_seed(seed)` for the ops built inside; the graph's own seed comes back after them."""
    graph: Any = tf.get_default_graph()
    before = graph.seed
    graph.seed = seed
    try:
        yield
    finally:
        graph.seed = before

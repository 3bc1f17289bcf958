"""How many ReLUs and pooling windows of `alexnet_bn` float32 decides otherwise than float64.

The gradient jumps there: one window that takes another of two nearly equal pixels sends a part of the gradient through
another pixel. Where none is decided otherwise, float32's gradient is as near to float64's as its sums round.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

import numpy as np

from tests.graphs.graph_record import load_weights
from tests.oracles import reference
from tf1_models import registry

POOL_PX, POOL_STRIDE = 3, 2


def outputs(
    tf: Any, run: str, dtype: str, n_images: int, first_image: int, overrides: Optional[Dict[str, str]] = None
) -> Dict[str, np.ndarray]:
    """Row of the layer table -> its output in training, with the oracle's weights; dropout is off."""
    graph = registry.graph("alexnet_bn", run, overrides)
    pixels, labels = reference.fixed_batch(n_images, first_image)
    with tf.Graph().as_default():
        handles = graph.build(dtype=getattr(tf, dtype))
        variables = tf.global_variables()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            load_weights(session, variables, dtype)
            feed = {
                handles.images: (pixels / 255.0).astype(dtype),
                handles.labels: reference.one_hot(labels, dtype),
                handles.is_training: True,
            }
            values = session.run([row.output for row in handles.layers], feed)
    return {row.name: value for row, value in zip(handles.layers, values)}


def taken(images: np.ndarray) -> np.ndarray:
    """Which pixel 0..8 each window of a 3/2 VALID pool takes, the first of equals: [n, height, width, channels]."""
    height, width = ((size - POOL_PX) // POOL_STRIDE + 1 for size in images.shape[1:3])
    shifted = [
        images[:, y : y + POOL_STRIDE * height - 1 : POOL_STRIDE, x : x + POOL_STRIDE * width - 1 : POOL_STRIDE]
        for y in range(POOL_PX)
        for x in range(POOL_PX)
    ]
    return np.asarray(np.argmax(np.stack(shifted, -1), axis=-1))


def decided_otherwise(double: Mapping[str, np.ndarray], single: Mapping[str, np.ndarray]) -> Dict[str, int]:
    """Row -> how many of its ReLUs (convolutions, dense layers) or windows (pools) the two decide otherwise."""
    found: Dict[str, int] = {}
    names = list(double)
    for before, name in zip(["", *names], names):
        if name.startswith(("conv2d", "dense")) and name != names[-1]:  # the last has no ReLU
            found[name] = int(np.sum((double[name] > 0) != (single[name] > 0)))
        elif name.startswith("max_pooling2d"):
            found[name] = int(np.sum(taken(double[before]) != taken(single[before])))
    return found

"""The inference graph once more with its weights known: what a graph of evaluation alone can do in fewer passes.

A graph that may train decides its mode at run time and reads its PReLU slopes from variables. Built anew by the
report's own builder for evaluation alone, with the values that the slopes have, a PReLU is `LeakyRelu`, which
TensorFlow's remapper fuses into the convolution before it, and no switch is left.

Only the slopes are constants. Were batch norm's vectors constants too, the remapper would rewrite each fused batch norm
as a product and a sum, two passes for one; fed by default, as variables' stand-ins, they leave it one op. A net without
PReLU keeps its graph (`pays`): there, nothing is fused that was not. Its speed: tests/bench/bench_evaluation.py.
"""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
import tensorflow.compat.v1 as tf

from tf1_models.registry import Graph
from tf1_models.scoring.inference_graph import InferenceGraph, inputs
from tf1_models.spec import Experiment


def pays(graph: InferenceGraph) -> bool:
    """Whether the graph has a PReLU."""
    return any(row.name.endswith(" PReLU") for row in graph.handles.layers)


def values_of(session: Any, graph: InferenceGraph) -> Dict[str, np.ndarray]:
    """The report's own variables by name, as a Session holds them; `graph` is of variables."""
    return dict(session.run({variable.op.name: variable for variable in graph.handles.variables}))


def build_frozen(experiment: Experiment, like: InferenceGraph, values: Dict[str, np.ndarray]) -> InferenceGraph:
    """Adds the report's graph for evaluation alone to the current graph, with values where it had variables.

    Args:
        experiment: The run.
        like: The graph of variables, which says whether the report has a mode.
        values: From `values_of`.

    Returns:
        As `build_inference`; there is nothing to restore or initialise.
    """

    def value_instead(getter: Any, name: str, *rest: Any, **named: Any) -> Any:
        del getter, rest, named
        value = tf.constant(values[name], name=name)
        return value if values[name].size == 1 else tf.placeholder_with_default(value, value.shape)

    is_training = None if like.handles.is_training is None else False
    with tf.variable_scope(tf.get_variable_scope(), custom_getter=value_instead):
        image_bytes, label_ids, images, labels = inputs(experiment)
        handles = Graph(experiment).build(images=images, labels=labels, is_training=is_training)
    return InferenceGraph(image_bytes, label_ids, handles)

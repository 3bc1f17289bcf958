"""A run's layer table as plain numbers, for consoles that print the net as their report did."""

from __future__ import annotations

from typing import List

from tf1_models import registry
from tf1_models.output.report_layers import LayerSeen
from tf1_models.session.tensorflow_setup import import_tensorflow
from tf1_models.spec import Experiment


def layers_seen(experiment: Experiment) -> List[LayerSeen]:
    """The rows of the run's graph, which is built in a graph of its own and thrown away."""
    tf = import_tensorflow()
    found = []
    with tf.Graph().as_default():
        handles = registry.Graph(experiment).build()
        learns = {variable.op.name for variable in tf.trainable_variables()}
        for row in handles.layers:
            n_trainable = sum(v.shape.num_elements() for v in row.variables if v.op.name in learns)
            shapes = tuple(tuple(v.shape.as_list()) for v in row.variables)
            found.append(LayerSeen(row.name, tuple(row.output.shape.as_list()[1:]), shapes, n_trainable))
    return found

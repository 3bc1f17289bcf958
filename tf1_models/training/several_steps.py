"""Several training steps in one Session call: `train --steps-per-call N`, and by default where batches are small.

A call is fed the batches of its steps and comes back after the last one. The loop around the steps is a
`tf.while_loop` whose body is the report's graph built a second time on the same variables (the first is what is
evaluated), so every step is the step that the plain loop takes, to the last bit (on a processor; never run on a GPU so
far; with `xla=true` XLA compiles the two otherwise, and last bits differ). What a call costs beside its kernels
(starting and ending the executor, waking threads) is paid once for all of them:
`python -m tests.bench.bench_steps_per_call`.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from tf1_models.classes import IMAGE_SIZE_PX, N_CHANNELS
from tf1_models.registry import Graph
from tf1_models.scoring.inference_graph import scaled
from tf1_models.session.execution import loss_scale
from tf1_models.spec import Experiment
from tf1_models.training.steps import Steps
from tf1_models.training.training_graph import TrainingGraph, one_step, training_feed

_FETCHED = ("loss", "data_loss", "l2_loss", "n_correct")


class SeveralStepsGraph(NamedTuple):
    """Attributes:
    image_bytes: uint8 [steps, batch, 32, 32, 3] placeholder.
    label_ids: uint8 [steps, batch] placeholder.
    fetches: Tensors [steps] by name, as `TrainingGraph.fetches` has them for one step.
    """

    image_bytes: Any
    label_ids: Any
    fetches: Dict[str, Any]


def build(experiment: Experiment, graph: TrainingGraph) -> SeveralStepsGraph:
    """Adds the steps to the current graph; creates no variable.

    Args:
        experiment: The run.
        graph: From `training_graph.build_net`, in the same graph: its variables, optimizer and placeholders.
    """
    with tf.variable_scope("several_steps"):
        shape = [None, None, IMAGE_SIZE_PX, IMAGE_SIZE_PX, N_CHANNELS]
        image_bytes = tf.placeholder(tf.uint8, shape, name="image_bytes")
        label_ids = tf.placeholder(tf.uint8, shape[:2], name="label_ids")
    n_steps = tf.shape(label_ids)[0]

    def body(at: Any, *done: Any) -> List[Any]:
        ids = label_ids[at]
        pixels, one_hot = scaled(experiment, image_bytes[at], ids)
        with tf.variable_scope(tf.get_variable_scope(), reuse=True):
            handles = Graph(experiment).build(
                images=pixels,
                labels=one_hot,
                step=graph.step + tf.cast(at, tf.int64),
                keep_prob=graph.handles.keep_prob,
                is_training=None if graph.handles.is_training is None else True,
            )
        step = one_step(handles, ids, graph.optimizer, graph.global_step, loss_scale(experiment))
        with tf.control_dependencies([step["train"]]):  # the next step reads what this one has written
            written = [array.write(at, step[name]) for array, name in zip(done, _FETCHED)]
            return [at + 1, *written]

    handles = graph.handles  # dtypes in the order of _FETCHED
    dtypes = [handles.loss.dtype, handles.data_loss.dtype, handles.l2_loss.dtype, tf.int32]
    arrays = [tf.TensorArray(dtype, size=n_steps) for dtype in dtypes]
    _, *arrays = tf.while_loop(
        lambda at, *done: at < n_steps, body, [tf.constant(0), *arrays], parallel_iterations=1, back_prop=False
    )
    return SeveralStepsGraph(image_bytes, label_ids, {name: array.stack() for name, array in zip(_FETCHED, arrays)})


class SeveralSteps(Steps):
    """`steps_per_call` steps a Session call.

    Args:
        steps_per_call: Most steps a call.
    """

    def __init__(self, steps_per_call: int) -> None:
        self.steps_per_call = steps_per_call
        self._several: Any = None

    def add_to(self, experiment: Experiment, graph: TrainingGraph) -> TrainingGraph:
        """The loop of steps; the graph itself stays without one."""
        self._several = build(experiment, graph)
        return graph

    def take(self, batches: Sequence[np.ndarray], epoch: int, step: int, rate: float) -> List[Dict[str, Any]]:
        run, graph, several = self.run, self.run.graph, self._several
        feeds = [training_feed(graph, run.experiment, run.data, batch, epoch, step) for batch in batches]
        feed = {**feeds[0], graph.learning_rate: rate}
        for one, all_steps in ((graph.image_bytes, several.image_bytes), (graph.label_ids, several.label_ids)):
            del feed[one]
            feed[all_steps] = np.stack([its[one] for its in feeds])
        feed.pop(graph.handles.is_training, None)  # the loop's body only trains
        values = run.session.run(several.fetches, feed)
        return [{name: values[name][at] for name in _FETCHED} for at in range(len(batches))]

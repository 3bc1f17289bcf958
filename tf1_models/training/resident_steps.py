"""Several training steps in one Session call, on images that stay in the Session: `train --steps-per-call N`.

The training images are held once, as bytes, where TensorFlow computes (on a GPU: in its memory); a call is fed which
images its steps take, 4 bytes each instead of 3,072, and comes back after N steps. The loop around the steps is a
`tf.while_loop` whose body is the report's graph built a second time on the same variables, so every step is the step
that the plain loop takes, to the last bit (on a processor; never run on a GPU so far). It is meant for
steps that are short beside the call: small nets, a GPU. On two cores a gain did not stand out from the noise
(`python -m tests.bench.bench_steps_per_call`).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from tf1_models.classes import IMAGE_SIZE_PX, N_CHANNELS
from tf1_models.registry import Graph
from tf1_models.scoring.inference_graph import scaled
from tf1_models.session.execution import loss_scale
from tf1_models.spec import Experiment
from tf1_models.training.steps import Steps
from tf1_models.training.training_graph import TrainingGraph, one_step
from tf1_models.training.training_run import TrainingRun

_WORDS = IMAGE_SIZE_PX * IMAGE_SIZE_PX * N_CHANNELS // 4
_FETCHED = ("loss", "data_loss", "l2_loss", "n_correct")


class _Resident(NamedTuple):
    """Attributes:
    image_words: float32 [N, 768] placeholder: the bytes of the images, four to a word.
    label_ids: uint8 [N] placeholder.
    fill: Op that takes both into the Session.
    order: int32 [steps, batch] placeholder: positions among the N images.
    fetches: Tensors [steps] by name, as `TrainingGraph.fetches` has them for one step.
    """

    image_words: Any
    label_ids: Any
    fill: Any
    order: Any
    fetches: Dict[str, Any]


def build(experiment: Experiment, graph: TrainingGraph, n_images: int) -> _Resident:
    """Adds the steps to the current graph; creates no variable that a checkpoint holds.

    Args:
        experiment: The run, without augmentation (which changes images outside the graph).
        graph: From `training_graph.build_training`, in the same graph: its variables, optimizer and placeholders.
        n_images: How many images `fill` will be given.
    """
    with tf.variable_scope("resident"):
        # Bits in float32's clothes: the one type of four bytes that both TensorFlows gather on GPUs.
        image_words = tf.placeholder(tf.float32, [n_images, _WORDS], name="image_words")
        label_ids = tf.placeholder(tf.uint8, [n_images], name="label_ids")
        order = tf.placeholder(tf.int32, [None, None], name="order")
        held = [_held("images", image_words), _held("labels", tf.cast(label_ids, tf.float32))]
    images, labels = (variable.read_value() for variable in held)
    n_steps = tf.shape(order)[0]

    def body(at: Any, *done: Any) -> List[Any]:
        rows = order[at]
        image_bytes = tf.bitcast(tf.gather(images, rows), tf.uint8)
        image_bytes = tf.reshape(image_bytes, [-1, IMAGE_SIZE_PX, IMAGE_SIZE_PX, N_CHANNELS])
        ids = tf.cast(tf.gather(labels, rows), tf.uint8)
        pixels, one_hot = scaled(experiment, image_bytes, ids)
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

    arrays = [tf.TensorArray(graph.fetches[name].dtype, size=n_steps) for name in _FETCHED]
    _, *arrays = tf.while_loop(
        lambda at, *done: at < n_steps, body, [tf.constant(0), *arrays], parallel_iterations=1, back_prop=False
    )
    fetches = {name: array.stack() for name, array in zip(_FETCHED, arrays)}
    return _Resident(image_words, label_ids, tf.group(*(v.initializer for v in held)), order, fetches)


def _held(name: str, value: Any) -> Any:
    """A variable outside the checkpoints that starts as `value`."""
    return tf.get_variable(
        name, initializer=value, trainable=False, collections=[tf.GraphKeys.LOCAL_VARIABLES], use_resource=True
    )


class ResidentSteps(Steps):
    """`steps_per_call` steps a Session call.

    Args:
        experiment: The run, without augmentation (which changes images outside the graph).
        graph: From `training_graph.build_training`, in the current graph.
        n_images: Training images of the data set, dev images among them.
        steps_per_call: Most steps a call.
    """

    def __init__(self, experiment: Experiment, graph: TrainingGraph, n_images: int, steps_per_call: int) -> None:
        self.steps_per_call = steps_per_call
        self._resident = build(experiment, graph, n_images)

    def begin(self, run: TrainingRun, step: int, save: Callable[[], None], check: Callable[[], None]) -> None:
        super().begin(run, step, save, check)
        words = np.ascontiguousarray(run.data.x_train).reshape(len(run.data.x_train), -1).view(np.float32)
        feed = {self._resident.image_words: words, self._resident.label_ids: run.data.y_train}
        run.session.run(self._resident.fill, feed)

    def take(self, batches: Sequence[np.ndarray], epoch: int, step: int, rate: float) -> List[Dict[str, Any]]:
        del epoch
        graph = self.run.graph
        feed = {self._resident.order: np.stack(batches), graph.step: step, graph.learning_rate: rate}
        if graph.handles.keep_prob is not None:
            feed[graph.handles.keep_prob] = self.run.experiment.keep_prob
        values = self.run.session.run(self._resident.fetches, feed)
        return [{name: values[name][at] for name in _FETCHED} for at in range(len(batches))]

"""Bytes in, one training step out: the report's graph plus in-graph preprocessing, optimizer and Saver."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from tf1_models.datasets.dataset import Dataset
from tf1_models.graphs.parts.handles import GraphHandles
from tf1_models.registry import Graph
from tf1_models.scoring.inference_graph import inputs
from tf1_models.session import execution
from tf1_models.spec import Experiment
from tf1_models.training import optimizers
from tf1_models.training.augmentation import augment


class TrainingGraph(NamedTuple):
    """What the loop needs.

    Attributes:
        image_bytes: uint8 [batch, 32, 32, 3] placeholder.
        label_ids: uint8 [batch] placeholder, class ids.
        step: int64 scalar placeholder: steps done before this one; keys the dropout masks.
        learning_rate: Scalar placeholder.
        handles: The report's graph.
        optimizer: The `tf.train.Optimizer`; its slots exist.
        fetches: Tensors for one step, all computed before any variable changes; "train" is the update. Empty where
            no step was built (`build_net`).
        global_step: Step variable; read only in a `run` of its own (beside an update it is a race).
        saver: Over every global variable.
    """

    image_bytes: Any
    label_ids: Any
    step: Any
    learning_rate: Any
    handles: GraphHandles
    optimizer: Any
    fetches: Dict[str, Any]
    global_step: Any
    saver: Any


def build_training(experiment: Experiment, batch: Optional[int] = None) -> TrainingGraph:
    """Adds graph, optimizer step and Saver to the current graph: `build_net`, then `with_step`."""
    return with_step(experiment, build_net(experiment, batch))


def build_net(experiment: Experiment, batch: Optional[int] = None) -> TrainingGraph:
    """Adds graph, optimizer and Saver to the current graph: all its variables, and no step yet.

    Args:
        experiment: The run; its seed decides initial values and dropout masks.
        batch: Images of every step, for counting a graph's work; None: the last step of an epoch may be short.

    Returns:
        The handles. The Saver is built last, so that slots, moving statistics and the step are in every checkpoint.
    """
    image_bytes, label_ids, images, labels = inputs(experiment, batch)
    # evaluation feeds no step: with keep_prob 1 the masks, whatever their stream, are the identity
    step = tf.placeholder_with_default(tf.constant(0, tf.int64), shape=(), name="step")
    handles = Graph(experiment).build(images=images, labels=labels, step=step)
    learning_rate = handles.learning_rate
    if learning_rate is None:
        # PyTorch computes with the rate as a Python float; TF 1 and Keras round it to float32 first
        rate_dtype = tf.float64 if experiment.optimizer.startswith("torch_") else tf.float32
        learning_rate = tf.placeholder(rate_dtype, shape=(), name="learning_rate")
    global_step = handles.global_step
    if global_step is None:
        global_step = tf.train.get_or_create_global_step()

    optimizer = optimizers.make(experiment.optimizer, learning_rate)
    # as apply_gradients would, but before any gradient: a step inside a tf.while_loop must find them there
    optimizer._create_slots(tf.trainable_variables())
    saver = tf.train.Saver(tf.global_variables(), max_to_keep=None)
    return TrainingGraph(image_bytes, label_ids, step, learning_rate, handles, optimizer, {}, global_step, saver)


def with_step(experiment: Experiment, graph: TrainingGraph) -> TrainingGraph:
    """The graph of `build_net` with one training step on the images that it is fed; creates no variable."""
    loss_scale = execution.loss_scale(experiment)
    fetches = one_step(graph.handles, graph.label_ids, graph.optimizer, graph.global_step, loss_scale)
    return graph._replace(fetches=fetches)


def one_step(
    handles: GraphHandles, label_ids: Any, optimizer: Any, global_step: Any, loss_scale: float
) -> Dict[str, Any]:
    """The update and what is known before it: `TrainingGraph.fetches`; `loss_scale` is `execution.loss_scale`."""
    n_correct = tf.reduce_sum(
        tf.cast(tf.equal(handles.predictions, tf.cast(label_ids, tf.int64)), tf.int32), name="n_correct"
    )
    scaled_loss = handles.loss if loss_scale == 1.0 else handles.loss * loss_scale
    gradients = [(g, v) for g, v in optimizer.compute_gradients(scaled_loss) if g is not None]
    if loss_scale != 1.0:
        gradients = [(g / loss_scale, v) for g, v in gradients]
    # Losses and counts first, updates after: the L2 term reads variables that the update writes.
    before = [handles.data_loss, handles.l2_loss, handles.loss, n_correct, *handles.update_ops]
    with tf.control_dependencies(before):
        train = optimizer.apply_gradients(gradients, global_step=global_step, name="train")
    return {
        "train": train,
        "loss": handles.loss,
        "data_loss": handles.data_loss,
        "l2_loss": handles.l2_loss,
        "n_correct": n_correct,
    }


def training_feed(
    graph: Any, experiment: Experiment, data: Dataset, batch: np.ndarray, epoch: int, step: int
) -> Dict[Any, Any]:
    """What one training step is fed, but the learning rate.

    Args:
        graph: A `TrainingGraph`, or a cluster member's part of one.
        experiment: The run.
        data: The images.
        batch: int64 [n], positions among the training images.
        epoch: Zero-based; keys the augmentation.
        step: Steps done before this one.
    """
    images = data.x_train[batch]
    if experiment.augmentation:
        images = augment(images, experiment.seed, epoch, batch)
    feed = {graph.image_bytes: images, graph.label_ids: data.y_train[batch], graph.step: step}
    if graph.handles.keep_prob is not None:
        feed[graph.handles.keep_prob] = experiment.keep_prob
    if graph.handles.is_training is not None:
        feed[graph.handles.is_training] = True
    return feed

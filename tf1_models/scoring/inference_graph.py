"""Bytes in, probabilities out: the report's graph behind uint8 placeholders, without an optimizer."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Tuple

import tensorflow.compat.v1 as tf

from tf1_models.classes import IMAGE_SIZE_PX, N_CHANNELS, N_CLASSES
from tf1_models.graphs.parts.handles import GraphHandles
from tf1_models.registry import Graph
from tf1_models.spec import Experiment


class InferenceGraph(NamedTuple):
    """Attributes: image_bytes uint8 [batch, 32, 32, 3], label_ids uint8 [batch], and the report's handles."""

    image_bytes: Any
    label_ids: Any
    handles: GraphHandles


def inputs(experiment: Experiment, batch: Optional[int] = None) -> Tuple[Any, Any, Any, Any]:
    """Placeholders for bytes and ids, and the tensors in the report's scale; any number of images unless `batch`."""
    image_bytes = tf.placeholder(tf.uint8, [batch, IMAGE_SIZE_PX, IMAGE_SIZE_PX, N_CHANNELS], name="image_bytes")
    label_ids = tf.placeholder(tf.uint8, [batch], name="label_ids")
    return (image_bytes, label_ids, *scaled(experiment, image_bytes, label_ids))


def scaled(experiment: Experiment, image_bytes: Any, label_ids: Any) -> Tuple[Any, Any]:
    """uint8 [batch, 32, 32, 3] and [batch] as the graph takes them: images in the report's scale, one-hot labels."""
    images = tf.cast(image_bytes, tf.float32)
    if experiment.pixel_divisor != 1.0:
        images = images / tf.constant(experiment.pixel_divisor, tf.float32)
    return images, tf.one_hot(tf.cast(label_ids, tf.int32), N_CLASSES, dtype=tf.float32)


def build_inference(experiment: Experiment) -> InferenceGraph:
    """Adds the report's graph behind uint8 placeholders to the current graph; no optimizer."""
    image_bytes, label_ids, images, labels = inputs(experiment)
    return InferenceGraph(image_bytes, label_ids, Graph(experiment).build(images=images, labels=labels))

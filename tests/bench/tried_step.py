"""A training step taken in one of the ways that `bench_tries` compares: a program that `bench` starts and stops.

`way` of the settings: "run" (Session.run, as the loop does it), "callable" (Session.make_callable, fed in a fixed
order) or "several" (`resident_steps`, `STEPS_A_CALL` steps a call). Every way takes the same images again and again.
"""

from __future__ import annotations

import hashlib
from typing import Any, Callable, Dict

import numpy as np

from tf1_models.bench.peers import kit_graph, protocol

STEPS_A_CALL = 8


def unit_of(training: Any, way: str) -> Callable[[], Any]:
    """A function that takes `STEPS_A_CALL` steps; may add to the current graph."""
    session, graph, feed = training.session, training.graph, training.feed
    if way == "run":
        return lambda: [session.run(graph.fetches, {**feed, graph.step: at}) for at in range(STEPS_A_CALL)]
    if way == "callable":
        call = session.make_callable(graph.fetches, feed_list=list(feed))
        return lambda: [call(*{**feed, graph.step: at}.values()) for at in range(STEPS_A_CALL)]
    if way != "several":
        raise ValueError(f"no way called {way!r}")
    from tf1_models.training import resident_steps

    images, labels = feed[graph.image_bytes], feed[graph.label_ids]
    resident = resident_steps.build(training.experiment, graph, len(images))
    words = np.ascontiguousarray(images).reshape(len(images), -1).view(np.float32)
    session.run(resident.fill, {resident.image_words: words, resident.label_ids: labels})
    own = {key: value for key, value in feed.items() if key not in (graph.image_bytes, graph.label_ids)}
    own[resident.order] = np.tile(np.arange(len(images), dtype=np.int32), (STEPS_A_CALL, 1))
    if graph.handles.is_training is not None:
        own.pop(graph.handles.is_training)  # the body of the loop only trains
    return lambda: session.run(resident.fetches, own)


def build(channel: protocol.Channel, settings: Dict[str, Any]) -> protocol.Work:
    """Facts: `variables_sha256`, of all variables after the first unit, in the order of their names."""
    from tf1_models.session import tensorflow_setup

    tf = tensorflow_setup.import_tensorflow()
    with tf.Graph().as_default():
        training = kit_graph.TrainingStep(tf, settings)
        variables = sorted(tf.global_variables(), key=lambda variable: variable.name)
        unit = unit_of(training, settings["way"])
        unit()
        digest = hashlib.sha256(b"".join(value.tobytes() for value in training.session.run(variables))).hexdigest()
    facts = {"tensorflow": str(tf.__version__), "variables_sha256": digest}
    return protocol.Work(unit, STEPS_A_CALL * int(settings["batch"]), facts)


if __name__ == "__main__":
    protocol.serve(build)

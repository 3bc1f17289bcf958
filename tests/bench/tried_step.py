"""Training steps taken in one of the ways that `bench_tries` compares: a program that `bench` starts and stops.

`way` of the settings: "run" (each batch gathered, then Session.run), "ahead" (the next batch is
gathered by a second thread meanwhile), "callable" (Session.make_callable, fed in a fixed order) or "several"
(`several_steps`, `STEPS_A_CALL` steps a call). Every way takes the same `STEPS_A_CALL` batches again and again.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
from typing import Any, Callable, Dict, List

import numpy as np

from tf1_models.bench.peers import batches, kit_graph, protocol

STEPS_A_CALL = 8


def unit_of(training: Any, data: batches.Data, way: str) -> Callable[[], Any]:
    """A function that takes `STEPS_A_CALL` steps; may add to the current graph."""
    session, graph, n = training.session, training.graph, len(training.feed[training.graph.label_ids])
    rows = np.split(np.random.RandomState(0).permutation(len(data.x_train))[: STEPS_A_CALL * n], STEPS_A_CALL)

    def feed(at: int) -> Dict[Any, Any]:
        batch = {graph.image_bytes: data.x_train[rows[at]], graph.label_ids: data.y_train[rows[at]], graph.step: at}
        return {**training.feed, **batch}

    if way == "run":
        return lambda: [session.run(graph.fetches, feed(at)) for at in range(STEPS_A_CALL)]
    if way == "ahead":
        thread = concurrent.futures.ThreadPoolExecutor(1)
        gathered = [thread.submit(feed, 0)]

        def steps() -> List[Any]:
            found = []
            for at in range(STEPS_A_CALL):
                ready = gathered.pop().result()
                gathered.append(thread.submit(feed, (at + 1) % STEPS_A_CALL))
                found.append(session.run(graph.fetches, ready))
            return found

        return steps
    if way == "callable":
        call = session.make_callable(graph.fetches, feed_list=list(training.feed))
        return lambda: [call(*feed(at).values()) for at in range(STEPS_A_CALL)]
    if way != "several":
        raise ValueError(f"no way called {way!r}")
    from tf1_models.training import several_steps

    several = several_steps.build(training.experiment, graph)
    own = {key: value for key, value in training.feed.items() if key not in (graph.image_bytes, graph.label_ids)}
    if graph.handles.is_training is not None:
        own.pop(graph.handles.is_training)  # the body of the loop only trains

    def call_of_several() -> Any:
        batch = {several.image_bytes: data.x_train[np.stack(rows)], several.label_ids: data.y_train[np.stack(rows)]}
        return session.run(several.fetches, {**own, **batch})

    return call_of_several


def build(channel: protocol.Channel, settings: Dict[str, Any]) -> protocol.Work:
    """Facts: `variables_sha256`, of all variables after the first unit, in the order of their names."""
    from tf1_models.session import tensorflow_setup

    tf = tensorflow_setup.import_tensorflow()
    with tf.Graph().as_default():
        training = kit_graph.TrainingStep(tf, settings)
        variables = sorted(tf.global_variables(), key=lambda variable: variable.name)
        unit = unit_of(training, batches.load(settings), settings["way"])
        unit()
        digest = hashlib.sha256(b"".join(value.tobytes() for value in training.session.run(variables))).hexdigest()
    facts = {"tensorflow": str(tf.__version__), "variables_sha256": digest}
    return protocol.Work(unit, STEPS_A_CALL * int(settings["batch"]), facts)


if __name__ == "__main__":
    protocol.serve(build)

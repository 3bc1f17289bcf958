"""The kit's graphs without its loop: step on one batch (`resident`), evaluation, input path, FLOPs, op times.

`resident` feeds the same bytes to each step: what the real loop's step is held to. Settings of the candidates
(`--candidates`): `intra`, `inter` and `xla` here, oneDNN by the environment.
"""

from __future__ import annotations

import functools
from typing import Any, Dict, List, Optional

import numpy as np

from tf1_models.bench.peers import batches, protocol

PROFILED_RUNS = 3


def session_of(tf: Any, settings: Dict[str, Any]) -> Any:
    """The kit's session, or a candidate's."""
    from tf1_models.session import tensorflow_setup

    config = tensorflow_setup.session_config(tf, int(settings["threads"]), experiment_of(settings))
    if settings.get("intra"):
        config.intra_op_parallelism_threads = int(settings["intra"])
    if settings.get("inter"):
        config.inter_op_parallelism_threads = int(settings["inter"])
    if settings.get("xla") is not None:
        level = tf.OptimizerOptions.ON_2 if settings["xla"] else tf.OptimizerOptions.OFF
        config.graph_options.optimizer_options.global_jit_level = level
    return tf.Session(config=config)


class TrainingStep:
    """The training graph, its session and one batch's feed."""

    def __init__(self, tf: Any, settings: Dict[str, Any]) -> None:
        from tf1_models.training import training_graph

        self.experiment = experiment_of(settings)
        self.graph = training_graph.build_training(self.experiment)
        batch = int(settings["batch"])
        data = batches.load(settings)
        self.feed: Dict[Any, Any] = {
            self.graph.image_bytes: np.resize(data.x_train, (batch, 32, 32, 3)),
            self.graph.label_ids: np.resize(data.y_train, batch),
            self.graph.step: 0,
            self.graph.learning_rate: self.experiment.learning_rate,
        }
        if self.graph.handles.keep_prob is not None:
            self.feed[self.graph.handles.keep_prob] = self.experiment.keep_prob
        if self.graph.handles.is_training is not None:
            self.feed[self.graph.handles.is_training] = True
        self.session = session_of(tf, settings)
        self.session.run(tf.global_variables_initializer())

    def run(self, **options: Any) -> Any:
        """One step."""
        return self.session.run(self.graph.fetches, self.feed, **options)


class Evaluation:
    """The graph that `evaluate` and `predict` take, its session, and images in the kit's own batches.

    A candidate may name other batches. `graph_of_variables`: the graph that may train, as both took it before.
    """

    def __init__(self, tf: Any, settings: Dict[str, Any]) -> None:
        from tf1_models.scoring import frozen_graph, inference_graph

        experiment = experiment_of(settings)
        self.graph = inference_graph.build_inference(experiment)
        self.session = session_of(tf, settings)
        self.session.run(tf.global_variables_initializer())
        self.batch = int(settings.get("candidate_eval_batch") or experiment.eval_batch_size)
        self.images = np.resize(batches.load(settings).x_train, (int(settings["eval_images"]), 32, 32, 3))
        if frozen_graph.pays(self.graph) and not settings.get("graph_of_variables"):
            values = frozen_graph.values_of(self.session, self.graph)
            with tf.Graph().as_default():
                self.graph = frozen_graph.build_frozen(experiment, self.graph, values)
                self.session = session_of(tf, settings)

    def run(self, **options: Any) -> Any:
        """One batch."""
        feed = {self.graph.image_bytes: self.images[: self.batch]}
        return self.session.run(self.graph.handles.probabilities, feed, **options)


def experiment_of(settings: Dict[str, Any]) -> Any:
    """The run with the asked-for batch size."""
    from tf1_models import registry

    changes = {**settings["changes"], "batch_size": str(settings["batch"])}
    return registry.experiment(settings["report"], settings["run"], changes)


def evaluate(tf: Any, settings: Dict[str, Any], facts: Dict[str, Any]) -> protocol.Work:
    """`evaluate.predict` over all images."""
    from tf1_models.scoring import evaluate as kit_evaluate

    its = Evaluation(tf, settings)
    unit = functools.partial(kit_evaluate.predict, its.session, its.graph, its.images, its.batch)
    return protocol.Work(unit, len(its.images), facts)


def input_path(tf: Any, settings: Dict[str, Any], facts: Dict[str, Any]) -> protocol.Work:
    """Bytes of a shuffled batch up to what the first convolution reads: gather, feed, cast, scale."""
    from tf1_models.scoring import inference_graph

    graph = inference_graph.build_inference(experiment_of(settings))
    first = next(op for op in tf.get_default_graph().get_operations() if op.type == "Conv2D")
    session = session_of(tf, settings)
    data, batch = batches.load(settings), int(settings["batch"])
    random = np.random.RandomState(0)

    def unit() -> None:
        at = random.randint(0, len(data.x_train), batch)
        session.run(first.inputs[0].op, {graph.image_bytes: data.x_train[at]})  # the op: nothing is copied out

    return protocol.Work(unit, batch, facts)


def counted(tf: Any, settings: Dict[str, Any]) -> Dict[str, Any]:
    """FLOPs and bytes of a training step and of an evaluation, in a graph of their own whose sizes are all known."""
    from tf1_models.bench import flops
    from tf1_models.training import training_graph

    batch = int(settings["batch"])
    with tf.Graph().as_default():
        graph = training_graph.build_training(experiment_of(settings), batch)
        fetches = [fetch.op if hasattr(fetch, "op") else fetch for fetch in graph.fetches.values()]
        step, evaluated = flops.count(fetches, batch), flops.count([graph.handles.probabilities.op], batch)
    return {"batch": batch, "step": step.as_json(batch), "evaluate": evaluated.as_json(batch)}


def profile(tf: Any, one: Any) -> Dict[str, Any]:
    """Op kinds of a training step, or of a batch's evaluation, by time and memory, traced a few times."""
    from tf1_models.bench import op_times

    one.run()
    traces: List[Any] = []
    for _ in range(PROFILED_RUNS):
        metadata = tf.RunMetadata()
        one.run(options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
        traces.append(metadata.step_stats)
    types = {op.name: op.type for op in one.session.graph.get_operations()}
    return op_times.table(traces, types)


def profiles(tf: Any, settings: Dict[str, Any]) -> Dict[str, Any]:
    """`step` and `evaluate`, each in a graph of its own."""
    found = {}
    for measure, make in (("step", TrainingStep), ("evaluate", Evaluation)):
        with tf.Graph().as_default():
            found[measure] = profile(tf, make(tf, settings))
    return found


def build(channel: protocol.Channel, settings: Dict[str, Any]) -> Optional[protocol.Work]:
    """The wanted measurement."""
    from tf1_models.session import tensorflow_setup

    tf = tensorflow_setup.import_tensorflow()
    facts = {"tensorflow": str(tf.__version__)}
    measure = settings["measure"]
    with tf.Graph().as_default():
        if measure == "evaluate":
            return evaluate(tf, settings, facts)
        if measure == "input":
            return input_path(tf, settings, facts)
        if measure == "count":
            return protocol.Work(lambda: None, 0, {**facts, "work": counted(tf, settings)})
        if measure == "profile":
            return protocol.Work(lambda: None, 0, {**facts, "profile": profiles(tf, settings)})
        training = TrainingStep(tf, settings)
        return protocol.Work(training.run, int(settings["batch"]), facts)


if __name__ == "__main__":
    protocol.serve(build)

"""The graph of evaluation alone against the graph of variables: probabilities, PReLU at any slope, no variable."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import pytest

from tests.graphs.golden_case import BOUNDS
from tf1_models import registry
from tf1_models.scoring import evaluate

pytestmark = pytest.mark.tf
CASES = [(report, None, {}) for report in registry.REPORTS] + [
    ("prelu_cnn", "final", {"activation": "rrelu"}),
    ("prelu_cnn", "final", {"dropout_acts": "true"}),
    ("course_models", None, {"batch_norm": "frozen"}),
    ("bn_cnn", "final", {"convolutions": "winograd_5x5"}),
]


def both(
    tf: Any, report: str, run: Any, changes: Dict[str, str], slopes: Any = None, n_images: int = 12
) -> Dict[str, np.ndarray]:
    """Probabilities of both graphs, with weights, statistics and slopes that a training may leave.

    Args:
        slopes: Of the PReLUs, in the graph's order; None: as they begin.
    """
    from tf1_models.scoring import frozen_graph, inference_graph

    slopes = None if slopes is None else list(slopes)

    row = registry.experiment(report, run or registry.default_run(report), changes)
    rng = np.random.RandomState(4)
    images = rng.randint(0, 256, (n_images, 32, 32, 3)).astype(np.uint8)
    with tf.Graph().as_default(), tf.Session() as session:
        graph = inference_graph.build_inference(row)
        session.run(tf.global_variables_initializer())
        for variable in graph.handles.variables:
            name, shape = variable.op.name, variable.shape.as_list()
            if name.endswith(("mean", "bias", "beta")):
                variable.load(rng.normal(0.0, 0.1, shape).astype(np.float32), session)
            elif name.endswith(("var", "variance", "gamma")):
                variable.load(rng.uniform(0.5, 1.5, shape).astype(np.float32), session)
            elif shape == [1] and slopes is not None:
                variable.load(np.array([slopes.pop(0)], np.float32), session)
        found = {"variables": evaluate.predict(session, graph, images, n_images)}
        values = frozen_graph.values_of(session, graph)
    with tf.Graph().as_default() as alone, tf.Session() as session:
        frozen = frozen_graph.build_frozen(row, graph, values)
        assert not tf.global_variables() and not alone.get_collection(tf.GraphKeys.UPDATE_OPS)
        types = {op.type for op in alone.get_operations()}
        assert not types & {"Switch", "Merge", "VarHandleOp", "VariableV2"}
        found["frozen"] = evaluate.predict(session, frozen, images, n_images)
        found["leaky"] = np.array([op.get_attr("alpha") for op in alone.get_operations() if op.type == "LeakyRelu"])
        held = [op.name for op in alone.get_operations() if op.type == "PlaceholderWithDefault"]
        # the slopes alone are constants: with batch norm's vectors constant, the remapper would split each batch norm
        assert len([name for name in held if name != "keep_prob"]) == sum(v.size > 1 for v in values.values())
    return found


@pytest.mark.parametrize("slopes", [(-0.7, 0.25, 1.8, 1.0), (0.0, 0.6, -0.2, 0.3)])
def test_each_prelu_keeps_its_own_slope_whatever_it_is(tf: Any, slopes: Any) -> None:
    found = both(tf, "prelu_cnn", "final", {}, slopes=slopes)
    np.testing.assert_allclose(found["leaky"], slopes, rtol=1e-6)
    np.testing.assert_allclose(found["frozen"], found["variables"], rtol=0, atol=BOUNDS["float32"][0])
    others = (both(tf, "prelu_cnn", "final", {}, slopes=other)["frozen"] for other in (None, slopes[::-1]))
    assert all(np.abs(found["frozen"] - other).max() > 1e-3 for other in others)


@pytest.mark.parametrize(
    "report, changes, pays",
    [
        ("prelu_cnn", {}, True),
        ("prelu_cnn", {"activation": "relu"}, False),
        ("prelu_cnn", {"activation": "rrelu"}, False),
        ("bn_cnn", {}, False),
        ("nine_conv", {}, False),
        ("course_models", {}, False),
        ("alexnet_bn", {}, False),
    ],
)
def test_a_graph_without_learnt_slopes_stays_as_it_is(tf: Any, report: str, changes: Any, pays: bool) -> None:
    from tf1_models.checkpoints.source import Source
    from tf1_models.scoring import frozen_graph, inference, inference_graph
    from tf1_models.scoring.open_checkpoint import OpenCheckpoint

    row = registry.experiment(report, registry.default_run(report), changes)
    with tf.Graph().as_default(), tf.Session() as session:
        graph = inference_graph.build_inference(row)
        assert frozen_graph.pays(graph) is pays
        session.run(tf.global_variables_initializer())
        opened = OpenCheckpoint(tf, session, graph, "what was taken")
        with inference.frozen(opened, Source("some/ckpt-1", row, None), threads=1) as ready:
            assert (ready is opened) is not pays
            assert ready.taken == opened.taken and ready.session.graph is not None
            if pays:
                assert ready.session.graph is ready.graph.image_bytes.graph is not session.graph
                assert ready.session._config.intra_op_parallelism_threads == 1


def test_probabilities_come_from_the_graph_of_evaluation_alone(tf: Any, monkeypatch: Any) -> None:
    """With the weights that the checkpoint gave: here, slopes of 3 set where it is restored."""
    from tf1_models.checkpoints import checkpoint_source
    from tf1_models.checkpoints.source import Source
    from tf1_models.scoring import frozen_graph, inference

    row = registry.experiment("prelu_cnn", "final")
    given: List[Dict[str, np.ndarray]] = []
    build = frozen_graph.build_frozen
    predicted = []

    def restore(tf: Any, session: Any, source: Any) -> None:
        session.run(tf.global_variables_initializer())
        for variable in tf.global_variables():
            if variable.shape.as_list() == [1]:
                variable.load(np.array([3.0], np.float32), session)

    def build_frozen(experiment: Any, like: Any, values: Dict[str, np.ndarray]) -> Any:
        assert experiment is row
        given.append(values)
        return build(experiment, like, values)

    def predict(session: Any, graph: Any, *rest: Any) -> np.ndarray:
        predicted.append({op.type for op in session.graph.get_operations()})
        return np.full((2, 10), 0.1, np.float32)

    monkeypatch.setattr(checkpoint_source, "restore", restore)
    monkeypatch.setattr(frozen_graph, "build_frozen", build_frozen)
    monkeypatch.setattr(evaluate, "predict", predict)
    inference.probabilities(Source("some/ckpt-1", row, None), np.zeros((2, 32, 32, 3), np.uint8))
    assert len(given) == 1 and sorted(v[0] for v in given[0].values() if v.size == 1) == [3.0] * 4
    assert len(predicted) == 1 and "LeakyRelu" in predicted[0]


@pytest.mark.parametrize("report, run, changes", CASES)
def test_probabilities_are_those_of_the_graph_of_variables(tf: Any, report: str, run: Any, changes: Any) -> None:
    found = both(tf, report, run, changes)
    assert found["variables"].std() > 1e-4  # the classes differ
    np.testing.assert_allclose(found["frozen"], found["variables"], rtol=0, atol=BOUNDS["float32"][0])


def test_the_values_are_the_sessions_own(tf: Any) -> None:
    """Not those that the initialisers would draw: weights of zero give the last bias's softmax."""
    from tf1_models.scoring import frozen_graph, inference_graph

    row = registry.experiment("nine_conv", "final")
    with tf.Graph().as_default(), tf.Session() as session:
        graph = inference_graph.build_inference(row)
        session.run(tf.global_variables_initializer())
        values = frozen_graph.values_of(session, graph)
    values = {name: np.zeros_like(value) for name, value in values.items()}
    values["b_fc3"][:] = np.log(np.arange(1, 11) / 55.0)
    with tf.Graph().as_default(), tf.Session() as session:
        frozen = frozen_graph.build_frozen(row, graph, values)
        found = evaluate.predict(session, frozen, np.full((2, 32, 32, 3), 9, np.uint8), 2)
    np.testing.assert_allclose(found, np.tile(np.arange(1, 11) / 55.0, (2, 1)), rtol=1e-5)

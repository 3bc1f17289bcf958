"""The flagship's graph, variable for variable; quirks Q12, Q13, Q15; the L2 term; dropout's two modes."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from tf1_models import registry

pytestmark = pytest.mark.tf

# the final listing, in its order
VARIABLES: List[Tuple[str, List[int]]] = [
    ("W1", [3, 3, 3, 64]), ("b1", [64]), ("W2", [3, 3, 64, 64]), ("b2", [64]),
    ("W3", [3, 3, 64, 128]), ("b3", [128]), ("W4", [3, 3, 128, 128]), ("b4", [128]),
    ("W5", [3, 3, 128, 256]), ("b5", [256]), ("W6", [3, 3, 256, 256]), ("b6", [256]),
    ("W7", [3, 3, 256, 512]), ("b7", [512]), ("W8", [3, 3, 512, 512]), ("b8", [512]),
    ("W9", [3, 3, 512, 512]), ("b9", [512]),
    ("W_fc1", [2048, 2048]), ("b_fc1", [2048]), ("W_fc2", [2048, 2048]), ("b_fc2", [2048]),
    ("W_fc3", [2048, 10]), ("b_fc3", [10]),
]  # fmt: skip


def _build(tf: Any, run: str = "final", overrides: Any = None, **options: Any) -> Any:
    return registry.graph("nine_conv", run, overrides).build(**options)


def test_variables_in_the_listings_order(tf: Any) -> None:
    with tf.Graph().as_default():
        _build(tf)
        found = [(v.op.name, v.shape.as_list()) for v in tf.global_variables()]
        assert found == VARIABLES
        assert [v.op.name for v in tf.trainable_variables()] == [name for name, _ in VARIABLES]
        assert sum(v.shape.num_elements() for v in tf.trainable_variables()) == 15_458_378


def test_two_builds_in_two_graphs_are_the_same_text(tf: Any) -> None:
    texts = []
    for _ in range(2):
        with tf.Graph().as_default() as graph:
            _build(tf)
            texts.append([(op.type, op.name) for op in graph.get_operations()])
    assert texts[0] == texts[1]


@pytest.mark.parametrize("row", registry.runs("nine_conv"), ids=lambda row: row.run)
def test_parameters_of_every_run(tf: Any, row: Any) -> None:
    with tf.Graph().as_default():
        registry.Graph(row).build()
        assert sum(v.shape.num_elements() for v in tf.global_variables()) == row.parameters


def test_parameters_of_the_kept_pool_variant(tf: Any) -> None:
    with tf.Graph().as_default():
        _build(tf, "without_conv256_a", {"block_256": "pool_kept"})
        assert sum(v.shape.num_elements() for v in tf.global_variables()) == 13_983_306


def _initial_values(tf: Any, names: List[str]) -> Dict[str, np.ndarray]:
    with tf.Graph().as_default(), tf.Session() as session:
        _build(tf)
        variables = {v.op.name: v for v in tf.global_variables() if v.op.name in names}
        session.run([v.initializer for v in variables.values()])
        return session.run(variables)


def test_q12_biases_are_xavier_too(tf: Any) -> None:
    """Kernels within Glorot's bound; biases U(-sqrt(3/n), sqrt(3/n)). Zero biases, the usual choice, would fail."""
    values = _initial_values(tf, ["W1", "W_fc1", "b1", "b9", "b_fc1", "b_fc3"])
    bounds = {
        "W1": np.sqrt(6 / (27 + 576)),
        "W_fc1": np.sqrt(6 / 4096),
        "b1": np.sqrt(3 / 64),
        "b9": np.sqrt(3 / 512),
        "b_fc1": np.sqrt(3 / 2048),
        "b_fc3": np.sqrt(3 / 10),
    }
    for name, bound in bounds.items():
        value = values[name]
        assert np.abs(value).max() <= bound * (1 + 1e-6), name
        assert np.abs(value).max() > 0.8 * bound if value.size > 10 else np.any(value), name
        if value.size > 500:  # uniform: variance bound^2 / 3, mean 0
            assert abs(value.std() / (bound / np.sqrt(3)) - 1) < 0.1, name
            assert abs(value.mean()) < 5 * bound / np.sqrt(3 * value.size), name
    mended = {name: np.zeros_like(value) for name, value in values.items() if name.startswith("b")}
    assert not any(np.any(value) for value in mended.values()) and np.any(values["b1"])


def test_the_l2_term_holds_the_kernels_and_nothing_else(tf: Any) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        handles = _build(tf)
        session.run(tf.global_variables_initializer())
        variables = session.run({v.op.name: v for v in tf.trainable_variables()})
        kernels = [name for name, shape in VARIABLES if len(shape) > 1]
        assert kernels == [f"W{n}" for n in range(1, 10)] + ["W_fc1", "W_fc2", "W_fc3"]
        expected = 0.01 * sum(0.5 * float(np.sum(np.square(variables[name], dtype=np.float64))) for name in kernels)
        assert session.run(handles.l2_loss) == pytest.approx(expected, rel=1e-5)
        # each kernel's gradient of the term is 0.01 * W; a bias has none
        gradients = tf.gradients(handles.l2_loss, tf.trainable_variables())
        for (name, _), gradient in zip(VARIABLES, gradients):
            assert (gradient is not None) == (name in kernels), name


def test_dropout_is_off_by_default_and_acts_when_fed(tf: Any) -> None:
    images = np.random.RandomState(0).randint(0, 256, (2, 32, 32, 3)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.placeholder(tf.int64, ())
        handles = _build(tf, step=step)
        session.run(tf.global_variables_initializer())

        def logits(keep_prob: Any, at: int) -> np.ndarray:
            feed = {handles.images: images, step: at}
            if keep_prob is not None:
                feed[handles.keep_prob] = keep_prob
            return session.run(handles.logits, feed)

        evaluated = logits(None, 0)
        assert np.array_equal(evaluated, logits(None, 1))
        assert np.array_equal(evaluated, logits(1.0, 2))
        trained = logits(0.6, 0)
        assert not np.allclose(trained, evaluated)
        assert np.array_equal(trained, logits(0.6, 0))  # a function of (seed, step)
        assert not np.allclose(trained, logits(0.6, 1))


def test_masks_without_a_step_tensor_differ_from_run_to_run(tf: Any) -> None:
    """Users' own loops feed no step: they get ordinary stateful dropout, not one mask for ever."""
    images = np.zeros((1, 32, 32, 3), np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        handles = _build(tf)
        session.run(tf.global_variables_initializer())
        feed = {handles.images: images, handles.keep_prob: 0.6}
        assert not np.allclose(session.run(handles.logits, feed), session.run(handles.logits, feed))


def test_dropout_keeps_the_share_that_keep_prob_says(tf: Any) -> None:
    from tf1_models.graphs.parts.random_ops import dropout

    with tf.Graph().as_default(), tf.Session() as session:
        kept = session.run(dropout(tf.ones([400, 500]), tf.constant(0.6), "layer", 51, tf.constant(7, tf.int64)))
    assert set(np.unique(kept).tolist()) == {0.0, float(np.float32(1) / np.float32(0.6))}
    assert abs((kept > 0).mean() - 0.6) < 5 * np.sqrt(0.24 / kept.size)  # 0.4 would be a drop rate's mask


def test_q15_the_bypass_leaves_w_fc2_to_its_decay(tf: Any) -> None:
    """The listing's W_fc2 gets a gradient from the data; in the published copy only the L2 term reaches it."""
    for overrides, from_data in ((None, True), ({"fc2_bypassed": "true"}, False)):
        with tf.Graph().as_default():
            handles = _build(tf, overrides=overrides)
            w_fc2 = [v for v in tf.trainable_variables() if v.op.name == "W_fc2"]
            assert (tf.gradients(handles.data_loss, w_fc2)[0] is not None) is from_data
            assert tf.gradients(handles.loss, w_fc2)[0] is not None


def test_fully_connected_layers_are_linear(tf: Any) -> None:
    with tf.Graph().as_default() as graph:
        _build(tf)
        assert sum(op.type == "Relu" for op in graph.get_operations()) == 9  # the convolutions, and no more


def test_q13_raw_pixels_reach_the_first_convolution(tf: Any) -> None:
    """Mended (divided by 255), the first layer's output would be 255 times smaller but for its bias."""
    from tf1_models.scoring import inference_graph

    images = np.random.RandomState(1).randint(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    peaks = {}
    for name, divisor in (("kept", 1.0), ("mended", 255.0)):
        row = dataclasses.replace(registry.experiment("nine_conv"), pixel_divisor=divisor)
        with tf.Graph().as_default(), tf.Session() as session:
            graph = inference_graph.build_inference(row)
            session.run(tf.global_variables_initializer())
            peaks[name] = float(session.run(graph.handles.layers[0].output, {graph.image_bytes: images}).max())
    assert registry.experiment("nine_conv").pixel_divisor == 1.0
    assert peaks["kept"] > 100 > 10 > peaks["mended"]


def test_users_own_loop_trains(tf: Any) -> None:
    """The snippet of interface.md with the user's own optimizer and Session, on the shallow net (small)."""
    rng = np.random.RandomState(0)
    images, labels = rng.randint(0, 256, (8, 32, 32, 3)).astype(np.float32), np.eye(10, dtype=np.float32)[:8]
    with tf.Graph().as_default(), tf.Session() as session:
        graph = _build(tf, "single_fc")
        train = tf.train.GradientDescentOptimizer(1e-6).minimize(graph.loss)
        session.run(tf.global_variables_initializer())
        feed = {graph.images: images, graph.labels: labels}
        first = session.run(graph.loss, feed)
        for _ in range(3):
            session.run(train, {**feed, graph.keep_prob: 0.6})
        assert session.run(graph.loss, feed) < first
        probabilities = session.run(graph.probabilities, feed)
        assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        assert np.array_equal(session.run(graph.predictions, feed), probabilities.argmax(axis=1))

"""Every dropout of every report, in the graph itself: there, where it belongs, with its rate and its own mask.

The uniform numbers behind each mask are found by their op, fed by hand, and what becomes of them is compared with
NumPy's rule on the tensor that goes in. A dropout that is deleted, moved, shares another's numbers, drops at
1 - keep_prob or acts in evaluation fails here.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np
import pytest

from tf1_models import registry

pytestmark = pytest.mark.tf


class Case(NamedTuple):
    """Attributes:
    report, run, overrides: Which graph.
    masks: Name of each dropout -> the row of the layer table whose output it takes.
    """

    report: str
    run: str
    overrides: Dict[str, str]
    masks: Dict[str, str]


CASES = [
    Case("nine_conv", "final", {}, {"dropout_fc1": "fc1", "dropout_fc2": "fc2"}),
    Case("nine_conv", "without_conv9", {}, {"dropout_fc1": "fc1", "dropout_fc2": "fc2"}),
    Case("nine_conv", "final", {"fc2_bypassed": "true"}, {"dropout_fc1": "fc1", "dropout_fc2": "dropped fc1"}),  # Q15
    Case("nine_conv", "single_fc", {}, {}),
    Case("nine_conv", "shallow", {}, {}),
    Case("nine_conv", "shallow_dropout", {}, {"dropout_pool1": "pool1", "dropout_pool2": "pool2"}),
    Case("bn_cnn", "final", {}, {"dropout1": "relu1 ReLU", "dropout2": "relu2 ReLU"}),
    Case("bn_cnn", "no_dropout_100", {}, {}),
    Case("prelu_cnn", "final", {}, {}),  # Q7: as written, none acts
    Case(
        "prelu_cnn",
        "final",
        {"dropout_acts": "true"},
        {
            "layer/2/channels": "layer.1 PReLU",
            "layer/6/channels": "layer.5 PReLU",
            "layer/11/channels": "layer.10 PReLU",
            "fc_layer/2/channels": "fc_layer.1 PReLU",
        },
    ),
    Case("course_models", "model2", {}, {}),  # Q3: tf.layers.dropout without training=True
    Case("course_models", "sim11_model3", {}, {}),
    Case(
        "alexnet_bn",
        "batch_100_epochs_30",
        {},
        {"dropout": "before dropout", "dropout_1": "before dropout_1", "dropout_2": "before dropout_2"},
    ),
]


class Site(NamedTuple):
    """One dropout as it stands in the graph: its numbers, the tensor that goes in and the one that comes out."""

    numbers: Any
    taken: Any
    given: Any


def sites(tf: Any) -> Dict[str, Site]:
    """Dropout's name -> its place: numbers >= 1 - keep_prob, as a mask, times the scaled input."""
    found = {}
    for op in tf.get_default_graph().get_operations():
        if op.type != "GreaterEqual" or not op.inputs[0].op.name.endswith("_uniform"):
            continue
        tensor = op.outputs[0]
        while tensor.op.type != "Mul":  # a cast, for whole channels a reshape
            (consumer,) = tensor.consumers()
            tensor = consumer.outputs[0]
        scaled = tensor.op.inputs[0].op
        assert scaled.type == "Mul", scaled  # by 1 / keep_prob
        name = op.inputs[0].op.name[: -len("_uniform")]
        assert name not in found, f"two masks from the numbers of {name}"
        found[name] = Site(op.inputs[0], scaled.inputs[0], tensor)
    return found


def build(tf: Any, case: Case) -> Any:
    row = registry.experiment(case.report, case.run, case.overrides)
    return row, registry.Graph(row).build(step=tf.placeholder_with_default(tf.constant(0, tf.int64), ()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.report}-{case.run}{''.join(case.overrides)}")
def test_each_dropout_is_where_it_belongs_with_a_mask_of_its_own(tf: Any, case: Case) -> None:
    with tf.Graph().as_default():
        _, handles = build(tf, case)
        found = sites(tf)
        assert sorted(found) == sorted(case.masks)
        rows = {row.name: row.output for row in handles.layers}
        for name, before in case.masks.items():
            if before == "dropped fc1":
                assert found[name].taken is found["dropout_fc1"].given
            elif before.startswith("before "):
                names = [row.name for row in handles.layers]
                assert found[name].taken is handles.layers[names.index(name) - 1].output
            else:
                assert found[name].taken is rows[before], (name, found[name].taken, rows[before])
            assert tf.gradients(handles.logits, found[name].given)[0] is not None  # its output is what goes on
        assert len({site.numbers.name for site in found.values()}) == len(found)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.masks],
    ids=lambda case: f"{case.report}-{case.run}{''.join(case.overrides)}",
)
def test_each_mask_follows_its_numbers_and_keep_prob(tf: Any, case: Case) -> None:
    """Numbers fed by hand: NumPy's rule on what goes in gives what comes out; with keep_prob 1 nothing changes."""
    rng = np.random.RandomState(0)
    with tf.Graph().as_default(), tf.Session() as session:
        _, handles = build(tf, case)
        session.run(tf.global_variables_initializer())
        images = rng.rand(2, *handles.images.shape.as_list()[1:])
        feed: Dict[Any, Any] = {handles.images: images}
        found = sites(tf)
        shapes = session.run({name: site.numbers for name, site in found.items()}, {**feed, handles.keep_prob: 0.5})
        for name, site in found.items():
            numbers = rng.rand(*shapes[name].shape)
            for keep_prob in (0.6, 0.25):
                taken, given = session.run(
                    [site.taken, site.given], {**feed, handles.keep_prob: keep_prob, site.numbers: numbers}
                )
                mask = (numbers.astype(taken.dtype) >= 1 - taken.dtype.type(keep_prob)).reshape(
                    [*numbers.shape] + [1] * (taken.ndim - numbers.ndim)
                )
                np.testing.assert_allclose(given, np.where(mask, taken / keep_prob, 0.0), rtol=1e-6)
                assert 0 < mask.mean() < 1
            taken, given = session.run([site.taken, site.given], {**feed, site.numbers: numbers})
            assert np.array_equal(taken, given)  # evaluation: keep_prob's default is 1


def _feeds() -> "List[Tuple[str, str, Dict[str, str]]]":
    return [(case.report, case.run, case.overrides) for case in CASES]


@pytest.mark.parametrize("report, run, overrides", _feeds(), ids=lambda value: str(value))
def test_training_feeds_the_rows_keep_prob_and_evaluation_none(
    tf: Any, report: str, run: str, overrides: Dict[str, str]
) -> None:
    from tf1_models.scoring import evaluate
    from tf1_models.training import training_graph

    row = registry.experiment(report, run, {**overrides, "batch_size": "2"})

    class Images:
        x_train = np.zeros((4, 32, 32, 3), np.uint8)
        y_train = np.arange(4).astype(np.uint8)

    fed: List[Dict[Any, Any]] = []

    class Recorder:
        def run(self, fetches: Any, feed: Dict[Any, Any]) -> Any:
            fed.append(feed)
            return np.zeros((2, 10), np.float32)

    with tf.Graph().as_default():
        graph = training_graph.build_training(row)
        feed = training_graph.training_feed(graph, row, Images, np.array([1, 2]), 0, 0)  # type: ignore[arg-type]
        evaluate.predict(Recorder(), graph, Images.x_train[:2], 2)
    keep_prob = graph.handles.keep_prob
    assert (keep_prob is None) or feed[keep_prob] == row.keep_prob
    assert [list(one) for one in fed] == [[graph.image_bytes]]

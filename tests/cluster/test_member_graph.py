"""What a member delivers, computed without a cluster: its graph with all devices taken out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf1_models import registry
from tf1_models.cluster.configuration import Cluster, Member
from tf1_models.cluster.slices import Slice

pytestmark = pytest.mark.tf

MEMBERS = (Member("chief", 0, "a:1"), Member("worker", 0, "b:1"), Member("ps", 0, "c:1"))


def _assignments(member: Any) -> Any:
    from tf1_models.cluster import member_graph

    return member_graph._assignments(member.handles.update_ops)


@pytest.mark.parametrize("weight", [0.0, 0.25])
def test_a_slices_loss_and_hits_count_by_its_weight(tf: Any, weight: float) -> None:
    """A slice of weight 0, of a batch with fewer rows than members, counts nothing: no loss and no hit."""
    from tf1_models.cluster import member_graph

    member = member_graph.build(registry.experiment("bn_cnn"), Cluster(MEMBERS, MEMBERS[1], 5.0))
    with member.graph.as_default():
        initializers = [variable.initializer.name for variable in tf.global_variables()]
    definition = member.graph.as_graph_def()
    for node in definition.node:
        node.device = ""
    delivered = {
        op.inputs[0].op.get_attr("shared_name").decode().split("/", 1)[1].rsplit("/", 1)[0]: op.inputs[2].name
        for op in member.graph.get_operations()
        if op.type.endswith("AccumulatorApplyGradient")
    }
    sums = delivered["sums"]
    with member.graph.as_default():
        statistics = [(value.name, delivered[v.op.name]) for value, v in _assignments(member)]
    assert len(statistics) == 6  # mean and variance of three batch norms
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.import_graph_def(definition, name="")
        session.run([graph.get_operation_by_name(name) for name in initializers])
        images = np.random.RandomState(0).randint(0, 256, (1, 32, 32, 3)).astype(np.uint8)
        part = Slice(0, 1, weight)
        feed = {tensor.name: value for tensor, value in member.delivery_feed(part, 1, 0).items()}
        feed.update({member.image_bytes.name: images, member.step.name: 0})
        for tensor, value in ((member.handles.is_training, True), (member.handles.keep_prob, 1.0)):
            feed[tensor.name] = value
        for label in range(10):
            feed[member.label_ids.name] = np.array([label], np.uint8)
            found, predicted, loss = session.run(
                [sums, member.handles.predictions.name, member.handles.data_loss.name], feed
            )
            assert found[0] == pytest.approx(weight * float(loss), rel=1e-6)
            assert found[1] == float(weight > 0 and predicted[0] == label)
        for value, shares in zip(*session.run(list(zip(*statistics)), feed)):  # the moving statistics go the same way
            np.testing.assert_allclose(shares, weight * value, rtol=1e-6)

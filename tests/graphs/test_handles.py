"""What every report's graph returns: probabilities, predictions and loss belong to its logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.oracles import reference
from tf1_models import registry

pytestmark = pytest.mark.tf


@pytest.mark.parametrize("report", registry.REPORTS)
def test_what_a_graph_returns_belongs_together(tf: Any, report: str) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        handles = registry.graph(report, registry.default_run(report)).build()
        session.run(tf.global_variables_initializer())
        pixels, labels = reference.fixed_batch(2)
        shape = [2, *handles.images.shape.as_list()[1:]]
        feed = {
            handles.images: (pixels / 255.0).astype("f4").reshape(shape),
            handles.labels: reference.one_hot(labels, "float32"),
        }
        fetched = [handles.logits, handles.probabilities, handles.predictions, handles.data_loss, handles.l2_loss]
        logits, probabilities, predictions, data_loss, l2_loss = session.run(fetched, feed)
        loss = session.run(handles.loss, feed)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(probabilities, exponentials / exponentials.sum(axis=1, keepdims=True), rtol=1e-4)
    assert predictions.tolist() == logits.argmax(axis=1).tolist()
    assert loss == pytest.approx(data_loss + l2_loss, rel=1e-6)

"""Rows of nine_conv: Q14 (which F1 the report prints) and Q16 (a cost that is not reproduced)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf1_models import metrics, registry
from tf1_models.datasets.identify import official_labels
from tf1_models.datasets.splits import split_indices
from tf1_models.experiments import nine_conv
from tf1_models.output.report_console import nine_conv_end_line


def test_quirks_are_those_of_the_report() -> None:
    assert [quirk.id for quirk in nine_conv.QUIRKS] == ["D1", "Q12", "Q13", "Q14", "Q15", "Q16", "Q21"]


def test_q14_the_reported_f1_is_weighted_over_an_unbalanced_dev_split() -> None:
    """The first quarter is not perfectly balanced, so macro-F1, the mended headline, is another number."""
    y_train, _ = official_labels()
    _, dev = split_indices("first_quarter", y_train)
    truth = y_train[dev]
    support = np.bincount(truth, minlength=10)
    assert support.sum() == 12500 and len(set(support.tolist())) > 1
    rare = int(support.argmin())
    predicted = np.where(truth == rare, (rare + 1) % 10, truth)  # all of one class wrong
    scores = metrics.scores(truth, predicted)
    assert abs(scores["weighted_f1"] - scores["macro_f1"]) > 1e-3
    assert all(row.reported.metric == "dev_f1_weighted" for row in registry.runs("nine_conv"))
    assert nine_conv_end_line(scores["weighted_f1"]) == f"dev 데이터 f1 score: {scores['weighted_f1']:.6f}"
    # on balanced labels nothing would tell the two apart
    balanced = np.repeat(np.arange(10), 50)
    wrong = np.where(balanced == rare, (rare + 1) % 10, balanced)
    same = metrics.scores(balanced, wrong)
    assert same["weighted_f1"] == pytest.approx(same["macro_f1"], abs=1e-12)


@pytest.mark.tf
def test_q16_only_the_batchs_labels_are_encoded(tf: Any) -> None:
    """The report's program ran `y_train_one_hot.eval()`, all labels, for every batch; the graph encodes what is fed."""
    from tf1_models.scoring import inference_graph

    with tf.Graph().as_default() as graph, tf.Session() as session:
        built = inference_graph.build_inference(registry.experiment("nine_conv"))
        assert sum(op.type == "OneHot" for op in graph.get_operations()) == 1
        ids = np.array([3, 0, 9], np.uint8)
        encoded = session.run(built.handles.labels, {built.label_ids: ids})
        assert np.array_equal(encoded, np.eye(10, dtype=np.float32)[ids])
        # the program's own way, in one op: 12 times the rows of a 3-image batch already for 36 labels
        everything = tf.one_hot(tf.constant(np.tile(ids, 12)), 10)
        assert session.run(everything).size == 12 * encoded.size

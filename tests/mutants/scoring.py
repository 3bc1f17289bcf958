"""Mutants of scores: F1's averages, accuracy, losses of evaluation, what a report counts."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_EVALUATE = ("tests/scoring/test_evaluate.py",)
_FROZEN = (
    "tests/scoring/test_frozen_graph.py::test_each_prelu_keeps_its_own_slope_whatever_it_is",
    "tests/scoring/test_frozen_graph.py::test_a_graph_without_learnt_slopes_stays_as_it_is",
    "tests/scoring/test_frozen_graph.py::test_probabilities_come_from_the_graph_of_evaluation_alone",
)

GROUPS = (
    Group("tf1_models/metrics.py", ("tests/test_metrics.py",), (
        M('"weighted_f1": float((f1 * support).sum() / n)', '"weighted_f1": float(f1.mean())',
          "macro instead of weighted F1"),
        M('"macro_f1": float(f1.mean())', '"macro_f1": float((f1 * support).sum() / n)',
          "weighted instead of macro F1"),
        M('"macro_f1": float(f1.mean())', '"macro_f1": float(f1[support > 0].mean())',
          "absent classes are left out of the macro mean"),
        M('"macro_f1": float(f1.mean())',
          '"macro_f1": float(2 * precision.mean() * recall.mean() / max(precision.mean() + recall.mean(), 1e-9))',
          "F1 of the means, not the mean of F1s"),
        M('"macro_f1": float(f1.mean())', '"macro_f1": float(hits.sum() / n)', "micro F1"),
        M("_ratio(hits, called), _ratio(hits, support)", "_ratio(hits, support), _ratio(hits, called)",
          "precision and recall change places"),
        M("rows * N_CLASSES + columns", "columns * N_CLASSES + rows", "rows are predictions"),
        M("f1 = _ratio(2.0 * hits, support + called)", "f1 = _ratio(hits, support + called - hits)",
          "the Jaccard index for F1"),
        M("int(array.max()) >= N_CLASSES", "int(array.max()) > N_CLASSES", "the class id 10 passes"),
        M('if array.dtype.kind not in "iu":', 'if array.dtype.kind not in "iuf":', "fractions are cut to class ids"),
        M("    if rows.size != columns.size:", "    if rows.size < columns.size:",
          "fewer predictions than labels pass"),
        M("np.where(whole > 0, part / np.maximum(whole, 1), 0.0)",
          "np.where(whole > 0, part / np.maximum(whole, 1), 1.0)", "0 of 0 counts as 1"),
    )),
    Group("tf1_models/scoring/evaluate.py", _EVALUATE, (
        M("metrics.scores(truth, probabilities.argmax(axis=1)", "metrics.scores(truth, probabilities.argmin(axis=1)",
          "the least likely class"),
        M("    if over_softmax:\n", "    if not over_softmax:\n", "the double softmax is in the other reports' loss"),
        M("np.finfo(np.float32).tiny)).mean()", "np.finfo(np.float32).eps)).mean()", "confident mistakes cost less"),
        M("np.finfo(np.float32).tiny)).mean()", "np.finfo(np.float32).tiny)).sum()", "the loss is summed"),
        M("images[indices[start:stop]]", "images[start:stop]", "dev is predicted on the first images"),
        M("stop = min(start + batch_size, total)",
          "stop = min(start + batch_size, total) if start + batch_size < total else start + total % batch_size "
          "or total", "the last whole batch is left out"),
    )),
    Group("tf1_models/scoring/split_images.py", ("tests/scoring/test_split_images.py",), (
        M("% experiment.batch_size if experiment.eval_drop_last else 0", "% experiment.batch_size",
          "every report leaves the last short batch out"),
        M("n_test % experiment.batch_size if experiment.eval_drop_last else 0", "0",
          "the last short batch is scored (Q8 mended)"),
        M("return n_test - n_dropped or n_test", "return n_test - n_dropped",
          "fewer images than one batch are not scored at all"),
        M('if split == "train" or dev_indices is None', "if dev_indices is None", "train is dev"),
    )),
    Group("tf1_models/scoring/inference_graph.py", ("tests/scoring/test_inference.py",), (
        M("images = images / tf.constant(experiment.pixel_divisor, tf.float32)", "pass", "pixels are never scaled"),
        M("if experiment.pixel_divisor != 1.0:", "if True:", "pixels are always divided",
          equivalent="x / 1.0 is x, bit for bit: the branch spares an op"),
    )),
    Group("tf1_models/scoring/inference.py", ("tests/scoring/test_inference.py",), (
        M("    if not np.isfinite(found).all():", "    if False:", "probabilities that are not finite are class 0"),
        M("if not frozen_graph.pays(opened.graph):", "if True:", "the graph of variables evaluates PReLU, too",
          tests=_FROZEN),
        M("return probabilities_of(ready, source", "return probabilities_of(opened, source",
          "the frozen graph is built and not used", tests=_FROZEN),
        M("yield OpenCheckpoint(tf, session, graph, opened.taken)", "yield OpenCheckpoint(tf, session, graph, None)",
          "frozen, it is forgotten what was taken", tests=_FROZEN),
        M("session_config(tf, threads, source.experiment)", "session_config(tf, None, source.experiment)",
          "the frozen graph takes all threads", tests=_FROZEN),
    )),
    Group("tf1_models/scoring/frozen_graph.py", _FROZEN, (
        M('row.name.endswith(" PReLU")', 'not row.name.endswith(" PReLU")', "every graph is frozen"),
        M('return any(row.name.endswith(" PReLU")', 'return all(row.name.endswith(" PReLU")', "no graph is frozen"),
        M('row.name.endswith(" PReLU")', 'row.name.endswith("ReLU")', "graphs without learnt slopes are frozen"),
        M("{variable.op.name: variable for variable", "{variable.op.name: variable.initial_value for variable",
          "frozen are the values of the beginning"),
        M("value = tf.constant(values[name], name=name)", "value = tf.constant(-values[name] if values[name].size == 1 "
          "else values[name], name=name)", "slopes change their sign"),
        M("return value if values[name].size == 1 else",
          "return tf.constant([v for v in values.values() if v.size == 1][0]) if values[name].size == 1 else",
          "every PReLU has the first one's slope"),
        M("return value if values[name].size == 1 else",
          "return tf.constant(dict(zip(sorted(n for n in values if values[n].size == 1), [v for n, v in sorted("
          "values.items(), reverse=True) if v.size == 1]))[name]) if values[name].size == 1 else",
          "slopes in the reverse order"),
        M("return value if values[name].size == 1 else", "return tf.constant([0.25]) if values[name].size == 1 else",
          "slopes as they began"),
        M("return value if values[name].size == 1 else", "return value if values[name].size == 0 else",
          "slopes are fed, too: nothing is fused"),
        M("return value if values[name].size == 1 else", "return value if values[name].ndim == 1 else",
          "batch norm's vectors are constants, and split"),
        M("tf.placeholder_with_default(value, value.shape)",
          "tf.placeholder_with_default(tf.zeros_like(value), value.shape)", "weights are fed zeros"),
        M("is_training = None if like.handles.is_training is None else False",
          "is_training = None if like.handles.is_training is None else True", "evaluated as in training"),
        M("is_training = None if like.handles.is_training is None else False", "is_training = None",
          "the mode is left to be fed"),
    )),
)  # fmt: skip

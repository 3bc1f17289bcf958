"""Mutants of scores: F1's averages, accuracy, losses of evaluation, what a report counts."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_EVALUATE = ("tests/scoring/test_evaluate.py",)

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
    )),
)  # fmt: skip

"""Mutants of grading: paired tests, intervals, ranks, points, copies, submissions."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_STATISTICS = ("tests/grading/test_statistics.py",)
_ENGINE = ("tests/grading/test_engine.py",)

GROUPS = (
    Group("tf1_models/grading/statistics/paired.py", _STATISTICS, (
        M("(as_large + 1) / (draws + 1)", "as_large / draws", "p without +1"),
        M("np.abs(differences) >= abs(observed) - 1e-12", "np.abs(differences) > abs(observed) + 1e-12",
          "draws as large as the difference do not count"),
        M("np.abs(differences) >= abs(observed) - 1e-12", "differences >= abs(observed) - 1e-12",
          "the randomisation test is one-sided"),
        M("random.binomial(counts, 0.5,", "random.binomial(counts, 0.4,", "an unfair coin"),
        M("min(1.0, 2.0 * tail)", "min(1.0, tail)", "McNemar's test is one-sided"),
        M("n, k = b + c, min(b, c)", "n, k = b + c, max(b, c)", "McNemar's other tail"),
        M("_difference(base_a + moved, base_b - moved, metric)", "_difference(base_a + moved, base_b + moved, metric)",
          "the second file's answers are not swapped back"),
        M('(found["only_first"] - found["only_second"]) / len(truth)',
          '(found["only_second"] - found["only_first"]) / len(truth)', "the sign of the difference in accuracy"),
        M("ALPHA = 0.05", "ALPHA = 0.5", "significant at one half"),
        M("mixed = p != q", "mixed = (p != q) & (p != t)", "images that the first got right are never swapped"),
    )),
    Group("tf1_models/grading/statistics/bootstrap.py", _STATISTICS, (
        M("LEVEL = 0.95", "LEVEL = 0.90", "intervals of 90 %"),
        M("tail = (1.0 - LEVEL) / 2.0 * 100.0", "tail = (1.0 - LEVEL) * 100.0", "both tails on each side"),
        M('if metric == "macro_f1" else (f1 * support).sum(axis=1) / total',
          'if metric != "macro_f1" else (f1 * support).sum(axis=1) / total', "macro and weighted F1 change places"),
        M("random.multinomial(n, matrix", "random.multinomial(n // 2, matrix", "half the images are drawn"),
        M("moved = moved + f1[:, None]", "moved = moved + 0.0", "the weights' own influence is forgotten"),
        M("- (f1 * slope)[None, :]", "", "influence of a class's predictions is forgotten"),
        M("- mean * mean) / n))", ") / n))", "the standard error forgets the mean"),
        M("float(moved.std()) / np.sqrt(len(rows))", "float(moved.std()) / len(rows)",
          "the paired error divides by n"),
        M("np.random.RandomState(seed)", "np.random.RandomState(0)", "all files share their draws"),
    )),
    Group("tf1_models/grading/statistics/ranking.py", _STATISTICS, (
        M("reverse=True", "reverse=False", "the worst is first"),
        M("first.setdefault(value, position)", "first[value] = position", "ties share the last of their ranks"),
        M("DIGITS = 12", "DIGITS = 3", "scores a tenth of a point apart are ties"),
        M("enumerate(sorted(rounded, reverse=True), start=1)",
          "enumerate(sorted(set(rounded), reverse=True), start=1)", "no rank is skipped"),
    )),
    Group("tf1_models/grading/statistics/duplicates.py", ("tests/grading/test_duplicates.py",), (
        M("both < NEAR_SHARED * union", "both < NEAR_SHARED * min(len(a), union) * 1.4", "near copies are overlooked"),
        M("NEAR_SHARED = 0.75", "NEAR_SHARED = 0.25", "networks of other seeds are called copies"),
        M("np.count_nonzero(same & wrong_a)", "np.count_nonzero(same)", "right answers count as shared mistakes"),
        M("MIN_WRONG = 30", "MIN_WRONG = 3", "a handful of mistakes tells of a copy"),
        M("if len(group) > 1]", "if len(group) > 2]", "two identical files are overlooked"),
        M("(1.0 - right_a) * (1.0 - right_b) / (N_CLASSES - 1)", "(1.0 - right_a) * (1.0 - right_b)",
          "agreement by chance"),
    )),
    Group("tf1_models/grading/rubric.py", _STATISTICS, (
        M("self._linear(value + tolerance, ceiling)", "self._linear(value - tolerance, ceiling)",
          "the tolerance is taken off"),
        M("self._step(value + tolerance)", "self._step(value)", "steps have no tolerance",
          tests=(*_STATISTICS, *_ENGINE)),
        M("if value < self.floor - 1e-12:", "if value <= self.floor + 1e-12:", "nothing at the floor"),
        M("round(reached[-1], self.digits)", "round(reached[0], self.digits)", "the lowest step reached"),
        M("value >= at - 1e-12", "value > at", "a step is reached above it alone"),
        M("bisect.bisect_right(ordered, value + 1e-12)", "bisect.bisect_left(ordered, value)",
          "equal scores do not count themselves"),
        M("self.floor_points + max(0.0, share) * (self.max_points - self.floor_points)",
          "max(0.0, share) * self.max_points", "no points at the floor"),
    )),
    Group("tf1_models/grading/engine.py", _ENGINE, (
        M("row.score(policy.metric) + policy.tolerance >= policy.fail_under - 1e-12",
          "row.score(policy.metric) >= policy.fail_under - 1e-12", "the threshold has no tolerance"),
        M("bool(abs(z) < _Z_95)", "bool(z < _Z_95 / 2)", "neighbours within noise are told apart"),
        M("setattr(row, field, scores[field])",
          'setattr(row, field, scores[{"macro_f1": "weighted_f1"}.get(field, field)])',
          "weighted F1 is graded for macro"),
        M("e.row.rank is None, e.row.rank or 0", "e.row.rank is None, -(e.row.rank or 0)",
          "the list runs from the last to the first"),
    )),
)  # fmt: skip

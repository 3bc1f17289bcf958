"""Mutants of early stopping and of what is called a collapse."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_COLLAPSE = (
    "tests/training/test_collapse.py::test_the_sum_tells_one_hot_softmaxes_from_all_others",
    "tests/training/test_collapse.py::test_collapsed_is_said_of_what_does_not_recover",
    "tests/training/test_collapse.py::test_young_moving_statistics_are_named",
    "tests/training/test_collapse.py::test_a_collapsed_run_says_so_with_the_step",
)
_ALL_RIGHT = ("tests/training/test_collapse.py::test_an_epoch_with_every_image_right_is_no_collapse",)

GROUPS = (
    Group("tf1_models/training/stopping.py", ("tests/training/test_stopping.py",), (
        M("self.bad_epochs > self.patience_epochs", "self.bad_epochs >= self.patience_epochs",
          "patience is an epoch short"),
        M("self.bad_epochs > self.patience_epochs", "self.bad_epochs > self.patience_epochs + 1",
          "patience is an epoch long"),
        M("if self.best_loss < loss:", "if self.best_loss > loss:", "stops where the loss falls"),
        M("if self.best_loss < loss:", "if self.best_loss <= loss:", "an equal loss counts as worse"),
        M("if self.best_loss < loss:", "if not loss <= self.best_loss:", "a NaN counts as worse (Q21 mended)"),
        M("        self.best_loss = loss  #", "        self.best_loss = min(self.best_loss, loss)  #",
          "the best from before is kept (Q21 mended)"),
        M("self.bad_epochs = 0\n        return False", "return False", "bad epochs are counted over the whole run"),
        M('"best_loss": float(self.best_loss).hex()', '"best_loss": float(round(self.best_loss, 6)).hex()',
          "the best loss is saved rounded"),
        M('self.bad_epochs = int(state["bad_epochs"])', "self.bad_epochs = 0",
          "a resumed run has all its patience again"),
        M('self.best_loss = float.fromhex(state["best_loss"])', 'self.best_loss = float("inf")',
          "a resumed run has no best loss"),
    )),
    Group("tf1_models/training/collapse.py", _COLLAPSE, (
        M("_SUM = math.log(math.e + 9.0)", "_SUM = math.log(math.e + 10.0)", "a softmax of eleven classes"),
        M("_TOLERANCE = 1e-5", "_TOLERANCE = 1e-2", "a nearly one-hot softmax is taken for a collapse"),
        M("return loss_over_softmax and ", "return ", "said of reports whose loss can't tell"),
        M("YOUNG_MEMORIES = 5.0", "YOUNG_MEMORIES = 50.0", "statistics are called young too long"),
        M('line["train_accuracy"] - line["accuracy"] > YOUNG_LAG',
          'line["accuracy"] - line["train_accuracy"] > YOUNG_LAG', "young where evaluation leads"),
        M("        first = lines[-1 - n_before]", "        first = lines[-1]",
          "the collapse begins with the last epoch"),
        M('return bool(line["predicted_classes"] == 1)', 'return bool(line["predicted_classes"] <= 2)',
          "two classes count as one"),
        M("elif n_before == 0 and not", "elif not", "one class is said again every epoch"),
    )),
    Group("tf1_models/training/epoch_state.py", _ALL_RIGHT, (
        M("progress.n_one_hot == n and progress.n_correct < progress.n_seen", "progress.n_one_hot == n",
          "an epoch with every image right is called collapsed"),
        M("progress.n_one_hot == n and", "progress.n_one_hot >= n - 1 and", "a batch that still learns is overlooked"),
    )),
)  # fmt: skip

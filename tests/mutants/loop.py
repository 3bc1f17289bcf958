"""Mutants of the loop: what a step feeds and sums, what an epoch leaves, when it ends, what is evaluated."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_FILE = "tests/training/test_loop.py::test_"
_FOLDER = (_FILE + "the_folder_holds_what_the_interface_promises",)
_RESUMED = (*_FOLDER, _FILE + "resumed_equals_uninterrupted[6]")
_CUT = (_FILE + "a_finished_run_is_not_trained_again",)
_COST = (_FILE + "early_stopping_watches_the_cost_with_its_l2_term",)
_DIVERGED = (_FILE + "a_loss_that_is_not_finite_stops_the_run",)
_SHORTER = (_FILE + "a_longer_run_scores_test_where_a_shorter_row_ends",)
_LOOP = ("tests/training/test_loop_order.py",)
_STATE = ("tests/training/test_epoch_state.py",)
_STEP = ("tests/training/test_training_graph.py",)
_FEEDS = ("tests/graphs/test_dropout.py::test_training_feeds_the_rows_keep_prob_and_evaluation_none", *_STEP)
_ROWS = ("tests/training/test_several_steps.py::test_which_rows_a_call_takes",)
_SEVERAL = (
    "tests/training/test_several_steps.py::test_three_steps_in_one_call_are_three_calls",
    "tests/training/test_several_steps.py::test_a_run_is_the_same_run[3]",
)

GROUPS = (
    Group("tf1_models/training/loop.py", _FOLDER, (
        M("state.stopping.validate(progress.loss_sum)", "state.stopping.validate(progress.data_loss_sum)",
          "stopping watches the data loss, not the cost", tests=_COST),
        M("state.stopping.validate(progress.loss_sum)", "state.stopping.validate(on_eval.loss)",
          "stopping watches the dev loss", tests=_COST),
        M('if not math.isfinite(values["loss"]):', 'if math.isinf(values["loss"]):', "a NaN trains on",
          tests=_DIVERGED),
        M("if progress.step == experiment.max_steps:", "if progress.step - 1 == experiment.max_steps:",
          "max_steps is a step long", tests=_CUT),
        M('if line["epoch"] in test_epochs:', 'if line["epoch"] - 1 in test_epochs:', "test is scored an epoch late",
          tests=_SHORTER),
        M("            state.save()\n            state.leave_after", "            state.leave_after",
          "the epoch's checkpoint is not written", tests=_RESUMED),
        M("on_eval = results.score_split(run, experiment.eval_split)", 'on_eval = results.score_split(run, "test")',
          "epochs are evaluated on test"),
        M("            if not math.isfinite(on_eval.loss):", "            if False:", "broken weights are not noticed",
          tests=("tests/training/test_collapse.py::test_weights_that_the_last_step_broke_are_noticed",)),
        M("            steps.pull()\n            on_eval", "            on_eval",
          "a cluster evaluates the values of the last checkpoint",
          tests=_LOOP),
        M("if options.fresh:", "if False:", "--fresh continues the old run", tests=_LOOP),
    )),
    Group("tf1_models/training/epoch_state.py", _STATE, (
        M("return -(-n_images // experiment.batch_size)", "return n_images // experiment.batch_size",
          "the last short batch is dropped"),
        M("if not experiment.drop_last:", "if experiment.drop_last:", "drop_last the other way round"),
        M("if n_images < experiment.batch_size:", "if n_images <= experiment.batch_size:",
          "a batch as large as the data is refused under drop_last"),
        M('progress.loss_sum += float(values["loss"])', 'progress.loss_sum += float(values["data_loss"])',
          "the cost is summed without L2"),
        M("    progress.n_seen += n_images\n", "    progress.n_seen += 1\n", "images are counted by the batch"),
        M('line["macro_f1"] > progress.best["macro_f1"]', 'line["macro_f1"] >= progress.best["macro_f1"]',
          "the last of equal epochs is called the best"),
        M('line["macro_f1"] > progress.best["macro_f1"]', 'line["macro_f1"] < progress.best["macro_f1"]',
          "the worst epoch is called the best"),
        M("progress.epoch >= experiment.epochs", "progress.epoch > experiment.epochs", "an epoch too many"),
        M("    progress.loss_sum = progress.data_loss_sum = progress.l2_loss_sum = 0.0\n", "",
          "sums run over all epochs"),
        M('"loss": progress.loss_sum / n,', '"loss": progress.loss_sum / progress.n_seen,',
          "the epoch's loss is divided by images"),
        M('"train_accuracy": progress.n_correct / progress.n_seen', '"train_accuracy": progress.n_correct / n',
          "training accuracy is divided by batches"),
        M('"epoch": progress.epoch + 1', '"epoch": progress.epoch', "epochs are numbered from 0"),
        M('            stopping.restore(manifest["stopping"])\n', "            pass\n",
          "a resumed run forgets its patience"),
        M("min(n_full, experiment.max_steps - progress.step)", "n_full", "a call of several steps passes max_steps",
          tests=_ROWS),
    )),
    Group("tf1_models/training/training_graph.py", _FEEDS, (
        M("feed[graph.handles.keep_prob] = experiment.keep_prob",
          "feed[graph.handles.keep_prob] = 1.0 - experiment.keep_prob", "training feeds the rate for keep_prob"),
        M("        feed[graph.handles.keep_prob] = experiment.keep_prob", "        pass", "training has no dropout"),
        M("        feed[graph.handles.is_training] = True", "        pass",
          "training normalises with moving statistics"),
        M("n_correct, *handles.update_ops]", "n_correct]", "the loop never moves the moving statistics"),
        M("graph.step: step}", "graph.step: 0}", "every step has the masks of the first"),
        M("optimizer.compute_gradients(scaled_loss)", "optimizer.compute_gradients(handles.data_loss)",
          "the L2 term is not minimised"),
        M("gradients = [(g / loss_scale, v) for g, v in gradients]", "pass", "gradients keep the loss scale",
          tests=("tests/session/test_execution.py",)),
        M("    with tf.control_dependencies(before):\n        train",
          "    with tf.control_dependencies([]):\n        train", "losses race with the update"),
        M('rate_dtype = tf.float64 if experiment.optimizer.startswith("torch_") else tf.float32',
          "rate_dtype = tf.float32", "PyTorch's rate is rounded to float32"),
    )),
    Group("tf1_models/training/several_steps.py", _SEVERAL, (
        M("step=graph.step + tf.cast(at, tf.int64)", "step=graph.step", "the steps of a call share their masks"),
        M("keep_prob=graph.handles.keep_prob,", "keep_prob=None,", "no dropout in a call of several steps"),
        M("return [at + 1, *written]", "return [at + 2, *written]", "every other step is left out"),
        M("scaled(experiment, image_bytes[at], ids)", "scaled(experiment, image_bytes[0], ids)",
          "all steps of a call take the first batch"),
    )),
    Group("tf1_models/training/computation.py", ("tests/training/test_computation.py",), (
        M('and longer["epochs"] >= n', 'and longer["epochs"] > n', "a run is no computation with itself"),
        M("and rates(longer, n) == rates(shorter, n)", "", "runs of other learning rates are one computation"),
        M('shorter.get("max_steps") is None', "True", "a run that was cut is continued"),
    )),
    Group("tf1_models/training/continuing.py", (
        "tests/training/test_continuing.py::test_another_computation_starts_anew",
        "tests/training/test_continuing.py::test_five_epochs_after_three_after_two_are_five_epochs",
    ), (
        M('_SAME = ("report", "seed", "data_digest", "split_hash")', '_SAME = ("report", "data_digest", "split_hash")',
          "a run of another seed is continued"),
        M('    if progress["stopped"] == "epochs":\n        progress["stopped"] = ""\n', "",
          "the longer run believes that it has ended"),
        M("return max(found)[2] if found else None", "return min(found)[2] if found else None",
          "the shortest run is continued"),
    )),
)  # fmt: skip

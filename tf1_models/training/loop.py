"""WHERE IS THE LOOP? One Session loop in reading order: build, restore, [epoch, evaluate, stop?, save], report."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from tf1_models import registry, seeds, spec
from tf1_models.datasets.dataset import Dataset
from tf1_models.datasets.splits import split_hash, split_indices
from tf1_models.errors import UsageError
from tf1_models.output.progress import Log
from tf1_models.output.watching import Watcher
from tf1_models.scoring.evaluate import SplitScore
from tf1_models.spec import Experiment
from tf1_models.training import collapse, epoch_state, results, schedules
from tf1_models.training.events import EventWriter
from tf1_models.training.interrupts import InterruptFlag
from tf1_models.training.run_folder import RunFolder, folder_path
from tf1_models.training.training_run import TrainingRun


@dataclasses.dataclass
class Options:
    """How to run, none of which changes a result (threads and cluster change its last bits, and are recorded)."""

    out: str = "runs"
    fresh: bool = False
    threads: Optional[int] = None
    steps_per_call: Optional[int] = None  # see `several_steps`; None: several where that pays (`step_ways`)
    checkpoint_minutes: float = 10.0
    require_gpu: bool = False
    tf_log: bool = False
    watchers: Sequence[Watcher] = ()  # who looks on, in this order
    steps: Any = None  # a `steps.Steps`: another way to take a step, such as `cluster.chief.Chief`
    command: Tuple[str, ...] = ()


def prepare(experiment: Experiment, data: Dataset, options: Options) -> Tuple[RunFolder, Dict[str, Any]]:
    """Opens and checks the run folder; needs no TensorFlow, so bad settings fail early.

    Returns:
        The locked folder and the run.json record without its runtime part.

    Raises:
        InputError: the folder is in use, or holds another configuration.
        MachineError: it cannot be written.
        UsageError: settings that do not fit the data.
    """
    train_indices, dev_indices = split_indices(experiment.dev_split, data.y_train)
    epoch_state.steps_per_epoch(experiment, len(train_indices))
    if dev_indices is not None and not len(dev_indices):
        raise UsageError(
            f"dev_split={experiment.dev_split} leaves no dev image of {len(data.y_train)} training images; give it "
            "more, or dev_split=none"
        )
    record = {
        "schema": 1,
        "report": experiment.report,
        "run": experiment.run,
        "seed": experiment.seed,
        "data": data.name,
        "data_form": data.form,
        "data_digest": data.digest,
        "data_lossy": data.lossy,
        "split_hash": split_hash(train_indices, dev_indices),
        "n_train": len(train_indices),
        "n_dev": None if dev_indices is None else len(dev_indices),
        "n_test": len(data.y_test),
        "settings": spec.settings(experiment),
        "identity": spec.identity(experiment),
    }
    folder = RunFolder(folder_path(options.out, experiment, data.name, data.digest))
    try:
        if options.fresh:
            folder.clear()
        folder.check_same(record)
    except BaseException:
        folder.close()
        raise
    return folder, record


def train(
    experiment: Experiment, data: Dataset, folder: RunFolder, record: Dict[str, Any], options: Options, log: Log
) -> Dict[str, Any]:
    """Trains a run to its end, or continues what an interrupted one left.

    Args:
        experiment: The run, settings resolved.
        data: The images; only bytes are held in memory.
        folder: From `prepare`, unfinished.
        record: From `prepare`.
        options: How to run.
        log: Where lines for people go.

    Returns:
        The content of result.json.

    Raises:
        Interrupted: a signal arrived; the state is saved.
        CheckFailed: the loss is not finite; the last checkpoint is named.
        InputError: nothing sound to continue from.
        MachineError: no disk, no TensorFlow, no demanded GPU.
    """
    from tf1_models.session import tensorflow_setup

    tf = tensorflow_setup.import_tensorflow(quiet=not options.tf_log)
    from tf1_models.training import run_state, step_ways, training_graph  # import TensorFlow, hence here

    train_indices, _ = split_indices(experiment.dev_split, data.y_train)
    n_steps = epoch_state.steps_per_epoch(experiment, len(train_indices))
    test_epochs = registry.test_epochs(experiment.report, spec.identity(experiment))
    orders = seeds.EpochOrders(experiment.shuffle_stream, experiment.seed, len(train_indices))
    folder.sweep()

    with contextlib.ExitStack() as stack:
        # ---- build ---------------------------------------------------------------------------------------------------
        stack.enter_context(tf.Graph().as_default())
        interrupt = stack.enter_context(InterruptFlag())
        graph = training_graph.build_net(experiment)
        with tensorflow_setup.quiet_stderr(not options.tf_log):
            session = tf.Session(config=tensorflow_setup.session_config(tf, options.threads, experiment))
        stack.enter_context(session)
        runtime = tensorflow_setup.runtime_record(tf, session, options.threads)
        tensorflow_setup.check_gpu(runtime, options.require_gpu)
        steps = options.steps or step_ways.on_one_machine(experiment, options.steps_per_call, runtime["devices"])
        graph = steps.add_to(experiment, graph)
        initialize = tf.global_variables_initializer()
        tf.get_default_graph().finalize()  # nothing may add ops inside the loop
        folder.note_start(record, {**runtime, "cluster": steps.shape()}, options.command, log)

        # ---- restore or initialise -----------------------------------------------------------------------------------
        watchers = list(options.watchers)
        run = TrainingRun(tf, session, graph, experiment, data, train_indices, folder, record, log, watchers)
        state = run_state.RunState(run, steps, interrupt)
        resumed = state.restore_or_initialize(initialize, options.tf_log)
        progress = state.progress
        steps.begin(run, progress.step, state.save, state.leave_if_interrupted)
        watchers.append(EventWriter(tf, folder.events(tf, progress.step), experiment.eval_split))
        for watcher in watchers:
            stack.callback(watcher.close)
            watcher.start(data, resumed)

        # ---- epochs --------------------------------------------------------------------------------------------------
        on_eval: Optional[SplitScore] = None
        while not progress.stopped:
            rate = schedules.learning_rate(experiment, progress.epoch)
            order = orders.order(progress.epoch) if experiment.shuffle else np.arange(len(train_indices))
            started, first_step, n_before = time.monotonic(), progress.step_in_epoch, progress.n_seen
            for watcher in watchers:
                watcher.start_epoch(progress.epoch, experiment.epochs, first_step, n_steps)

            while progress.step_in_epoch < n_steps and not progress.stopped:
                rows = epoch_state.rows_of_call(experiment, progress, len(order), steps.steps_per_call)
                batches = [train_indices[order[positions]] for positions in rows]
                for batch, values in zip(batches, steps.take(batches, progress.epoch, progress.step, rate)):
                    if not math.isfinite(values["loss"]):
                        where = f"step {progress.step + 1} (batch {progress.step_in_epoch + 1} of {n_steps})"
                        raise state.diverged("loss", values["loss"], where)
                    epoch_state.count_step(progress, values, len(batch), graph.handles.loss_over_softmax)
                    seen = epoch_state.step_seen(progress, values, len(batch), n_steps, n_before, started)
                    for watcher in watchers:
                        watcher.step(seen)
                if progress.step == experiment.max_steps:
                    progress.stopped = "max_steps"
                else:
                    state.leave_if_interrupted()
                    state.save_after(options.checkpoint_minutes)

            # ---- evaluate, then stop?, then save: one order, written once --------------------------------------------
            seconds = time.monotonic() - started
            steps.pull()
            on_eval = results.score_split(run, experiment.eval_split)
            if not math.isfinite(on_eval.loss):
                where = f"after step {progress.step} (batch {progress.step_in_epoch} of {n_steps})"
                raise state.diverged(f"{experiment.eval_split} loss", on_eval.loss, where)
            line = epoch_state.epoch_line(progress, experiment, rate, on_eval, seconds, first_step)
            if line["epoch"] in test_epochs:  # recorded for shorter rows of the report; decides nothing
                line["test"] = epoch_state.test_scores(results.score_split(run, "test").scores)
            epoch_state.note_best(progress, line)
            if state.stopping is not None and not progress.stopped and state.stopping.validate(progress.loss_sum):
                progress.stopped = "early_stopping"
            epoch_state.next_epoch(progress, experiment)
            folder.append_metrics(line)
            for watcher in watchers:
                watcher.end_epoch(line)
            log.line(epoch_state.epoch_text(line, experiment))
            for text in collapse.words(folder.metrics, bool(progress.stopped), graph.handles.statistics_memory_steps):
                log.line(text)
            state.save()
            state.leave_after_epoch_if_interrupted()

        # ---- final report --------------------------------------------------------------------------------------------
        result = results.finish(run, progress, None if on_eval is None else on_eval.scores)
        for watcher in watchers:
            watcher.finish(result, folder.metrics, data.class_names)
        return result

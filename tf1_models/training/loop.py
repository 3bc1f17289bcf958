"""WHERE IS THE LOOP? One Session loop in reading order: build, restore, [epoch, evaluate, stop?, save], report."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any, Dict, Optional, Tuple

import numpy as np

from tf1_models import registry, seeds, spec
from tf1_models.checkpoints import saving
from tf1_models.datasets.dataset import Dataset
from tf1_models.datasets.splits import split_hash, split_indices
from tf1_models.errors import CheckFailed, InputError, Interrupted, UsageError
from tf1_models.output.progress import EpochBar, Log
from tf1_models.spec import Experiment
from tf1_models.training import collapse, epoch_state, results, schedules
from tf1_models.training.interrupts import InterruptFlag
from tf1_models.training.run_folder import RunFolder, folder_path
from tf1_models.training.stopping import EarlyStopping


@dataclasses.dataclass
class Options:
    """How to run, none of which changes a result (threads and cluster change its last bits, and are recorded)."""

    out: str = "runs"
    fresh: bool = False
    threads: Optional[int] = None
    steps_per_call: int = 1  # above 1: the images live in the Session, see `resident_steps`
    checkpoint_minutes: float = 10.0
    require_gpu: bool = False
    quiet: bool = False
    tf_log: bool = False
    console: Any = None  # a `report_console.ReportConsole`, else None
    cluster: Any = None  # a `cluster.chief.Chief`, which then runs the steps on all members; else None
    command: Tuple[str, ...] = ()


def prepare(experiment: Experiment, data: Dataset, options: Options) -> Tuple[RunFolder, Dict[str, Any]]:
    """Opens and checks the run folder; needs no TensorFlow, so bad settings fail early.

    Returns:
        The locked folder and the run.json record without its runtime part.

    Raises:
        InputError: the folder cannot be written, is in use, or holds another configuration.
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


def train(experiment: Experiment, data: Dataset, folder: RunFolder, record: Dict[str, Any], options: Options,
          log: Log) -> Dict[str, Any]:
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
    from tf1_models.training import training_graph  # imports TensorFlow itself: only after the quiet import above

    cluster = options.cluster
    # ---- data: positions only; a batch is gathered when its turn comes -------------------------------------------
    train_indices, dev_indices = split_indices(experiment.dev_split, data.y_train)
    n_steps = epoch_state.steps_per_epoch(experiment, len(train_indices))
    test_epochs = registry.test_epochs(experiment.report, spec.identity(experiment))
    orders = seeds.EpochOrders(experiment.shuffle_stream, experiment.seed, len(train_indices))
    folder.sweep()

    with tf.Graph().as_default(), InterruptFlag() as interrupt:
        # ---- build -----------------------------------------------------------------------------------------------
        graph = training_graph.build_training(experiment)
        resident: Any = None
        if options.steps_per_call > 1:
            from tf1_models.training import resident_steps

            resident = resident_steps.build(experiment, graph, len(data.x_train))
        initialize = tf.global_variables_initializer()
        tf.get_default_graph().finalize()  # nothing may add ops inside the loop
        with tensorflow_setup.quiet_stderr(not options.tf_log):
            session = tf.Session(config=tensorflow_setup.session_config(tf, options.threads, experiment))
        with session:
            # ---- restore or initialise ---------------------------------------------------------------------------
            runtime = tensorflow_setup.runtime_record(tf, session, options.threads)
            runtime["cluster"] = None if cluster is None else cluster.shape()
            tensorflow_setup.check_gpu(runtime, options.require_gpu)
            folder.note_start(record, runtime, options.command, log)
            progress = epoch_state.Progress()
            stopping = None if experiment.patience_epochs is None else EarlyStopping(experiment.patience_epochs)

            def save() -> None:
                if cluster is not None:
                    cluster.pull()  # the parameter servers' values into this session
                folder_state = {
                    "progress": progress.state(),
                    "stopping": None if stopping is None else stopping.state(),
                    "metrics": folder.metrics_record(),
                    "config": folder.config_record(record),
                }
                saving.save(tf, session, graph.saver, folder.path, progress.step, folder_state)
                keep = () if progress.best is None else (progress.best["step"],)
                saving.prune(folder.path, keep)

            def leave() -> None:
                save()
                raise Interrupted(f"{interrupt.raised} at step {progress.step}: state saved in {folder.path}; run the "
                                  "same command to continue")

            def diverged(what: str, loss: float, where: str) -> CheckFailed:
                return CheckFailed(
                    f"{what} is {loss} at epoch {progress.epoch + 1}, {where}: training has diverged; last good "
                    f"checkpoint: ckpt-{saving.list_steps(folder.path)[0]}"
                )

            manifest = saving.latest_sound(folder.path, log.line)
            folder.rewind_metrics(manifest["metrics"] if manifest else None)
            if manifest is None:
                with tensorflow_setup.quiet_stderr(not options.tf_log):
                    session.run(initialize)
                save()  # step 0: from here on "no checkpoint" can only mean that someone removed them
            else:
                folder.check_config(manifest, record)
                saving.restore(tf, session, graph.saver, folder.path, manifest)
                progress = epoch_state.progress_of(manifest, stopping)
                log.line(f"resuming at epoch {progress.epoch + 1}, step {progress.step}")
            if int(session.run(graph.global_step)) != progress.step:
                raise InputError(f"checkpoint of step {progress.step} holds another step; --fresh starts anew")
            if resident is not None:
                resident_steps.fill(session, resident, data.x_train, data.y_train)
            if cluster is not None:
                cluster.begin(session, graph, progress.step, save, lambda: leave() if interrupt.raised else None)
            events = folder.events(tf, progress.step)
            saved_at = time.monotonic()
            on_eval: Optional[results.SplitScore] = None
            if options.console is not None and manifest is None:
                options.console.start(data.x_train)

            # ---- epochs ------------------------------------------------------------------------------------------
            while not progress.stopped:
                rate = schedules.learning_rate(experiment, progress.epoch)
                order = orders.order(progress.epoch) if experiment.shuffle else np.arange(len(train_indices))
                label = f"epoch {progress.epoch + 1}/{experiment.epochs}"
                bar = EpochBar(label, n_steps, not options.quiet and options.console is None)
                started, first_step = time.monotonic(), progress.step_in_epoch
                n_before = progress.n_seen
                if options.console is not None:
                    options.console.start_epoch(progress.epoch)

                while progress.step_in_epoch < n_steps and not progress.stopped:
                    rows = epoch_state.rows_of_call(experiment, progress, len(order), options.steps_per_call)
                    batches = [train_indices[order[some]] for some in rows]
                    if resident is not None:
                        of_steps = resident_steps.run(session, graph, resident, experiment, batches, progress.step,
                                                      rate)
                    elif cluster is None:
                        feed = training_graph.training_feed(graph, experiment, data, batches[0], progress.epoch,
                                                            progress.step)
                        of_steps = [session.run(graph.fetches, {**feed, graph.learning_rate: rate})]
                    else:
                        of_steps = [cluster.step(data, batches[0], progress.epoch, progress.step, rate)]
                    for batch, values in zip(batches, of_steps):
                        if not math.isfinite(values["loss"]):
                            where = f"step {progress.step + 1} (batch {progress.step_in_epoch + 1} of {n_steps})"
                            raise diverged("loss", values["loss"], where)
                        epoch_state.count_step(progress, values, len(batch), experiment.report)
                        seconds = time.monotonic() - started
                        speed = (progress.n_seen - n_before) / max(seconds, 1e-9)
                        accuracy = progress.n_correct / progress.n_seen
                        bar.update(progress.step_in_epoch, float(values["loss"]), accuracy, speed)
                        if options.console is not None:
                            options.console.step(progress.step, progress.step_in_epoch, n_steps, values, len(batch),
                                                 speed)
                    if progress.step == experiment.max_steps:
                        progress.stopped = "max_steps"
                    elif interrupt.raised:
                        bar.finish()
                        leave()
                    elif time.monotonic() - saved_at > 60.0 * options.checkpoint_minutes:
                        save()
                        saved_at = time.monotonic()
                bar.finish()

                # ---- evaluate, then stop?, then save: one order, written once ------------------------------------
                seconds = time.monotonic() - started
                if cluster is not None:
                    cluster.pull()
                on_eval = results.score_split(session, graph, data, experiment.eval_split, dev_indices, experiment)
                if not math.isfinite(on_eval.loss):
                    where = f"after step {progress.step} (batch {progress.step_in_epoch} of {n_steps})"
                    raise diverged(f"{experiment.eval_split} loss", on_eval.loss, where)
                line = epoch_state.epoch_line(progress, experiment, rate, on_eval, seconds, first_step)
                if line["epoch"] in test_epochs:  # recorded for shorter rows of the report; decides nothing
                    on_test = results.score_split(session, graph, data, "test", None, experiment)
                    line["test"] = epoch_state.test_scores(on_test)
                if progress.best is None or line["macro_f1"] > progress.best["macro_f1"]:
                    progress.best = {"epoch": line["epoch"], "step": progress.step, "macro_f1": line["macro_f1"]}
                if stopping is not None and not progress.stopped and stopping.validate(progress.loss_sum):
                    progress.stopped = "early_stopping"
                epoch_state.next_epoch(progress, experiment)
                folder.append_metrics(line)
                results.write_events(tf, events, line, experiment.eval_split)
                log.line(epoch_state.epoch_text(line, experiment))
                if collapse.words(line):
                    log.line(collapse.words(line))
                if options.console is not None:
                    options.console.end_epoch(line)
                save()
                saved_at = time.monotonic()
                if interrupt.raised and not progress.stopped:
                    raise Interrupted(f"{interrupt.raised} after epoch {progress.epoch}: state saved in {folder.path}; "
                                      "run the same command to continue")

            # ---- final report ------------------------------------------------------------------------------------
            events.close()
            result = results.finish(
                tf, session, graph, experiment, data, folder, record, progress, dev_indices, log,
                None if on_eval is None else on_eval.scores,
            )
            if options.console is not None:
                options.console.finish(result, folder.metrics, data.class_names)
            return result

"""`train … --cluster`: what each member does from its command line to its exit code."""

from __future__ import annotations

from typing import Any, Callable, Dict, Tuple

from tf1_models.cluster import ending
from tf1_models.cluster.configuration import Cluster
from tf1_models.datasets.dataset import Dataset
from tf1_models.errors import KitError, MachineError
from tf1_models.output.progress import Log
from tf1_models.session import tensorflow_setup
from tf1_models.spec import Experiment
from tf1_models.training import loop
from tf1_models.training.run_folder import RunFolder, config_id

RECOVERIES = 3  # without a step in between, before the chief gives up


def identity(experiment: Experiment, data: Dataset) -> str:
    """What all members must agree on, in words: run, hash of settings and data, seed."""
    return f"{experiment.report}/{experiment.run} {config_id(experiment, data.digest)} seed {experiment.seed}"


def take_part(cluster: Cluster, experiment: Experiment, data: Dataset, options: loop.Options, log: Log) -> None:
    """A worker's or parameter server's whole life (`data` is not looked at on a parameter server).

    Raises:
        KitError: as the chief ended, if not well; or a member is missing, or a signal arrived here.
    """
    from tf1_models.cluster import parameter_server, worker

    board, server = _enter(cluster, options, log)
    try:
        if cluster.me.job == "ps":
            end = parameter_server.serve(server, board, log)
        else:
            if options.require_gpu:
                with server.tf.Session(graph=server.tf.Graph()) as session:
                    runtime = tensorflow_setup.runtime_record(server.tf, session, options.threads)
                tensorflow_setup.check_gpu(runtime, True)
            board.start_beating()
            end = worker.work(server, board, experiment, data, identity(experiment, data), log)
        log.line(f"{cluster.me.label}: the chief has ended the training")
    finally:
        ending.leave(board)
        server.close()
    end.raise_unless_done()


def lead(
    cluster: Cluster,
    experiment: Experiment,
    data: Dataset,
    folder: RunFolder,
    record: Dict[str, Any],
    options: loop.Options,
    log: Log,
) -> Dict[str, Any]:
    """The chief's whole life: trains, continues from the last checkpoint when a parameter server died, ends the others.

    Returns:
        The content of result.json.

    Raises:
        KitError: as `train.train`, or a member is missing.
    """
    board, server = _enter(cluster, options, log)
    from tf1_models.cluster.chief import Chief, StateLost  # imports TensorFlow: only after the quiet import above

    board.note["identity"] = identity(experiment, data)
    board.start_beating()

    def attempts() -> Dict[str, Any]:
        at, tries = -1, 0
        while True:
            chief = Chief(server, board, experiment, log)
            options.steps = chief
            try:
                return loop.train(experiment, data, folder, record, options, log)
            except StateLost as lost:
                chief.abandon()
                at, tries = (at, tries + 1) if chief.done == at else (chief.done, 1)
                if tries > RECOVERIES:
                    raise MachineError(
                        f"{lost}, {tries} times at step {at}; mend the cluster, then run the same commands to continue"
                    ) from None
                log.line(f"{lost}: continuing from the last checkpoint")

    return _to_the_end(server, board, attempts)


def dismiss(cluster: Cluster, options: loop.Options, log: Log) -> None:
    """The chief of a run that is finished already: tells members that may still wait for it."""
    board, server = _enter(cluster, options, log)
    _to_the_end(server, board, lambda: {})


def _enter(cluster: Cluster, options: loop.Options, log: Log) -> Tuple[Any, Any]:
    from tf1_models.cluster import server

    tf = server.import_tensorflow(options.tf_log)
    from tf1_models.cluster.board import Board

    this = server.Server(tf, cluster, options.threads, options.tf_log, log)
    return Board(this), this


def _to_the_end(server: Any, board: Any, work: Callable[[], Dict[str, Any]]) -> Dict[str, Any]:
    """Runs the chief's work and tells the others how it ended."""
    code, words = 1, "the chief failed"
    try:
        result = work()
        code, words = 0, ""
        return result
    except KitError as error:
        code, words = error.exit_code, str(error)
        raise
    finally:
        ending.say(board, code, words)
        ending.leave(board)
        server.close()

"""A worker: looks which step is open, computes its slice of that batch, delivers, looks again. It keeps no state."""

from __future__ import annotations

from typing import Any, List, Optional

import numpy as np

from tf1_models import seeds
from tf1_models.cluster.board import TERM, Board
from tf1_models.cluster.calls import Caller, TimedOut
from tf1_models.cluster.configuration import Member
from tf1_models.cluster.ending import Ended, ended
from tf1_models.cluster.server import Server, is_network_error
from tf1_models.cluster.slices import slice_of
from tf1_models.cluster.waiting import RUN_TIMEOUTS, Waiting
from tf1_models.datasets.dataset import Dataset
from tf1_models.datasets.splits import split_indices
from tf1_models.errors import InputError, Interrupted, MachineError, tensorflow_words
from tf1_models.output.progress import Log
from tf1_models.spec import Experiment
from tf1_models.training.epoch_state import steps_per_epoch
from tf1_models.training.interrupts import InterruptFlag


def work(server: Server, board: Board, experiment: Experiment, data: Dataset, identity: str, log: Log) -> Ended:
    """Works until the chief ends the training.

    Args:
        server, board: This member's.
        experiment: The run.
        data: The same images as the chief's.
        identity: Names run, settings, seed and data; the chief's must be the same.
        log: For lines.

    Returns:
        How the chief ended it.

    Raises:
        MachineError: the chief or a parameter server is missing.
        InputError: the chief trains another run, or other data.
        Interrupted: a signal arrived here.
    """
    from tf1_models.cluster import member_graph
    from tf1_models.training.training_graph import training_feed

    cluster = server.cluster
    train_indices, _ = split_indices(experiment.dev_split, data.y_train)
    n_steps = steps_per_epoch(experiment, len(train_indices))
    member = member_graph.build(experiment, cluster)
    place = cluster.computing.index(cluster.me)
    caller, session = Caller("worker"), None
    orders = seeds.EpochOrders(experiment.shuffle_stream, experiment.seed, len(train_indices))
    order_epoch, order = -1, np.arange(len(train_indices))
    needed: List[Member] = [*cluster.of("ps"), cluster.chief]
    waiting = Waiting(board, log)

    def check() -> None:
        if interrupt.raised:
            raise Interrupted(
                f"{interrupt.raised}: {cluster.me.name} left; the others wait {cluster.timeout_s:.0f} s for it to be "
                "started again"
            )
        missing = board.missing(needed, cluster.timeout_s)
        if missing:
            raise MachineError(board.words(missing[0]))

    with InterruptFlag() as interrupt:
        while True:
            check()
            view = board.look()
            end = None if view is None else ended(cluster, view)
            if end is not None:
                return end
            # what has arrived is asked of the board, not remembered: whoever resets it gets a new delivery
            if view is None or view.tick == 0 or view.arrived[cluster.me.key] == view.tick:
                waiting.pause(needed)
                continue
            waiting.over()
            theirs = view.notes[cluster.chief.key].get("identity")
            if theirs != identity:
                raise InputError(
                    f"the chief trains {theirs}, this worker was started for {identity}: give every member the same "
                    "report, settings, seed and data"
                )
            step = view.tick % TERM
            epoch, step_in_epoch = divmod(step, n_steps)
            if experiment.shuffle and epoch != order_epoch:
                order_epoch, order = epoch, orders.order(epoch)
            at = step_in_epoch * experiment.batch_size
            batch = train_indices[order[at : at + experiment.batch_size]]
            part = slice_of(len(batch), len(cluster.computing), place)
            feed = training_feed(member, experiment, data, batch[part.start : part.stop], epoch, step)
            feed.update(member.delivery_feed(part, len(batch), view.tick))
            if session is None:
                session = server.session(member.graph)
            if not _deliver(caller, session, member.deliver, feed, cluster.timeout_s, check):
                server.close_aside(session)
                session = None  # the next look decides: the same step again, or another
            waiting = Waiting(board, log)


def _deliver(caller: Caller, session: Any, deliver: Any, feed: Any, timeout_s: float, check: Any) -> bool:
    """Whether the gradient was delivered; if not, whatever came of it can do no harm."""
    error: Optional[BaseException] = None
    try:
        caller.call(lambda: session.run(deliver, feed), RUN_TIMEOUTS * timeout_s, check)
        return True
    except TimedOut:
        return False
    except Exception as caught:
        error = caught
    if is_network_error(error):
        return False
    if hasattr(error, "error_code"):
        raise MachineError(f"TensorFlow failed on this worker: {tensorflow_words(error)}") from error
    raise error

"""The chief: runs the training loop, whose steps it spreads over the members.

It keeps the single-machine graph (without its step) and session beside the distributed one: initial values,
checkpoints, evaluation and results are made there by the same code and in the same files, so that one machine can
continue what a cluster began. Values travel to the parameter servers when it begins (`begin`), and back when they are
looked at (`pull`).
"""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np

from tf1_models.cluster.board import TERM, Board, View
from tf1_models.cluster.calls import Caller, TimedOut
from tf1_models.cluster.configuration import Member
from tf1_models.cluster.server import Server, is_network_error
from tf1_models.cluster.slices import slice_of
from tf1_models.cluster.waiting import RUN_TIMEOUTS, Waiting
from tf1_models.errors import InputError, MachineError, tensorflow_words
from tf1_models.output.progress import Log
from tf1_models.spec import Experiment
from tf1_models.training.steps import Steps
from tf1_models.training.training_graph import TrainingGraph, training_feed
from tf1_models.training.training_run import TrainingRun


class StateLost(Exception):
    """A parameter server died, or a call to one ended in the dark: the last checkpoint is what is sure."""


class Chief(Steps):
    """One attempt at training; after `StateLost` a new one begins from the last checkpoint.

    Attributes:
        done: Training steps done.
    """

    def __init__(self, server: Server, board: Board, experiment: Experiment, log: Log) -> None:
        self.server, self.board, self.experiment, self.log = server, board, experiment, log
        self.cluster = server.cluster
        self.done = 0
        self._caller = Caller("chief")
        self._session: Any = None
        self._pulled_at: Optional[int] = None

    def shape(self) -> Dict[str, int]:
        """For run.json."""
        return self.cluster.shape()

    def add_to(self, experiment: Experiment, graph: TrainingGraph) -> TrainingGraph:
        """Nothing: the members' graph is one of its own, the local one initialises, evaluates and saves."""
        del experiment
        return graph

    def begin(self, run: TrainingRun, step: int, save: Callable[[], None], check: Callable[[], None]) -> None:
        """Hands the values of the local session to the parameter servers and opens the first step.

        Args:
            run, step, save, check: As `Steps.begin`.

        Raises:
            MachineError: a parameter server is missing.
            StateLost: see there.
        """
        from tf1_models.cluster import member_graph

        super().begin(run, step, save, check)
        self._local, self._leave = run.session, check
        self._member = member_graph.build(self.experiment, self.cluster)
        self._chief = self._member.chief
        local = {variable.op.name: variable for variable in self.server.tf.global_variables()}
        if set(local) != set(self._chief.variables):
            odd = sorted(set(local) ^ set(self._chief.variables))
            raise InputError(f"the cluster's graph has other variables than the run's: {', '.join(odd[:5])}")
        self._local_variables = local
        self._local_assign = {name: (v.initializer, v.initializer.inputs[1]) for name, v in local.items()}

        servers = list(self.cluster.of("ps"))
        view = self._wait(servers, lambda seen: all(seen.notes[m.key].get("born") for m in servers))
        self._born = {m.key: view.notes[m.key]["born"] for m in servers}
        self._session = self.server.session(self._member.graph)
        self._tick = (view.tick // TERM + 1) * TERM + step
        values = run.session.run(local)
        self._watched(lambda: self.board.open(0))
        for name, value in values.items():  # one call each: a message of all of them could pass 2 GB
            op, fed = self._chief.assign[name]
            self._run(op, {fed: value})
        # Whatever an earlier chief's workers have delivered or are about to: from now on it is dropped, then what had
        # come before is thrown away.
        feed = {self._member.tick: self._tick}
        self._run(self._chief.set_tick, feed)
        waiting = self._run(self._chief.counts)
        self._run([op for op, count in zip(self._chief.discard, waiting) if count])
        self._run(self._chief.set_tick, feed)  # taking from an accumulator moves its step on
        self._watched(lambda: self.board.open(self._tick))
        self._save, self._pulled_at, self.done = save, self._tick, step

    def take(self, batches: Sequence[np.ndarray], epoch: int, step: int, rate: float) -> List[Dict[str, Any]]:
        """One training step on all members; as `Steps.take`, for one batch.

        Raises:
            MachineError: a member is missing; the state is saved if it can be.
            StateLost: see there.
        """
        (batch,) = batches
        member, tick = self._member, self._tick
        part = slice_of(len(batch), len(self.cluster.computing), 0)
        feed = training_feed(member, self.experiment, self.run.data, batch[part.start : part.stop], epoch, step)
        l2_loss, _ = self._run(
            [member.l2_loss, member.deliver], {**feed, **member.delivery_feed(part, len(batch), tick)}
        )
        workers = list(self.cluster.of("worker"))
        self._wait(
            workers,
            lambda seen: all(seen.arrived[m.key] == tick for m in workers),
            lambda seen: [m for m in workers if seen.arrived[m.key] != tick],
        )
        _, sums = self._run([self._chief.apply, self._chief.sums], {member.tick: tick, self._chief.learning_rate: rate})
        self._tick, self.done = tick + 1, step + 1
        data_loss = float(sums[0])
        return [
            {
                "loss": data_loss + float(l2_loss),
                "data_loss": data_loss,
                "l2_loss": float(l2_loss),
                "n_correct": int(round(float(sums[1]))),
            }
        ]

    def pull(self) -> None:
        """Brings the parameter servers' values into the local session, unless they are there."""
        if self._session is None or self._pulled_at == self._tick:
            return
        for name, variable in self._chief.variables.items():
            op, fed = self._local_assign[name]
            self._local.run(op, {fed: self._run(variable)})
        self._pulled_at = self._tick

    def abandon(self) -> None:
        """After `StateLost`: lets go of the session."""
        if self._session is not None:
            self.server.close_aside(self._session)
            self._session = None

    # ---- calls and waits ---------------------------------------------------------------------------------------------

    def _run(self, fetches: Any, feed: Optional[Dict[Any, Any]] = None) -> Any:
        session = self._session
        return self._watched(lambda: session.run(fetches, feed), self._check)

    def _watched(self, work: Callable[[], Any], check: Optional[Callable[[], None]] = None) -> Any:
        try:
            return self._caller.call(work, RUN_TIMEOUTS * self.cluster.timeout_s, check)
        except TimedOut:
            raise StateLost("a call to the parameter servers has not returned") from None
        except self.server.tf.errors.OpError as error:
            if is_network_error(error):
                raise StateLost(f"a call to the parameter servers failed ({type(error).__name__})") from None
            raise MachineError(f"TensorFlow failed on the cluster: {tensorflow_words(error)}") from error

    def _check(self) -> None:
        """While a call runs: is the state that it works on still there?"""
        gone = self.board.missing(list(self.cluster.of("ps")), self.cluster.timeout_s)
        if gone:
            raise MachineError(self.board.words(gone[0]))
        view = self.board.last
        for key, born in self._born.items():
            note = view.notes[key] if view is not None else {}
            if note and note.get("born") != born:
                raise StateLost(f"{key.replace('_', ' ')} was restarted and holds no values")

    def _wait(
        self, whom: List[Member], until: Callable[[View], bool], late: Optional[Callable[[View], List[Member]]] = None
    ) -> View:
        """Looks at the board until `until` holds of it."""
        waiting = Waiting(self.board, self.log)
        began = time.monotonic()
        while True:
            view = self.board.look()
            if view is not None and until(view):
                waiting.over()
                return view
            self._leave()
            if self._session is not None:
                self._check()
            missing = self.board.missing([self.cluster.of("ps")[0], *whom], self.cluster.timeout_s)
            if missing:
                self._give_up(missing[0])
            slow = late(view) if late is not None and view is not None else whom
            if slow and time.monotonic() - began > RUN_TIMEOUTS * self.cluster.timeout_s:
                self._give_up(slow[0])
            waiting.pause(slow)

    def _give_up(self, member: Member) -> None:
        saved = ""
        if self._session is not None and member.job == "worker":
            self._save()
            saved = "; state saved: the same commands continue"
        raise MachineError(self.board.words(member) + saved)

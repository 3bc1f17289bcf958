"""The notice board of a cluster: variables on ps 0 that every member reads, and writes its own line of.

- `tick`: the step that is open, set by the chief; 0 while none is. It is term * 2**30 + step, and each start of a
  chief is a new term, so that no step of an earlier one can be mistaken for it.
- `arrived_<member>`: the tick whose gradient a member has delivered last.
- `note_<member>`: JSON of one member: a beating counter, whether it has left, the chief's word that training ended.

Nobody ever waits inside TensorFlow: members look at the board again and again, so there is no token to lose with a
dead member, no queue to close, and whoever is missing can be named. The board is no part of the model: its variables
are in no checkpoint. ps 0 makes it; a ps 0 that was restarted has an empty one.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any, Dict, List, NamedTuple, Optional

from tf1_models.cluster import listening
from tf1_models.cluster.calls import Caller, TimedOut
from tf1_models.cluster.configuration import Cluster, Member
from tf1_models.cluster.server import Server, is_network_error

TERM = 2**30  # steps a term; above the highest max_steps
BEAT_S = 1.0
ANSWER_S = 5.0  # one look at the board


class View(NamedTuple):
    """The board at one moment.

    Attributes:
        tick: The open step, 0 for none.
        arrived: Last delivered tick, by member key.
        notes: What each member says of itself, by member key; {} where it has said nothing yet.
    """

    tick: int
    arrived: Dict[str, int]
    notes: Dict[str, Dict[str, Any]]


class Variables(NamedTuple):
    """The board's variables in the current graph, by member key."""

    tick: Any
    arrived: Dict[str, Any]
    notes: Dict[str, Any]


def variables(tf: Any, cluster: Cluster) -> Variables:
    """Adds the board's variables to the current graph, outside the collection that a Saver takes."""

    def one(name: str, initial: Any) -> Any:
        return tf.get_variable(
            f"cluster_board/{name}",
            initializer=initial,
            trainable=False,
            use_resource=True,
            collections=[tf.GraphKeys.LOCAL_VARIABLES],
        )

    with tf.device("/job:ps/task:0/cpu:0"):
        return Variables(
            one("tick", tf.constant(0, tf.int64)),
            {m.key: one(f"arrived_{m.key}", tf.constant(0, tf.int64)) for m in cluster.computing},
            {m.key: one(f"note_{m.key}", tf.constant("{}")) for m in cluster.members},
        )


class Board:
    """This member's access to the board; safe to use from several threads.

    Attributes:
        note: What this member says of itself; changed freely, written with each look.
        last: What the last look that succeeded saw.
    """

    def __init__(self, server: Server) -> None:
        tf = server.tf
        self.cluster, self._server, self._tf = server.cluster, server, tf
        self.note: Dict[str, Any] = {"born": uuid.uuid4().hex, "left": False}
        self._graph = tf.Graph()
        with self._graph.as_default():
            board = variables(tf, self.cluster)
            self._mine = tf.placeholder(tf.string, [])
            self._tick = tf.placeholder(tf.int64, [])
            written = tf.assign(board.notes[self.cluster.me.key], self._mine)
            with tf.control_dependencies([written]):
                self._look = (
                    tf.identity(board.tick),
                    {key: tf.identity(v) for key, v in board.arrived.items()},
                    {key: tf.identity(v) for key, v in board.notes.items()},
                )
            self._open = tf.assign(board.tick, self._tick).op
            self._make = tf.variables_initializer([board.tick, *board.arrived.values(), *board.notes.values()])
            self._graph.finalize()
        self._lock = threading.RLock()
        self._caller = Caller("board")
        self._session: Any = None
        self._beats = 0
        self.last: Optional[View] = None
        self._looked_at = time.monotonic()
        self._changed_at = {m.key: time.monotonic() for m in self.cluster.members}
        self._come = {m.key: False for m in self.cluster.members}
        self._ending = threading.Event()

    def make(self) -> None:
        """Sets the board up; ps 0 does it, once."""
        self._run(self._make, {})

    def open(self, tick: int) -> None:
        """Opens a step; 0 closes."""
        self._run(self._open, {self._tick: tick})

    def look(self) -> Optional[View]:
        """Writes this member's note and reads everything; None while ps 0 gives no answer."""
        with self._lock:
            self._beats += 1
            text = json.dumps({**self.note, "beat": self._beats})
            try:
                tick, arrived, notes = self._run(self._look, {self._mine: text})
            except Exception as error:
                if isinstance(error, TimedOut) or is_network_error(error):
                    return None
                raise
            now = time.monotonic()
            view = View(
                int(tick),
                {key: int(v) for key, v in arrived.items()},
                {key: json.loads(v.decode("utf-8")) for key, v in notes.items()},
            )
            for key, note in view.notes.items():
                # a note that was there before this member came tells nothing yet about who is alive
                if note and self.last is not None and note != self.last.notes[key]:
                    self._changed_at[key], self._come[key] = now, True
            self.last, self._looked_at = view, now
            return view

    def _run(self, fetches: Any, feed: Dict[Any, Any]) -> Any:
        with self._lock:
            if self._session is None:
                # making a session against a server that is not there blocks for ever: ask the port first
                home = self.cluster.of("ps")[0]
                if not listening.reachable(home, 1.0):
                    raise TimedOut()
                self._session = self._server.session(self._graph)
            session = self._session
            options = self._tf.RunOptions(timeout_in_ms=int(1000 * ANSWER_S))
            try:
                return self._caller.call(lambda: session.run(fetches, feed, options=options), ANSWER_S + 1.0)
            except BaseException:
                self._server.close_aside(session)
                self._session = None
                self._caller.abandon()
                raise

    # ---- who is there ------------------------------------------------------------------------------------------------

    def silent_s(self, member: Member) -> float:
        """Seconds since a member last showed itself; of ps 0: since the board last answered."""
        now = time.monotonic()
        if member == self.cluster.of("ps")[0]:
            return now - self._looked_at
        # a board that was out of reach says nothing against the others
        return max(0.0, self._looked_at - self._changed_at[member.key])

    def missing(self, members: List[Member], after_s: float) -> List[Member]:
        """Those of `members` that have been silent for longer than `after_s`; ps 0 alone where it is silent."""
        found = [member for member in members if member != self.cluster.me and self.silent_s(member) > after_s]
        home = self.cluster.of("ps")[0]
        return [home] if home in found else found

    def words(self, member: Member) -> str:
        """That a member is missing, for how long, and what to do."""
        verb = "answered" if self._come[member.key] or member == self.cluster.of("ps")[0] else "come"
        return f"{member.label} has not {verb} for {self.silent_s(member):.0f} s: {member.how_to_start}"

    def start_beating(self) -> None:
        """Looks at the board every second from a thread, so that a member that computes is seen to live."""

        def beat() -> None:
            while not self._ending.wait(BEAT_S):
                if time.monotonic() - self._looked_at > BEAT_S / 2:
                    self.look()

        threading.Thread(target=beat, name="beat", daemon=True).start()

    def stop_beating(self) -> None:
        """Ends the thread."""
        self._ending.set()

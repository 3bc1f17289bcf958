"""What the chief opens and what it makes of the members' sums, on a board and a session that take notes."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import pytest

from tests.cluster.test_worker import MEMBERS
from tests.conftest import make_dataset
from tf1_models import registry
from tf1_models.cluster.board import TERM, View
from tf1_models.cluster.configuration import Cluster
from tf1_models.output.progress import Log

pytestmark = pytest.mark.tf
CLUSTER = Cluster(MEMBERS, MEMBERS[0], 5.0)


class Board:
    """Shows the tick that an earlier chief left; every worker has delivered whatever is open."""

    def __init__(self, tick: int) -> None:
        self.cluster, self.tick, self.opened, self.last = CLUSTER, tick, [], None

    def look(self) -> View:
        self.last = View(
            self.tick, {m.key: self.tick for m in CLUSTER.computing}, {m.key: {"born": "x"} for m in CLUSTER.members}
        )
        return self.last

    def open(self, tick: int) -> None:
        self.opened.append(tick)
        self.tick = tick or self.tick

    def missing(self, members: Any, after_s: float) -> List[Any]:
        return []


class Session:
    """Answers as the graph would: the L2 term, or the sums of the batch."""

    def run(self, fetches: Any, feed: Any = None) -> Any:
        answers = {"l2_loss": 0.25, "sums": np.array([1.5, 7.0]), "deliver": None, "apply": None}
        if isinstance(fetches, list):
            return [answers.get(one) for one in fetches]
        return {} if isinstance(fetches, dict) else [] if fetches == "counts" else None


class Named:
    """A graph's part whose every attribute is its own name."""

    variables: Dict[str, Any] = {}
    assign: Dict[str, Any] = {}
    discard: List[Any] = []

    def __getattr__(self, name: str) -> Any:
        return name

    def delivery_feed(self, part: Any, n_rows: int, tick: int) -> Dict[str, Any]:
        return {"rows": (part.start, part.stop, n_rows), "tick": tick}


def begun(monkeypatch: Any, tf: Any, board: Board, step: int) -> Any:
    from tf1_models.cluster import chief as chief_module
    from tf1_models.cluster import member_graph

    member = Named()
    member.chief = Named()  # type: ignore[attr-defined]
    monkeypatch.setattr(member_graph, "build", lambda *rest: member)
    monkeypatch.setattr(chief_module, "training_feed", lambda *rest: {"batch": rest[3]})

    class Server:
        cluster, tf = CLUSTER, None

        def session(self, graph: Any) -> Session:
            return Session()

    class Run:
        session, data = Session(), make_dataset()

    server: Any = Server()
    server.tf = tf
    run: Any = Run()
    chief = chief_module.Chief(server, board, registry.experiment("bn_cnn"), Log(quiet=True))  # type: ignore[arg-type]
    with tf.Graph().as_default():  # no variables, as in the member's graph
        chief.begin(run, step, lambda: None, lambda: None)
    return chief


@pytest.mark.parametrize("left, first", [(0, TERM), (TERM + 17, 2 * TERM), (5 * TERM + 3, 6 * TERM)])
def test_every_chief_begins_a_term_of_its_own(monkeypatch: Any, tf: Any, left: int, first: int) -> None:
    """Else a gradient on its way to an earlier chief would be taken for one of this chief's steps."""
    board = Board(left)
    begun(monkeypatch, tf, board, 40)
    assert board.opened == [0, first + 40]


def test_a_step_is_the_members_sums(monkeypatch: Any, tf: Any) -> None:
    board = Board(0)
    chief = begun(monkeypatch, tf, board, 40)
    (values,) = chief.take([np.arange(10)], 2, 40, 0.1)
    assert values == {"loss": 1.75, "data_loss": 1.5, "l2_loss": 0.25, "n_correct": 7}
    assert chief.done == 41

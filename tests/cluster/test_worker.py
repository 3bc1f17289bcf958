"""Which images a worker takes at which step, on a board that opens one step after the other; no cluster runs."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import pytest

from tf1_models import registry, seeds
from tf1_models.cluster import worker
from tf1_models.cluster.board import TERM, View
from tf1_models.cluster.configuration import Cluster, Member
from tf1_models.datasets.splits import split_indices
from tf1_models.output.progress import Log

pytestmark = pytest.mark.tf

MEMBERS = (Member("chief", 0, "a:1"), Member("worker", 0, "b:1"), Member("worker", 1, "c:1"), Member("ps", 0, "d:1"))


class Board:
    """Opens a step, sees it delivered, opens the next one, ends."""

    def __init__(self, cluster: Cluster, first: int, n_steps: int) -> None:
        self.cluster, self.tick, self.last = cluster, 3 * TERM + first, 3 * TERM + first + n_steps
        self.arrived = {member.key: 0 for member in cluster.computing}

    def look(self) -> View:
        if self.arrived[self.cluster.me.key] == self.tick:
            self.tick += 1
        chief: Dict[str, Any] = {"identity": "this run"}
        if self.tick == self.last:
            chief["end"] = {"code": 0, "words": "done"}
        return View(
            self.tick, dict(self.arrived), {m.key: chief if m.job == "chief" else {} for m in self.cluster.members}
        )

    def missing(self, members: Any, after_s: float) -> List[Member]:
        return []


class FakeMember:
    graph, deliver = None, "deliver"

    def delivery_feed(self, part: Any, n_rows: int, tick: int) -> Dict[str, int]:
        return {"tick": tick}


def taken(monkeypatch: Any, data: Any, row: Any, number: int, first: int, n_steps: int) -> Dict[int, np.ndarray]:
    """Step -> positions among the training images that one worker computes."""
    from tf1_models.cluster import member_graph
    from tf1_models.training import training_graph

    cluster = Cluster(MEMBERS, MEMBERS[1 + number], 5.0)
    board, found = Board(cluster, first, n_steps), {}

    class Session:
        def run(self, deliver: Any, feed: Dict[str, Any]) -> None:
            assert deliver == "deliver" and feed["step"] == feed["tick"] % TERM
            found[feed["step"]] = feed["images"]
            board.arrived[cluster.me.key] = feed["tick"]

    class Server:
        def __init__(self) -> None:
            self.cluster = cluster

        def session(self, graph: Any) -> Session:
            return Session()

    def fed(graph: Any, experiment: Any, data: Any, batch: Any, epoch: int, step: int) -> Dict[str, Any]:
        assert epoch == step // 4
        return {"images": batch, "step": step}

    monkeypatch.setattr(member_graph, "build", lambda *rest: FakeMember())
    monkeypatch.setattr(training_graph, "training_feed", fed)
    ended = worker.work(Server(), board, row, data, "this run", Log(quiet=True))  # type: ignore[arg-type]
    assert ended.code == 0
    return found


@pytest.mark.parametrize("first", [0, 3])  # from the start, and by a chief that continues
def test_workers_take_their_slices_of_the_loops_batches(monkeypatch: Any, tf: Any, tiny: Any, first: int) -> None:
    row = registry.experiment("bn_cnn", "final", {"batch_size": "10", "dev_split": "first_quarter"})
    train, _ = split_indices(row.dev_split, tiny.y_train)
    orders = seeds.EpochOrders(row.shuffle_stream, row.seed, len(train))
    one, two = (taken(monkeypatch, tiny, row, number, first, 8) for number in (0, 1))
    assert sorted(one) == sorted(two) == list(range(first, first + 8))
    for step in one:
        batch = train[orders.order(step // 4)[10 * (step % 4) : 10 * (step % 4) + 10]]
        assert len(batch) == (6 if step % 4 == 3 else 10)
        rows = [4, 7, 10] if len(batch) == 10 else [2, 4, 6]  # the chief has the first ones
        assert one[step].tolist() == batch[rows[0] : rows[1]].tolist()
        assert two[step].tolist() == batch[rows[1] : rows[2]].tolist()

"""Parent and child of the bench: answers, silence, deaths, missing frameworks; no time is asserted."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, List

import pytest

from tests.conftest import ROOT
from tf1_models.bench import interleave
from tf1_models.bench import worker as worker_module
from tf1_models.bench.peers import protocol
from tf1_models.bench.worker import Burst, NotRun, Worker

FAKE = [sys.executable, os.path.join(ROOT, "tests", "bench", "fake_peer.py")]


def worker(**settings: Any) -> Worker:
    return Worker("fake", FAKE, settings)


def test_a_program_answers_and_stops() -> None:
    program = worker(batch=4)
    try:
        facts = program.start(60)
        assert facts["images"] == 4 and facts["fake"] == "1.0" and facts["peak_mb"] > 0
        burst = program.burst(3, 60)
        assert burst.units == 3 and burst.seconds > 0 and burst.peak_mb > 0
        assert program.burst(1, 60).units == 1
    finally:
        program.close()
    program.close()  # again: nothing left to do


@pytest.mark.parametrize(
    "settings, reason",
    [
        ({"missing": True}, "no a_framework_that_nobody_has in "),
        ({"broken": True}, "ValueError: two lines"),
    ],
)
def test_what_cannot_run_says_why(settings: Dict[str, Any], reason: str) -> None:
    program = worker(**settings)
    with pytest.raises(NotRun, match=reason):
        program.start(60)
    program.close()


def test_no_interpreter_no_answer_no_sense() -> None:
    with pytest.raises(NotRun, match="no interpreter /no/such/python"):
        Worker("x", ["/no/such/python"], {}).start(60)
    silent = Worker("x", [sys.executable, "-c", "import time; time.sleep(60)"], {})
    with pytest.raises(NotRun, match="gave no answer in 0 s"):
        silent.start(0.2)
    silent.close()
    odd = Worker("x", [sys.executable, "-c", "print('hello')"], {})
    with pytest.raises(NotRun, match="which is no JSON"):
        odd.start(60)
    odd.close()
    dead = Worker("x", [sys.executable, "-c", "import sys; sys.exit('sorry')"], {})
    with pytest.raises(NotRun, match="ended with exit code 1: sorry"):
        dead.start(60)
    dead.close()


def test_rounds_go_on_without_a_program_that_dies() -> None:
    said: List[str] = []
    workers = {"kit": worker(), "missing": worker(missing=True), "dies": worker(dies_after=5), "other": worker()}
    found = interleave.measure(workers, 3, 0.01, said.append)
    peers = found["peers"]
    assert list(peers) == list(workers)
    assert peers["missing"]["status"] == "not run" and "a_framework_that_nobody_has" in peers["missing"]["reason"]
    assert peers["dies"]["status"] == "not run" and "exit code 7" in peers["dies"]["reason"]
    assert len(peers["kit"]["rates"]) == len(peers["other"]["rates"]) == 3
    assert set(found["ratios"]) == {"other"} and found["ratios"]["other"]["n"] == 3
    assert any("missing: not run" in line for line in said)


def test_rounds_are_divided_among_fresh_starts(monkeypatch: Any) -> None:
    """A program that is missing is asked for once."""
    started: List[Any] = []
    start = Worker.start

    def noted(one: Worker, timeout_s: float) -> Dict[str, Any]:
        started.append(one)
        return start(one, timeout_s)

    monkeypatch.setattr(Worker, "start", noted)
    workers = {"kit": worker(), "missing": worker(missing=True), "other": worker()}
    found = interleave.measure(workers, 5, 0.01, lambda line: None, starts=2)
    assert [started.count(one) for one in workers.values()] == [2, 1, 2]
    assert len(found["peers"]["kit"]["rates"]) == found["ratios"]["other"]["n"] == 5
    assert found["peers"]["missing"]["status"] == "not run"


def test_without_memory_nothing_is_started(monkeypatch: Any) -> None:
    monkeypatch.setattr(interleave, "memory_bytes", lambda: (1 << 34, 1 << 20))
    found = interleave.start({"kit": worker()}, lambda line: None)
    assert found["kit"]["status"] == "not run" and "GiB of memory are free" in found["kit"]["reason"]


class FakeChannel:
    """Commands from a list, messages into one."""

    def __init__(self, counts: List[int]) -> None:
        self.counts, self.messages = counts, []  # type: List[int], List[Any]

    def ready(self, images: int, facts: Dict[str, Any]) -> None:
        self.messages.append(("ready", images, facts))

    def report(self, count: int, seconds: float) -> None:
        self.messages.append((count, seconds))

    def wait(self) -> int:
        if not self.counts:
            raise EOFError
        return self.counts.pop(0)


def test_a_loop_is_held_between_bursts_and_its_pauses_do_not_count(monkeypatch: Any) -> None:
    clock = [0.0]
    monkeypatch.setattr(protocol.time, "perf_counter", lambda: clock[0])
    channel: Any = FakeChannel([2, 3])
    bursts = protocol.Bursts(channel, 8, {"a": 1})

    def work(n: int = 1) -> None:
        clock[0] += 1.0
        bursts.tick(n)

    work()
    assert channel.messages == [("ready", 8, {"a": 1})]
    work()
    bursts.pause()
    clock[0] += 100.0  # an evaluation
    bursts.resume()
    work()
    assert channel.messages[1:] == [(2, 2.0)]
    with pytest.raises(EOFError):
        work(4)  # several steps in one call: the burst is as long as it was
    assert channel.messages[2:] == [(4, 1.0)]


class Disturbed:
    """Bursts whose disturbance comes from a list."""

    def __init__(self, shares: List[Any]) -> None:
        self.shares = list(shares)

    def burst(self, count: int, timeout_s: float) -> Burst:
        share = self.shares.pop(0)
        return Burst(count, 1.0 if share is None else 1.0 + share, 5.0, 1.0, share)


@pytest.mark.parametrize(
    "shares, tries, kept, left",
    [
        ([0.02, 0.0], 3, 0.02, 1),  # quiet at once
        ([0.5, 0.3, 0.4, 0.0], 3, 0.3, 1),  # never quiet: the least disturbed
        ([0.5, 0.05, 0.0], 3, 0.05, 1),
        ([0.9, 0.0], 1, 0.9, 1),
        ([None, None], 3, None, 1),  # a machine that does not count is taken for quiet
    ],
)
def test_a_disturbed_burst_is_run_again(shares: List[Any], tries: int, kept: Any, left: int) -> None:
    program: Any = Disturbed(shares)
    assert interleave._quietest(program, 2, tries).others == kept and len(program.shares) == left


def test_what_others_took(monkeypatch: Any) -> None:
    monkeypatch.setattr(worker_module.os, "cpu_count", lambda: 2)
    # ten seconds on two processors: 20 s, of which 9 were ours and 5 the others'
    assert worker_module._others((0.0, 100.0, 1.0), (10.0, 114.0, 10.0)) == pytest.approx(0.25)
    assert worker_module._others((0.0, None, 1.0), (10.0, 114.0, 10.0)) is None
    assert worker_module._others((0.0, 100.0, 1.0), (10.0, 101.0, 10.0)) == 0.0

"""Rounds of bursts: every program once a round, back and forth, all others stopped meanwhile."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from tf1_models.bench import ratios
from tf1_models.bench.worker import Burst, NotRun, Worker
from tf1_models.doctor.machine import memory_bytes

GIB = 1 << 30
# what a program with its framework and a batch's activations may take; less free memory than this is no basis
MEMORY_FOR_ONE = 2 * GIB
TIMEOUT_S = 900.0
QUIET = 0.1  # share of the processors that others may take in a burst that is believed at once


def start(workers: Dict[str, Worker], say: Callable[[str], None], timeout_s: float = TIMEOUT_S) -> Dict[str, Any]:
    """Starts all that can be started, one after the other; the others are closed.

    Returns:
        name -> {"status": "ran", facts} or {"status": "not run", "reason"}.
    """
    found: Dict[str, Any] = {}
    for name, worker in workers.items():
        try:
            free = memory_bytes()[1]
            if free < MEMORY_FOR_ONE:
                raise NotRun(f"{free / GIB:.1f} GiB of memory are free, {MEMORY_FOR_ONE / GIB:.0f} wanted")
            facts = worker.start(timeout_s)
            found[name] = {"status": "ran", "first_unit_s": round(worker.started_s, 3), **facts}
        except NotRun as reason:
            worker.close()
            found[name] = {"status": "not run", "reason": str(reason)}
            say(f"  {name}: not run ({reason})")
    return found


def _count(worker: Worker, burst_s: float) -> int:
    """Units that fill a burst; the first, slow one does not decide."""
    worker.burst(1, TIMEOUT_S)
    once = worker.burst(1, TIMEOUT_S)
    return max(1, round(burst_s / max(once.seconds / max(once.units, 1), 1e-6)))


def _quietest(worker: Worker, count: int, tries: int) -> Burst:
    """A burst, repeated while others disturb it: the first quiet one, else the least disturbed of `tries`."""
    best: Optional[Burst] = None
    for _ in range(tries):
        burst = worker.burst(count, TIMEOUT_S)
        if best is None or (burst.others or 0.0) < (best.others or 0.0):
            best = burst
        if (burst.others or 0.0) <= QUIET:
            break
    assert best is not None
    return best


def measure(
    workers: Dict[str, Worker],
    rounds: int,
    burst_s: float,
    say: Callable[[str], None],
    whole_units: bool = False,
    tries: int = 1,
    starts: int = 1,
) -> Dict[str, Any]:
    """Starts the programs, runs the rounds and closes them, whatever happens.

    Args:
        workers: By name; the first is the one that the others are compared with.
        rounds: Bursts of each program.
        burst_s: Seconds that a burst should take.
        say: Progress for people.
        whole_units: A burst is one unit (an epoch), without a warm-up of its own.
        tries: How often a burst that other programs disturb (`QUIET`) is run at most.
        starts: The rounds are divided among so many fresh starts of every program: what a process's memory happens to
            lie on can decide a tenth of a small net's speed, for as long as the process lives.

    Returns:
        {"peers": name -> status, facts, rates (images/s a round), per_cpu_s (images a processor second a round),
        median, low, high, peak_mb, "ratios": name -> paired ratio of the first one's rate over this one's,
        "cpu_ratios": the same by processor time, "others": share of the processors that programs outside the benchmark
        took in a round: median, low, high; None where that is not known}.
    """
    peers: Dict[str, Any] = {name: {"status": "ran"} for name in workers}
    rates: Dict[str, List[float]] = {}
    units: Dict[str, List[float]] = {}
    own: Dict[str, List[float]] = {}
    others: List[float] = []
    counts: Dict[str, int] = {}
    for start_number in range(starts):
        try:
            peers.update(start({name: workers[name] for name, row in peers.items() if row["status"] == "ran"}, say))
            counts.clear()
            for name in [name for name, row in peers.items() if row["status"] == "ran"]:

                def sized(worker: Worker, name: str = name) -> None:
                    counts[name] = 1 if whole_units else _count(worker, burst_s)

                _guarded(name, workers, peers, say, sized)
            for number in range(rounds * start_number // starts, rounds * (start_number + 1) // starts):
                order = list(counts) if number % 2 == 0 else list(counts)[::-1]
                for name in order:
                    if peers[name]["status"] != "ran":
                        continue

                    def once(worker: Worker, name: str = name) -> None:
                        burst = _quietest(worker, counts[name], tries)
                        images = max(peers[name]["images"], 1)
                        rates.setdefault(name, []).append(burst.units * images / burst.seconds)
                        units.setdefault(name, []).append(burst.seconds / burst.units)
                        own.setdefault(name, []).append(burst.units * images / burst.own_s if burst.own_s else 0.0)
                        peers[name]["peak_mb"] = burst.peak_mb
                        if burst.others is not None:
                            others.append(burst.others)

                    _guarded(name, workers, peers, say, once)
        finally:
            for worker in workers.values():
                worker.close()
    for name, row in peers.items():
        if row["status"] == "ran" and name in rates:
            row.update(
                rates=rates[name],
                unit_s=units[name],
                per_cpu_s=own[name] if all(own[name]) else None,
                **ratios.summary(rates[name]),
            )
    names = list(workers)
    return {
        "peers": peers,
        "ratios": compare(names, peers),
        "cpu_ratios": compare(names, peers, "per_cpu_s"),
        "others": ratios.summary(others) if others else None,
    }


def compare(names: List[str], peers: Dict[str, Any], key: str = "rates") -> Dict[str, Any]:
    """The first one's numbers over every other one's, round by round.

    Args:
        names: In order.
        peers: With lists of numbers under `key`.
        key: "rates" (images a second of the clock) or "per_cpu_s" (images a processor second: what a busy machine
            leaves comparable; threads that spin while they wait count as work in it).
    """
    first = peers.get(names[0], {}).get(key)
    if not first:
        return {}
    return {name: ratios.paired(first, peers[name][key]) for name in names[1:] if peers.get(name, {}).get(key)}


def _guarded(
    name: str,
    workers: Dict[str, Worker],
    peers: Dict[str, Any],
    say: Callable[[str], None],
    work: Callable[[Worker], None],
) -> None:
    """Runs a piece of work with a program; one that fails is told and left out, the others go on."""
    try:
        work(workers[name])
    except NotRun as reason:
        workers[name].close()
        peers[name] = {"status": "not run", "reason": str(reason)}
        say(f"  {name}: not run ({reason})")

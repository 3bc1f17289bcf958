"""A sweep from its tasks to its records: signals, display, engine. Whatever is done already is not done again."""

from __future__ import annotations

import dataclasses
import os
import time
from typing import Any, Dict, List, Optional, Sequence

from tf1_models.reproduce.runs import cost
from tf1_models.reproduce.runs.display import Display
from tf1_models.reproduce.runs.queue import Task, covered_by, state_of
from tf1_models.reproduce.runs.task import run_task
from tf1_models.session.tensorflow_setup import usable_cpus
from tf1_models.training.interrupts import InterruptFlag

_ETA_S = 10.0  # speeds are read from every metrics.jsonl: not more often than this


@dataclasses.dataclass(frozen=True)
class Engine:
    """Who runs the tasks, and how.

    Attributes:
        jobs: Runs at a time on this machine.
        threads: TensorFlow threads for each; None divides the processors by `jobs`.
        scheduler: dask.distributed address instead of this machine.
        retries, resources: For the cluster, see `dask_engine.run_all`.
        quiet: No display.
    """

    jobs: int = 1
    threads: Optional[int] = None
    scheduler: Optional[str] = None
    retries: int = 2
    resources: Optional[Dict[str, float]] = None
    quiet: bool = False


def run(tasks: Sequence[Task], out: str, engine: Engine, share: bool = True) -> "tuple[List[Dict[str, Any]], bool]":
    """Runs what is not finished.

    Args:
        tasks: Finished and covered ones included; they are left out here.
        out: Results folder, for measured speeds.
        engine: Who runs them.
        share: Leave out runs whose number another run gives (`queue.covered_by`).

    Returns:
        A record for each task that was to do (see `task.run_task`), and whether a signal stopped the sweep.

    Raises:
        MachineError: the engine is not there.
    """
    covered = covered_by(tasks) if share else {}
    wanted = [task for k, task in enumerate(tasks) if k not in covered]
    waiting = [task for task in wanted if state_of(task) != "finished"]
    speeds = cost.speeds(out, waiting, engine.threads or max(usable_cpus() // engine.jobs, 1))
    waiting = cost.by_cost(waiting, speeds)
    eta = _Eta(waiting, out, engine.jobs, speeds)
    display = Display(len(wanted), len(wanted) - len(waiting), eta.words, engine.quiet)
    with InterruptFlag(leave_at_second=False) as stop:  # children save at the first, leave at the second
        try:
            if engine.scheduler is not None:
                from tf1_models.reproduce.runs import dask_engine

                absolute = [_absolute(dataclasses.replace(task, threads=engine.threads)) for task in waiting]
                records = dask_engine.run_all(
                    absolute, engine.scheduler, engine.retries, engine.resources, lambda: stop.count, display.finished
                )
            else:
                from tf1_models.reproduce.runs import local_engine

                threads = engine.threads or max(usable_cpus() // engine.jobs, 1)

                def run_one(task: Task) -> Dict[str, Any]:
                    mine = dataclasses.replace(task, threads=threads)
                    display.progress(task, 0)
                    record = run_task(mine, lambda: stop.count, lambda epochs: display.progress(task, epochs))
                    display.finished(task, record)
                    return record

                records = local_engine.run_all(waiting, engine.jobs, run_one)
        finally:
            display.close()
        return records, stop.count > 0


def _absolute(task: Task) -> Task:
    """Paths as workers in other folders need them; a name like `cifar10` stays one."""
    data = os.path.abspath(task.data) if os.path.lexists(task.data) else task.data
    return dataclasses.replace(task, data=data, out=os.path.abspath(task.out), folder=os.path.abspath(task.folder))


class _Eta:
    """Words for the time left, from measured epochs; computed now and then."""

    def __init__(self, waiting: Sequence[Task], out: str, jobs: int, expected: Dict[str, float]) -> None:
        self._waiting, self._out, self._jobs, self._expected = waiting, out, jobs, expected
        self._at, self._words = -_ETA_S, ""

    def words(self, anew: bool) -> str:
        now = time.monotonic()
        if anew or now - self._at >= _ETA_S:
            self._at = now
            speeds = {**self._expected, **cost.measured_speeds(self._out)}
            left = [cost.seconds_left(task, speeds) for task in self._waiting]
            unknown = sum(seconds is None for seconds in left)
            known = sum(seconds for seconds in left if seconds is not None)
            self._words = f"about {cost.hours(known / self._jobs)} left" if known or not unknown else ""
            if unknown:
                self._words += f"{' and ' if self._words else ''}{unknown} runs of unknown speed"
        return self._words

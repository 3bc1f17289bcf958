"""The same tasks on a dask.distributed cluster: resources, retries and lost workers are the engine's business.

Every worker must see the same folders (`--out`, and `--data` where it is a path) under the same paths, on a file system
with locks, and have this kit installed. When a worker is lost, the scheduler gives its task to another one, which
waits for the orphaned training to save and leave, and continues from there.
"""

from __future__ import annotations

import time
import uuid
from typing import Any, Callable, Dict, List, Optional, Sequence

from tf1_models.errors import MachineError, UsageError, one_line
from tf1_models.reproduce.runs.queue import Task

_ASK_S = 2.0  # between two questions to the scheduler whether to stop


def parse_resources(text: Optional[str]) -> Optional[Dict[str, float]]:
    """ "GPU=1,MEM=8" -> {"GPU": 1.0, "MEM": 8.0}: what a worker must offer and a run takes.

    Raises:
        UsageError: not of that form.
    """
    if not text:
        return None
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {name: float(amount) for name, amount in pairs}
    except ValueError:
        raise UsageError(f"--resources {text!r}: write NAME=AMOUNT, e.g. GPU=1") from None


def run_on_worker(task: Task, stop_name: str) -> Dict[str, Any]:
    """What a worker executes: one task, with threads shared out among the worker's slots.

    Args:
        task: What to run.
        stop_name: Name of the cluster's event that asks every task to stop.
    """
    import dataclasses

    from dask.distributed import Event, get_worker

    from tf1_models.reproduce.runs.task import run_task
    from tf1_models.session.tensorflow_setup import usable_cpus

    if task.threads is None:
        slots = max(get_worker().state.nthreads, 1)
        task = dataclasses.replace(task, threads=max(usable_cpus() // slots, 1))
    event = Event(stop_name)
    asked = {"at": 0.0, "answer": 0}

    def stopped() -> int:
        if not asked["answer"] and time.monotonic() - asked["at"] > _ASK_S:
            asked["at"] = time.monotonic()
            try:
                asked["answer"] = int(event.is_set())
            except Exception:  # no scheduler for a moment: not a reason to stop
                asked["answer"] = 0
        return int(asked["answer"])

    return run_task(task, stopped, lambda epochs: None)


def run_all(
    tasks: Sequence[Task],
    scheduler: str,
    retries: int,
    resources: Optional[Dict[str, float]],
    stopped: Callable[[], int],
    done: Callable[[Task, Dict[str, Any]], None],
) -> List[Dict[str, Any]]:
    """Hands the tasks to a cluster and waits.

    Args:
        tasks: In the order of submission.
        scheduler: Address, e.g. "tcp://host:8786".
        retries: Times that the engine repeats a task that raised (a training that fails raises nothing).
        resources: What a run takes of a worker.
        stopped: Whether to ask every task to save and leave.
        done: Called with each task and its record.

    Returns:
        Records in the order of the tasks; `state` "lost" when the engine gave a task up.

    Raises:
        MachineError: dask.distributed is missing, or no scheduler answers.
    """
    try:
        from dask.distributed import Client, Event
    except ImportError as error:
        raise MachineError(
            f"--scheduler needs dask.distributed ({error}); install it with: pip install 'dask[distributed]>=2024.8'"
        ) from error
    try:
        client = Client(scheduler, timeout="15s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise MachineError(
            f"no scheduler at {scheduler!r} ({one_line(error)}); start one with `dask scheduler`"
        ) from error
    records: Dict[int, Dict[str, Any]] = {}
    name = f"tf1-models-stop-{uuid.uuid4().hex}"
    with client:
        event = Event(name, client=client)
        futures = {
            k: client.submit(
                run_on_worker,
                task,
                name,
                key=f"{task.label} {uuid.uuid4().hex[:8]}",
                pure=False,
                retries=retries,
                resources=resources,
            )
            for k, task in enumerate(tasks)
        }
        while len(records) < len(tasks):
            for k, future in futures.items():
                if k not in records and future.done():
                    records[k] = _record(tasks[k], future)
                    done(tasks[k], records[k])
            if stopped() and not event.is_set():
                event.set()
            time.sleep(0.2)
    return [records[k] for k in range(len(tasks))]


def _record(task: Task, future: Any) -> Dict[str, Any]:
    if future.status == "finished":
        return dict(future.result())
    why = future.exception() if future.status == "error" else future.status
    text = one_line(why) if isinstance(why, BaseException) else str(why)
    return {
        "label": task.label,
        "folder": task.folder,
        "state": "lost",
        "exit_code": None,
        "message": text,
        "seconds": 0.0,
        "trained": False,
    }

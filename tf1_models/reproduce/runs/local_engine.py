"""The tasks on this machine, through joblib.

joblib's threads, not its processes: a task only waits for the child process that trains, so a thread is enough, and
nothing forks once TensorFlow could be loaded. Tasks return records instead of raising, because one exception would end
a whole `Parallel`.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence

from tf1_models.reproduce.runs.queue import Task


def run_all(tasks: Sequence[Task], jobs: int, run_one: Callable[[Task], Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Runs every task, `jobs` at a time, in order."""
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=jobs, backend="threading", batch_size=1)(delayed(run_one)(task) for task in tasks))

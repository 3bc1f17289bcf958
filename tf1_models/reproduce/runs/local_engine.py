"""The tasks on this machine, through joblib.

joblib's threads, not its processes: a task only waits for the child process that trains, so a thread is enough, and
nothing forks once TensorFlow could be loaded. Tasks return records instead of raising, because one exception would end
a whole `Parallel`.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence

from tf1_models.errors import MachineError
from tf1_models.reproduce.runs.queue import Task


def run_all(tasks: Sequence[Task], jobs: int, run_one: Callable[[Task], Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Runs every task, `jobs` at a time, in order.

    Raises:
        MachineError: joblib is missing.
    """
    try:
        from joblib import Parallel, delayed
    except ImportError as error:
        raise MachineError(f"joblib does not import ({error}); it comes with: pip install scikit-learn") from error
    return list(Parallel(n_jobs=jobs, backend="threading", batch_size=1)(delayed(run_one)(task) for task in tasks))

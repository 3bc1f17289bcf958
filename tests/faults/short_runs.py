"""Short runs of all five graphs on made-up images, in forked children, and what of their outcome must be equal.

Children are forked from a parent that has imported TensorFlow but made no Session, which saves the import and was seen
to be safe; this is a test's economy, the kit itself never forks.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any, Callable, Dict, List, Optional

from tf1_models import registry
from tf1_models.output.progress import Log
from tf1_models.session.tensorflow_setup import import_tensorflow
from tf1_models.training import loop

# few steps; every setting that has state is in one of them: batch norm's statistics (bn_cnn, prelu_cnn, alexnet_bn), a
# schedule, the stopping state, keep_prob dropout, optimizer slots
RUNS: Dict[str, Dict[str, str]] = {
    "bn_cnn": {"epochs": "3", "batch_size": "12", "dev_split": "first_quarter", "patience_epochs": "0"},
    "prelu_cnn": {"epochs": "3", "batch_size": "12", "schedule_stepped": "true", "step_size_epochs": "1"},
    "course_models": {"epochs": "2", "batch_size": "24", "dense_units": "64"},
    "nine_conv": {"epochs": "2", "batch_size": "12"},
    "alexnet_bn": {"epochs": "1", "batch_size": "8", "max_steps": "3", "dev_split": "first_quarter"},
}
# ten turns: the two graphs that take ten seconds come once each, with checkpoints of a hundred megabytes
TURNS = (
    "bn_cnn",
    "prelu_cnn",
    "course_models",
    "bn_cnn",
    "nine_conv",
    "prelu_cnn",
    "course_models",
    "bn_cnn",
    "prelu_cnn",
    "alexnet_bn",
)


def import_all() -> Any:
    """Imports TensorFlow and whatever else a run needs, once, before the forks; returns TensorFlow.

    The two pictures are replaced by a few bytes: they are written as before, but drawing them is most of a short run.
    """
    tf = import_tensorflow()
    from tf1_models.training import training_graph  # noqa: F401

    try:
        from tf1_models.output import plots
    except ImportError:
        return tf  # no matplotlib: a run writes no pictures
    plots.curves = lambda lines, title: b"a picture"
    plots.confusion = lambda matrix, class_names, title: b"a picture"
    return tf


def run(
    report: str,
    out: str,
    data: Any,
    settings: Optional[Dict[str, str]] = None,
    threads: int = 1,
    log: Optional[Log] = None,
) -> Dict[str, Any]:
    """Trains one of `RUNS` to its end, or continues it; returns the result."""
    row = registry.experiment(report, registry.default_run(report), {**RUNS[report], **(settings or {})})
    options = loop.Options(out=out, threads=threads)
    folder, record = loop.prepare(row, data, options)
    try:
        if folder.is_finished():
            return folder.result()
        return loop.train(row, data, folder, record, options, log or Log(quiet=True))
    finally:
        folder.close()


def start(work: Callable[[], Any]) -> int:
    """Forks a child that does `work` and exits with 0, or 1 on any error; returns its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        work()
        code = 0
    except BaseException as error:
        sys.stderr.write(f"child: {type(error).__name__}: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)


def wait(process: int) -> int:
    """A child's exit code, negative for a signal."""
    _, status = os.waitpid(process, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def kill(process: int) -> None:
    """SIGKILL to a child that was not waited for yet."""
    os.kill(process, signal.SIGKILL)


def run_folder(out: str) -> str:
    """The one run folder below a results folder."""
    (folder,) = [path for path, _, names in os.walk(out) if "run.json" in names]
    return folder


def metrics_lines(folder: str) -> List[Dict[str, Any]]:
    """metrics.jsonl without what may differ between equal runs: the times."""
    lines = []
    with open(os.path.join(folder, "metrics.jsonl"), encoding="utf-8") as stream:
        for text in stream:
            line = json.loads(text)
            del line["seconds"], line["samples_per_s"]
            lines.append(line)
    return lines


def outcome(out: str) -> Dict[str, Any]:
    """What must be equal: result.json's bytes (with the hash of every variable) and metrics.jsonl without times."""
    folder = run_folder(out)
    with open(os.path.join(folder, "result.json"), "rb") as stream:
        result = stream.read().decode("utf-8")
    return {"result": result, "metrics": metrics_lines(folder)}


def leftovers(out: str) -> List[str]:
    """Temporary files that a finished run should not leave behind."""
    return [name for name in os.listdir(run_folder(out)) if ".tempstate" in name or ".tmp-" in name]

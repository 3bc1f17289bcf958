"""SIGKILL at any moment of a run, restart, compare: python -m tests.faults.kill_anywhere [--kills N] [--json FILE]

Short runs of all five graphs on 48 made-up images; among what must survive are batch norm's statistics, a schedule and
the stopping state. Two kinds of kill:
- at a random moment of the run, from outside;
- at an enumerated point, from inside: before or after the k-th rename, fsync or unlink that the run makes, which covers
  every step of the checkpoint and result protocol.
Each killed run is started again (some are killed once more during that), and the final variables, metrics.jsonl (times
aside) and result.json must equal those of a run left alone. Children are forked from a parent that has imported
TensorFlow but made no Session, which saves the import and was seen to be safe; this is a test's economy, the kit itself
never forks.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, Optional

from tests.conftest import make_dataset
from tf1_models import registry, train
from tf1_models.files import to_json
from tf1_models.progress import Log
from tf1_models.tensorflow_setup import import_tensorflow

# small batches, few steps; every setting that has state is in one of them
RUNS = {
    "bn_cnn": {"epochs": "3", "batch_size": "12", "dev_split": "first_quarter", "patience_epochs": "0"},
    "prelu_cnn": {"epochs": "3", "batch_size": "12", "schedule_stepped": "true", "step_size_epochs": "1"},
    "course_models": {"epochs": "2", "batch_size": "24"},
    "nine_conv": {"epochs": "2", "batch_size": "12"},
    "alexnet_bn": {"epochs": "1", "batch_size": "8", "max_steps": "3"},
}
POINTS = ("replace", "rename", "fsync", "unlink")


def _train(report: str, out: str, data: Any) -> None:
    row = registry.experiment(report, registry.default_run(report), RUNS[report])
    options = train.Options(out=out, quiet=True, threads=1)
    folder, record = train.prepare(row, data, options)
    if not folder.is_finished():
        train.train(row, data, folder, record, options, Log(quiet=True))


def _kill_at_call(number: int, after: bool) -> None:
    """Makes the `number`-th rename, fsync or unlink of this process its last."""
    count = [0]

    def wrap(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            count[0] += 1
            if count[0] == number and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            value = real(*args, **kwargs)
            if count[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return value

        return call

    for name in POINTS:
        setattr(os, name, wrap(getattr(os, name)))


def _child(work: Callable[[], None], kill_after_s: Optional[float] = None) -> int:
    """Runs work in a forked child; returns its exit code, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            work()
            code = 0
        except BaseException as error:
            sys.stderr.write(f"child: {type(error).__name__}: {error}\n")
        finally:
            os._exit(code)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def outcome(out: str) -> Dict[str, Any]:
    """What must be equal: result.json's bytes and metrics.jsonl without times."""
    (folder,) = [path for path, _, names in os.walk(out) if "run.json" in names]
    with open(os.path.join(folder, "result.json"), "rb") as stream:
        result = stream.read().decode("utf-8")
    lines = []
    with open(os.path.join(folder, "metrics.jsonl"), encoding="utf-8") as stream:
        for text in stream:
            line = json.loads(text)
            del line["seconds"], line["samples_per_s"]
            lines.append(line)
    leftovers = [name for name in os.listdir(folder) if ".tempstate" in name or ".tmp-" in name]
    return {"result": result, "metrics": lines, "leftovers": leftovers}


def _count_points(report: str, data: Any, folder: str) -> int:
    """How many renames, fsyncs and unlinks an undisturbed run makes."""
    counter = os.path.join(folder, "points")

    def work() -> None:
        count = [0]

        def wrap(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                count[0] += 1
                return real(*args, **kwargs)

            return call

        for name in POINTS:
            setattr(os, name, wrap(getattr(os, name)))
        _train(report, os.path.join(folder, "counted"), data)
        with open(counter, "w") as stream:
            stream.write(str(count[0]))

    if _child(work) != 0:
        raise SystemExit(f"an undisturbed run of {report} failed")
    with open(counter) as stream:
        return int(stream.read())


def main(words: List[str]) -> int:
    """Runs the kills and prints one JSON document; exit 1 when anything was lost or wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="kills in all (default 200)")
    parser.add_argument("--again", type=int, default=50, help="how many of them are killed again while restarting")
    parser.add_argument("--reports", nargs="+", default=list(RUNS), choices=list(RUNS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    args = parser.parse_args(words)
    tf = import_tensorflow()
    import matplotlib.backends.backend_agg  # noqa: F401 - imported once, before the forks

    from tf1_models import plots, training_graph  # noqa: F401

    rng = random.Random(args.seed)
    data = make_dataset()
    figures: Dict[str, Any] = {"tensorflow": tf.__version__, "kills": 0, "killed_again": 0, "equal": 0, "lost": 0,
                               "leftovers": 0, "finished_before_the_kill": 0, "points": {}, "failures": []}
    with tempfile.TemporaryDirectory() as folder:
        expected, seconds, points = {}, {}, {}
        for report in args.reports:
            counting = os.path.join(folder, f"{report}-points")
            os.mkdir(counting)
            points[report] = figures["points"][report] = _count_points(report, data, counting)
            alone = os.path.join(folder, report)
            started = time.monotonic()
            assert _child(lambda r=report, o=alone: _train(r, o, data)) == 0  # type: ignore[misc]
            seconds[report] = time.monotonic() - started
            expected[report] = outcome(alone)
        for number in range(args.kills):
            report = args.reports[number % len(args.reports)]
            out = os.path.join(folder, f"run{number}")

            def killed(report: str = report, out: str = out) -> int:
                if rng.random() < 0.6:  # an enumerated point: the protocol, where a kill hurts most
                    point, after = rng.randint(1, points[report]), rng.random() < 0.5

                    def work() -> None:
                        _kill_at_call(point, after)
                        _train(report, out, data)

                    return _child(work)
                return _child(lambda: _train(report, out, data), rng.random() * seconds[report])

            code = killed()
            figures["kills"] += code == -signal.SIGKILL
            figures["finished_before_the_kill"] += code == 0
            if figures["killed_again"] < args.again and number % max(args.kills // max(args.again, 1), 1) == 0:
                figures["killed_again"] += killed() == -signal.SIGKILL
            code = _child(lambda r=report, o=out: _train(r, o, data))  # type: ignore[misc]
            found = outcome(out) if code == 0 else {"leftovers": []}
            same = all(found.get(key) == expected[report][key] for key in ("result", "metrics"))
            figures["equal"] += same
            figures["leftovers"] += bool(found["leftovers"])
            if not same:
                figures["lost"] += 1
                figures["failures"].append({"report": report, "number": number, "exit": code})
            shutil.rmtree(out, ignore_errors=True)
    print(to_json(figures))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as stream:
            stream.write(to_json(figures) + "\n")
    return 1 if figures["lost"] or figures["leftovers"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

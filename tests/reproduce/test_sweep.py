"""Child processes that only pretend to train: failures, signals, orphans, locks, both engines."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any, Dict, List

import pytest

from tests.conftest import ROOT
from tests.reproduce.test_queue import tasks
from tf1_models.errors import MachineError, UsageError
from tf1_models.reproduce.runs import dask_engine, queue, sweep
from tf1_models.reproduce.runs import task as task_module
from tf1_models.reproduce.verdicts import folders

FINISH = "import os, sys; os.makedirs({0!r}, exist_ok=True); open(os.path.join({0!r}, 'result.json'), 'w').write('x')"


def pretend(monkeypatch: Any, programs: Dict[int, str]) -> List[int]:
    """Children run `programs[seed]` (else they finish at once); returns the seeds in the order of their start."""
    started: List[int] = []

    def command(task: queue.Task) -> List[str]:
        started.append(task.seed)
        return [sys.executable, "-c", programs.get(task.seed, FINISH.format(task.folder))]

    monkeypatch.setattr(task_module, "command", command)
    return started


def engine(**more: Any) -> sweep.Engine:
    return sweep.Engine(quiet=True, **more)


@pytest.mark.parametrize("jobs", [1, 3])
def test_one_failure_stops_nothing_and_is_remembered(tmp_path: Any, monkeypatch: Any, jobs: int) -> None:
    programs = {1: "import sys; sys.exit('tf1-models train: no CIFAR-10')", 2: "import os; os.kill(os.getpid(), 9)"}
    pretend(monkeypatch, programs)
    found = tasks(tmp_path, ["bn_cnn"], ["final"], 4)
    records, stopped = sweep.run(found, str(tmp_path), engine(jobs=jobs))
    assert [record["state"] for record in records] == ["finished", "failed", "failed", "finished"] and not stopped
    assert records[1]["message"] == "tf1-models train: no CIFAR-10" and "signal 9" in records[2]["message"]
    failure = folders.read_failure(found[1].folder)
    assert failure is not None and failure["exit_code"] == 1
    assert [queue.state_of(task) for task in found] == ["finished", "failed", "failed", "finished"]
    started = pretend(monkeypatch, {})
    records, _ = sweep.run(found, str(tmp_path), engine(jobs=1))
    assert started == [1, 2] and all(record["state"] == "finished" for record in records)
    assert not os.path.exists(os.path.join(found[1].folder, folders.FAILURE))


def test_signals_reach_the_children_which_save(tmp_path: Any, monkeypatch: Any) -> None:
    saves = "import signal, sys, time; signal.signal(15, lambda *a: sys.exit(130)); time.sleep(60)"
    started = pretend(monkeypatch, {0: saves, 1: saves})
    found = tasks(tmp_path, ["bn_cnn"], ["final"], 3)
    threading.Timer(3.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
    began = time.monotonic()
    records, stopped = sweep.run(found, str(tmp_path), engine(jobs=2))
    assert stopped and time.monotonic() - began < 30
    assert [record["state"] for record in records] == ["interrupted", "interrupted", "not started"]
    assert sorted(started) == [0, 1] and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_locked_folder_is_waited_for(tmp_path: Any, monkeypatch: Any) -> None:
    (task,) = tasks(tmp_path, ["bn_cnn"], ["final"])
    os.makedirs(task.folder)
    lock = open(os.path.join(task.folder, "lock"), "a+")  # held on purpose
    fcntl.flock(lock, fcntl.LOCK_EX)
    started = pretend(monkeypatch, {})
    monkeypatch.setattr(task_module, "LOCK_WAIT_S", 0.6)
    record = task_module.run_task(task, lambda: 0, lambda epochs: None)
    assert record["state"] == "in use" and not started
    monkeypatch.setattr(task_module, "LOCK_WAIT_S", 20.0)
    threading.Timer(0.7, lock.close).start()
    assert task_module.run_task(task, lambda: 0, lambda epochs: None)["state"] == "finished"


def test_a_child_ends_with_its_sweep(tmp_path: Any) -> None:
    """The sweep is killed with SIGKILL; its child notices the closed pipe, takes a SIGTERM and can save."""
    program = (
        "import subprocess, sys, time\n"
        "code = 'import signal, time, threading, sys; from tf1_models.reproduce.runs import child;' \\\n"
        '    \'signal.signal(15, lambda *a: (open(sys.argv[1], "w").write("saved"), sys.exit(130)));\' \\\n'
        "    'threading.Thread(target=child._watch, daemon=True).start(); print(1, flush=True); time.sleep(60)'\n"
        "p = subprocess.Popen([sys.executable, '-c', code, sys.argv[1]], stdin=subprocess.PIPE,\n"
        "                     stdout=subprocess.PIPE, start_new_session=True)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)\n"
    )
    mark = str(tmp_path / "mark")
    parent = subprocess.Popen([sys.executable, "-c", program, mark], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None and int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20
    while not os.path.exists(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert os.path.exists(mark)
    parent.stdout.close()


def test_the_real_command_line(tmp_path: Any) -> None:
    (task,) = tasks(tmp_path, ["prelu_cnn"], ["exponential_lr_stepped"])
    words = task_module.command(dataclasses.replace(task, threads=2))
    assert words[:5] == [sys.executable, "-m", "tf1_models.reproduce.runs.child", "train", "prelu_cnn"]
    assert words[-3:] == ["--threads", "2", "schedule_stepped=true"]


def test_resources_are_parsed() -> None:
    assert dask_engine.parse_resources("GPU=1,MEM=2.5") == {"GPU": 1.0, "MEM": 2.5}
    assert dask_engine.parse_resources(None) is None
    with pytest.raises(UsageError, match="GPU=1"):
        dask_engine.parse_resources("GPU")


def test_without_dask_the_command_that_mends_it_is_named(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(MachineError, match=r"pip install 'dask\[distributed\]"):
        dask_engine.run_all([], "tcp://nowhere:1", 0, None, lambda: 0, lambda task, record: None)


def test_dask_runs_the_same_tasks(tmp_path: Any, monkeypatch: Any) -> None:
    distributed = pytest.importorskip("dask.distributed", reason="extra 'cluster' is not installed")
    pretend(monkeypatch, {1: "import sys; sys.exit('tf1-models train: broken')"})
    found = tasks(tmp_path, ["bn_cnn"], ["final"], 3)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        records, stopped = sweep.run(found, str(tmp_path), engine(scheduler=cluster.scheduler_address))
    assert [record["state"] for record in records] == ["finished", "failed", "finished"] and not stopped
    assert records[1]["message"] == "tf1-models train: broken"

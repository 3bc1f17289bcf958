"""Whole clusters on 127.0.0.1: gradients, deaths, watchdog, a clean end. More: tests/faults/cluster_netns.py."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import Any, Iterator, List

import pytest

from tests.cluster.local_cluster import SETTINGS, LocalCluster, Nursery, addresses, write_data
from tests.conftest import ROOT
from tf1_models.storage.sealed import read_sealed

pytestmark = pytest.mark.tf


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="module")
def undisturbed(nursery: Nursery, tmp_path_factory: Any) -> Any:
    with LocalCluster(nursery, str(tmp_path_factory.mktemp("alone")), addresses(), ["--epochs", "4"]) as cluster:
        cluster.start_all()
        assert cluster.codes() == {"ps 0": 0, "worker 0": 0, "chief 0": 0}
        assert cluster.steps() == list(range(1, 17))
        return cluster.result()


def test_the_first_gradients_are_those_of_one_machine() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cluster.gradient_difference", "--quick"],
        cwd=ROOT,
        timeout=200,
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_a_worker_and_the_chief_die_and_nothing_is_lost(nursery: Nursery, undisturbed: Any, tmp_path: Any) -> None:
    with LocalCluster(nursery, str(tmp_path), addresses(), ["--epochs", "4"], slow_s=0.1) as cluster:
        cluster.start_all()
        cluster.until_step(3)
        cluster.kill("worker")
        cluster.start("worker")
        cluster.until_step(7)
        cluster.kill("chief")
        cluster.start("chief")
        assert cluster.codes() == {"ps 0": 0, "worker 0": 0, "chief 0": 0}
        assert "resuming at epoch " in cluster.read("chief") and "Traceback" not in cluster.all_words()
        assert cluster.result() == undisturbed  # the hash of every variable among it
        run = read_sealed(os.path.join(cluster.run_folder(), "run.json"))
        assert [start["runtime"]["cluster"] for start in run["starts"]] == [{"computing": 2, "ps": 1}] * 2


def test_sigterm_saves_and_one_machine_continues(nursery: Nursery, undisturbed: Any, tmp_path: Any) -> None:
    with LocalCluster(nursery, str(tmp_path), addresses(), ["--epochs", "4"], slow_s=0.1) as cluster:
        cluster.start_all()
        cluster.until_step(6)
        cluster.running["chief", 0].send(signal.SIGTERM)
        assert cluster.codes() == {"ps 0": 130, "worker 0": 130, "chief 0": 130}
        assert "ended by the chief: SIGTERM at step " in cluster.read("worker")
        words = [word for word in cluster.words if word not in ("--cluster", "--cluster-timeout-s", "15.0")]
        alone = cluster.start("chief", words=words)
        assert alone.wait(60.0) == 0, cluster.read("chief")
        assert "not bit for bit as an undisturbed run would: cluster was" in cluster.read("chief")
        assert cluster.result()["steps"] == undisturbed["steps"] == 16
        again = cluster.start("chief")  # finished: nothing to train, nobody to wait for
        assert again.wait(30.0) == 0 and "already finished" in cluster.read("chief")


def test_who_is_missing_is_named_and_nobody_hangs(nursery: Nursery, tmp_path: Any) -> None:
    """A worker never comes; the chief dies for good; other members hold other settings."""
    with LocalCluster(nursery, str(tmp_path / "no-worker"), addresses(), timeout_s=3) as no_worker, LocalCluster(
        nursery, str(tmp_path / "no-chief"), addresses(), timeout_s=3
    ) as no_chief, LocalCluster(nursery, str(tmp_path / "other"), addresses(), timeout_s=15) as other:
        no_worker.start("ps")
        no_worker.start("chief")
        no_chief.start("ps")
        no_chief.start("worker")
        other.start("ps")
        other.start("worker", words=[*other.words, "keep_prob=0.5"])
        other.start("chief")
        assert no_worker.codes() == {"ps 0": 4, "chief 0": 4}
        missing = rf"worker 0 \({no_worker.jobs['worker'][0]}\) has not come for \d+ s: start it with TF_CONFIG task"
        assert re.search(missing, no_worker.read("chief")) and re.search(missing, no_worker.read("ps"))
        assert no_chief.codes() == {"ps 0": 4, "worker 0": 4}
        missing = rf"chief \({no_chief.jobs['chief'][0]}\) has not come for \d+ s: start it"
        assert re.search(missing, no_chief.read("ps")), no_chief.all_words()
        assert other.running["worker", 0].wait(60.0) == 3
        assert "give every member the same report, settings, seed and data" in other.read("worker")


@pytest.mark.slow  # three processes that import TensorFlow
def test_ordinary_processes_end_without_a_word_too_many(tmp_path: Any) -> None:
    jobs, data = addresses(), write_data(str(tmp_path / "tiny.npz"))
    children: List[Any] = []
    try:
        for job in ("ps", "worker", "chief"):
            config = json.dumps({"cluster": jobs, "task": {"type": job, "index": 0}})
            words = ["train", *SETTINGS, "--data", data, "--out", str(tmp_path / "runs"), "--epochs", "2", "--cluster"]
            children.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tf1_models", *words],
                    cwd=str(tmp_path),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env={**os.environ, "PYTHONPATH": ROOT, "TF_CONFIG": config},
                )
            )
        outputs = [child.communicate(timeout=240) for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert [child.returncode for child in children] == [0, 0, 0], outputs
    for out, words in outputs[:2]:
        lines = words.decode().splitlines()
        assert out == b"" and lines[-1].endswith("the chief has ended the training") and len(lines) <= 2, lines
    assert all(line.startswith("epoch ") for line in outputs[2][1].decode().splitlines()), outputs[2][1]

"""TF_CONFIG is checked before TensorFlow is imported, and every error is one line that says what to do."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from tf1_models import cli
from tf1_models.cluster import configuration
from tf1_models.errors import UsageError

JOBS = {"chief": ["10.0.0.1:2222"], "worker": ["10.0.0.2:2222", "worker-1.example:2223"], "ps": ["[fe80::1]:2222"]}


def config(jobs: Any = None, task: Any = None) -> Dict[str, str]:
    return {
        "TF_CONFIG": json.dumps(
            {
                "cluster": JOBS if jobs is None else jobs,
                "task": {"type": "worker", "index": 1} if task is None else task,
            }
        )
    }


def test_a_cluster_is_read() -> None:
    cluster = configuration.read(60.0, config())
    assert [m.name for m in cluster.members] == ["chief", "worker 0", "worker 1", "ps 0"]
    assert cluster.me.label == "worker 1 (worker-1.example:2223)" and cluster.me.device == "/job:worker/task:1"
    assert [m.key for m in cluster.computing] == ["chief_0", "worker_0", "worker_1"]
    assert cluster.of("ps")[0].host_and_port() == ("fe80::1", 2222)
    assert cluster.addresses() == JOBS and cluster.shape() == {"computing": 3, "ps": 1}
    assert configuration.read(60.0, config(task={"type": "ps", "index": "0"})).me.name == "ps 0"
    assert configuration.read(60.0, config(task={"type": "chief"})).me == cluster.chief


@pytest.mark.parametrize(
    "environment, words",
    [
        ({}, "needs the environment variable TF_CONFIG"),
        ({"TF_CONFIG": "{"}, "is not JSON"),
        ({"TF_CONFIG": "[]"}, 'has no object "cluster"'),
        (
            config({"chief": ["a:1"], "evaluator": ["b:1"], "ps": ["c:1"]}),
            "names the job 'evaluator'; allowed: chief, wor",
        ),
        (config({"chief": ["a:1"]}), "has 0 addresses under 'ps'; needed: one or more"),
        (config({"chief": ["a:1", "b:1"], "ps": ["c:1"]}), "has 2 addresses under 'chief'; needed: exactly one"),
        (config({"ps": ["c:1"]}), "has 0 addresses under 'chief'"),
        (config({"chief": "a:1", "ps": ["c:1"]}), "has no list of addresses under 'chief'"),
        (config({"chief": ["a"], "ps": ["c:1"]}), "gives 'a' under 'chief'; an address is host:port"),
        (config({"chief": ["a:0"], "ps": ["c:1"]}), "gives 'a:0'"),
        (config({"chief": ["a:70000"], "ps": ["c:1"]}), "gives 'a:70000'"),
        (config({"chief": [7], "ps": ["c:1"]}), "gives 7 under"),
        (config({"chief": ["a/b:1"], "ps": ["c:1"]}), "gives 'a/b:1'"),
        (config({"chief": ["a:1"], "ps": ["a:1"]}), "gives a:1 to chief and ps 0; one address each"),
        (config(task={"type": "worker", "index": 2}), "says this process is worker 2, which its cluster does not hold"),
        (config(task={"type": "worker", "index": True}), "says this process is worker True"),
        (config(task={"type": "master", "index": 0}), "says this process is master 0"),
        (config(task=[]), 'has no object "task"'),
    ],
)
def test_what_is_wrong_is_said(environment: Dict[str, str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        configuration.read(60.0, environment)
    assert words in str(caught.value) and "\n" not in str(caught.value) and '"task"' in str(caught.value)


def run(monkeypatch: Any, capsys: Any, *words: str) -> Any:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    # the data set does not exist: whatever is said about the cluster was said before anything was loaded
    code = cli.main(["train", "nine_conv", "--data", "/nonexistent", *words])
    return code, capsys.readouterr().err


def test_the_command_line(monkeypatch: Any, capsys: Any) -> None:
    code, words = run(monkeypatch, capsys, "--cluster")
    assert code == 2 and words.startswith("tf1-models train: --cluster needs the environment variable TF_CONFIG")
    code, words = run(monkeypatch, capsys, "--cluster", "--cluster-timeout-s", "0.5")
    assert code == 2 and "--cluster-timeout-s 0.5 is out of range; allowed: 2 to 86400" in words
    code, words = run(monkeypatch, capsys, "--cluster-timeout-s", "5")
    assert code == 2 and "--cluster-timeout-s goes with --cluster" in words

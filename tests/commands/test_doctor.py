"""`tf1-models doctor` as users and scripts see it: lines, JSON, exit codes, and no TensorFlow in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT
from tf1_models.doctor import cuda_libraries, line, pins
from tf1_models.doctor.line import FAILED, NOT_NEEDED, OK, WARNING, Line

NO_GPU = cuda_libraries.open_one("libcuda.so.1") is not None


@pytest.fixture
def env(tmp_path: Any) -> Any:
    """A folder without data or stored checkpoints."""
    return {"TF1_MODELS_DATA": str(tmp_path / "none"), "TF1_MODELS_CHECKPOINTS": str(tmp_path / "none")}


@pytest.mark.tf
def test_lines_and_json(kit: Any, env: Any) -> None:
    done = kit("doctor", env=env)
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
    words = [row.split()[0] for row in done.stdout.splitlines() if row and not row.startswith(" ")]
    assert [w for w in words if w.isalpha()][:4] == ["python", "packages", "tensorflow", "device"]
    assert "CPU:0: a matmul in" in done.stdout and "mend: tf1-models data download" in done.stdout
    assert "\x1b" not in done.stdout

    done = kit("doctor", "--json", env=env)
    document = json.loads(done.stdout)
    assert (document["schema"], document["exit_code"], document["status"]) == (1, 0, "warning")
    assert document["devices"][0]["device"] == "CPU:0" and document["devices"][0]["state"] == "done"
    assert all(set(row) == {"check", "status", "text", "mend"} for row in document["lines"])
    assert all(row["mend"] for row in document["lines"] if row["status"] in (FAILED, WARNING)), document["lines"]
    assert document["packages"]["numpy"]["installed"] and document["cuda_libraries"]
    assert document["memory"]["available_bytes"] > 0 and document["disk"]["writable"]


@pytest.mark.tf
@pytest.mark.skipif(not NO_GPU, reason="an NVIDIA driver is here")
def test_a_demanded_gpu_that_is_missing_is_exit_code_4(kit: Any, env: Any) -> None:
    done = kit("doctor", "--require-gpu", env=env)
    assert done.returncode == 4 and done.stderr == ""
    assert "a GPU is demanded, and TensorFlow uses none" in done.stdout and "to mend" in done.stdout


def test_its_own_process_never_imports_tensorflow(tmp_path: Any, env: Any) -> None:
    """And a TensorFlow that kills its process is a red line, not the end of the doctor."""
    fake = tmp_path / "tensorflow"
    fake.mkdir()
    (fake / "__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    (tmp_path / f"tensorflow-{pins.lane().pins['tensorflow']}.dist-info").mkdir()
    program = (
        "import sys; from tf1_models.cli import main; code = main(['doctor', '--json']); "
        "assert 'tensorflow' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=str(tmp_path),
        capture_output=True,
        text=True,
        env={**os.environ, **env, "PYTHONPATH": os.pathsep.join([str(tmp_path), ROOT])},
        timeout=100,
    )
    assert done.returncode == 4, done.stderr
    red = [row for row in json.loads(done.stdout)["lines"] if row["status"] == FAILED]
    assert [row["check"] for row in red] == ["tensorflow"]
    assert "killed by SIGSEGV in stage 'import'" in red[0]["text"] and "--force-reinstall" in red[0]["mend"]


def test_usage(kit: Any) -> None:
    assert kit("doctor", "--timeout", "0").returncode == 2
    assert kit("doctor", "x").returncode == 2
    assert "exit codes: 4" in " ".join(kit("doctor", "--help").stdout.split())


def test_exit_codes() -> None:
    ok, warning, bad_data = Line("a", OK, ""), Line("b", WARNING, "", "x"), Line("data", FAILED, "", "x", False)
    assert line.exit_code([ok, warning, Line("c", NOT_NEEDED, "")]) == 0
    assert line.exit_code([ok, bad_data]) == 1
    assert line.exit_code([bad_data, Line("python", FAILED, "", "x")]) == 4
    assert line.status([ok, warning]) == WARNING


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: Any) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert line.colours(Terminal())
    assert "\x1b[31mfailed" in line.render([Line("a", FAILED, "x", "y")], True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not line.colours(Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not line.colours(Terminal())

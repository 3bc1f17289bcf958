"""What long work shows must never keep it from its save: a terminal may be gone."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT


@pytest.mark.tf
def test_closing_the_terminal_saves_the_run(tmp_path: Any) -> None:
    """A shell of its own on a pseudo-terminal, whose window is closed in the middle of an epoch."""
    words = [sys.executable, "-m", "tf1_models", "train", "bn_cnn", "--data", "digits", "--epochs", "400"]
    master, slave = pty.openpty()
    child = subprocess.Popen(
        words,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=str(tmp_path),
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": ROOT, "TERM": "xterm"},
    )
    os.close(slave)
    seen = b""
    while b"epoch 2/400" not in seen:
        seen += os.read(master, 1 << 16)
    os.close(master)
    child.send_signal(signal.SIGHUP)  # the kernel sends it to a controlling terminal's session; here we stand in for it
    assert child.wait(timeout=120) == 130
    (log,) = [os.path.join(path, "log.txt") for path, _, names in os.walk(str(tmp_path)) if "log.txt" in names]
    steps = [name for name in os.listdir(os.path.dirname(log)) if name.startswith("ckpt-") and name.endswith(".json")]
    assert max(int(name[5:-5]) for name in steps) > 0

"""`pytest -m "not tf"` works where TensorFlow is not installed; how a test without the mark is caught, see conftest."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT

# pytest with an import system that has no TensorFlow, nor what comes with it alone
BLOCKED = """
import sys
class NoTensorFlow:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "tensorflow_core", "keras", "h5py"):
            raise ModuleNotFoundError(f"{name} is imported at collection", name=name)
sys.meta_path.insert(0, NoTensorFlow())
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


def test_every_module_is_collected_without_tensorflow() -> None:
    """All of them: one with only marked tests is imported too before `-m` leaves its tests out."""
    words = ["-p", "no:cacheprovider", "-p", "no:xdist", "--collect-only", "-q", "-m", "not tf"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BLOCKED, *words], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "tests/test_without_tensorflow.py::" in done.stdout


SAMPLE = """
import pytest

@pytest.fixture
def session():
    import tensorflow.compat.v1

{mark}
def test_a(session):
    pass

{mark}
def test_b():
    from tensorflow import compat

def test_c():
    import json
"""


@pytest.mark.parametrize("mark, failing", [("", ["test_a", "test_b"]), ("@pytest.mark.tf", [])], ids=["plain", "tf"])
def test_an_unmarked_test_that_imports_it_fails(mark: str, failing: Any, tmp_path: Any) -> None:
    """In any order: here a TensorFlow, a stand-in, is loaded before the first test."""
    stand_in = tmp_path / "tensorflow" / "compat" / "v1"
    stand_in.mkdir(parents=True)
    for folder in (stand_in, stand_in.parent, stand_in.parent.parent):
        (folder / "__init__.py").write_text("")
    (tmp_path / "test_sample.py").write_text("import tensorflow.compat.v1\n" + SAMPLE.format(mark=mark))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider",
         "-q", "-c", os.path.join(ROOT, "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=str(tmp_path), capture_output=True, text=True, timeout=100,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), ROOT])},
    )  # fmt: skip
    found = [name for name in ("test_a", "test_b", "test_c") if f"::{name} imports TensorFlow without" in done.stdout]
    assert found == failing, done.stdout + done.stderr
    assert done.returncode == (1 if failing else 0)

"""The table of CUDA libraries, and what is said of one that is missing, passed over, or waits for the driver."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT
from tf1_models.doctor import cuda_libraries
from tf1_models.doctor.cuda_libraries import Finding, Library

FILE = os.path.join(ROOT, "tf1_models", "doctor", "cuda_libraries.py")


def test_every_wheel_of_tensorflows_extra_is_in_the_table() -> None:
    metadata = pytest.importorskip("importlib.metadata", reason="Python 3.7 has no importlib.metadata")
    try:
        wanted = [row for row in metadata.requires("tensorflow") or [] if "and-cuda" in row]
    except metadata.PackageNotFoundError:
        wanted = []
    if not wanted:
        pytest.skip("the installed TensorFlow names no CUDA wheels (a CPU build, or 1.15)")
    names = {row.split("<")[0].split(">")[0].strip() for row in wanted} - {"nvidia-cuda-nvcc-cu12"}  # ptxas: no library
    assert {library.package for library in cuda_libraries.CUDA_12} == names


def test_tables_are_chosen_by_version() -> None:
    assert cuda_libraries.table_for("2.21.0") is cuda_libraries.CUDA_12
    assert cuda_libraries.table_for("1.15.5") is cuda_libraries.CUDA_10
    assert cuda_libraries.table_for("1.15.5+nv23.3") is cuda_libraries.CUDA_12_TF1
    for table in cuda_libraries.TABLES.values():
        assert len({library.soname for library in table}) == len(table)


def test_finding_tells_a_missing_library_from_one_that_waits_for_the_driver() -> None:
    library = Library("libx.so.1", "x", cuda_libraries.AT_START)
    assert not Finding(library, None, None).missing
    waiting = Finding(library, "libcuda.so.1: cannot open shared object file", "/x/libx.so.1")
    assert waiting.waits_for_driver and not waiting.missing
    assert Finding(library, "libx.so.1: cannot open shared object file", None).missing
    assert Finding(library, "libother.so: cannot open shared object file", None).missing


def run(*words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, FILE, *words], capture_output=True, text=True, env={**os.environ, **env}, timeout=100
    )


@pytest.mark.skipif(cuda_libraries.open_one("libcudart.so.12") is None, reason="CUDA libraries are installed here")
def test_require_fails_with_the_names_of_the_missing_ones() -> None:
    done = run("--require")
    assert done.returncode == 4 and "MISSING libcudart.so.12" in done.stdout
    assert "libcudart.so.12 (nvidia-cuda-runtime-cu12) does not open: libcudart.so.12: cannot open" in done.stderr
    assert run().returncode == 0  # without --require it only tells


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler to make stand-in libraries with")
def test_stand_in_libraries(tmp_path: Any) -> None:
    """All found through the loader's path; one only in a wheel's folder; one that needs the absent driver."""
    folder = tmp_path / "nvidia" / "all" / "lib"
    folder.mkdir(parents=True)
    (tmp_path / "empty.c").write_text("int stand_in(void) { return 1; }\n")
    plain = str(tmp_path / "plain.so")
    subprocess.check_call(["cc", "-shared", "-fPIC", "-o", plain, str(tmp_path / "empty.c")])
    for library in cuda_libraries.CUDA_12:
        shutil.copy(plain, str(folder / library.soname))
    path = {"LD_LIBRARY_PATH": str(folder), "PYTHONPATH": str(tmp_path)}
    done = run("--require", **path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("ok ") == len(cuda_libraries.CUDA_12)
    assert run("--folders", **path).stdout.split() == [str(folder)]

    done = run("--require", PYTHONPATH=str(tmp_path))  # the folder is not registered: pip alone, TensorFlow 2.21's trap
    if cuda_libraries.open_one("libcurand.so.10") is not None:
        assert done.returncode == 4
        assert f"it is at {folder}/libcurand.so.10, where the loader does not look" in done.stderr

    os.unlink(str(folder / "libcurand.so.10"))
    done = run("--require", **path)
    if cuda_libraries.open_one("libcurand.so.10") is not None:
        assert done.returncode == 4 and done.stderr.startswith("libcurand.so.10 (nvidia-curand-cu12) does not open")
        assert done.stderr.count("\n") == 1

    if cuda_libraries.open_one("libcuda.so.1") is None:
        return  # a driver is here: nothing waits for it
    shutil.copy(plain, str(folder / "libcurand.so.10"))
    driver, source, compiler = str(tmp_path / "libcuda.so.1"), str(tmp_path / "empty.c"), ["cc", "-shared", "-fPIC"]
    subprocess.check_call([*compiler, "-Wl,-soname,libcuda.so.1", "-o", driver, source])
    engines = str(folder / "libcudnn_engines_runtime_compiled.so.9")
    subprocess.check_call([*compiler, "-Wl,--no-as-needed", "-o", engines, source, driver])
    done = run("--require", **path)
    assert done.returncode == 0 and "(all but the driver: libcuda.so.1: cannot open" in done.stdout

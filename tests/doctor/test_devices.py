"""What the doctor says of TensorFlow, devices, driver and CUDA libraries, from a child's messages, good and bad."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any, Dict, List

import pytest

from tf1_models.doctor import cuda_libraries, devices, pins
from tf1_models.doctor.child import Child
from tf1_models.doctor.cuda_libraries import Finding
from tf1_models.doctor.line import FAILED, NOT_NEEDED, OK, WARNING
from tf1_models.errors import install_command

NO_DRIVER: Dict[str, Any] = {
    "kernel_module": None,
    "libcuda": "libcuda.so.1: cannot open",
    "nvml": "no",
    "cuda": None,
    "init": None,
    "gpus": 0,
}
DRIVER: Dict[str, Any] = {"kernel_module": "550.54", "libcuda": None, "nvml": None, "cuda": 12040, "init": 0, "gpus": 1}


def messages(driver: Dict[str, Any], used: "tuple[str, ...]" = ("CPU:0",), **imported: Any) -> List[Dict[str, Any]]:
    found = [
        {"stage": "driver", "state": "begin"},
        {"stage": "driver", "state": "done", **driver},
        {"stage": "import", "state": "done", "version": "2.21.0", "seconds": 3.0, "cuda_build": True, **imported},
        {"stage": "session", "state": "done", "devices": list(used)},
    ]
    for name in used:
        found.append({"stage": "device", "state": "begin", "device": name})
        found.append({"stage": "device", "state": "done", "device": name, "matmul_s": 0.1, "convolution_s": 0.2})
    return found


@pytest.fixture(autouse=True)
def plain(monkeypatch: Any) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(pins, "lane", lambda: pins.TF221)
    monkeypatch.setattr(devices, "in_container", lambda: False)


def all_open(libraries: Any) -> List[Finding]:
    return [Finding(library, None, None) for library in libraries]


def none_open(libraries: Any) -> List[Finding]:
    return [Finding(library, f"{library.soname}: cannot open", None) for library in libraries]


def test_without_a_gpu_nothing_is_red(monkeypatch: Any) -> None:
    monkeypatch.setattr(cuda_libraries, "check", none_open)
    found = messages(NO_DRIVER)
    assert [line.status for line in devices.devices(found, False)] == [OK]
    assert [line.status for line in devices.driver(found, False)] == [NOT_NEEDED]
    lines, facts = devices.cuda(found, False)
    assert [line.status for line in lines] == [NOT_NEEDED] and "0 of 19" in lines[0].text
    assert [row["found"] for row in facts] == [False] * 19


def test_a_demanded_gpu_that_is_absent_is_red_everywhere(monkeypatch: Any) -> None:
    monkeypatch.setattr(cuda_libraries, "check", none_open)
    found = messages(NO_DRIVER)
    device = devices.devices(found, True)[-1]
    assert device.status == FAILED and "nvidia-smi" in str(device.mend)
    assert [line.status for line in devices.driver(found, True)] == [FAILED]
    lines, _ = devices.cuda(found, True)
    assert len(lines) == 19 and {line.status for line in lines} == {FAILED}
    assert lines[4].text.startswith("libcusolver.so.11 is missing (TensorFlow opens it before it takes a GPU)")
    assert "pip install nvidia-cusolver-cu12" in str(lines[4].mend)


def test_a_gpu_that_computes(monkeypatch: Any) -> None:
    monkeypatch.setattr(cuda_libraries, "check", all_open)
    found = messages(DRIVER, ("CPU:0", "GPU:0"))
    for demanded in (False, True):
        lines = devices.devices(found, demanded) + devices.driver(found, demanded) + devices.cuda(found, demanded)[0]
        assert {line.status for line in lines} == {OK}
    assert "GPU:0: a matmul in 0.10 s, a convolution in 0.20 s" in devices.devices(found, True)[1].text


def test_a_gpu_that_is_there_but_unused_is_red(monkeypatch: Any) -> None:
    line = devices.devices(messages(DRIVER), False)[-1]
    assert line.status == FAILED and "does not use it" in line.text
    monkeypatch.setattr(cuda_libraries, "wheel_folders", lambda: ["/x/nvidia/curand/lib"])
    assert "LD_LIBRARY_PATH" in str(devices.devices(messages(DRIVER), False)[-1].mend)
    line = devices.devices(messages(DRIVER, cuda_build=False), False)[-1]
    assert line.status == WARNING and "tensorflow[and-cuda]==2.21.0" in str(line.mend)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    hidden = {**DRIVER, "init": 100, "gpus": 0}
    assert [line.status for line in devices.devices(messages(hidden), False)] == [OK]
    assert [line.status for line in devices.driver(messages(hidden), False)] == [NOT_NEEDED]
    assert devices.devices(messages(hidden), True)[-1].mend == "unset CUDA_VISIBLE_DEVICES"


def test_the_three_usual_failures_of_containers(monkeypatch: Any) -> None:
    no_toolkit = messages({**NO_DRIVER, "kernel_module": "550.54"})
    line = devices.driver(no_toolkit, False)[0]
    assert line.status == WARNING and "--gpus all" in str(line.mend) and "nvidia-ctk" in str(line.mend)
    assert devices.driver(no_toolkit, True)[0].status == FAILED
    old = devices.driver(messages({**DRIVER, "kernel_module": "470.82", "cuda": 11040}), False)[0]
    assert old.status == FAILED and "NVIDIA driver 470.82, CUDA 11.4 is too old" in old.text and "525" in str(old.mend)
    no_nvml = devices.driver(messages({**DRIVER, "nvml": "libnvidia-ml.so.1: cannot open"}), False)
    assert no_nvml[1].status == FAILED and "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in str(no_nvml[1].mend)


def test_a_library_in_a_wheels_folder_that_the_loader_passes_over(monkeypatch: Any) -> None:
    def hidden(libraries: Any) -> List[Finding]:
        folders = {row: row.package[7:-5].replace("-", "_") for row in libraries}
        return [
            Finding(row, f"{row.soname}: cannot open", f"/v/nvidia/{folder}/lib/{row.soname}")
            for row, folder in folders.items()
        ]

    monkeypatch.setattr(cuda_libraries, "check", hidden)
    monkeypatch.setattr(cuda_libraries, "open_one", lambda path: None if "/v/" in path else "no")
    lines, facts = devices.cuda(messages(DRIVER), False)
    by = {row["soname"]: row["by"] for row in facts}
    assert by["libcudnn.so.9"] == "TensorFlow's own search path" and by["libnvrtc.so.12"] == "its wheel's neighbours"
    assert [line.text.split()[0] for line in lines] == ["libcusolver.so.11"]  # as seen with a stand-in driver
    assert lines[0].status == FAILED and "LD_LIBRARY_PATH" in str(lines[0].mend)


def test_a_cpu_build_wants_no_library(monkeypatch: Any) -> None:
    found = messages(NO_DRIVER, cuda_build=False)
    assert [line.status for line in devices.cuda(found, False)[0]] == [NOT_NEEDED]
    line = devices.cuda(found, True)[0][0]
    assert line.status == FAILED and "tensorflow[and-cuda]" in str(line.mend)


def test_a_device_that_does_not_compute() -> None:
    found = messages(DRIVER, ("CPU:0",))
    found.append({"stage": "device", "state": "failed", "device": "GPU:0", "error": "DNN library is not found."})
    line = devices.devices(found, False)[1]
    assert line.status == FAILED and "GPU:0 does not compute: DNN library is not found." in line.text


def child(program: str, timeout_s: float = 20.0) -> "tuple[List[Dict[str, Any]], Any]":
    begin = json.dumps({"stage": "import", "state": "begin"})
    return Child([sys.executable, "-c", f"print({begin!r}, flush=True)\n{program}"]).result(timeout_s)


def test_a_child_that_crashes_hangs_or_talks_nonsense_is_a_red_line() -> None:
    found, ended = child(f"import os; os.kill(os.getpid(), {int(signal.SIGILL)})")
    assert ended == "killed by SIGILL in stage 'import'"
    line = devices.tensorflow(found, ended)[0]
    assert line.status == FAILED and "AVX" in line.text
    found, ended = child("import sys; sys.stderr.write('first\\nlast words\\n'); sys.exit(3)")
    assert ended == "ended with exit code 3 in stage 'import': last words"
    assert devices.tensorflow(found, ended)[0].mend == (
        f"pip install --force-reinstall 'tensorflow=={pins.lane().pins['tensorflow']}'"
    )
    found, ended = child("import time; time.sleep(60)", 0.5)
    assert ended is not None and "gave no answer in 0 s" in ended
    assert "--timeout" in str(devices.tensorflow(found, ended)[0].mend)
    found, ended = child("print('{not json')")
    assert (found, ended) == ([{"stage": "import", "state": "begin"}], None)
    found, ended = child(f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})")
    assert "memory" in devices.tensorflow(found, ended)[0].text
    assert devices.driver(found, False)[0].status == WARNING and devices.devices(found, False) == []


def test_tensorflow_that_does_not_import(tmp_path: Any, monkeypatch: Any) -> None:
    package = tmp_path / "tensorflow"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('libstdc++.so.6: version GLIBCXX_3.4.99 not found')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path) + os.pathsep + os.environ.get("PYTHONPATH", ""))
    monkeypatch.syspath_prepend(str(tmp_path))
    found, ended = Child().result(60)
    line = devices.tensorflow(found, ended)[0]
    assert ended is None and line.status == FAILED and "GLIBCXX_3.4.99" in line.text
    assert line.mend == install_command("tf")

"""All checks in the order in which they are printed."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Tuple

import tf1_models
from tf1_models.doctor import devices, machine, stores
from tf1_models.doctor.child import Child
from tf1_models.doctor.line import FAILED, WARNING, Line, exit_code, status
from tf1_models.errors import one_line


def examine(require_gpu: bool = False, full: bool = False, timeout_s: float = 180.0) -> Dict[str, Any]:
    """Runs every check; nothing that a check meets ends the others.

    Args:
        require_gpu: A GPU is demanded: its absence is red.
        full: Read the data whole and run `verify` on every stored checkpoint.
        timeout_s: Time for the child that imports TensorFlow.

    Returns:
        The JSON document of `doctor --json`; `lines` holds `Line`s, not yet dicts.
    """
    began = time.perf_counter()
    child = Child()
    try:
        python, python_facts = machine.python()
        packages, package_facts = machine.packages()
        memory, memory_facts = machine.memory()
        disk, disk_facts = _guarded("disk", lambda: _one(machine.disk()))
        data, data_facts = _guarded("data", lambda: stores.data(full))
        stored, stored_facts = _guarded("checkpoints", lambda: stores.checkpoints(False))
        messages, ended = child.result(timeout_s)
    finally:
        child.stop()
    if full:
        stored, stored_facts = _guarded("checkpoints", lambda: stores.checkpoints(True))
    cuda, cuda_facts = devices.cuda(messages, require_gpu)
    lines: List[Line] = [
        python,
        *packages,
        *devices.tensorflow(messages, ended),
        *devices.devices(messages, require_gpu),
        *devices.driver(messages, require_gpu),
        *cuda,
        memory,
        *disk,
        *data,
        *stored,
    ]
    return {
        "schema": 1,
        "kit": tf1_models.__version__,
        "status": status(lines),
        "exit_code": exit_code(lines),
        "lines": lines,
        "python": python_facts,
        "packages": package_facts,
        "tensorflow": _facts(messages, "import"),
        "devices": [_without(m) for m in messages if m["stage"] == "device" and m["state"] != "begin"],
        "driver": _facts(messages, "driver"),
        "cuda_libraries": cuda_facts,
        "memory": memory_facts,
        "disk": disk_facts,
        "data": data_facts,
        "checkpoints": stored_facts,
        "seconds": round(time.perf_counter() - began, 2),
    }


def _one(found: Tuple[Line, Any]) -> Tuple[List[Line], Any]:
    return [found[0]], found[1]


def _guarded(check: str, run: Callable[[], Tuple[List[Line], Any]]) -> Tuple[List[Line], Any]:
    """A check whose own failure is a line: a missing package, say, must not silence the rest."""
    try:
        return run()
    except ImportError as error:
        return [Line(check, WARNING, f"not checked: {one_line(error)} (see packages)", None, False)], None
    except Exception as error:
        return [
            Line(
                check,
                FAILED,
                f"the check itself failed: {type(error).__name__}: {one_line(error)}",
                f"tf1-models {'data check' if check == 'data' else 'verify'} --debug",
                False,
            )
        ], None


def _without(message: Dict[str, Any]) -> Dict[str, Any]:
    return {key: value for key, value in message.items() if key != "stage"}


def _facts(messages: List[Dict[str, Any]], stage: str) -> Any:
    """The facts of a finished stage; None when the child did not get there."""
    return next((_without(m) for m in messages if m["stage"] == stage and m["state"] != "begin"), None)

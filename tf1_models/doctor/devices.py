"""TensorFlow, its devices, the driver and the CUDA libraries: read from the child that `probe` is."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Tuple

from tf1_models.doctor import cuda_libraries, pins
from tf1_models.doctor.line import FAILED, NOT_NEEDED, OK, WARNING, Line

# CUDA 12 starts with driver 525; `cuDriverGetVersion` then answers 12000 or more
_CUDA_OF = {"2.21": 12000, "1.15": 10000}
# Wheels on the own search path (RUNPATH) of TensorFlow 2.21's libtensorflow_framework, which opens the libraries.
# cusolver stands on libtensorflow_cc's path only, which does not help: with the wheels alone no GPU is taken.
_OWN_PATH = ("cublas", "cuda_cupti", "cuda_runtime", "cudnn", "cufft", "cusparse", "nccl")
_TOOLKIT = (
    "docker run --rm --gpus all tf1-models doctor --require-gpu   # no such device? on the host: "
    "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
)
_REGISTER = "export LD_LIBRARY_PATH=$(python -m tf1_models.doctor.cuda_libraries --folders | paste -sd:)"
_AND_CUDA = "pip install 'tensorflow[and-cuda]==2.21.0'"


def _last(messages: List[Dict[str, Any]], stage: str) -> Dict[str, Any]:
    """The last message of a stage that is no `begin`, or an empty one."""
    return next((m for m in reversed(messages) if m["stage"] == stage and m["state"] != "begin"), {})


def in_container() -> bool:
    """True inside a container whose engine says so."""
    return os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv")


def tensorflow(messages: List[Dict[str, Any]], ended: Optional[str]) -> List[Line]:
    """Whether TensorFlow imports, and how the child ended when it did not end by itself."""
    lane, imported = pins.lane(), _last(messages, "import")
    reinstall = f"pip install --force-reinstall 'tensorflow=={lane.pins['tensorflow']}'"
    lines = []
    if imported.get("state") == "done":
        kind = "GPU build" if imported["cuda_build"] else "CPU build"
        lines.append(Line("tensorflow", OK, f"{imported['version']} ({kind}) imports in {imported['seconds']:.1f} s"))
    elif imported:
        lines.append(
            Line(
                "tensorflow",
                FAILED,
                f"TensorFlow does not import: {imported['error']}",
                pins.install("tensorflow", lane),
            )
        )
    if ended is not None:
        hint = ""
        if "SIGILL" in ended:
            hint, reinstall = (
                "; this processor lacks instructions that the build needs (AVX)",
                "use an x86-64 machine with AVX, or build TensorFlow for this one",
            )
        elif "SIGKILL" in ended:
            hint, reinstall = "; most likely the memory ran out", "give the container more memory (docker run -m 4g …)"
        elif "no answer" in ended:
            hint, reinstall = "; a cold disk or a GPU that hangs", "tf1-models doctor --timeout 600; nvidia-smi"
        lines.append(Line("tensorflow", FAILED, f"the check's process {ended}{hint}", reinstall))
    return lines


def devices(messages: List[Dict[str, Any]], require_gpu: bool) -> List[Line]:
    """A line per device that a matmul and a convolution ran on, or did not."""
    lines, session = [], _last(messages, "session")
    if session.get("state") == "failed":
        lines.append(
            Line(
                "device",
                FAILED,
                f"no session starts: {session['error']}",
                "CUDA_VISIBLE_DEVICES=-1 tf1-models doctor   # on the processor alone",
            )
        )
    for message in messages:
        if message["stage"] != "device" or message["state"] == "begin":
            continue
        if message["state"] == "done":
            lines.append(
                Line(
                    "device",
                    OK,
                    f"{message['device']}: a matmul in {message['matmul_s']:.2f} s, a "
                    f"convolution in {message['convolution_s']:.2f} s",
                )
            )
        else:
            lines.append(
                Line(
                    "device",
                    FAILED,
                    f"{message['device']} does not compute: {message['error']}",
                    ("nvidia-smi   # does another program hold its memory? then: CUDA_VISIBLE_DEVICES=-1, or end it"),
                )
            )
    used = [d for d in session.get("devices", []) if d.startswith("GPU")]
    if require_gpu and not used:
        lines.append(Line("device", FAILED, "a GPU is demanded, and TensorFlow uses none", _gpu_mend(messages)))
    elif not used and _gpus(messages) and not _last(messages, "import").get("cuda_build", True):
        lines.append(Line("device", WARNING, "a GPU is there, but this TensorFlow is a CPU build", _AND_CUDA))
    elif not used and _gpus(messages) and session:
        lines.append(
            Line(
                "device",
                FAILED,
                "a GPU is there, and TensorFlow does not use it (see cuda, driver)",
                _gpu_mend(messages),
            )
        )
    return lines


def _gpus(messages: List[Dict[str, Any]]) -> int:
    """GPUs that the driver shows this process; CUDA_VISIBLE_DEVICES hides the others."""
    return int(_last(messages, "driver").get("gpus") or 0)


def _gpu_mend(messages: List[Dict[str, Any]]) -> str:
    """The next thing to do for a GPU, in the order in which the causes stand in each other's way."""
    facts, imported = _last(messages, "driver"), _last(messages, "import")
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "unset CUDA_VISIBLE_DEVICES"
    if facts.get("libcuda") is not None:
        if in_container() or facts.get("kernel_module") is not None:
            return _TOOLKIT
        return "nvidia-smi   # not found: install the NVIDIA driver, 525 or newer, and restart"
    if not imported.get("cuda_build", True) and imported["version"].startswith("2."):
        return _AND_CUDA
    if facts.get("nvml") is not None:
        return "docker run --rm --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility tf1-models doctor"
    return _REGISTER if cuda_libraries.wheel_folders() else _AND_CUDA


def driver(messages: List[Dict[str, Any]], require_gpu: bool) -> List[Line]:
    """What the NVIDIA driver is, whether it is new enough, and whether this process sees it."""
    facts = _last(messages, "driver")
    module = facts.get("kernel_module")
    if not facts:
        return [Line("driver", WARNING, "not checked: the check's process ended before")]
    if facts["libcuda"] is not None:
        if module is not None:
            return [
                Line(
                    "driver",
                    FAILED if require_gpu else WARNING,
                    f"the machine has NVIDIA driver {module}, but its libcuda.so.1 is not here ({facts['libcuda']})",
                    _TOOLKIT,
                )
            ]
        if require_gpu:
            return [Line("driver", FAILED, "no NVIDIA driver: libcuda.so.1 does not open", _gpu_mend(messages))]
        return [Line("driver", NOT_NEEDED, "no GPU: there is no NVIDIA driver")]
    name = f"NVIDIA driver {module or 'of unknown version'}, CUDA {_cuda_words(facts['cuda'])}"
    version = _last(messages, "import").get("version", "2.21")
    wanted = _CUDA_OF["1.15" if version.startswith("1.") else "2.21"]
    if facts["cuda"] is not None and facts["cuda"] < wanted:
        return [
            Line(
                "driver",
                FAILED,
                f"{name} is too old: TensorFlow {version} needs CUDA {_cuda_words(wanted)}",
                "update the host's NVIDIA driver to 525 or newer (a container uses the host's)",
            )
        ]
    if facts["init"] != 0:
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
        if hidden and not require_gpu:
            return [Line("driver", NOT_NEEDED, f"{name}; CUDA_VISIBLE_DEVICES hides every GPU")]
        return [
            Line(
                "driver",
                FAILED if require_gpu else WARNING,
                f"{name} shows no GPU: cuInit answers {facts['init']}",
                "nvidia-smi; after a driver update restart the machine or the container",
            )
        ]
    lines = [Line("driver", OK, f"{name}, {facts['gpus']} GPU(s) visible")]
    if facts["nvml"] is not None and version.startswith("2."):
        lines.append(
            Line(
                "driver",
                FAILED if facts["gpus"] else WARNING,
                "libnvidia-ml.so.1 does not open, and TensorFlow finds GPUs through it",
                _gpu_mend(messages),
            )
        )
    return lines


def _cuda_words(number: Optional[int]) -> str:
    return "unknown" if number is None else f"{number // 1000}.{number % 1000 // 10}"


def cuda(messages: List[Dict[str, Any]], require_gpu: bool) -> Tuple[List[Line], List[Dict[str, Any]]]:
    """Every CUDA library that this TensorFlow opens, found or missing.

    Returns:
        The lines (one for all found, one per missing one where a GPU wants it), and all as facts.
    """
    imported = _last(messages, "import")
    version = imported.get("version", pins.lane().pins["tensorflow"])
    distribution = _distribution_version() or version
    wanted = cuda_libraries.table_for(distribution if version.startswith("1.") else version)
    own = () if version.startswith("1.") else _OWN_PATH
    rows, facts = [], []
    for row in cuda_libraries.check(wanted):
        by = "the dynamic linker"
        path = row.path
        if row.missing and path is not None and own:
            if not row.library.opened_by_tensorflow:
                row, by = row._replace(problem=cuda_libraries.open_one(path)), "its wheel's neighbours"
            elif path.split(os.sep)[-3] in own:
                row, by = row._replace(problem=cuda_libraries.open_one(path)), "TensorFlow's own search path"
        rows.append(row)
        facts.append(
            {
                "soname": row.library.soname,
                "package": row.library.package,
                "found": not row.missing,
                "by": None if row.missing else by,
                "problem": row.problem,
            }
        )
    missing = [row for row in rows if row.missing]
    count = f"{len(rows) - len(missing)} of {len(rows)} libraries found"
    if not imported.get("cuda_build", True):
        mend = _AND_CUDA if version.startswith("2.") else "docker build --target legacy -t tf1-models:legacy ."
        return [
            Line(
                "cuda",
                FAILED if require_gpu else NOT_NEEDED,
                f"this TensorFlow is a CPU build: it opens no CUDA library ({count})",
                mend if require_gpu else None,
            )
        ], facts
    if not missing:
        return [Line("cuda", OK, f"{count}: {', '.join(row.library.soname for row in rows)}")], facts
    if not _gpus(messages) and not require_gpu:
        return [Line("cuda", NOT_NEEDED, f"no GPU ({count})")], facts
    lines = [
        Line(
            "cuda",
            FAILED,
            f"{row.library.soname} is missing ({row.library.why}): "
            f"{str(row.problem).replace(row.library.soname + ': ', '')}",
            _REGISTER if row.path is not None else _install(row.library),
        )
        for row in missing
    ]
    return lines, facts


def _install(library: cuda_libraries.Library) -> str:
    if library.package.startswith("nvidia-"):
        return f"pip install {library.package}   # all of them: {_AND_CUDA}"
    return f"docker build --target legacy -t tf1-models:legacy .   # or install {library.package}"


def _distribution_version() -> Optional[str]:
    """Version of the installed TensorFlow with its local part: `1.15.5+nv23.3` tells NVIDIA's build apart."""
    from tf1_models.doctor.machine import installed

    have = installed()
    return next((have[name] for name in pins.TENSORFLOW_NAMES if name in have), None)

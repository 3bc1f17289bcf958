"""The doctor's child process: imports TensorFlow, runs a matmul and a convolution on each device, prints JSON lines.

A line is written when a stage begins and when it ends, so that a crash or a hang names the stage it happened in.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from typing import Any, Dict

_SIZE = 256


def say(stage: str, state: str, **facts: Any) -> None:
    """Writes one message for the parent, at once."""
    sys.stdout.write(json.dumps({"stage": stage, "state": state, **facts}) + "\n")
    sys.stdout.flush()


def driver() -> Dict[str, Any]:
    """What the NVIDIA driver says of itself, asked through its own library; no CUDA toolkit is needed.

    Returns:
        `kernel_module` (version of the loaded module, visible in a container too), `libcuda` and `nvml` (None: opens,
        else the loader's words), `cuda` (the newest CUDA it serves, 12040 for 12.4), `init` (cuInit's answer) and
        `gpus` (how many it shows this process).
    """
    facts: Dict[str, Any] = {
        "kernel_module": None,
        "libcuda": None,
        "nvml": None,
        "cuda": None,
        "init": None,
        "gpus": 0,
    }
    try:
        with open("/proc/driver/nvidia/version") as stream:
            words = stream.readline().split()
        facts["kernel_module"] = next((w for w in words if w[:1].isdigit() and "." in w), "unknown")
    except OSError:
        pass
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError as error:
        facts["nvml"] = str(error)
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        facts["libcuda"] = str(error)
        return facts
    number = ctypes.c_int(0)
    if cuda.cuDriverGetVersion(ctypes.byref(number)) == 0:
        facts["cuda"] = number.value
    facts["init"] = cuda.cuInit(0)
    if facts["init"] == 0 and cuda.cuDeviceGetCount(ctypes.byref(number)) == 0:
        facts["gpus"] = number.value
    return facts


def run_ops(tf: Any, device: str) -> Dict[str, float]:
    """A matmul and a convolution of ones on one device; soft placement is off, so they run there or nowhere.

    Returns:
        Seconds of each, the device's start-up included in the first.

    Raises:
        ArithmeticError: a wrong number came back.
    """
    import numpy as np

    from tf1_models.session.tensorflow_setup import session_config

    config = session_config(tf)
    config.allow_soft_placement = False
    with tf.Graph().as_default(), tf.device(device):
        x = tf.placeholder(tf.float32, [_SIZE, _SIZE])
        product = tf.matmul(x, x)
        images = tf.placeholder(tf.float32, [8, 32, 32, 3])
        convolved = tf.nn.conv2d(images, tf.ones([3, 3, 3, 16]), [1, 1, 1, 1], "SAME")
        began = time.perf_counter()
        with tf.Session(config=config) as session:
            value = session.run(product, {x: np.ones([_SIZE, _SIZE], np.float32)})
            middle = time.perf_counter()
            image = session.run(convolved, {images: np.ones([8, 32, 32, 3], np.float32)})
    ended = time.perf_counter()
    if not (np.all(value == _SIZE) and np.all(image[:, 1:-1, 1:-1] == 27.0)):
        raise ArithmeticError("matmul or convolution of ones gave wrong numbers")
    return {"matmul_s": round(middle - began, 4), "convolution_s": round(ended - middle, 4)}


def main() -> int:
    """Runs all stages; returns 0 unless TensorFlow does not import."""
    from tf1_models.errors import MachineError, one_line, tensorflow_words

    say("driver", "begin")
    say("driver", "done", **driver())
    say("import", "begin")
    began = time.perf_counter()
    try:
        from tf1_models.session.tensorflow_setup import import_tensorflow, quiet_stderr, session_config

        tf = import_tensorflow()
    except MachineError as error:
        say("import", "failed", error=one_line(error.__cause__ or error))
        return 4
    import tensorflow

    seconds = round(time.perf_counter() - began, 3)
    cuda = bool(tf.test.is_built_with_cuda())
    say(
        "import",
        "done",
        version=tf.__version__,
        seconds=seconds,
        cuda_build=cuda,
        folder=os.path.dirname(tensorflow.__file__),
    )
    say("session", "begin")
    try:
        with quiet_stderr(), tf.Session(config=session_config(tf)) as session:
            names = [d.name for d in session.list_devices() if not d.device_type.startswith("XLA_")]
    except Exception as error:  # whatever TensorFlow raises when a device does not start
        say("session", "failed", error=tensorflow_words(error))
        return 0
    say("session", "done", devices=[name.rsplit("/device:", 1)[-1] for name in names])
    for name in names:
        short = name.rsplit("/device:", 1)[-1]
        say("device", "begin", device=short)
        try:
            with quiet_stderr():
                say("device", "done", device=short, **run_ops(tf, "/device:" + short))
        except Exception as error:
            say("device", "failed", device=short, error=tensorflow_words(error))
    say("end", "done")
    return 0


if __name__ == "__main__":
    sys.exit(main())

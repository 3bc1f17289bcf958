"""How a run's graph is executed, where a user asks for other than float32 op by op: `precision=` and `xla=true`.

Both change numbers, so both are opt-in settings of a run, part of its folder's name and of run.json. The graph and its
variables stay float32 in every case; what changes is the arithmetic inside.

- precision=bf16: TensorFlow's oneDNN rewriter lets convolutions and matrix products take bfloat16 inputs (8 bits of
  mantissa) and sum in float32. TensorFlow 2.x, processors with avx512_bf16 or amx_bf16.
- precision=tf32: 10 bits of mantissa in the inputs of convolutions and matrix products; NVIDIA GPUs from Ampere on,
  where TensorFlow 2.x does it unasked. The kit turns it off unless asked: float32 means float32. Never run on a
  GPU so far.
- precision=fp16: TensorFlow's rewriter lets ops that are safe in it take and give half floats (11 bits of mantissa, 5
  of exponent); NVIDIA GPUs from Volta on. Gradients too small for half floats are kept by a loss scale, a fixed power
  of two, which rounds nothing where no half float is. There is no skipping of steps whose gradients overflow: a loss
  that is no longer finite stops the run, as in every precision. Never run on a GPU so far; its cost in accuracy is not
  known.
- xla=true: clusters of ops compiled by XLA.
"""

from __future__ import annotations

import os
from typing import Any, FrozenSet, Optional

from tf1_models.errors import MachineError
from tf1_models.spec import Experiment

_BF16_FLAGS = ("avx512_bf16", "amx_bf16")
_XLA_ON_CPU = "--tf_xla_cpu_global_jit"
_GPU_CAPABILITY = {"tf32": (8, 0), "fp16": (7, 0)}
_LOSS_SCALE = {"fp16": 128.0}  # a power of two; NVIDIA's "Mixed-Precision Training" guide: 8 to 32K for most nets


def configure(tf: Any, config: Any, experiment: Optional[Experiment]) -> None:
    """Writes a run's settings into a Session's ConfigProto, and TF32 into TensorFlow's process-wide switch.

    Args:
        tf: TensorFlow's v1 API.
        config: The ConfigProto to change.
        experiment: The run; None: float32, no XLA.

    Raises:
        MachineError: this TensorFlow or this machine cannot do what the run asks for.
    """
    legacy = tf.__version__.startswith("1.")
    if not legacy:
        tf32 = experiment is not None and experiment.precision == "tf32"
        tf.config.experimental.enable_tensor_float_32_execution(tf32)
    if experiment is None:
        return
    if legacy and experiment.precision != "float32":
        raise MachineError(
            f"precision={experiment.precision} needs TensorFlow 2.x, this is {tf.__version__}; leave it out"
        )
    if experiment.precision == "bf16":
        if not processor_flags() & set(_BF16_FLAGS):
            raise MachineError(
                f"precision=bf16 needs a processor with {' or '.join(_BF16_FLAGS)}, which this one lacks; leave it out"
            )
        config.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = 1  # RewriterConfig.ON
    if experiment.precision in _GPU_CAPABILITY:
        _check_gpu(tf, experiment.precision)
    if experiment.precision == "fp16":
        config.graph_options.rewrite_options.auto_mixed_precision = 1  # RewriterConfig.ON
    if experiment.xla:
        options = config.graph_options.optimizer_options
        options.global_jit_level = tf.OptimizerOptions.ON_2
        if not legacy:
            options.cpu_global_jit = True
        elif _XLA_ON_CPU not in os.environ.get("TF_XLA_FLAGS", ""):  # read once, with the process's first Session
            os.environ["TF_XLA_FLAGS"] = f"{os.environ.get('TF_XLA_FLAGS', '')} {_XLA_ON_CPU}".strip()


def processor_flags() -> FrozenSet[str]:
    """What Linux says the processor can do; empty elsewhere."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if line.startswith("flags"):
                    return frozenset(line.split(":", 1)[1].split())
    except OSError:
        pass
    return frozenset()


def loss_scale(experiment: Experiment) -> float:
    """What the loss is multiplied with before its gradients are taken, and they are divided by after."""
    return _LOSS_SCALE.get(experiment.precision, 1.0)


def _check_gpu(tf: Any, precision: str) -> None:
    for device in tf.config.list_physical_devices("GPU"):
        capability = tf.config.experimental.get_device_details(device).get("compute_capability", (0, 0))
        if tuple(capability) >= _GPU_CAPABILITY[precision]:
            return
    least = ".".join(map(str, _GPU_CAPABILITY[precision]))
    raise MachineError(
        f"precision={precision} needs an NVIDIA GPU of compute capability {least} or later; leave it out"
    )

"""The one place where TensorFlow is imported for a verb: quiet, graph mode, resource variables, recorded settings."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import tempfile
from typing import Any, Dict, Iterator, Optional

from tf1_models.errors import KitError, MachineError, no_tensorflow
from tf1_models.session import execution, lean_import
from tf1_models.spec import Experiment


@contextlib.contextmanager
def quiet_stderr(enabled: bool = True) -> Iterator[None]:
    """Holds back what C++ code writes to file descriptor 2; shows it after all when the block raises but a KitError.

    TensorFlow's start-up lines ("I0000 … oneDNN …") ignore TF_CPP_MIN_LOG_LEVEL; only the descriptor stops them.
    """
    if not enabled:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except KitError:  # it says what was wrong, in one line
            raise
        except BaseException:
            os.dup2(kept, 2)
            held.seek(0)
            sys.stderr.write(held.read().decode("utf-8", "replace"))
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


def import_tensorflow(quiet: bool = True) -> Any:
    """Imports TensorFlow's v1 API in graph mode.

    Args:
        quiet: Keep TensorFlow's start-up chatter off stderr.

    Returns:
        The module `tensorflow.compat.v1`. New variables are resource variables: their reads are ordered (fetching a
        reference variable beside its update gives old or new values at random), and XLA needs them; the names in a
        checkpoint are the same for both kinds.

    Raises:
        MachineError: TensorFlow is not installed or does not load.
    """
    if quiet:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with quiet_stderr(quiet), lean_import.lean():
            import tensorflow.compat.v1 as tf

            tf.logging.set_verbosity(tf.logging.ERROR)
            tf.disable_v2_behavior()
            tf.enable_resource_variables()
    except ImportError as error:
        raise no_tensorflow(error) from error
    return tf


def usable_cpus() -> int:
    """Processors this process may use: the default thread count."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def session_config(tf: Any, threads: Optional[int] = None, experiment: Optional[Experiment] = None) -> Any:
    """Session settings: fixed thread pools (their size is part of a result's bits), GPU memory on demand.

    Args:
        tf: From `import_tensorflow`.
        threads: Size of each pool; None: the usable processors.
        experiment: The run whose `precision` and `xla` hold; None: float32, no XLA.

    Raises:
        MachineError: the machine cannot do what the run asks for.
    """
    count = threads or usable_cpus()
    config = tf.ConfigProto(
        intra_op_parallelism_threads=count, inter_op_parallelism_threads=count, allow_soft_placement=True
    )
    config.gpu_options.allow_growth = True
    execution.configure(tf, config, experiment)
    return config


def check_gpu(runtime: Dict[str, Any], required: bool) -> None:
    """Raises MachineError when a GPU is demanded and TensorFlow uses none."""
    if required and not any(name.startswith("GPU") for name in runtime["devices"]):
        raise MachineError(
            f"no GPU: TensorFlow {runtime['tensorflow']} sees only {', '.join(runtime['devices'])}; leave out "
            "--require-gpu, or see `tf1-models doctor --require-gpu`, which says what is missing"
        )


def runtime_record(tf: Any, session: Any, threads: Optional[int]) -> Dict[str, Any]:
    """Everything outside the settings that can change a result's bits; stored in run.json.

    Two runs with equal settings, data, seed and runtime record give the same bytes; with another record they do not.
    """
    import numpy as np

    devices = [device.name.rsplit("/device:", 1)[-1] for device in session.list_devices()]
    return {
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "devices": sorted(name for name in devices if not name.startswith("XLA_")),
        "threads": threads or usable_cpus(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
    }

"""What the machine can do: float32 matrix product and memory bandwidth, by NumPy and, where it is there, TensorFlow.

Answers one command with {"sgemm_gflops", "sgemm_by", "copy_gb_s", "triad_gb_s"} inside `ready`; numbers are the best
of the repetitions: a roof is what is reached, not what is usual.
"""

from __future__ import annotations

import time
from concurrent import futures
from typing import Any, Callable, Dict

import numpy as np

from tf1_models.bench.peers import protocol


def best_seconds(work: Callable[[], Any], repetitions: int) -> float:
    """The shortest of some runs, after one that does not count."""
    work()
    found = []
    for _ in range(repetitions):
        since = time.perf_counter()
        work()
        found.append(time.perf_counter() - since)
    return min(found)


def tensorflow_product(a: np.ndarray, threads: int) -> Callable[[], Any]:
    """a @ a by TensorFlow, resident."""
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    graph = tf.Graph()
    with graph.as_default():
        x = tf.Variable(a)
        product = tf.matmul(x, x).op
        config = tf.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
        session = tf.Session(config=config)
        session.run(tf.global_variables_initializer())
    return lambda: session.run(product)


def speeds(size: int, megabytes: int, threads: int, repetitions: int) -> Dict[str, Any]:
    """Both roofs.

    Args:
        size: Rows of the square matrices.
        megabytes: Of one array of the bandwidth test; well above the last cache.
        threads: For TensorFlow, and for the bandwidth.
        repetitions: Runs of which the best counts.

    Returns:
        GFLOP/s (10^9) and GB/s (10^9 bytes read or written, without the line that a store reads first).
    """
    a = np.random.RandomState(0).rand(size, size).astype(np.float32)
    out = np.empty_like(a)
    seconds = {"numpy": best_seconds(lambda: np.matmul(a, a, out=out), repetitions)}
    try:
        seconds["tensorflow"] = best_seconds(tensorflow_product(a, threads), repetitions)
    except ImportError:
        pass
    by = min(seconds, key=lambda name: seconds[name])
    x, y, z = (np.ones(megabytes * 250_000, np.float32) for _ in range(3))
    parts = [slice(len(x) * k // threads, len(x) * (k + 1) // threads) for k in range(threads)]

    def triad(part: slice) -> None:
        np.multiply(x[part], np.float32(3.0), out=z[part])
        np.add(z[part], y[part], out=z[part])

    with futures.ThreadPoolExecutor(threads) as pool:  # NumPy lets go of the interpreter's lock in these
        copy_s = best_seconds(lambda: list(pool.map(lambda part: np.copyto(y[part], x[part]), parts)), repetitions)
        triad_s = best_seconds(lambda: list(pool.map(triad, parts)), repetitions)
    return {
        "sgemm_gflops": 2.0 * size**3 / seconds[by] / 1e9,
        "sgemm_by": by,
        "sgemm_size": size,
        "copy_gb_s": 2.0 * x.nbytes / copy_s / 1e9,
        "triad_gb_s": 5.0 * x.nbytes / triad_s / 1e9,  # NumPy makes two passes of it: read, write; read, read, write
    }


def build(channel: protocol.Channel, settings: Dict[str, Any]) -> None:
    """Measures and answers."""
    found = speeds(
        int(settings["size"]), int(settings["megabytes"]), int(settings["threads"]), int(settings["repetitions"])
    )
    channel.ready(0, found)
    channel.wait()


if __name__ == "__main__":
    protocol.serve(build)

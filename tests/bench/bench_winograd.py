"""The reports' convolutions, direct and by Winograd, in turn: python -m tests.bench.bench_winograd [--threads N]

For every layer's shape at the report's batch: milliseconds forward, and forward with both gradients; the best of some
rounds, since other programs only ever add time, and the ratio direct / Winograd. `winograd.pays` is read off it.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, Dict, List

import numpy as np

from tf1_models.session import tensorflow_setup

# images, size in pixels, channels in, channels out
LAYERS = {
    "model2": (5, [(256, 32, 3, 64), (256, 16, 64, 64)]),
    "nine_conv": (
        3,
        [
            (128, 32, 64, 64),
            (128, 16, 64, 128),
            (128, 16, 128, 128),
            (128, 8, 128, 256),
            (128, 8, 256, 256),
            (128, 4, 256, 512),
            (128, 4, 512, 512),
        ],
    ),
    "alexnet_bn 3x3": (3, [(100, 14, 256, 384), (100, 14, 384, 384), (100, 14, 384, 256)]),
    "alexnet_bn 5x5": (5, [(100, 30, 96, 256)]),
    "bn_cnn": (5, [(30, 16, 32, 64), (30, 8, 64, 128)]),
}


def measure(
    tf: Any, kernel_px: int, batch: int, size_px: int, c_in: int, c_out: int, threads: int, rounds: int
) -> Dict[str, List[float]]:
    """Best milliseconds: kind -> [forward, forward and both gradients]."""
    from tf1_models.graphs.parts import winograd

    rng = np.random.RandomState(0)
    with tf.Graph().as_default():
        x = tf.get_variable("x", initializer=rng.randn(batch, size_px, size_px, c_in).astype(np.float32))
        w = tf.get_variable("w", initializer=rng.randn(kernel_px, kernel_px, c_in, c_out).astype(np.float32) / c_in)
        up = tf.get_variable("up", initializer=rng.randn(batch, size_px, size_px, c_out).astype(np.float32))
        ops = {}
        for kind in ("direct", "winograd"):
            inputs = tf.identity(x)
            filters = tf.identity(w)
            y = (
                winograd.conv2d(inputs, filters, kind)
                if kind == "winograd"
                else tf.nn.conv2d(inputs, filters, strides=[1, 1, 1, 1], padding="SAME")
            )
            gradients = tf.gradients(y, [inputs, filters], tf.identity(up))
            ops[kind] = [[y.op], [y.op, *(gradient.op for gradient in gradients)]]
        best = {kind: [float("inf")] * 2 for kind in ops}
        with tf.Session(config=tensorflow_setup.session_config(tf, threads)) as session:
            session.run(tf.global_variables_initializer())
            for _ in range(rounds + 1):
                for kind, both in ops.items():
                    for place, wanted in enumerate(both):
                        since = time.perf_counter()
                        session.run(wanted)
                        best[kind][place] = min(best[kind][place], 1000 * (time.perf_counter() - since))
    return best


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--threads", type=int, default=tensorflow_setup.usable_cpus())
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    tf = tensorflow_setup.import_tensorflow()
    print(f"TensorFlow {tf.__version__}, {args.threads} threads, the report's batch: ms forward, with both gradients")
    print(f"{'layer':>16}{'direct':>16}{'winograd':>16}{'direct/winograd':>20}")
    for report, (kernel_px, layers) in LAYERS.items():
        print(report)
        for batch, size_px, c_in, c_out in layers:
            best = measure(tf, kernel_px, batch, size_px, c_in, c_out, args.threads, args.rounds)
            d, w = best["direct"], best["winograd"]
            print(
                f"{f'{size_px} px {c_in}>{c_out}':>16}{d[0]:8.1f}{d[1]:8.1f}{w[0]:8.1f}{w[1]:8.1f}"
                f"{d[0] / w[0]:10.2f}{d[1] / w[1]:10.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()

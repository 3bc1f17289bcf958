"""What the reports' own TensorFlow 1 programs have in common as oracles: ten steps, and the batch they are taken on."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Mapping, Sequence

import numpy as np
import tensorflow as tf

from tests.oracles import reference


def config() -> Any:
    """Of every oracle's Session."""
    return tf.ConfigProto(intra_op_parallelism_threads=2, inter_op_parallelism_threads=1)


def ten_steps(
    logits: Any, loss: Any, optimizer: Any, feed: Mapping[Any, np.ndarray], dtype: str, first_image: int
) -> Dict[str, np.ndarray]:
    """Logits, gradients, the losses of ten steps and the variables after them, of the program in the default graph."""
    variables = tf.global_variables()
    pairs = [(g, v) for g, v in optimizer.compute_gradients(loss) if g is not None]  # Q15: b_fc2 has none
    with tf.control_dependencies([loss] + [g for g, _ in pairs]):
        train = optimizer.apply_gradients(pairs)
    with tf.Session(config=config()) as session:
        session.run(tf.global_variables_initializer())
        for variable in variables:
            variable.load(reference.weights(variable.op.name, variable.shape.as_list(), dtype), session)
        logits_value, gradients = session.run([logits, [g for g, _ in pairs]], feed)
        losses = [session.run([loss, train], feed)[0] for _ in range(reference.N_STEPS)]
        losses.append(session.run(loss, feed))
        values = session.run(variables)
    return reference.record(
        logits_value,
        losses,
        {v.op.name: g for (_, v), g in zip(pairs, gradients)},
        {v.op.name: value for v, value in zip(variables, values)},
        {"first_image": np.asarray(first_image)},
    )


def write_nets(
    report: str,
    nets: Mapping[str, Callable[..., Any]],
    names: Sequence[str],
    case: Callable[[Callable[..., Any], str, int], Dict[str, np.ndarray]],
    first_images: Sequence[int],
    bound: float,
    script: str,
    oracle: str,
) -> None:
    """Writes the files of the named nets, or of all, into golden/REPORT.

    Where a ReLU's input or two values of a pool differ by less than float32's rounding, the gradient may go either
    way and a float32 comparison means nothing; so each net takes the first batch on which the oracle's own float32 and
    float64 gradients agree to `bound`.

    Raises:
        SystemExit: no batch is well posed.
    """
    out = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", report)
    os.makedirs(out, exist_ok=True)
    for name in names or nets:
        for first_image in first_images:
            double, single = (case(nets[name], dtype, first_image) for dtype in ("float64", "float32"))
            if reference.difference({**double, "dtype": np.asarray("float32")}, single).gradients < bound:
                break
        else:
            raise SystemExit(f"{name}: no batch that starts at {first_images} is well posed in float32")
        for dtype, numbers in (("float64", double), ("float32", single)):
            path = os.path.join(out, f"{name}_{dtype}.npz")
            reference.write_golden(path, script, oracle, dtype, numbers)
            print(os.path.basename(path), f"from image {first_image}", os.path.getsize(path), "bytes", flush=True)

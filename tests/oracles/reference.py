"""What the oracle scripts and the golden tests share: the same weights, the same batch, the same compact record.

NumPy only, so that it imports beside PyTorch, tf-keras, TensorFlow 1.15 and TensorFlow 2. Weights are not stored:
both sides draw them from `RandomState(crc32(variable name))`, whose stream is frozen, so a graph is compared at full
width for a few kilobytes. Gradients and updated variables are kept as compact samples (`sample`).

Layouts and names are those of the TF graphs (kernel [height, width, in, out], dense [in, out]); an oracle with other
layouts transposes what it is given, and transposes back before it records.

A golden file is one flat dictionary of arrays:
    script               text, the script that wrote the file, e.g. "tests/oracles/make_bn_cnn_golden.py"
    oracle               text, the framework and its version, e.g. "PyTorch 2.13.0+cpu"
    dtype                text, "float64" or "float32"
    logits               [n, 10], training mode, before the first step
    loss                 scalar, what is minimised, before the first step
    losses               [steps + 1], the loss before each step and after the last
    gradient/<variable>  `sample` of the first gradient
    variable/<variable>  `sample` of the variable after the last step (moving statistics too)
    anything else        whole arrays that a report's own test compares (e.g. eval_logits)
"""

from __future__ import annotations

import os
import zlib
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

N_CLASSES = 10
SAMPLE_SIZE = 32
N_STEPS = 10

_ONES = ("gamma",)
_MEANS = ("moving_mean", "running_mean")
_VARIANCES = ("moving_variance", "running_var")


def _stream(name: str) -> np.random.RandomState:
    return np.random.RandomState(zlib.crc32(name.encode()) & 0xFFFFFFFF)


def weights(name: str, shape: Sequence[int], dtype: str = "float64", kind: Optional[str] = None) -> np.ndarray:
    """The value that both sides give to one variable.

    Drawn in float64 from `RandomState(crc32(name)).uniform(-1, 1, shape)`, then scaled by the kind of the variable and
    cast:
        kernel    rank 2 or more: times sqrt(3 / fan_in), fan_in = product of all sizes but the last
        gamma     1 + 0.1 u       (batch norm's scale)
        mean      0.1 u           (moving mean)
        variance  1 + 0.5 u       (moving variance: positive, not 1)
        slope     0.25 + 0.05 u   (PReLU's single slope: rank 0, or [1] called "weight" as in PyTorch)
        bias      0.1 u           (all other vectors)

    Args:
        name: Full variable name without ":0".
        shape: The TF graph's shape.
        dtype: "float64" or "float32".
        kind: One of the words above; None reads it off the last part of the name (gamma, moving_mean, running_mean,
            moving_variance, running_var; a vector called "weight" is PyTorch's gamma) and the rank.

    Returns:
        Array of `shape` and `dtype`.
    """
    shape = tuple(int(size) for size in shape)
    u = _stream(name).uniform(-1.0, 1.0, shape)
    leaf = name.rsplit("/", 1)[-1]
    if kind is None:
        if leaf in _MEANS:
            kind = "mean"
        elif leaf in _VARIANCES:
            kind = "variance"
        elif leaf in _ONES or (leaf == "weight" and len(shape) == 1):
            kind = "slope" if shape == (1,) else "gamma"
        else:
            kind = "kernel" if len(shape) > 1 else "bias" if shape else "slope"
    if kind == "kernel":
        values = u * np.sqrt(3.0 / float(np.prod(shape[:-1], dtype=np.int64)))
    elif kind == "gamma":
        values = 1.0 + 0.1 * u
    elif kind == "variance":
        values = 1.0 + 0.5 * u
    elif kind == "slope":
        values = 0.25 + 0.05 * u
    elif kind in ("bias", "mean"):
        values = 0.1 * u
    else:
        raise ValueError(f"unknown kind {kind!r}")
    return np.asarray(values, dtype=dtype)


def fixed_batch(n: int, first: int = 0) -> Tuple[np.ndarray, np.ndarray]:
    """The batch that both sides see: n of one fixed sequence of pictures and labels.

    Args:
        n: Number of images.
        first: Where in the sequence it starts. A float32 case starts where no ReLU input and no pooling window is
            within rounding of its kink (the oracle script looks for it): there the gradient jumps. alexnet_bn's
            batches are not looked for: its test counts what float32 decides otherwise (tests/graphs/kinks.py).

    Returns:
        (images uint8 [n, 32, 32, 3], labels int64 [n] in 0..9). Each picture is a coarse 4x4 colour pattern plus
        noise, so that pictures differ in their means too.
    """
    images = np.empty((n, 32, 32, 3), np.uint8)
    for i in range(n):
        stream = _stream(f"fixed_batch/{first + i}")
        coarse = stream.randint(0, 192, (4, 4, 3)).repeat(8, axis=0).repeat(8, axis=1)
        images[i] = coarse + stream.randint(0, 64, (32, 32, 3))
    labels = _stream("fixed_batch/labels").randint(0, N_CLASSES, 4096)[first : first + n]
    return images, labels.astype(np.int64)


def one_hot(labels: np.ndarray, dtype: str = "float64") -> np.ndarray:
    """Labels int [n] -> [n, 10]."""
    return np.eye(N_CLASSES, dtype=dtype)[labels]


def sample(name: str, array: np.ndarray) -> np.ndarray:
    """A compact record of one array.

    Args:
        name: The variable's name: it fixes the positions.
        array: Any shape, in the TF graph's layout.

    Returns:
        float64 [2 + k]: Euclidean norm, sum, and k = min(32, size) elements; all of them where the array has at most
        32, else those at `RandomState(crc32(name + "/positions")).randint(0, size, 32)` of the C-ordered array.
    """
    flat = np.asarray(array, dtype=np.float64).reshape(-1)
    if flat.size > SAMPLE_SIZE:
        elements = flat[_stream(name + "/positions").randint(0, flat.size, SAMPLE_SIZE)]
    else:
        elements = flat
    return np.concatenate([[np.sqrt(np.sum(flat * flat)), np.sum(flat)], elements])


def record(
    logits: np.ndarray,
    losses: Sequence[float],
    gradients: Mapping[str, np.ndarray],
    variables: Mapping[str, np.ndarray],
    extra: Optional[Mapping[str, np.ndarray]] = None,
) -> Dict[str, np.ndarray]:
    """The flat dictionary of one case, made by the oracle scripts and by the tests alike.

    Args:
        logits: [n, 10] before the first step.
        losses: The loss before each step and after the last.
        gradients: Variable name -> first gradient, TF layout; every trainable variable.
        variables: Variable name -> value after the last step, TF layout; moving statistics too.
        extra: Whole arrays to keep.
    """
    case = {"logits": np.asarray(logits), "loss": np.asarray(losses[0]), "losses": np.asarray(losses)}
    case.update({f"gradient/{name}": sample(name, value) for name, value in gradients.items()})
    case.update({f"variable/{name}": sample(name, value) for name, value in variables.items()})
    # the sizes turn norms into typical elements when two records are compared
    case.update({f"size/{name}": np.asarray(np.size(value)) for name, value in {**gradients, **variables}.items()})
    case.update({name: np.asarray(value) for name, value in (extra or {}).items()})
    return case


def clear(values: Dict[str, np.ndarray], golden: Mapping[str, np.ndarray]) -> None:
    """Sets to 0, in place, what `zero/<variable>` masks: elements whose exact gradient is 0, where all that any
    program computes is rounding (a golden file has masks only where its oracle script found such elements)."""
    for key, mask in golden.items():
        name = key[len("zero/") :]
        if key.startswith("zero/") and name in values:
            values[name] = np.where(mask, 0.0, values[name])


def script_name(path: str) -> str:
    """What a golden file says of its maker: the script's path from the root of the repository, given its `__file__`."""
    return "tests/oracles/" + os.path.basename(path)


def write_golden(path: str, script: str, oracle: str, dtype: str, case: Mapping[str, np.ndarray]) -> None:
    """Writes one case; byte-equal when the numbers are (npz entries carry no time).

    Args:
        path: The golden file.
        script: `__file__` of the script that computed it.
        oracle: The framework and its version.
        dtype: "float64" or "float32".
        case: From `record`.
    """
    np.savez_compressed(
        path, script=np.asarray(script_name(script)), oracle=np.asarray(oracle), dtype=np.asarray(dtype), **dict(case)
    )


def read_golden(path: str) -> Dict[str, np.ndarray]:
    """Reads one case."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


class Errors(NamedTuple):
    """Relative errors between two records of one case.

    Attributes:
        forward: Larger of: largest logit difference over the largest logit; loss difference over the loss.
        gradients: Largest over all variables; see `difference`.
        ten_steps: float64: largest over all variables after the last step. float32: the loss after one step, in units
            of the loss before it (one Adam step on a few images can take the loss to some hundredths, whose own
            relative error says how well the logits are conditioned, not how well the step was computed).
        worst_gradient: The variable that `gradients` comes from.
        worst_step: The variable that `ten_steps` comes from.
    """

    forward: float
    gradients: float
    ten_steps: float
    worst_gradient: str
    worst_step: str


def _of_own_size(expected: np.ndarray, actual: np.ndarray, size: int) -> float:
    """Difference of two samples in units of the variable itself.

    Norm over the norm; elements over the root mean square element (not over the norm, which hides a wrong element in
    a large array); the sum over norm * sqrt(size), the largest sum that such an array can have.
    """
    norm = float(expected[0])
    if norm == 0.0:
        return float(np.max(np.abs(actual)))
    units = np.full(expected.shape, norm / np.sqrt(size))
    units[0], units[1] = norm, norm * np.sqrt(size)
    return float(np.max(np.abs(actual - expected) / units))


def difference(
    expected: Mapping[str, np.ndarray],
    actual: Mapping[str, np.ndarray],
    zero_gradients: Sequence[str] = (),
) -> Errors:
    """Compares what the graph computed with a golden file.

    Args:
        expected: The golden file.
        actual: `record` of the graph, of the same case.
        zero_gradients: Variables whose exact gradient is 0 (a convolution bias before batch norm): what is computed is
            rounding, so they are left out here; assert `zero_gradient_ratio` instead.

    Returns:
        The errors. In float64 each gradient and variable is measured by its own size; in float32 every gradient is
        measured by the norm of the whole gradient.

    Raises:
        AssertionError: the two records do not hold the same variables.
    """
    keys = [key for key in expected if key.startswith(("gradient/", "variable/"))]
    found = [key for key in actual if key.startswith(("gradient/", "variable/"))]
    assert sorted(keys) == sorted(found), sorted(set(keys) ^ set(found))
    forward = max(
        float(np.max(np.abs(actual["logits"] - expected["logits"])) / np.max(np.abs(expected["logits"]))),
        abs(float(actual["loss"]) - float(expected["loss"])) / abs(float(expected["loss"])),
    )
    double = str(expected["dtype"]) == "float64"
    whole = np.sqrt(sum(float(expected[key][0]) ** 2 for key in keys if key.startswith("gradient/")))

    gradients: List[Tuple[float, str]] = [(0.0, "")]
    steps: List[Tuple[float, str]] = [(0.0, "")]
    for key in keys:
        kind, name = key.split("/", 1)
        size = int(expected[f"size/{name}"])
        if kind == "variable":
            steps.append((_of_own_size(expected[key], actual[key], size), name))
        elif name not in zero_gradients:
            if double:
                gradients.append((_of_own_size(expected[key], actual[key], size), name))
            else:
                parts = np.abs(actual[key] - expected[key]) / whole
                parts[1] /= np.sqrt(size)
                gradients.append((float(np.max(parts)), name))
    if not double:
        unit = max(abs(float(expected["losses"][0])), abs(float(expected["losses"][1])))
        after_one = abs(float(actual["losses"][1]) - float(expected["losses"][1])) / unit
        steps = [(after_one, "loss after one step")]
    worst_gradient, worst_step = max(gradients), max(steps)
    return Errors(forward, worst_gradient[0], worst_step[0], worst_gradient[1], worst_step[1])


def zero_gradient_ratio(case: Mapping[str, np.ndarray], bias: str, kernel: str) -> float:
    """Largest sampled element of a bias' gradient over the norm of its kernel's: rounding only, before batch norm."""
    return float(np.max(np.abs(case[f"gradient/{bias}"][2:]))) / float(case[f"gradient/{kernel}"][0])

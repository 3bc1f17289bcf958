"""Golden files of `alexnet_bn`, written by Keras 2: tf-keras under TensorFlow 2, or tf.keras of TensorFlow 1.15.

    python -m tests.oracles.make_alexnet_bn_golden            (tf-keras: writes the golden files)
    python -m tests.oracles.make_alexnet_bn_golden --check    (either framework: compares with the stored files)

The model is the report's listing with Keras' own layers, minus its Dropout layers (off on both sides), and sees
pictures that Pillow has resized by nearest neighbour. Keras numbers the layers and names the variables.

The batches are fixed by a rule that knows Keras alone: the first three of eight images of `reference.fixed_batch`, at
the report's learning rate. Passed over, printed and noted in the files is only a batch in which Keras' own float32
gradient is more than `TIED` of its norm from Keras' float64 by the golden tests' measure (`reference.difference`: the
worst variable's norm, sum and sampled elements). None was. By the distance of all elements (`gradient_distance` in the
float32 files, 2.4e-3 or more in each of the first 35 batches) the rule would leave no batch. Keras' float32 is stored:
its distances are the measure of the kit's float32.

In float64 ten steps at this rate on eight images blow rounding up, too, so Keras is held to itself: the same batch with
its images in reverse order is the same sum in other order, and how far that is from the first (`own_variables`,
`own_evaluation` [3] in the float64 files) is the measure of the kit's float64 after ten steps.

Corrected by hand is, in float64 only, `bessel_corrected`. Settings that Keras would round to float32 in a float64 model
(the share 1 - momentum of batch norm, Adam's) are given as NumPy numbers, so that it does not.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, List, Tuple

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.oracles import reference

keras: Any
if tf.__version__.startswith("1."):
    keras = tf.keras
    ORACLE = f"TensorFlow {tf.__version__}, tf.keras"
    tf.enable_eager_execution()
else:
    import tf_keras

    keras = tf_keras
    ORACLE = f"tf-keras {keras.__version__} (TensorFlow {tf.__version__})"

OUT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "alexnet_bn")
N_IMAGES = 8
N_BATCHES = 3
TIED = 1e-3  # see the head of this file
DISTURBED = 1e-13  # relative, of every weight: what two programs' forward passes differ by is more
NEAREST = 0  # PIL.Image.NEAREST, by number: the name moved between Pillow's releases
MOMENTUM = 0.99
LEARNING_RATE = 1e-3  # Keras' default, as the report has it


def build_model(dtype: str) -> Any:
    """The listing, without its Dropout layers; the fused batch norm has no float64 kernel."""
    layers = keras.layers
    fused = False if dtype == "float64" else None
    # Keras' default, as a NumPy number: of Python's, 1 - momentum becomes a float32 tensor in float64 models, too
    momentum = np.float64(MOMENTUM) if dtype == "float64" else MOMENTUM
    model = keras.models.Sequential()
    model.add(
        layers.Conv2D(96, (11, 11), strides=(4, 4), padding="valid", activation="relu", input_shape=(256, 256, 3))
    )
    model.add(layers.BatchNormalization(momentum=momentum, fused=fused))
    model.add(layers.MaxPooling2D(pool_size=(3, 3), strides=(2, 2)))
    model.add(layers.Conv2D(256, (5, 5), strides=(1, 1), padding="same", activation="relu"))
    model.add(layers.BatchNormalization(momentum=momentum, fused=fused))
    model.add(layers.MaxPooling2D(pool_size=(3, 3), strides=(2, 2)))
    model.add(layers.Conv2D(384, (3, 3), strides=(1, 1), padding="same", activation="relu"))
    model.add(layers.Conv2D(384, (3, 3), strides=(1, 1), padding="same", activation="relu"))
    model.add(layers.Conv2D(256, (3, 3), strides=(1, 1), padding="same", activation="relu"))
    model.add(layers.MaxPooling2D(pool_size=(3, 3), strides=(2, 2)))
    model.add(layers.Flatten())
    for units in (512, 256, 128):
        model.add(layers.Dense(units, activation="relu"))
        model.add(layers.BatchNormalization(momentum=momentum))
    model.add(layers.Dense(10, activation="softmax"))
    return model


def pictures(dtype: str, first_image: int) -> Tuple[np.ndarray, np.ndarray]:
    """[n, 256, 256, 3] pixels 0..1 and one-hot labels."""
    pixels, labels = reference.fixed_batch(N_IMAGES, first_image)
    large = [np.asarray(Image.fromarray(image).resize((256, 256), NEAREST)) for image in pixels]
    return (np.asarray(large) / 255.0).astype(dtype), reference.one_hot(labels, dtype)


def names_of(variables: List[Any]) -> List[str]:
    return [variable.name.split(":")[0] for variable in variables]


def case(
    dtype: str, first_image: int, reverse: bool = False, off: float = 0.0
) -> Tuple[Dict[str, np.ndarray], List[np.ndarray]]:
    """Ten steps of Keras' Adam on eight images, batch statistics in use, dropout off.

    Args:
        dtype: "float64" or "float32".
        first_image: Where in the fixed sequence the batch starts.
        reverse: The eight images in reverse order; logits are recorded in the usual one.
        off: Every initial weight is multiplied by 1 + off * u, u uniform in -1..1: how far a disturbance of that size
            grows.

    Returns:
        The record, with `first_image` and `eval_logits` [3, 8, 10] (before, after one step, after ten), and the whole
        first gradient, an array per trainable variable.
    """
    keras.backend.clear_session()
    keras.backend.set_floatx(dtype)
    model = build_model(dtype)
    names = names_of(model.weights)
    for name, variable in zip(names, model.weights):
        value = reference.weights(name, variable.shape.as_list(), dtype)
        if off:
            value = value * (1.0 + off * reference.weights(f"off/{name}", value.shape, dtype, kind="bias") / 0.1)
        variable.assign(value)
    x, y = pictures(dtype, first_image)
    order = slice(None, None, -1 if reverse else 1)
    x, y = tf.constant(x[order]), tf.constant(y[order])
    trainable = model.trainable_weights
    # Keras' defaults; as NumPy numbers, because tf.cast makes float32 of Python's, in float64 models too
    rate, beta_1, beta_2 = (np.dtype(dtype).type(value) for value in (LEARNING_RATE, 0.9, 0.999))
    optimizer = keras.optimizers.Adam(rate, beta_1=beta_1, beta_2=beta_2)
    before_softmax = keras.models.Model(model.input, model.layers[-2].output)
    last = model.layers[-1]

    def logits_of(training: bool) -> Any:
        return tf.matmul(before_softmax(x, training=training), last.kernel) + last.bias

    def loss_of(logits: Any) -> Any:
        loss = keras.losses.categorical_crossentropy(y, logits, from_logits=True)  # what Keras does behind its Softmax
        return tf.reduce_mean(loss)

    def evaluated_after(n_steps: int) -> np.ndarray:
        """Evaluation logits [8, 10]; the averages are left as Keras has them."""
        as_averaged = [variable.numpy() for variable in model.weights]
        if dtype == "float64":
            bessel_corrected(model, n_steps)
        logits = logits_of(False).numpy()
        for variable, value in zip(model.weights, as_averaged):
            variable.assign(value)
        return logits

    losses: List[float] = []
    first_gradients: List[np.ndarray] = []
    first_logits = np.empty(0)
    evaluated = [evaluated_after(0)]
    for step in range(reference.N_STEPS):
        with tf.GradientTape() as tape:
            logits = logits_of(True)  # updates the moving statistics, too
            loss = loss_of(logits)
        gradients = tape.gradient(loss, trainable)
        if step == 0:
            first_gradients, first_logits = [g.numpy() for g in gradients], logits.numpy()
        losses.append(float(loss.numpy()))
        optimizer.apply_gradients(zip(gradients, trainable))
        if step == 0:
            evaluated.append(evaluated_after(1))
    evaluated.append(evaluated_after(reference.N_STEPS))
    if dtype == "float64":
        bessel_corrected(model, reference.N_STEPS)
    after = [variable.numpy() for variable in model.weights]
    losses.append(float(loss_of(logits_of(True)).numpy()))  # last: it moves the statistics once more
    numbers = reference.record(
        first_logits[order],
        losses,
        dict(zip(names_of(trainable), first_gradients)),
        dict(zip(names, after)),
        {"first_image": np.asarray(first_image), "eval_logits": np.stack(evaluated)[:, order]},
    )
    return numbers, first_gradients


def distance(exact: List[np.ndarray], rounded: List[np.ndarray]) -> float:
    """How far one whole gradient is from another, in units of its norm."""
    squares = [float(np.sum((one.astype(np.float64) - other) ** 2)) for one, other in zip(exact, rounded)]
    return float(np.sqrt(sum(squares) / sum(float(np.sum(np.square(one))) for one in exact)))


def bessel_corrected(model: Any, n_steps: int) -> None:
    """Q17 in float64, where Keras falls back to its unfused batch norm and averages the biased variance.

    Every step adds (1 - 0.99) times the biased variance; the fused op, for which `small_batch_norms` stands, adds
    n/(n-1) times that, with the same n in every step, so the difference is exact arithmetic.
    """
    for name, pixels in (("batch_normalization", 62 * 62), ("batch_normalization_1", 30 * 30)):
        moving = model.get_layer(name).moving_variance
        first = reference.weights(f"{name}/moving_variance", moving.shape.as_list())
        kept = MOMENTUM**n_steps * first
        n = float(N_IMAGES * pixels)
        moving.assign(kept + (moving.numpy() - kept) * n / (n - 1.0))


def small_batch_norms() -> Dict[str, np.ndarray]:
    """Q17: both kinds of batch norm after one training step on a dozen values, where n/(n-1) can be seen."""
    found = {}
    for kind, shape in (("4d", [3, 2, 2, 5]), ("2d", [6, 5])):
        layer = keras.layers.BatchNormalization()
        x = tf.constant(reference.weights(f"q17/{kind}", shape, "float32", kind="bias"))
        found[f"q17_{kind}/output"] = layer(x, training=True).numpy()
        found[f"q17_{kind}/moving_mean"] = layer.moving_mean.numpy()
        found[f"q17_{kind}/moving_variance"] = layer.moving_variance.numpy()
    return found


def evaluation_distance(one: Dict[str, np.ndarray], other: Dict[str, np.ndarray]) -> np.ndarray:
    """[3]: largest difference of the evaluation logits before, after one step and after ten, over the largest."""
    difference = np.max(np.abs(one["eval_logits"] - other["eval_logits"]), axis=(1, 2))
    return np.asarray(difference / np.max(np.abs(one["eval_logits"]), axis=(1, 2)))


def path_of(name: str, dtype: str) -> str:
    return os.path.join(OUT, f"{name}_{dtype}.npz")


def write(name: str, dtype: str, numbers: Dict[str, np.ndarray]) -> None:
    path = path_of(name, dtype)
    reference.write_golden(path, __file__, ORACLE, dtype, numbers)
    print(os.path.basename(path), os.path.getsize(path), "bytes", flush=True)


def make() -> None:
    """Writes the files of the first `N_BATCHES` batches that are not tied, and those of the two batch norms."""
    if not os.path.isdir(OUT):
        os.makedirs(OUT)
    write("batch_norms", "float32", small_batch_norms())
    passed_over: List[int] = []
    n_found = first_image = 0
    while n_found < N_BATCHES:
        (double, exact), (single, rounded) = (case(dtype, first_image) for dtype in ("float64", "float32"))
        away = reference.difference({**double, "dtype": np.asarray("float32")}, single).gradients
        whole = distance(exact, rounded)
        print(
            f"images from {first_image}: Keras' float32 gradient {away:.2e} away ({whole:.2e} all elements)", flush=True
        )
        if away > TIED:
            print(f"images from {first_image}: passed over, more than {TIED:.0e}", flush=True)
            passed_over.append(first_image)
        else:
            n_found += 1
            single["gradient_distance"] = np.asarray(whole)
            reversed_, _ = case("float64", first_image, reverse=True)
            own = reference.difference({**double, "dtype": np.asarray("float64")}, reversed_)
            double["own_variables"] = np.asarray(own.ten_steps)
            double["own_evaluation"] = evaluation_distance(double, reversed_)
            print(f"float64, images in reverse order: {own}, evaluation {double['own_evaluation']}", flush=True)
            for dtype, numbers in (("float64", double), ("float32", single)):
                numbers["passed_over"] = np.asarray(passed_over, np.int64)
                write(f"batch_{n_found}", dtype, numbers)
        first_image += N_IMAGES


def check() -> None:
    """Compares this framework's numbers with the stored files."""
    stored, numbers = reference.read_golden(path_of("batch_norms", "float32")), small_batch_norms()
    for name in numbers:
        print(name, float(np.max(np.abs(stored[name] - numbers[name]))), flush=True)
    for number in range(1, N_BATCHES + 1):
        for dtype in ("float64", "float32"):
            stored = reference.read_golden(path_of(f"batch_{number}", dtype))
            numbers, _ = case(dtype, int(stored["first_image"]))
            print(ORACLE, number, dtype, reference.difference(stored, numbers), flush=True)
            print("evaluation", evaluation_distance(stored, numbers), flush=True)
            print("losses", np.abs(numbers["losses"] / stored["losses"] - 1.0), flush=True)
            if dtype == "float64":
                for words, changes in (("images reversed", {"reverse": True}), ("weights off", {"off": DISTURBED})):
                    other, _ = case(dtype, int(stored["first_image"]), **changes)
                    own = reference.difference({**numbers, "dtype": np.asarray(dtype)}, other)
                    print("from itself with", words, own, evaluation_distance(numbers, other), flush=True)


if __name__ == "__main__":
    check() if "--check" in sys.argv else make()

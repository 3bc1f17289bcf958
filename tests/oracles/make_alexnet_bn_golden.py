"""Golden files of `alexnet_bn`, written by Keras 2: tf-keras under TensorFlow 2, or tf.keras of TensorFlow 1.15.

    python -m tests.oracles.make_alexnet_bn_golden            (tf-keras: writes the golden files)
    python -m tests.oracles.make_alexnet_bn_golden --check    (either framework: compares with the stored files)

The model is the report's listing with Keras' own layers, minus its Dropout layers (off on both sides), and sees
pictures that Pillow has resized by nearest neighbour. Keras numbers the layers and names the variables. The batches are
the first three of eight images of `reference.fixed_batch`, at the report's learning rate; none is left out.

The files hold, too, how far Keras is from itself: what the kit is held to where no fixed number would say anything.

- float64: ten steps at this rate on eight images blow rounding up. `own_*` are the distances of `N_DRAWS` runs whose
  initial weights are off by at most `DISTURBED` of themselves, each by a draw of its own, from the run that is stored.
  The size is that of rounding: the longest sum, over 9,216 products, rounds to about sqrt(9216) = 96 half ulps, 1e-14,
  if its errors are independent, and to 9216 of them, 1e-12, at worst; 1e-13 is the middle of the two.
- float32: at a ReLU or a pooling window that rounding decides the gradient jumps. `own_*` are the distances of
  Keras' float32 from its float64, with the images in `N_DRAWS` orders: the usual one, which is stored, and others,
  drawn. Another order is another rounding of every sum over images and nothing else.

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
N_DRAWS = 8  # see the head of this file
DISTURBED = 1e-13  # relative, of every weight
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
    dtype: str, first_image: int, weights: int = 0, order: int = 0, n_steps: int = reference.N_STEPS
) -> Dict[str, Any]:
    """Steps of Keras' Adam on eight images, batch statistics in use, dropout off.

    Args:
        dtype: "float64" or "float32".
        first_image: Where in the fixed sequence the batch starts.
        weights: 0: as `reference.weights` has them; otherwise the number of a draw u, uniform in -1..1: every initial
            weight is multiplied by 1 + DISTURBED * u.
        order: 0: the images as they come; otherwise the number of a drawn order. Logits are recorded in the usual one.
        n_steps: Training steps.

    Returns:
        `reference.record`, with `first_image` and `eval_logits` [3, 8, 10] (before, after one step, after the last).
    """
    keras.backend.clear_session()
    keras.backend.set_floatx(dtype)
    model = build_model(dtype)
    names = names_of(model.weights)
    for name, variable in zip(names, model.weights):
        value = reference.weights(name, variable.shape.as_list(), dtype)
        if weights:
            drawn = reference.weights(f"draw {weights}/{name}", value.shape, dtype, kind="bias") / 0.1
            value = value * (1.0 + DISTURBED * drawn)
        variable.assign(value)
    x, y = pictures(dtype, first_image)
    shown = np.random.RandomState(order).permutation(N_IMAGES) if order else np.arange(N_IMAGES)
    as_usual = np.argsort(shown)
    x, y = tf.constant(x[shown]), tf.constant(y[shown])
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
    for step in range(n_steps):
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
    evaluated.append(evaluated_after(n_steps))
    if dtype == "float64":
        bessel_corrected(model, n_steps)
    after = [variable.numpy() for variable in model.weights]
    losses.append(float(loss_of(logits_of(True)).numpy()))  # last: it moves the statistics once more
    return reference.record(
        first_logits[as_usual],
        losses,
        dict(zip(names_of(trainable), first_gradients)),
        dict(zip(names, after)),
        {"first_image": np.asarray(first_image), "eval_logits": np.stack(evaluated)[:, as_usual]},
    )


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


def away(one: Dict[str, Any], other: Dict[str, Any], dtype: str) -> Dict[str, Any]:
    """How far one record is from another, relative.

    Returns:
        `forward`, `gradients`, `ten_steps`: of `reference.Errors`; `losses`: of each loss that both have; `evaluation`
        [3]: largest difference of the evaluation logits before, after one step and after ten, over the largest logit;
        [2] where one of them took a single step.
    """
    error = reference.difference({**one, "dtype": np.asarray(dtype)}, other)
    difference = np.max(np.abs(one["eval_logits"] - other["eval_logits"]), axis=(1, 2))
    n = min(len(one["losses"]), len(other["losses"]))
    return {
        "forward": error.forward,
        "gradients": error.gradients,
        "ten_steps": error.ten_steps,
        "evaluation": (difference / np.max(np.abs(one["eval_logits"]), axis=(1, 2)))[: 3 if n > 2 else 2],
        "losses": np.abs(other["losses"][:n] / one["losses"][:n] - 1.0),
    }


def own(records: List[Dict[str, Any]], double: Dict[str, Any], dtype: str) -> Dict[str, np.ndarray]:
    """`own_<number>` of a golden file: an array over the draws."""
    found = [away(double, record, dtype) for record in records]
    for one in found:
        print(dtype, "from itself:", ", ".join(f"{name} {value}" for name, value in one.items()), flush=True)
    return {f"own_{name}": np.asarray([one[name] for one in found]) for name in found[0]}


def path_of(name: str, dtype: str) -> str:
    return os.path.join(OUT, f"{name}_{dtype}.npz")


def write(name: str, dtype: str, numbers: Dict[str, np.ndarray]) -> None:
    path = path_of(name, dtype)
    reference.write_golden(path, __file__, ORACLE, dtype, numbers)
    print(os.path.basename(path), os.path.getsize(path), "bytes", flush=True)


def make() -> None:
    """Writes the files of the batches, and those of the two batch norms."""
    if not os.path.isdir(OUT):
        os.makedirs(OUT)
    write("batch_norms", "float32", small_batch_norms())
    for number in range(1, N_BATCHES + 1):
        first_image = N_IMAGES * (number - 1)
        double, single = (case(dtype, first_image) for dtype in ("float64", "float32"))
        disturbed = [case("float64", first_image, weights=draw) for draw in range(1, N_DRAWS + 1)]
        in_orders = [case("float32", first_image, order=draw, n_steps=1) for draw in range(N_DRAWS)]
        write(f"batch_{number}", "float64", {**double, **own(disturbed, double, "float64")})
        write(f"batch_{number}", "float32", {**single, **own(in_orders, double, "float32")})


def check() -> None:
    """Compares this framework's numbers with the stored files."""
    stored, numbers = reference.read_golden(path_of("batch_norms", "float32")), small_batch_norms()
    for name in numbers:
        print(name, float(np.max(np.abs(stored[name] - numbers[name]))), flush=True)
    for number in range(1, N_BATCHES + 1):
        for dtype in ("float64", "float32"):
            stored = reference.read_golden(path_of(f"batch_{number}", dtype))
            found = away(stored, case(dtype, int(stored["first_image"])), dtype)
            print(ORACLE, f"batch {number}", dtype, flush=True)
            for name, value in found.items():
                print(f"  {name} {value}; from itself at most {stored[f'own_{name}'].max(axis=0)}", flush=True)


if __name__ == "__main__":
    check() if "--check" in sys.argv else make()

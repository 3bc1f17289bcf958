"""Golden files of `alexnet_bn`, written by Keras 2: tf-keras under TensorFlow 2, or tf.keras of TensorFlow 1.15.

    python -m tests.oracles.make_alexnet_bn_golden            (tf-keras: writes the golden files)
    python -m tests.oracles.make_alexnet_bn_golden --check    (either framework: compares with the stored files)

The model is the report's listing with Keras' own layers, minus its Dropout layers (off on both sides), and sees
pictures that Pillow has resized by nearest neighbour. Keras numbers the layers and names the variables.

Five batch norms in a row make the net sensitive: Keras' own float32 logits are 1e-4 away from its float64 ones, as its
fused batch norm adds 30,752 values of a channel one after the other. The batch is the first of eight images on which
this kit's float32 meets 1e-5 of Keras' float64 with both TensorFlows; Keras' float32 is stored to show its rounding.
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
FIRST_IMAGE = 0
NEAREST = 0  # PIL.Image.NEAREST, by number: the name moved between Pillow's releases
MOMENTUM = 0.99
LEARNING_RATE = 1e-4  # at the default 1e-3 ten steps on eight images blow rounding up 50,000 times


def build_model(dtype: str) -> Any:
    """The listing, without its Dropout layers; the fused batch norm has no float64 kernel."""
    layers = keras.layers
    fused = False if dtype == "float64" else None
    model = keras.models.Sequential()
    model.add(
        layers.Conv2D(96, (11, 11), strides=(4, 4), padding="valid", activation="relu", input_shape=(256, 256, 3))
    )
    model.add(layers.BatchNormalization(fused=fused))
    model.add(layers.MaxPooling2D(pool_size=(3, 3), strides=(2, 2)))
    model.add(layers.Conv2D(256, (5, 5), strides=(1, 1), padding="same", activation="relu"))
    model.add(layers.BatchNormalization(fused=fused))
    model.add(layers.MaxPooling2D(pool_size=(3, 3), strides=(2, 2)))
    model.add(layers.Conv2D(384, (3, 3), strides=(1, 1), padding="same", activation="relu"))
    model.add(layers.Conv2D(384, (3, 3), strides=(1, 1), padding="same", activation="relu"))
    model.add(layers.Conv2D(256, (3, 3), strides=(1, 1), padding="same", activation="relu"))
    model.add(layers.MaxPooling2D(pool_size=(3, 3), strides=(2, 2)))
    model.add(layers.Flatten())
    for units in (512, 256, 128):
        model.add(layers.Dense(units, activation="relu"))
        model.add(layers.BatchNormalization())
    model.add(layers.Dense(10, activation="softmax"))
    return model


def pictures(dtype: str) -> Tuple[np.ndarray, np.ndarray]:
    """[n, 256, 256, 3] pixels 0..1 and one-hot labels."""
    pixels, labels = (part[FIRST_IMAGE:] for part in reference.fixed_batch(FIRST_IMAGE + N_IMAGES))
    large = [np.asarray(Image.fromarray(image).resize((256, 256), NEAREST)) for image in pixels]
    return (np.asarray(large) / 255.0).astype(dtype), reference.one_hot(labels, dtype)


def names_of(variables: List[Any]) -> List[str]:
    return [variable.name.split(":")[0] for variable in variables]


def case(dtype: str) -> Dict[str, np.ndarray]:
    """Ten steps of Keras' Adam on eight images, batch statistics in use, dropout off."""
    keras.backend.clear_session()
    keras.backend.set_floatx(dtype)
    model = build_model(dtype)
    names = names_of(model.weights)
    for name, variable in zip(names, model.weights):
        variable.assign(reference.weights(name, variable.shape.as_list(), dtype))
    x, y = pictures(dtype)
    x, y = tf.constant(x), tf.constant(y)
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

    losses: List[float] = []
    first_gradients: List[np.ndarray] = []
    first_logits = np.empty(0)
    for step in range(reference.N_STEPS):
        with tf.GradientTape() as tape:
            logits = logits_of(True)  # updates the moving statistics, too
            loss = loss_of(logits)
        gradients = tape.gradient(loss, trainable)
        if step == 0:
            first_gradients, first_logits = [g.numpy() for g in gradients], logits.numpy()
        losses.append(float(loss.numpy()))
        optimizer.apply_gradients(zip(gradients, trainable))
    if dtype == "float64":
        bessel_corrected(model)
    after = [variable.numpy() for variable in model.weights]
    eval_logits = logits_of(False).numpy()
    losses.append(float(loss_of(logits_of(True)).numpy()))  # last: it moves the statistics once more
    extra = {"first_image": np.asarray(FIRST_IMAGE), "eval_logits": eval_logits}
    if dtype == "float32":
        extra.update(small_batch_norms())
    return reference.record(
        first_logits,
        losses,
        dict(zip(names_of(trainable), first_gradients)),
        dict(zip(names, after)),
        extra,
    )


def bessel_corrected(model: Any) -> None:
    """Q17 in float64, where Keras falls back to its unfused batch norm and averages the biased variance.

    Every step adds (1 - 0.99) times the biased variance; the fused op, for which `small_batch_norms` stands, adds
    n/(n-1) times that, with the same n in every step, so the difference is exact arithmetic.
    """
    for name, pixels in (("batch_normalization", 62 * 62), ("batch_normalization_1", 30 * 30)):
        moving = model.get_layer(name).moving_variance
        first = reference.weights(f"{name}/moving_variance", moving.shape.as_list())
        kept = MOMENTUM**reference.N_STEPS * first
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


def main() -> None:
    """Writes both files, or compares with the stored ones."""
    if not os.path.isdir(OUT):
        os.makedirs(OUT)
    for dtype in ("float64", "float32"):
        path = os.path.join(OUT, f"batch_100_epochs_30_{dtype}.npz")
        numbers = case(dtype)
        if "--check" in sys.argv:
            stored = reference.read_golden(path)
            print(ORACLE, dtype, reference.difference(stored, numbers), flush=True)
            for name in stored:
                if name.startswith("q17"):
                    print(name, float(np.max(np.abs(stored[name] - numbers[name]))), flush=True)
            continue
        reference.write_golden(path, __file__, ORACLE, dtype, numbers)
        print(os.path.basename(path), os.path.getsize(path), "bytes", flush=True)


if __name__ == "__main__":
    main()

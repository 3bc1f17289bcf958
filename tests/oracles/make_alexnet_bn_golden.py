"""Golden files of `alexnet_bn`, written by Keras 2: tf-keras under TensorFlow 2, or tf.keras of TensorFlow 1.15.

    python -m tests.oracles.make_alexnet_bn_golden            (tf-keras: writes the golden files)
    python -m tests.oracles.make_alexnet_bn_golden --check    (either framework: compares with the stored files)

The model is the report's listing with Keras' own layers, minus its Dropout layers (off on both sides), and sees
pictures that Pillow has resized by nearest neighbour. Keras numbers the layers and names the variables.
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

if tf.__version__.startswith("1."):
    keras = tf.keras
    ORACLE = f"TensorFlow {tf.__version__}, tf.keras"
    tf.enable_eager_execution()
else:
    import tf_keras as keras

    ORACLE = f"tf-keras {keras.__version__} (TensorFlow {tf.__version__})"

OUT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "alexnet_bn")
N_IMAGES = 2
FIRST_IMAGES = (0, 2, 4, 6, 8, 10, 12, 14)  # the first well-posed batch, see `main`
PADDING_NEAREST = 0  # PIL.Image.NEAREST


def build_model() -> Any:
    """The listing, without its Dropout layers."""
    layers = keras.layers
    model = keras.models.Sequential()
    model.add(layers.Conv2D(96, (11, 11), strides=(4, 4), padding="valid", activation="relu",
                            input_shape=(256, 256, 3)))
    model.add(layers.BatchNormalization())
    model.add(layers.MaxPooling2D(pool_size=(3, 3), strides=(2, 2)))
    model.add(layers.Conv2D(256, (5, 5), strides=(1, 1), padding="same", activation="relu"))
    model.add(layers.BatchNormalization())
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


def pictures(first_image: int, dtype: str) -> Tuple[np.ndarray, np.ndarray]:
    """[n, 256, 256, 3] pixels 0..1 and one-hot labels."""
    pixels, labels = (part[first_image:] for part in reference.fixed_batch(first_image + N_IMAGES))
    large = [np.asarray(Image.fromarray(image).resize((256, 256), PADDING_NEAREST)) for image in pixels]
    return (np.asarray(large) / 255.0).astype(dtype), reference.one_hot(labels, dtype)


def names_of(variables: List[Any]) -> List[str]:
    return [variable.name.split(":")[0] for variable in variables]


def case(dtype: str, first_image: int) -> Dict[str, np.ndarray]:
    """Ten steps of Keras' Adam on two images, batch statistics in use, dropout off."""
    keras.backend.clear_session()
    keras.backend.set_floatx(dtype)
    model = build_model()
    names = names_of(model.weights)
    for name, variable in zip(names, model.weights):
        variable.assign(reference.weights(name, variable.shape.as_list(), dtype))
    x, y = pictures(first_image, dtype)
    x, y = tf.constant(x), tf.constant(y)
    trainable = model.trainable_weights
    optimizer = keras.optimizers.Adam()
    before_softmax = keras.models.Model(model.input, model.layers[-2].output)
    last = model.layers[-1]

    def logits_of(training: bool) -> Any:
        return tf.matmul(before_softmax(x, training=training), last.kernel) + last.bias

    def loss_of(logits: Any) -> Any:
        loss = keras.losses.categorical_crossentropy(y, logits, from_logits=True)  # what Keras does behind its Softmax
        return tf.reduce_mean(loss)

    losses, first_gradients, first_logits = [], [], None
    for step in range(reference.N_STEPS):
        with tf.GradientTape() as tape:
            logits = logits_of(True)  # updates the moving statistics, too
            loss = loss_of(logits)
        gradients = tape.gradient(loss, trainable)
        if step == 0:
            first_gradients, first_logits = [g.numpy() for g in gradients], logits.numpy()
        losses.append(float(loss.numpy()))
        optimizer.apply_gradients(zip(gradients, trainable))
    after = [variable.numpy() for variable in model.weights]
    eval_logits = logits_of(False).numpy()
    losses.append(float(loss_of(logits_of(True)).numpy()))  # last: it moves the statistics once more
    return reference.record(
        first_logits,
        losses,
        dict(zip(names_of(trainable), first_gradients)),
        dict(zip(names, after)),
        {"first_image": np.asarray(first_image), "eval_logits": eval_logits},
    )


def main() -> None:
    """Writes both files on the first batch where Keras' own float32 and float64 gradients agree; or checks them."""
    if "--check" in sys.argv:
        for dtype in ("float64", "float32"):
            stored = reference.read_golden(os.path.join(OUT, f"batch_100_epochs_30_{dtype}.npz"))
            print(ORACLE, dtype, reference.difference(stored, case(dtype, int(stored["first_image"]))), flush=True)
        return
    if not os.path.isdir(OUT):
        os.makedirs(OUT)
    for first_image in FIRST_IMAGES:
        double, single = (case(dtype, first_image) for dtype in ("float64", "float32"))
        found = reference.difference({**double, "dtype": np.asarray("float32")}, single)
        print(first_image, found, flush=True)
        if found.gradients < 1e-6:
            break
    else:
        raise SystemExit(f"no batch that starts at {FIRST_IMAGES} is well posed in float32")
    for dtype, numbers in (("float64", double), ("float32", single)):
        path = os.path.join(OUT, f"batch_100_epochs_30_{dtype}.npz")
        reference.write_golden(path, ORACLE, dtype, numbers)
        print(os.path.basename(path), f"from image {first_image}", os.path.getsize(path), "bytes", flush=True)


if __name__ == "__main__":
    main()

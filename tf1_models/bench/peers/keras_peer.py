"""Keras with `fit`: peers `keras` and `keras_xla` (jit_compile).

`step`: one endless `fit` over a resident batch, timed by a callback, so that what `fit` costs around a step counts and
its start does not. `evaluate`: `predict`. `epoch`: `fit` over arrays (alexnet_bn: over the image generator that its
report used, which reads and resizes pictures from class folders) and a `predict`. `input`: that generator alone.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any, Dict, List, Optional

import numpy as np

from tf1_models.bench.peers import batches, protocol

MEMORY_STEPS = 8
INPUT_IMAGES = 1000  # files that the generator reads


def layers_of(keras: Any, report: str) -> List[Any]:
    """The report's layers."""
    L = keras.layers
    if report == "nine_conv":
        l2 = keras.regularizers.L2(0.005)  # 0.01 times half the squared norm
        found: List[Any] = []
        for filters, count in ((64, 2), (128, 2), (256, 2), (512, 3)):
            found += [
                L.Conv2D(filters, 3, padding="same", activation="relu", kernel_regularizer=l2) for _ in range(count)
            ]
            found.append(L.MaxPooling2D(2, padding="same"))
        return [
            *found,
            L.Flatten(),
            L.Dense(2048, kernel_regularizer=l2),
            L.Dropout(0.4),
            L.Dense(2048, kernel_regularizer=l2),
            L.Dropout(0.4),
            L.Dense(10, kernel_regularizer=l2),
        ]
    if report == "course_models":
        found = []
        for _ in range(2):
            found += [L.Conv2D(64, 5, padding="same", activation="relu"), L.MaxPooling2D(2)]
        found += [L.Conv2D(128, 3, padding="same", activation="relu") for _ in range(3)]
        return [*found, L.Flatten(), L.Dense(1024, activation="relu"), L.Dense(10), L.Softmax()]  # Q1
    if report == "bn_cnn":
        found = []
        for channels in (32, 64, 128):
            found += [
                L.Conv2D(channels, 5, padding="same"),
                L.BatchNormalization(momentum=0.9, epsilon=1e-5),
                L.ReLU(),
                L.MaxPooling2D(2),
            ]
        return [
            *found,
            L.Flatten(),
            L.Dense(100, activation="relu"),
            L.Dropout(0.3),
            L.Dense(50, activation="relu"),
            L.Dropout(0.3),
            L.Dense(10),
        ]
    if report == "prelu_cnn":
        start = keras.initializers.Constant(0.25)
        found = []
        for channels in (16, 32, 64):
            found += [
                L.Conv2D(channels, 3, padding="same"),
                L.PReLU(start, shared_axes=[1, 2, 3]),
                L.BatchNormalization(momentum=0.9, epsilon=1e-5),
            ]
            found += [L.MaxPooling2D(2)] if channels > 16 else []
        return [
            *found,
            L.Flatten(),
            L.Dense(100),
            L.PReLU(start, shared_axes=[1]),
            L.BatchNormalization(momentum=0.9, epsilon=1e-5),
            L.Dense(10),
        ]
    found = [
        L.Conv2D(96, 11, strides=4, activation="relu"),
        L.BatchNormalization(),
        L.MaxPooling2D(3, 2),
        L.Conv2D(256, 5, padding="same", activation="relu"),
        L.BatchNormalization(),
        L.MaxPooling2D(3, 2),
    ]
    found += [L.Conv2D(filters, 3, padding="same", activation="relu") for filters in (384, 384, 256)]
    found += [L.MaxPooling2D(3, 2), L.Flatten()]
    for units in (512, 256, 128):
        found += [L.Dense(units, activation="relu"), L.BatchNormalization(), L.Dropout(0.5)]
    return [*found, L.Dense(10)]


def make_model(keras: Any, settings: Dict[str, Any]) -> Any:
    """The compiled model; `xla` decides about jit_compile."""
    report = settings["report"]
    size = batches.IMAGE_PX.get(report, 32)
    model = keras.Sequential([keras.Input((size, size, 3)), *layers_of(keras, report)])
    epsilon = 1e-8 if report != "alexnet_bn" else 1e-7
    model.compile(
        optimizer=keras.optimizers.Adam(settings["rate"], epsilon=epsilon),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        jit_compile=bool(settings.get("xla")),
    )
    return model


def endless_fit(
    keras: Any, tf: Any, model: Any, channel: protocol.Channel, settings: Dict[str, Any], facts: Dict[str, Any]
) -> None:
    """Steps of one `fit` on a resident batch; never returns."""
    batch = int(settings["batch"])
    bursts = protocol.Bursts(channel, batch, facts)
    data = tf.data.Dataset.from_tensors(batches.resident(settings, batch)).repeat()
    tick = keras.callbacks.LambdaCallback(on_train_batch_end=lambda number, logs: bursts.tick())
    model.fit(data, steps_per_epoch=10**7, epochs=1, verbose=0, callbacks=[tick])


class Generator:
    """The report's input: class folders of pictures, resized to 256x256 and divided by 255 by Keras' generator."""

    def __init__(self, tf: Any, data: batches.Data, batch: int, scratch: str) -> None:
        from PIL import Image

        root = tempfile.mkdtemp(prefix="pictures-", dir=scratch)  # the parent removes it: this process is killed
        for split, images, labels in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
            for number, (image, label) in enumerate(zip(images, labels)):
                below = os.path.join(root, split, f"class{label}")
                os.makedirs(below, exist_ok=True)
                Image.fromarray(image).save(os.path.join(below, f"{number:05d}.png"))
        kind = tf.keras.preprocessing.image.ImageDataGenerator(rescale=1.0 / 255.0)

        def flow(split: str, shuffle: bool) -> Any:
            return kind.flow_from_directory(
                os.path.join(root, split),
                target_size=(256, 256),
                batch_size=batch,
                shuffle=shuffle,
                class_mode="categorical",
                classes=[f"class{k}" for k in range(10)],
            )

        for split in ("train", "test"):
            for k in range(10):
                os.makedirs(os.path.join(root, split, f"class{k}"), exist_ok=True)
        self.train, self.test = flow("train", True), flow("test", False)


def arrays(model: Any, data: batches.Data, settings: Dict[str, Any], limit: Optional[int]) -> Any:
    """An epoch over float32 arrays in memory."""
    report, batch = settings["report"], int(settings["batch"])
    x_train, x_eval = batches.scaled(report, data.x_train), batches.scaled(report, data.x_test)
    y_train = batches.one_hot(data.y_train)
    n = len(x_train) if limit is None else min(len(x_train), limit * batch)

    def unit() -> None:
        model.fit(x_train[:n], y_train[:n], batch_size=batch, epochs=1, verbose=0)
        model.predict(x_eval, batch_size=int(settings["eval_batch"]), verbose=0)

    return unit


def generated(model: Any, tf: Any, data: batches.Data, settings: Dict[str, Any], limit: Optional[int]) -> Any:
    """An epoch over the generator."""
    generator = Generator(tf, data, int(settings["batch"]), settings["scratch"])
    steps = len(data.x_train) // int(settings["batch"])
    steps = steps if limit is None else min(steps, limit)

    def unit() -> None:
        model.fit(generator.train, steps_per_epoch=steps, epochs=1, verbose=0)
        model.predict(generator.test, verbose=0)

    return unit


def build(channel: protocol.Channel, settings: Dict[str, Any]) -> Optional[protocol.Work]:
    """The wanted measurement."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    threads = int(settings["threads"])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    facts = {"keras": keras.__version__, "tensorflow": tf.__version__}
    measure, batch = settings["measure"], int(settings["batch"])
    if measure == "input":
        data = batches.load({**settings, "n_train": min(INPUT_IMAGES, int(settings["n_train"]))})
        generator = Generator(tf, data, batch, settings["scratch"])
        return protocol.Work(lambda: next(generator.train), batch, facts)
    model = make_model(keras, settings)
    if measure in ("step", "startup"):
        endless_fit(keras, tf, model, channel, settings, facts)
        return None
    if measure == "evaluate":
        images = 4 * int(settings["eval_batch"])
        x, _ = batches.resident(settings, images)
        held = tf.constant(x)
        size = int(settings["eval_batch"])
        return protocol.Work(lambda: model.predict(held, batch_size=size, verbose=0), images, facts)
    data = batches.load(settings)
    limit = MEMORY_STEPS if measure == "memory" else None
    if settings["report"] == "alexnet_bn":
        if measure == "memory":  # the generator never holds more than a batch: a few hundred files show the peak
            data = batches.Data(*(part[: MEMORY_STEPS * batch] for part in data))
        unit = generated(model, tf, data, settings, limit)
    else:
        unit = arrays(model, data, settings, limit)
    return protocol.Work(unit, len(np.asarray(data.y_train)), facts)


if __name__ == "__main__":
    protocol.serve(build)

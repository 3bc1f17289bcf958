"""A plain TensorFlow 1 program, without the kit: peers `bare` and `bare_xla` (2.x) and `tf115` (the real one).

`step`: a batch that is resident in the graph. `epoch`: fed, shuffled, and an evaluation after it. With `habits` the
arrays are float64 and `nine_conv` one-hot-encodes the whole label array in the session again for each batch (Q16), as
the reports' own programs did. `evaluate`: thousand images in batches. `memory`: eight steps and an evaluation of the
epoch's kind over the whole training set.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, Optional, Tuple

import numpy as np

from tf1_models.bench.peers import batches, protocol, tf1_nets

MEMORY_STEPS = 8


def _session(tf: Any, settings: Dict[str, Any]) -> Any:
    threads = int(settings["threads"])
    config = tf.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    config.gpu_options.allow_growth = True
    if settings.get("xla"):
        config.graph_options.optimizer_options.global_jit_level = tf.OptimizerOptions.ON_2
    session = tf.Session(config=config)
    session.run(tf.global_variables_initializer())
    return session


def _resident(tf: Any, settings: Dict[str, Any], n: int) -> Tuple[Any, Any]:
    x, y = batches.resident(settings, n)
    return tf.Variable(x, trainable=False, name="x"), tf.Variable(y, trainable=False, name="y")


def step(tf: Any, settings: Dict[str, Any], facts: Dict[str, Any]) -> protocol.Work:
    """Training steps on a resident batch."""
    batch = int(settings["batch"])
    x, y = _resident(tf, settings, batch)
    train, loss = tf1_nets.train_step(tf, settings["report"], x, y, settings["rate"])
    session = _session(tf, settings)
    return protocol.Work(lambda: session.run([train, loss]), batch, facts)


def evaluate(tf: Any, settings: Dict[str, Any], facts: Dict[str, Any]) -> protocol.Work:
    """Probabilities of a resident batch."""
    batch = int(settings["eval_batch"])
    x, _ = _resident(tf, settings, batch)
    probabilities = tf1_nets.evaluation(tf, settings["report"], x)
    session = _session(tf, settings)
    return protocol.Work(lambda: session.run(probabilities), batch, facts)


class Program:
    """The program as a user writes it: placeholders, arrays in memory, an epoch of fed batches, an evaluation."""

    def __init__(self, tf: Any, settings: Dict[str, Any]) -> None:
        self.report, self.batch = settings["report"], int(settings["batch"])
        self.eval_batch = int(settings["eval_batch"])
        self.habits = bool(settings.get("habits"))
        data = batches.load(settings)
        dtype = "float64" if self.habits else "float32"
        large = batches.IMAGE_PX.get(self.report, 32) > 32  # 256x256 of every image fit into no memory
        self.x_train = data.x_train if large else batches.scaled(self.report, data.x_train, dtype)
        self.x_eval = data.x_test if large else batches.scaled(self.report, data.x_test, dtype)
        self.large, self.dtype = large, dtype
        self.y_train = batches.one_hot(data.y_train, dtype)
        size = batches.IMAGE_PX.get(self.report, 32)
        self.x = tf.placeholder(tf.float32, [None, size, size, 3])
        self.y = tf.placeholder(tf.float32, [None, 10])
        self.train, self.loss = tf1_nets.train_step(tf, self.report, self.x, self.y, settings["rate"])
        self.probabilities = tf1_nets.evaluation(tf, self.report, self.x)
        self.labels = tf.one_hot(tf.Variable(data.y_train, trainable=False), 10)
        self.session = _session(tf, settings)
        self._orders = batches.orders(len(self.x_train))

    def _pixels(self, images: np.ndarray) -> np.ndarray:
        return batches.scaled(self.report, images, self.dtype) if self.large else images

    def _batches(self) -> Iterator[Tuple[Any, Any]]:
        order = next(self._orders)
        for start in range(0, len(order), self.batch):
            at = order[start : start + self.batch]
            if self.habits and self.report == "nine_conv":  # Q16
                labels = self.session.run(self.labels)
                yield [self.x_train[i] for i in at], [labels[i] for i in at]
            else:
                yield self._pixels(self.x_train[at]), self.y_train[at]

    def steps(self, limit: Optional[int] = None) -> None:
        """An epoch, or its first `limit` steps."""
        for number, (x, y) in enumerate(self._batches(), start=1):
            self.session.run([self.train, self.loss], {self.x: x, self.y: y})
            if number == limit:
                return

    def predict(self) -> None:
        """Probabilities of the evaluation images."""
        for start in range(0, len(self.x_eval), self.eval_batch):
            images = self._pixels(self.x_eval[start : start + self.eval_batch])
            self.session.run(self.probabilities, {self.x: images})

    def epoch(self) -> None:
        """The whole of it."""
        self.steps()
        self.predict()

    def memory(self) -> None:
        """What shows the peak."""
        self.steps(MEMORY_STEPS)
        self.predict()


def build(channel: protocol.Channel, settings: Dict[str, Any]) -> protocol.Work:
    """The wanted measurement."""
    del channel
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    tf.logging.set_verbosity(tf.logging.ERROR)
    wanted = settings.get("tensorflow")
    if wanted and not tf.__version__.startswith(wanted):
        raise RuntimeError(f"TensorFlow {tf.__version__} here, {wanted} wanted; name its interpreter")
    facts = {"tensorflow": tf.__version__}
    measure = settings["measure"]
    if measure in ("step", "startup"):
        return step(tf, settings, facts)
    if measure == "evaluate":
        return evaluate(tf, settings, facts)
    program = Program(tf, settings)
    return protocol.Work(program.memory if measure == "memory" else program.epoch, len(program.x_train), facts)


if __name__ == "__main__":
    protocol.serve(build)

"""The TensorBoard file of a run."""

from __future__ import annotations

from typing import Any, Dict, Sequence

from tf1_models.output.watching import Watcher


class EventWriter(Watcher):
    """Writes each epoch's scalars.

    Args:
        tf: The TensorFlow v1 module.
        writer: From `RunFolder.events`, which closes it if `finish` is never reached.
        split: The split that epochs are evaluated on.
    """

    def __init__(self, tf: Any, writer: Any, split: str) -> None:
        self._tf, self._writer, self._split = tf, writer, split

    def end_epoch(self, line: Dict[str, Any]) -> None:
        tags = {
            "train/loss": "loss",
            "train/loss_sum": "loss_sum",
            "train/l2_loss": "l2_loss",
            "train/accuracy": "train_accuracy",
            "train/learning_rate": "learning_rate",
            f"{self._split}/loss": "eval_loss",
            f"{self._split}/accuracy": "accuracy",
            f"{self._split}/macro_f1": "macro_f1",
            f"{self._split}/weighted_f1": "weighted_f1",
        }
        values = [self._tf.Summary.Value(tag=tag, simple_value=line[key]) for tag, key in tags.items()]
        self._writer.add_summary(self._tf.Summary(value=values), line["step"])
        self._writer.flush()

    def finish(self, result: Dict[str, Any], lines: Sequence[Dict[str, Any]], class_names: Sequence[str]) -> None:
        self._writer.close()

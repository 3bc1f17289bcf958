"""What a training works with from the first step to the last: one record, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple

import numpy as np

from tf1_models.datasets.dataset import Dataset
from tf1_models.output.progress import Log
from tf1_models.output.watching import Watcher
from tf1_models.spec import Experiment
from tf1_models.training.run_folder import RunFolder

if TYPE_CHECKING:  # it imports TensorFlow
    from tf1_models.training.training_graph import TrainingGraph


class TrainingRun(NamedTuple):
    """Attributes:
    tf: The TensorFlow v1 module.
    session: Session on `graph`; holds the values that are evaluated and saved.
    graph: The training graph.
    experiment: The run, settings resolved.
    data: The images.
    train_indices: int64 [n], positions of the training images among `data.x_train`.
    folder: The locked run folder.
    record: Its run.json.
    log: Lines for people.
    watchers: Who looks on.
    """

    tf: Any
    session: Any
    graph: TrainingGraph
    experiment: Experiment
    data: Dataset
    train_indices: np.ndarray
    folder: RunFolder
    record: Dict[str, Any]
    log: Log
    watchers: List[Watcher]

    def start_part(self, name: str, n_images: int = 0) -> Callable[[int], None]:
        """Tells the watchers that work other than training begins; returns what tells them how far it is."""
        for watcher in self.watchers:
            watcher.start_part(name, n_images)

        def advance(n_done: int) -> None:
            for watcher in self.watchers:
                watcher.advance(n_done)

        return advance

"""How training steps are taken: one by one, several in a call, or by the members of a cluster.

The loop knows this interface alone. Whatever the way, the same steps give the same values (a cluster's sums are added
in another order: other last bits).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np

from tf1_models.spec import Experiment
from tf1_models.training.training_graph import TrainingGraph, training_feed, with_step
from tf1_models.training.training_run import TrainingRun


class Steps:
    """Fed from here, one Session call a step; the other ways override what they do otherwise.

    Attributes:
        steps_per_call: Most batches that `take` is given at once.
    """

    steps_per_call = 1
    run: TrainingRun

    def shape(self) -> Optional[Dict[str, int]]:
        """A cluster's members, for run.json; None on one machine."""
        return None

    def add_to(self, experiment: Experiment, graph: TrainingGraph) -> TrainingGraph:
        """Adds what a call runs to the graph of `training_graph.build_net`, in the same graph; creates no variable."""
        return with_step(experiment, graph)

    def begin(self, run: TrainingRun, step: int, save: Callable[[], None], check: Callable[[], None]) -> None:
        """Before the first step, once the Session holds the values.

        Args:
            run: What the steps work on.
            step: Steps done before.
            save: Saves a checkpoint.
            check: To be called again and again while others are waited for; raises if a signal arrived.
        """
        del step, save, check
        self.run = run

    def take(self, batches: Sequence[np.ndarray], epoch: int, step: int, rate: float) -> List[Dict[str, Any]]:
        """Takes one step for each batch, in their order.

        Args:
            batches: Positions among the training images; 1 to `steps_per_call` batches, all of one size.
            epoch: Zero-based.
            step: Steps done before.
            rate: Learning rate of these steps.

        Returns:
            For each step `loss`, `data_loss`, `l2_loss` and `n_correct` of its batch, counted before the update.
        """
        run, values = self.run, []
        for at, batch in enumerate(batches):
            feed = training_feed(run.graph, run.experiment, run.data, batch, epoch, step + at)
            values.append(run.session.run(run.graph.fetches, {**feed, run.graph.learning_rate: rate}))
        return values

    def pull(self) -> None:
        """Makes sure that the Session holds the values after the last step: before they are evaluated or saved."""

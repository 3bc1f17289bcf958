"""The early-stopping rule of the `nine_conv` report; TensorFlow-free, its state is saved with each checkpoint."""

from __future__ import annotations

from typing import Any, Dict


class EarlyStopping:
    """Stops when the watched loss has been worse than the best so far more than `patience_epochs` times in a row.

    The rule is the report's `EarlyStopping` class (nine_conv, first listing), with its two peculiarities:
    - patience counts strictly: with patience 5 the sixth bad epoch in a row stops, although the text says "five times
      or more". The log prints step 5 at the stop: printed before the count is raised (Assumed; patience 4, printed
      after it, fits too and is a variant).
    - Q21: any loss that is not strictly worse resets the count, and a NaN is never worse: it becomes "the best", and so
      does whatever comes next, since nothing compares as worse with NaN. The best from before is forgotten; the rule
      fires again once `patience_epochs` + 1 losses in a row are worse than the new best.

    Attributes:
        patience_epochs: Bad epochs in a row that are still tolerated.
        best_loss: Loss of the last epoch that was not strictly worse (infinity before the first).
        bad_epochs: Strictly worse epochs since then.
    """

    def __init__(self, patience_epochs: int) -> None:
        self.patience_epochs = patience_epochs
        self.best_loss = float("inf")
        self.bad_epochs = 0

    def validate(self, loss: float) -> bool:
        """Takes one epoch's summed training loss; True means stop after this epoch."""
        if self.best_loss < loss:
            self.bad_epochs += 1
            return self.bad_epochs > self.patience_epochs
        self.best_loss = loss  # not "if smaller": an equal loss and a NaN land here too (Q21)
        self.bad_epochs = 0
        return False

    def state(self) -> Dict[str, Any]:
        """JSON-ready state; floats as hex words, so that infinity and NaN survive JSON and no digit is lost."""
        return {"best_loss": float(self.best_loss).hex(), "bad_epochs": self.bad_epochs}

    def restore(self, state: Dict[str, Any]) -> None:
        """Takes up a state that `state` returned."""
        self.best_loss = float.fromhex(state["best_loss"])
        self.bad_epochs = int(state["bad_epochs"])

"""A finished run as verdicts see it, whether it comes from a run folder or from a committed record."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from tf1_models.datasets.identify import KNOWN
from tf1_models.spec import Experiment, identity
from tf1_models.training import computation

CHANCE = 0.1
# metric -> split, score of that split
METRIC_PLACES = {"test_accuracy": ("test", "accuracy"), "dev_f1_weighted": ("dev", "weighted_f1")}


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """One training that came to its end.

    Attributes:
        report, run, seed: Whose.
        identity: Settings that are not at their defaults (`spec.identity`).
        data, data_digest, data_lossy: Which images.
        epochs, ended_by: Whole epochs done and why training ended.
        scores: Split -> accuracy, macro_f1, weighted_f1, n, one_class (a single class was predicted); None without.
        by_epoch: Lists over epochs: `accuracy` and, for dev F1, `weighted_f1`, on `eval_split`.
        eval_split: "dev" or "test".
        variables_sha256: Identity of the trained state.
        versions: What else can change the bits: TensorFlow, NumPy, Python, machine, devices, threads.
        folder: Relative to the results folder, "" when only a record is left.
        test_at: Epoch (in digits) -> scores on test there, where a run that follows dev passed a shorter row's end.
        commits: Commits of the kit that it was started and continued at, in order, each once; "+": with changes.
            Empty outside a checkout, and of runs recorded before this was kept.
    """

    report: str
    run: str
    seed: int
    identity: Mapping[str, Any]
    data: str
    data_digest: str
    data_lossy: Optional[bool]
    epochs: int
    ended_by: str
    scores: Mapping[str, Any]
    by_epoch: Mapping[str, List[float]]
    eval_split: str
    variables_sha256: str
    versions: Mapping[str, Any]
    folder: str = ""
    test_at: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    commits: Sequence[str] = ()

    def images(self) -> str:
        """ "official", "lossy" (the recognised JPEG copy), or the words that make a run not comparable."""
        known = KNOWN.get(self.data_digest)
        if known is not None and self.data == "cifar10":
            return "lossy" if known.lossy else "official"
        if self.data == "digits":
            return "digits, not CIFAR-10"
        if self.data == "cifar10" and self.data_lossy is False:
            return "official"
        if self.data_lossy:
            return "pixels from JPEG files of an unknown copy"
        return f"images of unknown origin ({self.data})"


@dataclasses.dataclass(frozen=True)
class Draw:
    """One value for a row: a run's score, or that of a longer run of the same computation when it passed there."""

    source: FinishedRun
    value: float
    accuracy: float
    n: int
    one_class: bool
    epoch: int

    @property
    def collapsed(self) -> bool:
        """Nothing learned: one class for every image, or accuracy not above chance by four binomial sd."""
        return self.one_class or at_chance(self.accuracy, self.n)


def at_chance(accuracy: float, n: int) -> bool:
    """Whether an accuracy over n images is within four binomial sd of one in ten, or below."""
    return accuracy <= CHANCE + 4.0 * (CHANCE * (1.0 - CHANCE) / n) ** 0.5


def final_draw(run: FinishedRun, metric: str) -> Optional[Draw]:
    """The score of a run's last weights in a report's metric; None when the run has no such split."""
    split, score = METRIC_PLACES[metric]
    scores = run.scores.get(split)
    if scores is None:
        return None
    return Draw(run, scores[score], scores["accuracy"], scores["n"], scores["one_class"], run.epochs)


def draw_for(run: FinishedRun, row: Experiment) -> Optional[Draw]:
    """What a run says about a row of the same report; None when it is another computation or was cut short."""
    wanted = identity(row)
    if run.report != row.report or run.ended_by == "max_steps" or not computation.begins_with(run.identity, wanted):
        return None
    if run.identity["epochs"] == wanted["epochs"]:
        return final_draw(run, row.reported.metric)
    split, score = METRIC_PLACES[row.reported.metric]
    if split == "test" and run.eval_split == "dev":
        scores = run.test_at.get(str(wanted["epochs"]))
        if scores is None:
            return None
        return Draw(run, scores[score], scores["accuracy"], scores["n"], scores["one_class"], wanted["epochs"])
    values, accuracies = run.by_epoch.get(score, []), run.by_epoch.get("accuracy", [])
    if split != run.eval_split or len(values) < wanted["epochs"] or len(accuracies) < wanted["epochs"]:
        return None
    at = wanted["epochs"] - 1
    return Draw(run, values[at], accuracies[at], run.scores[split]["n"], False, wanted["epochs"])


def draws_by_seed(runs: List[FinishedRun], row: Experiment) -> List[Draw]:
    """One draw a seed: the same seed of one computation is the same number, whatever its folder is called.

    A run of the row's own name and length is preferred, then one of its length, then a longer one.
    """
    best: Dict[int, Tuple[Tuple[bool, bool, int], Draw]] = {}
    for run in runs:
        draw = draw_for(run, row)
        if draw is None:
            continue
        rank = (run.identity["epochs"] != row.epochs, run.run != row.run, run.identity["epochs"])
        if run.seed not in best or rank < best[run.seed][0]:
            best[run.seed] = (rank, draw)
    return [best[seed][1] for seed in sorted(best)]

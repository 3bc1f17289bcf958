"""Report id -> its experiments and its graph; an unknown word lists the known ones. Importing it imports neither."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any, Dict, Mapping, Optional, Tuple

from tf1_models.errors import UsageError, nearest, no_tensorflow
from tf1_models.experiments.overrides import apply_overrides
from tf1_models.graphs.parts.handles import GraphHandles
from tf1_models.spec import Experiment, identity

# In the order of the reports; a plain tuple, so that it can be searched and read.
REPORTS = ("course_models", "bn_cnn", "prelu_cnn", "nine_conv", "alexnet_bn")


def experiments_module(report: str) -> Any:
    """The module `experiments/<report>.py`.

    Raises:
        UsageError: no such report.
    """
    if report not in REPORTS:
        raise UsageError(f"unknown report {report!r}{nearest(report, list(REPORTS))}; known: {', '.join(REPORTS)}")
    return importlib.import_module(f"tf1_models.experiments.{report}")


def runs(report: str) -> Tuple[Experiment, ...]:
    """All runs of a report, in its order."""
    return tuple(experiments_module(report).EXPERIMENTS)


def experiment(report: str, run: str = "final", overrides: Optional[Dict[str, str]] = None) -> Experiment:
    """One run, with settings overridden by name.

    Args:
        report: One of `REPORTS`.
        run: A run of the report, as `list` names it.
        overrides: Field name -> text, e.g. {"keep_prob": "0.5"}; fields of the row or of its `net`.

    Returns:
        The frozen row.

    Raises:
        UsageError: unknown report, run or field, or a value out of range.
    """
    rows = {row.run: row for row in runs(report)}
    if run not in rows:
        raise UsageError(f"unknown run {run!r} of {report}{nearest(run, list(rows))}; known: {', '.join(rows)}")
    return apply_overrides(rows[run], overrides or {})


@dataclasses.dataclass(frozen=True)
class Graph:
    """A run's graph, not yet built."""

    experiment: Experiment

    def build(
        self,
        images: Optional[Any] = None,
        labels: Optional[Any] = None,
        seed: Optional[int] = None,
        step: Optional[Any] = None,
        dtype: Any = None,
        keep_prob: Optional[Any] = None,
        is_training: Optional[Any] = None,
    ) -> GraphHandles:
        """Adds the graph's ops to the current default graph, and nothing else.

        Feed `images` in the report's scale (bytes / `experiment.pixel_divisor`: 0..255 for nine_conv, 0..1 for the
        others), `labels` one-hot; in training also `keep_prob` and `is_training` where the handles have them, and run
        `update_ops` with each step. See tf1_models/README.md.

        Args:
            images: float tensor in the report's scale; None makes the report's placeholder.
            labels: float [batch, 10] one-hot tensor; None makes the report's placeholder.
            seed: Run seed; None takes the run's own.
            step: int64 scalar tensor, the zero-based training step, which makes dropout masks a function of
                (seed, step); None gives ordinary stateful dropout with explicit seeds.
            dtype: tf.float32 (None), or tf.float64, for comparisons with an oracle.
            keep_prob: Scalar tensor instead of the report's placeholder; for reports that have one.
            is_training: True for a graph that only trains, False for one that never does, instead of the placeholder;
                for reports that have one.

        Raises:
            UsageError: TensorFlow is eager here, or this graph has these variables already.
            MachineError: TensorFlow is not installed.
        """
        _check_graph_mode()
        module = importlib.import_module(f"tf1_models.graphs.{self.experiment.report}")
        given = {"dtype": dtype, "keep_prob": keep_prob, "is_training": is_training}
        extra = {name: value for name, value in given.items() if value is not None}
        if self.experiment.convolutions != "direct":
            extra["convolutions"] = self.experiment.convolutions
        run_seed = self.experiment.seed if seed is None else seed
        try:
            handles: GraphHandles = module.build(
                self.experiment.net, images=images, labels=labels, seed=run_seed, step=step, **extra
            )
            return handles
        except ValueError as error:
            if "already exists, disallowed" not in str(error):
                raise
            name = str(error).split("Variable ", 1)[-1].split(" ", 1)[0]
            raise UsageError(
                f"this graph holds a variable {name} already, as when a notebook's cell runs twice; build "
                f"{self.experiment.report} in a new graph, `with tf.Graph().as_default():`, or call "
                "`tf.reset_default_graph()` first"
            ) from None


def _check_graph_mode() -> None:
    try:
        import tensorflow.compat.v1 as tf  # here: the registry itself needs no TensorFlow
    except ImportError as error:
        raise no_tensorflow(error) from error
    if tf.executing_eagerly():
        raise UsageError(
            "TensorFlow is eager here, and a report's graph is built in graph mode: write "
            "`with tf.Graph().as_default():` around it and its Session"
        )


def graph(report: str, run: Optional[str] = None, overrides: Optional[Dict[str, str]] = None) -> Graph:
    """The graph of a run (`default_run` when none is named); imports TensorFlow only when built."""
    return Graph(experiment(report, run or default_run(report), overrides))


def default_run(report: str) -> str:
    """The run that `train REPORT` takes: "final" where the report has one, else its headline run."""
    module = experiments_module(report)
    return getattr(module, "DEFAULT_RUN", "final")


def test_epochs(report: str, of: Mapping[str, Any]) -> Tuple[int, ...]:
    """Epochs at whose end a run also scores test, although it follows dev: there a shorter row of the report ends.

    The first 20 epochs of alexnet_bn's 30 are its run of 20 epochs, whose number is a test accuracy; scored there, one
    training serves both rows. Such scores are recorded and decide nothing.

    Args:
        report: One of `REPORTS`.
        of: `spec.identity` of the run.

    Returns:
        Ascending; empty for a report that follows test anyway, or reports dev.
    """

    def without_length(settings: Mapping[str, Any]) -> Dict[str, Any]:
        return {key: value for key, value in settings.items() if key not in ("epochs", "convolutions")}

    if of.get("dev_split") == "none" or of.get("max_steps") is not None:
        return ()
    ends = {
        row.epochs
        for row in runs(report)
        if row.reported.metric == "test_accuracy"
        and row.epochs < of["epochs"]
        and without_length(identity(row)) == without_length(of)
    }
    return tuple(sorted(ends))


def variant_name(row: Experiment) -> Optional[str]:
    """The variant whose settings a row has, as `list --variants` names it; None for any other row."""
    for variant in experiments_module(row.report).VARIANTS:
        if variant.run == row.run:
            made = experiment(row.report, variant.run, variant.overrides)
            if identity(made) == identity(row):
                return str(variant.name)
    return None

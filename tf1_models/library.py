"""The Python way: a checkpoint's weights in one's own Session, predictions for an array, a run trained from a program.

The graph itself comes from `registry.graph(REPORT).build()`; the page beside this file (tf1_models/README.md) shows all
of it in a script and says what each graph expects. Importing this module imports no TensorFlow.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from tf1_models import registry
from tf1_models.checkpoints import checkpoint_source
from tf1_models.checkpoints.name_options import options_of
from tf1_models.checkpoints.source import Source
from tf1_models.classes import IMAGE_SIZE_PX, N_CHANNELS
from tf1_models.errors import InputError, UsageError
from tf1_models.experiments.overrides import as_word
from tf1_models.spec import Experiment


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was found; its files have passed their checksums where a manifest gives them."""

    source: Source

    @property
    def experiment(self) -> Experiment:
        """The run whose graph it fills, with the settings that it was trained with."""
        return self.source.experiment

    @property
    def graph(self) -> registry.Graph:
        """That run's graph, not yet built: `graph.build()` adds it to the current graph."""
        return registry.Graph(self.source.experiment)

    def restore(self, session: Any, handles: Any) -> Optional[str]:
        """Gives the report's own variables their values; whatever else the Session's graph holds is left alone.

        Args:
            session: Your `tf.Session` on the graph that `handles` are of, which is not finalized.
            handles: What `build` returned.

        Returns:
            What was taken of another program's checkpoint (scope, renames, averages); None for the kit's own.

        Raises:
            InputError: a variable of the graph is missing, or has another shape or dtype.
            UsageError: the Session is on another graph.
        """
        import tensorflow.compat.v1 as tf

        if session.graph is not handles.logits.graph:
            raise UsageError(
                "the Session is on another graph than the handles; make it inside the same "
                "`with tf.Graph().as_default():`, after `build`"
            )
        with session.graph.as_default():
            return checkpoint_source.restore(tf, session, self.source, list(handles.variables))

    def predict(self, images: np.ndarray, threads: Optional[int] = None) -> np.ndarray:
        """Class probabilities in evaluation mode, in a graph and a Session of its own.

        Puts TensorFlow into graph mode for the whole process, as every verb does.

        Args:
            images: uint8 [N, 32, 32, 3], bytes 0..255 in RGB: the report's own scale is the kit's business here.
            threads: Threads TensorFlow may use; None: the usable processors.

        Returns:
            float32 [N, 10], rows in the images' order; columns in the order of `classes.CIFAR10_CLASSES`.

        Raises:
            InputError: other images, or weights that do not fit or give no finite numbers.
        """
        wanted = (IMAGE_SIZE_PX, IMAGE_SIZE_PX, N_CHANNELS)
        dtype, shape = getattr(images, "dtype", type(images).__name__), getattr(images, "shape", ())
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape[1:] != wanted:
            raise InputError(
                f"images must be a NumPy array, uint8 [N, 32, 32, 3], bytes 0..255; got {dtype} {list(shape)}"
            )
        from tf1_models.scoring.inference import probabilities

        return probabilities(self.source, images, threads=threads)


def checkpoint(
    name: str,
    report: Optional[str] = None,
    run: Optional[str] = None,
    scope: Optional[str] = None,
    rename: Sequence[str] = (),
    use_averages: bool = False,
) -> Checkpoint:
    """Finds a checkpoint.

    Args:
        name: A run folder, a stored checkpoint's name, a Saver prefix, or a SavedModel's folder.
        report: For another program's checkpoint, which has no manifest: whose graph it fills.
        run: Likewise; default: the report's headline run.
        scope: Likewise, what `--scope` takes.
        rename: Likewise, pairs `OLD=NEW` as `--rename` takes them.
        use_averages: Likewise: moving averages in the place of the trainable variables.

    Raises:
        InputError: nothing there, damaged, or another program's without `report`.
        UsageError: unknown report or run, or names' options for a checkpoint of the kit.
    """
    return Checkpoint(checkpoint_source.find(name, report, run, options_of(scope, list(rename), use_averages)))


class Trained(NamedTuple):
    """A finished run.

    Attributes:
        folder: Its run folder, which `checkpoint` takes.
        result: The content of result.json: scores on `dev` and `test`, fractions.
    """

    folder: str
    result: Dict[str, Any]


def train(
    report: str,
    run: Optional[str] = None,
    data: str = "cifar10",
    settings: Optional[Mapping[str, Any]] = None,
    out: str = "runs",
    fresh: bool = False,
    threads: Optional[int] = None,
    quiet: bool = False,
) -> Trained:
    """Trains a run to its end, as `tf1-models train` does: a finished one is returned, an unfinished one continued.

    Puts TensorFlow into graph mode for the whole process. Ctrl-C (a notebook's stop button) saves the state and raises
    `Interrupted`; the same call continues.

    Args:
        report: One of `registry.REPORTS`.
        run: A run of the report; default: its headline run.
        data: `cifar10` (searched), `digits` (embedded), or a path in any form.
        settings: What differs from the report's run, e.g. {"epochs": 2, "keep_prob": 0.5}; `tf1-models show REPORT`
            lists them.
        out: Folder for run folders.
        fresh: Start anew: removes what an earlier run left there.
        threads: Threads TensorFlow may use; None: the usable processors.
        quiet: No line an epoch on stderr.

    Raises:
        UsageError: unknown report, run or setting, or a value out of range.
        InputError: bad data, or a run folder in use.
        MachineError: no TensorFlow, or no room on the disk.
        CheckFailed: the loss is not finite.
        Interrupted: a signal arrived; the state is saved.
    """
    from tf1_models.datasets.load import load
    from tf1_models.output import training_bars
    from tf1_models.output.progress import Log
    from tf1_models.training import continuing, loop

    experiment = registry.experiment(
        report, run or registry.default_run(report), {key: as_word(value) for key, value in (settings or {}).items()}
    )
    log = Log(quiet)
    images = load(data)
    options = loop.Options(out=out, fresh=fresh, threads=threads, watchers=training_bars.watchers_for(quiet))
    folder, record = loop.prepare(experiment, images, options)
    try:
        if folder.is_finished():
            log.line(f"already finished: {folder.path} (fresh=True trains it again)")
            return Trained(folder.path, folder.result())
        log.open(folder.file("log.txt"))
        if not fresh:
            continuing.begin(out, folder, record, log)
        return Trained(folder.path, loop.train(experiment, images, folder, record, options, log))
    finally:
        log.close()
        folder.close()

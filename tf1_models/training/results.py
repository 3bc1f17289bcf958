"""Scoring a trained run and writing result.npy, the pictures and, last, result.json."""

from __future__ import annotations

import hashlib
import io
from typing import Any, Dict, NamedTuple, Optional

import numpy as np

from tf1_models.checkpoints import saving
from tf1_models.datasets.dataset import Dataset
from tf1_models.errors import InputError, MachineError, one_line
from tf1_models.output.progress import Log
from tf1_models.scoring import evaluate
from tf1_models.spec import Experiment
from tf1_models.storage.files import sha256_file, write_bytes
from tf1_models.storage.sealed import write_sealed
from tf1_models.training.run_folder import RunFolder


class SplitScore(NamedTuple):
    """`scores` as `metrics.from_confusion` gives them, and the mean data loss over the same images."""

    scores: Dict[str, Any]
    loss: float


def mean_loss(probabilities: np.ndarray, truth: np.ndarray, over_softmax: bool) -> float:
    """Mean cross-entropy of predicted probabilities, in evaluation mode.

    Args:
        probabilities: float32 [n, 10].
        truth: uint8 [n], class ids.
        over_softmax: Q1, the cross-entropy is taken over the softmax output as if it were logits.

    Returns:
        Natural logarithm; a probability of 0 counts as the smallest float32, so that the mean stays finite.
    """
    values = probabilities.astype(np.float64)
    if over_softmax:
        values = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    of_truth = values[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(of_truth, np.finfo(np.float32).tiny)).mean())


def score_split(session: Any, graph: Any, data: Dataset, split: str, dev_indices: Optional[np.ndarray],
                experiment: Experiment, probabilities: Optional[np.ndarray] = None) -> SplitScore:
    """Scores "dev" or "test" as the report counts them.

    Args:
        session: Session with values.
        graph: Training or inference graph.
        data: The images.
        split: "dev" or "test".
        dev_indices: Positions of the dev images in the training arrays (None without a dev split).
        experiment: The run; under `eval_drop_last` the test score counts whole batches only (Q8).
        probabilities: float32 [N_test, 10] when the test images were predicted already.

    Returns:
        Scores and mean loss.
    """
    over_softmax = experiment.report == "course_models"  # Q1
    batch_size = evaluate.batch_size_of(experiment.report)
    if split == "dev":
        probabilities = evaluate.predict(session, graph, data.x_train, batch_size, dev_indices)
        truth = data.y_train[dev_indices]
        scores = evaluate.score(probabilities, truth, data.class_names)
        return SplitScore(scores, mean_loss(probabilities, truth, over_softmax))
    n = evaluate.n_scored(len(data.y_test), experiment.batch_size, experiment.eval_drop_last)
    if n == 0:  # fewer test images than one batch: the report's loader would yield nothing at all
        n = len(data.y_test)
    if probabilities is None:
        probabilities = evaluate.predict(session, graph, data.x_test[:n], batch_size)
    scores = evaluate.score(probabilities[:n], data.y_test[:n], data.class_names)
    return SplitScore(scores, mean_loss(probabilities[:n], data.y_test[:n], over_softmax))


def variables_sha256(tf: Any, session: Any) -> str:
    """Hex SHA-256 over name, shape and bytes of every global variable, by name: the identity of a trained state."""
    digest = hashlib.sha256()
    for variable in sorted(tf.global_variables(), key=lambda v: v.op.name):  # one at a time: together they are large
        value = np.ascontiguousarray(session.run(variable))
        digest.update(f"{variable.op.name}|{value.dtype.str}|{value.shape}|".encode("ascii"))
        digest.update(value.data)
    return digest.hexdigest()


def write_events(tf: Any, writer: Any, line: Dict[str, Any], split: str) -> None:
    """The epoch's scalars for TensorBoard."""
    tags = {
        "train/loss": "loss",
        "train/loss_sum": "loss_sum",
        "train/l2_loss": "l2_loss",
        "train/accuracy": "train_accuracy",
        "train/learning_rate": "learning_rate",
        f"{split}/loss": "eval_loss",
        f"{split}/accuracy": "accuracy",
        f"{split}/macro_f1": "macro_f1",
        f"{split}/weighted_f1": "weighted_f1",
    }
    values = [tf.Summary.Value(tag=tag, simple_value=line[key]) for tag, key in tags.items()]
    writer.add_summary(tf.Summary(value=values), line["step"])
    writer.flush()


def npy_bytes(array: np.ndarray) -> bytes:
    """The .npy file of an array."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def finish(tf: Any, session: Any, graph: Any, experiment: Experiment, data: Dataset, folder: RunFolder,
           record: Dict[str, Any], progress: Any, dev_indices: Optional[np.ndarray], log: Log,
           last_eval: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """Scores the weights after the last epoch, then the best-on-dev ones, and writes the results.

    `last_eval` are the scores on `eval_split` that the loop has just counted with these weights, if it has.

    Returns:
        The content of result.json. `dev` is null where the report has no dev split; `best` enters no verdict.

    Raises:
        MachineError: a result file cannot be written.
    """
    hash_of_variables = variables_sha256(tf, session)
    probabilities = evaluate.predict(session, graph, data.x_test, evaluate.batch_size_of(experiment.report))
    final = _both_splits(session, graph, data, dev_indices, experiment, probabilities, last_eval)
    best = dict(progress.best or {})
    if best and best["step"] == progress.step:
        best.update(final)
    elif best:
        try:
            manifest = saving.read_manifest(folder.path, best["step"])
            saving.restore(tf, session, graph.saver, folder.path, manifest)
        except InputError as error:  # it enters no verdict: the run's own result stands without it
            log.line(f"the best epoch's checkpoint is not scored: {error}")
            best = {}
        else:
            best.update(_both_splits(session, graph, data, dev_indices, experiment))

    reported = experiment.reported
    result: Dict[str, Any] = {
        "schema": 1,
        "report": experiment.report,
        "run": experiment.run,
        "seed": experiment.seed,
        "data": data.name,
        "data_digest": data.digest,
        "data_lossy": data.lossy,
        "split_hash": record["split_hash"],
        "epochs": progress.epoch,
        "steps": progress.step,
        "ended_by": progress.stopped,
        "dev": final["dev"],
        "test": final["test"],
        "reported": {"metric": reported.metric, "value": reported.value, "printed": reported.printed},
        "best": best or None,
        "variables_sha256": hash_of_variables,
    }
    try:
        write_bytes(folder.file("result.npy"), npy_bytes(probabilities))
        _draw(experiment, folder, result, data, log)
        # metrics.jsonl is vouched for by the last manifest: it holds times, and equal runs have equal result.json
        result["files"] = {"result.npy": {"sha256": sha256_file(folder.file("result.npy"))}}
        write_sealed(folder.file("result.json"), result)
    except OSError as error:
        raise MachineError(
            f"results cannot be written ({one_line(error)}); mend it and run the same command"
        ) from error
    return result


def _both_splits(session: Any, graph: Any, data: Dataset, dev_indices: Optional[np.ndarray], experiment: Experiment,
                 probabilities: Optional[np.ndarray] = None, last_eval: Optional[Dict[str, Any]] = None
                 ) -> Dict[str, Any]:
    dev = last_eval if experiment.eval_split == "dev" else None
    if dev is None and dev_indices is not None:
        dev = score_split(session, graph, data, "dev", dev_indices, experiment).scores
    return {"dev": dev, "test": score_split(session, graph, data, "test", None, experiment, probabilities).scores}


def _draw(experiment: Experiment, folder: RunFolder, result: Dict[str, Any], data: Dataset, log: Log) -> None:
    """curves.png and confusion.png; without matplotlib a line says what is missing."""
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError:
        log.line("no curves.png, confusion.png: matplotlib is missing; pip install 'tf1-models[plots]'")
        return
    from tf1_models.output import plots

    title = f"{experiment.report} / {experiment.run}, seed {experiment.seed}, {data.name}"
    write_bytes(folder.file("curves.png"), plots.curves(folder.metrics, title))
    split = experiment.eval_split
    scores = result[split]
    write_bytes(
        folder.file("confusion.png"),
        plots.confusion(np.asarray(scores["confusion_matrix"]), data.class_names, f"{title}, {split}"),
    )

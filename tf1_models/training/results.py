"""Scoring a trained run and writing result.npy, the pictures and, last, result.json."""

from __future__ import annotations

import hashlib
import io
from typing import Any, Dict, Optional

import numpy as np

from tf1_models.checkpoints import saving
from tf1_models.errors import InputError, MachineError, install_command, one_line
from tf1_models.scoring import evaluate
from tf1_models.scoring.split_images import images_of, splits_of
from tf1_models.storage.files import sha256_file, write_bytes
from tf1_models.storage.sealed import write_sealed
from tf1_models.training.epoch_state import Progress
from tf1_models.training.training_run import TrainingRun


def score_split(run: TrainingRun, split: str, probabilities: Optional[np.ndarray] = None) -> evaluate.SplitScore:
    """Scores "dev" or "test" as the report counts them (under `eval_drop_last` whole batches only, Q8).

    Args:
        run: Its Session holds the values.
        split: "dev" or "test".
        probabilities: float32 [N_test, 10] when the test images were predicted already.

    Returns:
        Scores and mean loss.
    """
    part = images_of(run.experiment, run.data, split)
    if probabilities is None:
        found = _predict(run, split, part.images, part.indices[: part.n_counted])
    else:
        found = probabilities[: part.n_counted]
    scores = evaluate.score(found, part.truth, run.data.class_names)
    return evaluate.SplitScore(scores, evaluate.mean_loss(found, part.truth, run.graph.handles.loss_over_softmax))


def _predict(run: TrainingRun, split: str, images: np.ndarray, indices: Optional[np.ndarray] = None) -> np.ndarray:
    advance = run.start_part(f"evaluating {split}", len(images if indices is None else indices))
    return evaluate.predict(run.session, run.graph, images, run.experiment.eval_batch_size, indices, advance)


def variables_sha256(tf: Any, session: Any) -> str:
    """Hex SHA-256 over name, shape and bytes of every global variable, by name: the identity of a trained state."""
    digest = hashlib.sha256()
    for variable in sorted(tf.global_variables(), key=lambda v: v.op.name):  # one at a time: together they are large
        value = np.ascontiguousarray(session.run(variable))
        digest.update(f"{variable.op.name}|{value.dtype.str}|{value.shape}|".encode("ascii"))
        digest.update(value.data)
    return digest.hexdigest()


def npy_bytes(array: np.ndarray) -> bytes:
    """The .npy file of an array."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def finish(run: TrainingRun, progress: Progress, last_eval: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """Scores the weights after the last epoch, then the best-on-dev ones, and writes the results.

    Args:
        run: Its Session holds the last epoch's values.
        progress: Where it ended.
        last_eval: Scores on `eval_split` that the loop has just counted with these values, if it has.

    Returns:
        The content of result.json. `dev` is null where the report has no dev split; `best` enters no verdict.

    Raises:
        MachineError: a result file cannot be written.
    """
    hash_of_variables = variables_sha256(run.tf, run.session)
    probabilities = _predict(run, "test", run.data.x_test)
    final = _both_splits(run, probabilities, last_eval)
    best = _best(run, progress, final)
    result = document(run, progress, final, best, hash_of_variables)
    run.start_part("drawing")
    try:
        write_bytes(run.folder.file("result.npy"), npy_bytes(probabilities))
        _draw(run, result)
        # metrics.jsonl is vouched for by the last manifest: it holds times, and equal runs have equal result.json
        result["files"] = {"result.npy": {"sha256": sha256_file(run.folder.file("result.npy"))}}
        write_sealed(run.folder.file("result.json"), result)
    except OSError as error:
        raise MachineError(
            f"results cannot be written ({one_line(error)}); mend it and run the same command"
        ) from error
    return result


def document(
    run: TrainingRun, progress: Progress, final: Dict[str, Any], best: Dict[str, Any], hash_of_variables: str
) -> Dict[str, Any]:
    """The content of result.json but for `files`."""
    experiment, data = run.experiment, run.data
    reported = experiment.reported
    return {
        "schema": 1,
        "report": experiment.report,
        "run": experiment.run,
        "seed": experiment.seed,
        "data": data.name,
        "data_digest": data.digest,
        "data_lossy": data.lossy,
        "split_hash": run.record["split_hash"],
        "epochs": progress.epoch,
        "steps": progress.step,
        "ended_by": progress.stopped,
        "dev": final["dev"],
        "test": final["test"],
        "reported": {"metric": reported.metric, "value": reported.value, "printed": reported.printed},
        "best": best or None,
        "variables_sha256": hash_of_variables,
    }


def _best(run: TrainingRun, progress: Progress, final: Dict[str, Any]) -> Dict[str, Any]:
    """The best epoch on `eval_split` with its scores; empty where its checkpoint is damaged."""
    best = dict(progress.best or {})
    if best and best["step"] == progress.step:
        return {**best, **final}
    if best:
        try:
            manifest = saving.read_manifest(run.folder.path, best["step"])
            saving.restore(run.tf, run.session, run.graph.saver, run.folder.path, manifest)
        except InputError as error:  # it enters no verdict: the run's own result stands without it
            run.log.line(f"the best epoch's checkpoint is not scored: {error}")
            return {}
        best.update(_both_splits(run))
    return best


def _both_splits(
    run: TrainingRun, probabilities: Optional[np.ndarray] = None, last_eval: Optional[Dict[str, Any]] = None
) -> Dict[str, Any]:
    dev = last_eval if run.experiment.eval_split == "dev" else None
    if dev is None and "dev" in splits_of(run.experiment):
        dev = score_split(run, "dev").scores
    return {"dev": dev, "test": score_split(run, "test", probabilities).scores}


def _draw(run: TrainingRun, result: Dict[str, Any]) -> None:
    """curves.png and confusion.png; without matplotlib a line says what is missing."""
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError:
        run.log.line(f"no curves.png, confusion.png: matplotlib is missing; {install_command('plots')}")
        return
    from tf1_models.output import plots

    experiment, folder, data = run.experiment, run.folder, run.data
    title = f"{experiment.report} / {experiment.run}, seed {experiment.seed}, {data.name}"
    write_bytes(folder.file("curves.png"), plots.curves(folder.metrics, title))
    split = experiment.eval_split
    scores = result[split]
    write_bytes(
        folder.file("confusion.png"),
        plots.confusion(np.asarray(scores["confusion_matrix"]), data.class_names, f"{title}, {split}"),
    )

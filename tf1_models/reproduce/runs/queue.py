"""Which runs a sweep consists of, in which folders, and how far each has come. No state but the run folders."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from tf1_models import registry, spec
from tf1_models.errors import UsageError, nearest
from tf1_models.reproduce.verdicts import folders
from tf1_models.spec import Experiment
from tf1_models.training import computation
from tf1_models.training.run_folder import folder_path


class DataName(NamedTuple):
    """What of a data set is needed to name run folders and to count images."""

    name: str
    digest: str
    n_train: int
    y_train: Any  # uint8 [n_train], for the splits


def official_data_name() -> DataName:
    """Of the official CIFAR-10 images, which need not be there."""
    from tf1_models.datasets import identify

    labels = identify.official_labels()[0]
    return DataName("cifar10", identify.OFFICIAL_DIGEST, len(labels), labels)


@dataclasses.dataclass(frozen=True)
class Task:
    """One run to do. Plain values only: it is sent to other machines as it is.

    Attributes:
        report, run, seed: Whose.
        label: "<report>/<run or variant> seed N".
        overrides: `key=value` words for `train`, without the seed.
        epochs: At most.
        n_train: Training images an epoch.
        data, out: As `train` takes them.
        folder: The run's folder.
        identity: `spec.identity` of the run.
        threads: For TensorFlow; None leaves it to `train`.
    """

    report: str
    run: str
    seed: int
    label: str
    overrides: Tuple[str, ...]
    epochs: int
    n_train: int
    data: str
    out: str
    folder: str
    identity: Dict[str, Any]
    threads: Optional[int] = None


def choose_rows(
    reports: Sequence[str], names: Sequence[str], words: Dict[str, str]
) -> Tuple[List[Tuple[str, Experiment]], List[str]]:
    """Rows by name.

    Args:
        reports: Of the registry.
        names: Runs or variants; none means every run that a verdict is possible for.
        words: Settings for every run.

    Returns:
        (name, row) pairs in the reports' order, and the names left out because no verdict is possible.

    Raises:
        UsageError: an unknown report, or a name that none of the reports has.
    """
    chosen: List[Tuple[str, Experiment]] = []
    left_out: List[str] = []
    found, known = set(), []
    for report in reports:
        variants = registry.experiments_module(report).VARIANTS
        rows = [(row.run, row.run, dict(words)) for row in registry.runs(report)]
        rows += [(one.name, one.run, {**one.overrides, **words}) for one in variants]
        known += [name for name, _, _ in rows]
        for name, run, overrides in rows:
            row = registry.experiment(report, run, overrides)
            if names and name in names:
                chosen.append((name, row))
                found.add(name)
            elif not names and name == run:
                if row.reported.value is None or row.reported.basis == "unrecoverable":
                    left_out.append(f"{report}/{name}")
                else:
                    chosen.append((name, row))
    for name in names:
        if name not in found:
            raise UsageError(
                f"no run or variant {name!r} in {', '.join(reports)}{nearest(name, known)}; "
                "`list` and `list --variants` name them"
            )
    return chosen, left_out


def tasks(
    rows: Sequence[Tuple[str, Experiment]],
    n_seeds: int,
    words: Dict[str, str],
    data: DataName,
    data_option: str,
    out: str,
) -> List[Task]:
    """Every (row, seed), seeds counted up from the row's own."""
    from tf1_models.datasets.splits import split_indices

    counts: Dict[str, int] = {}
    found = []
    for name, row in rows:
        if row.dev_split not in counts:
            counts[row.dev_split] = len(split_indices(row.dev_split, data.y_train)[0])
        variant = next((v for v in registry.experiments_module(row.report).VARIANTS if v.name == name), None)
        settings = {**(variant.overrides if variant else {}), **words}
        for seed in range(row.seed, row.seed + n_seeds):
            seeded = dataclasses.replace(row, seed=seed)
            found.append(
                Task(
                    report=row.report,
                    run=row.run,
                    seed=seed,
                    label=f"{row.report}/{name} seed {seed}",
                    overrides=tuple(f"{key}={value}" for key, value in settings.items()),
                    epochs=row.epochs,
                    n_train=counts[row.dev_split],
                    data=data_option,
                    out=out,
                    folder=folder_path(out, seeded, data.name, data.digest),
                    identity=spec.identity(row),
                )
            )
    return found


def shard(found: Sequence[Task], text: str) -> List[Task]:
    """Part i of n, "i/n" counted from 1: every n-th task in the reports' order, whatever is done already.

    Raises:
        UsageError: not of that form.
    """
    number, slash, count = text.partition("/")
    if not slash or not number.isdigit() or not count.isdigit() or not 1 <= int(number) <= int(count):
        raise UsageError(f"--shard {text!r}: write i/n with i from 1 to n, e.g. 2/4")
    return list(found[int(number) - 1 :: int(count)])


def state_of(task: Task) -> str:
    """ "finished", "failed", "unfinished" (it will continue) or "waiting"."""
    if os.path.isfile(os.path.join(task.folder, "result.json")):
        return "finished"
    if folders.read_failure(task.folder) is not None:
        return "failed"
    return "unfinished" if os.path.isfile(os.path.join(task.folder, "run.json")) else "waiting"


def epochs_done(task: Task) -> int:
    """Whole epochs in metrics.jsonl."""
    return len(folders.metrics_lines(task.folder))


def covered_by(found: Sequence[Task]) -> Dict[int, Task]:
    """Tasks that need no training of their own: position -> the task whose run gives the same number.

    That is another task of the same computation, seed and length, or a longer one whose first epochs it is (see
    `training.computation`). A run that follows dev covers a shorter one that reports test only where it scores
    test at that length (`registry.test_epochs`). A finished task is never covered.
    """
    covered: Dict[int, Task] = {}
    order = sorted(range(len(found)), key=lambda k: (state_of(found[k]) != "finished", -found[k].epochs, k))
    kept: List[int] = []
    for place in order:
        task = found[place]
        if state_of(task) != "finished":
            for other in (found[k] for k in kept):
                if other.report == task.report and other.seed == task.seed and _covers(other, task):
                    covered[place] = other
                    break
        if place not in covered:
            kept.append(place)
    return covered


def _covers(longer: Task, shorter: Task) -> bool:
    if shorter.identity.get("max_steps") is not None or longer.identity.get("max_steps") is not None:
        return longer.identity == shorter.identity  # a cut run stands for itself alone
    if not computation.begins_with(longer.identity, shorter.identity):
        return False
    if longer.epochs == shorter.epochs:
        return True
    follows_dev = longer.identity.get("dev_split") != "none"
    metrics = {row.reported.metric for row in registry.runs(shorter.report)}
    if not follows_dev or metrics == {"dev_f1_weighted"}:
        return True
    if state_of(longer) == "finished":  # an older kit did not score test there
        return any(line["epoch"] == shorter.epochs and "test" in line for line in folders.metrics_lines(longer.folder))
    return shorter.epochs in registry.test_epochs(longer.report, longer.identity)

"""What is measured, on how many images, and which program each peer is. TensorFlow-free."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any, Dict, List, Optional, Tuple

from tf1_models import registry
from tf1_models.bench.worker import Worker
from tf1_models.errors import UsageError, nearest

MEASURES = ("step", "epoch", "evaluate", "startup", "memory", "input", "slope")
DEFAULT_MEASURES = MEASURES[:-1]
# The kit first: everybody else is compared with it. `kit_resident` is the kit's step without its loop, one a call,
# `kit_default` the kit without the key=value settings that `kit` was asked for (only where there are any).
PEERS = (
    "kit",
    "kit_default",
    "kit_resident",
    "bare",
    "bare_xla",
    "keras",
    "keras_xla",
    "torch",
    "torch_compile",
    "tf115",
)
ORIGINAL = {
    "course_models": "tf115",
    "bn_cnn": "torch",
    "prelu_cnn": "torch",
    "nine_conv": "tf115",
    "alexnet_bn": "keras",
}
# The run of each report that is measured; model2 is the one that course_models prescribes.
RUNS = {"course_models": "model2"}
EVAL_BATCH = 250  # of the peers; the kit takes its own
# Images of an epoch: some ten seconds of work. alexnet_bn's are 256x256 by then.
_EPOCH_IMAGES = {"course_models": 6144, "bn_cnn": 7680, "prelu_cnn": 8192, "nine_conv": 2048, "alexnet_bn": 340}
_FULL_TRAIN, _FULL_TEST = 50_000, 1_000  # memory and start-up: CIFAR-10's training set
# A multiple of 4, so that every batch stays whole when a quarter is dev. Small batches are quick: as many images as an
# epoch of some seconds takes, or evaluation and saving, whose cost the clock leaves out, cool the caches too often.
_STEP_BATCHES, _SMALL_BATCH, _STEP_BATCHES_OF_SMALL = 48, 64, 480
_SLOPE_IMAGES = (2000, 4000, 8000)


@dataclasses.dataclass(frozen=True)
class Wishes:
    """The command line's options.

    Attributes:
        reports, measures, peers: Names in the order of the tables.
        rounds: Bursts of each program.
        burst_s: Seconds a burst.
        threads: For every program.
        scratch: Folder for run folders and images, removed in the end.
        quick: Small numbers that show that it works, not how fast it is.
        pythons: "tf115", "torch", "keras" -> interpreter; the running one where none is named.
        batch: Overrides every report's batch size.
        images: Overrides the epoch's images.
        changes: Settings of the kit's run that differ from the report's, e.g. convolutions -> winograd.
        tries: How often a burst is run at most, while other programs take more than a tenth of the processors.
        starts: Fresh starts of every program that the rounds are divided among.
    """

    reports: Tuple[str, ...]
    measures: Tuple[str, ...]
    peers: Tuple[str, ...]
    rounds: int
    burst_s: float
    threads: int
    scratch: str
    quick: bool = False
    pythons: Dict[str, str] = dataclasses.field(default_factory=dict)
    batch: Optional[int] = None
    images: Optional[int] = None
    tries: int = 1
    starts: int = 1
    changes: Dict[str, str] = dataclasses.field(default_factory=dict)


def chosen(text: Optional[str], known: Tuple[str, ...], default: Tuple[str, ...], option: str) -> Tuple[str, ...]:
    """The names of a comma list, in the known order.

    Raises:
        UsageError: an unknown name.
    """
    if text is None:
        return default
    words = [word for word in text.split(",") if word]
    for word in words:
        if word not in known:
            raise UsageError(f"{option}: unknown {word!r}{nearest(word, list(known))}; known: {', '.join(known)}")
    return tuple(name for name in known if name in words)


def experiment_of(report: str, wishes: Wishes) -> Any:
    """The measured run's row."""
    run = RUNS.get(report, registry.default_run(report))
    batch = {} if wishes.batch is None else {"batch_size": str(wishes.batch)}
    return registry.experiment(report, run, {**wishes.changes, **batch})


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Images in the folder, and how many of them are trained on (whole batches) and evaluated in an epoch."""

    folder_train: int
    folder_test: int
    n_train: int
    n_eval: int


def sizes(experiment: Any, measure: str, wishes: Wishes, images: Optional[int] = None) -> Sizes:
    """How many images a measurement takes; `images` overrides (slope)."""
    batch = experiment.batch_size
    if images is None:
        if measure in ("memory", "startup"):
            images = _FULL_TRAIN if not wishes.quick else max(2000, 12 * batch)
        elif measure == "epoch":
            images = wishes.images or (_EPOCH_IMAGES[experiment.report] if not wishes.quick else 4 * batch)
        else:
            batches = _STEP_BATCHES_OF_SMALL if batch <= _SMALL_BATCH else _STEP_BATCHES
            images = batch * (batches if not wishes.quick else 8)
    images = max(images, 4 * batch, 100)  # 100: a tenth of each class is an image
    test = min(max(images // 5, batch), _FULL_TEST if measure in ("memory", "startup") else 10_000)
    if experiment.dev_split == "first_quarter":
        return Sizes(images, test, images - images // 4, images // 4)
    if experiment.dev_split == "first_tenth_per_class":
        n_dev = 10 * (images // 10 // 10)  # as many images of every class
        return Sizes(images, test, (images - n_dev) // batch * batch if experiment.drop_last else images - n_dev, n_dev)
    return Sizes(images, test, images, test)


def settings(experiment: Any, measure: str, wishes: Wishes, data: str, found: Sizes) -> Dict[str, Any]:
    """What every program is told."""
    return {
        "report": experiment.report,
        "run": experiment.run,
        "measure": measure,
        "batch": experiment.batch_size,
        "rate": experiment.learning_rate,
        "threads": wishes.threads,
        "data": data,
        "n_train": found.n_train,
        "n_eval": found.n_eval,
        "eval_batch": EVAL_BATCH if not wishes.quick else min(EVAL_BATCH, max(experiment.batch_size, 10)),
        "eval_images": 2 * EVAL_BATCH if not wishes.quick else 2 * max(experiment.batch_size, 10),
        "scratch": wishes.scratch,
        "changes": wishes.changes,
    }


_XLA_ON_CPU = {"TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"}
# peer -> (module below bench.peers, whose interpreter, its own settings, its environment)
_PROGRAMS: Dict[str, Tuple[str, str, Dict[str, Any], Dict[str, str]]] = {
    "kit": ("kit_loop", "", {}, {}),
    "kit_default": ("kit_loop", "", {"changes": {}}, {}),
    "kit_resident": ("kit_graph", "", {}, {}),
    "bare": ("plain_tf", "", {}, {}),
    "bare_xla": ("plain_tf", "", {"xla": True}, _XLA_ON_CPU),
    "keras": ("keras_peer", "keras", {}, {}),
    "keras_xla": ("keras_peer", "keras", {"xla": True}, {}),
    "torch": ("torch_peer", "torch", {}, {}),
    "torch_compile": ("torch_peer", "torch", {"compile": True}, {}),
    "tf115": ("plain_tf", "tf115", {"tensorflow": "1.15", "habits": True}, {}),
}
# measure -> peers that have such a thing; kit_resident stands for itself in `step` alone
_WITHOUT = {
    "step": (),
    "epoch": ("kit_resident",),
    "evaluate": ("kit_resident",),
    "startup": ("kit_resident", "bare_xla"),
    "memory": ("kit_resident", "bare_xla", "keras_xla", "torch_compile"),
    "input": ("kit_resident", "bare", "bare_xla", "keras_xla", "torch", "torch_compile", "tf115"),
}


def peers_of(measure: str, wishes: Wishes) -> List[str]:
    """The wished-for peers that this measurement knows."""
    left_out = _WITHOUT.get(measure, ()) + (() if wishes.changes else ("kit_default",))
    return [name for name in wishes.peers if name not in left_out]


def program(module: str, python: str = "") -> List[str]:
    """The command of a measured program."""
    return [python or sys.executable, "-m", f"tf1_models.bench.peers.{module}"]


def worker(peer: str, settings: Dict[str, Any], wishes: Wishes) -> Worker:
    """A peer's program with its settings."""
    module, whose, own, variables = _PROGRAMS[peer]
    if peer in ("kit", "kit_default") and settings["measure"] in ("evaluate", "input"):
        module = "kit_graph"
    return Worker(peer, program(module, wishes.pythons.get(whose, "")), {**settings, **own}, variables)


def slope_images(wishes: Wishes, batch: int) -> Tuple[int, ...]:
    """Images of the epochs whose seconds are fitted."""
    if wishes.quick:
        return tuple(max(100, 4 * batch) * k for k in (1, 2, 4))
    return _SLOPE_IMAGES if wishes.images is None else tuple(wishes.images * k for k in (1, 2, 4))

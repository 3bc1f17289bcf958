"""The frozen records that reports, runs and quirks are written in; every setting is checked when it is built."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Optional, Tuple

from tf1_models.errors import UsageError

# none: train on everything, look at test only (course_models, bn_cnn, prelu_cnn; quirk Q20).
# first_quarter: the first quarter of the training array is dev (nine_conv, public).
# first_tenth_per_class: the first tenth of every class's files is validation (alexnet_bn, Keras' validation_split).
DEV_SPLITS = ("none", "first_quarter", "first_tenth_per_class")
OPTIMIZERS = ("adam", "torch_adam", "torch_sgd", "torch_adagrad", "torch_rmsprop", "keras_adam")
# How sums are formed, not which: other last bits, nothing else. winograd: graphs/parts/winograd.py, for 3x3 kernels;
# winograd_5x5: for both. A row names what its graph has (`convolution_choices`): where layers have the kernel, few
# pixels and many channels.
CONVOLUTIONS = ("direct", "winograd", "winograd_5x5")
PRECISIONS = ("float32", "bf16", "tf32", "fp16")  # see execution.py; the variables are float32 in all
# keyed: seed and epoch alone decide. numpy: one RandomState(seed) shuffles a fresh arange every epoch (nine_conv).
SHUFFLE_STREAMS = ("keyed", "numpy")
SCHEDULES = ("constant", "course_steps", "step", "multi_step", "exponential")
METRICS = ("test_accuracy", "dev_f1_weighted")
BASES = ("listed", "assumed", "unrecoverable")
SELECTIONS = ("single", "best_of_unknown_n", "")


def bounded(low: float, high: float, help: str, low_open: bool = False) -> Dict[str, Any]:
    """Field metadata: the allowed range (both ends in, unless `low_open`) and a line of help."""
    return {"low": low, "high": high, "low_open": low_open, "help": help}


def one_of(choices: Tuple[str, ...], help: str) -> Dict[str, Any]:
    """Field metadata: the allowed words and a line of help."""
    return {"choices": choices, "help": help}


def check_fields(record: Any) -> None:
    """Checks a frozen record's fields against their metadata.

    Raises:
        UsageError: a value is out of range or not among the allowed words; the field is named.
    """
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        choices = field.metadata.get("choices")
        if choices is not None and value not in choices:
            raise UsageError(f"{field.name}={value!r} is unknown; allowed: {', '.join(map(str, choices))}")
        if "low" in field.metadata and value is not None:
            low, high, low_open = (field.metadata[key] for key in ("low", "high", "low_open"))
            if not (low < value if low_open else low <= value) or not value <= high:  # NaN fails both
                raise UsageError(
                    f"{field.name}={value!r} is out of range; allowed: {'above' if low_open else 'from'} {low:g} "
                    f"to {high:g} ({field.metadata['help']})"
                )


@dataclasses.dataclass(frozen=True)
class Reported:
    """What a report prints for one run.

    Attributes:
        metric: One of `METRICS`; the printed F1 of nine_conv is weighted over dev (Q14).
        value: As a fraction, None where the report gives no number.
        printed: The report's own characters, e.g. "76.24 %"; "" where it gives none.
        n_scored: Images the number was counted over, None without a number.
        basis: How far the report says what was run: listed, assumed or unrecoverable.
        assumed: What had to be assumed, in words; "" for nothing.
        selection: "single", "best_of_unknown_n" (Q19), or "" without a number.
    """

    metric: str = dataclasses.field(metadata=one_of(METRICS, "what the number measures"))
    value: Optional[float]
    printed: str
    n_scored: Optional[int]
    basis: str = dataclasses.field(metadata=one_of(BASES, "how far the report says what was run"))
    assumed: str
    selection: str = dataclasses.field(metadata=one_of(SELECTIONS, "single value or best of several"))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclasses.dataclass(frozen=True)
class Quirk:
    """Something a report did that a careful program would not; kept on purpose and pinned by a test.

    Attributes:
        id: "Q1" … "Q22" (or "D1" for a declared deviation of the kit).
        title: A few words.
        what: What happens and how it is known.
    """

    id: str
    title: str
    what: str


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One run of one report: every setting that its numbers depend on, as the report gives it.

    `net` is the report's own record of graph settings (e.g. `experiments.nine_conv.NineConvNet`); its fields can be
    overridden by name just as the fields here.
    """

    report: str
    run: str
    where: str
    note: str
    reported: Reported
    net: Any
    parameters: int
    epochs: int = dataclasses.field(metadata=bounded(1, 100000, "passes over the training images"))
    batch_size: int = dataclasses.field(metadata=bounded(1, 60000, "images a training step"))
    optimizer: str = dataclasses.field(metadata=one_of(OPTIMIZERS, "whose arithmetic the steps follow"))
    learning_rate: float = dataclasses.field(metadata=bounded(0.0, 10.0, "before the schedule", low_open=True))
    schedule: str = dataclasses.field(metadata=one_of(SCHEDULES, "learning rate by epoch"))
    keep_prob: float = dataclasses.field(
        metadata=bounded(0.0, 1.0, "probability to KEEP a unit in training, not a drop rate", low_open=True)
    )
    shuffle: bool
    drop_last: bool
    dev_split: str = dataclasses.field(metadata=one_of(DEV_SPLITS, "which training images are dev"))
    pixel_divisor: float = dataclasses.field(metadata=bounded(1.0, 255.0, "1: raw 0..255; 255: scaled to 0..1"))
    seed: int = dataclasses.field(metadata=bounded(0, 2**31 - 1, "the run's only seed"))
    patience_epochs: Optional[int] = dataclasses.field(
        default=None, metadata=bounded(0, 100000, "early stopping on the epoch's summed loss; none: never")
    )
    schedule_stepped: bool = True
    step_size_epochs: Optional[int] = dataclasses.field(default=None, metadata=bounded(1, 100000, "StepLR"))
    milestones_epochs: Tuple[int, ...] = ()
    gamma: Optional[float] = dataclasses.field(default=None, metadata=bounded(-1.0, 1.0, "schedule's factor"))
    augmentation: bool = False
    eval_drop_last: bool = False
    max_steps: Optional[int] = dataclasses.field(
        default=None, metadata=bounded(1, 10**9, "cut after this many steps; none: whole epochs")
    )

    shuffle_stream: str = dataclasses.field(
        default="keyed", metadata=one_of(SHUFFLE_STREAMS, "which random numbers order an epoch's images")
    )
    precision: str = dataclasses.field(default="float32", metadata=one_of(PRECISIONS, "of products inside the graph"))
    xla: bool = False
    convolutions: str = dataclasses.field(default="direct", metadata=one_of(CONVOLUTIONS, "how they are summed"))
    # what the report's graph has and takes on a processor, no settings of a run
    convolution_choices: Tuple[str, ...] = ("direct",)
    eval_batch_size: int = 250  # images a `session.run` in evaluation: more gain little and cost memory

    def __post_init__(self) -> None:
        check_fields(self)
        if self.convolutions not in self.convolution_choices:
            raise UsageError(
                f"convolutions={self.convolutions} is not for {self.report}; allowed there: "
                f"{', '.join(self.convolution_choices)}"
            )

    @property
    def eval_split(self) -> str:
        """ "dev" where the run has a dev split, else "test" (Q20: the reports that look at test only)."""
        return "test" if self.dev_split == "none" else "dev"


@dataclasses.dataclass(frozen=True)
class Variant:
    """A configuration outside the reports' 79 runs that an assumption or a quirk names.

    Attributes:
        name: Short name, unique in its report.
        run: The run it departs from.
        overrides: `key=value` words as `train` takes them.
        why: What it decides or shows.
    """

    name: str
    run: str
    overrides: Dict[str, str]
    why: str


@dataclasses.dataclass(frozen=True)
class Claim:
    """A report's word that one of its runs is better than another.

    Attributes:
        better, worse: Two runs of the report.
        where: Section of the report.
        what: The claim in a few words.
    """

    better: str
    worse: str
    where: str
    what: str


# Fields that describe a run or its graph and are no settings of it.
NO_SETTINGS = (
    "report",
    "run",
    "where",
    "note",
    "reported",
    "parameters",
    "net",
    "convolution_choices",
    "eval_batch_size",
)


def settings(experiment: Experiment) -> Dict[str, Any]:
    """Every setting that a run's numbers depend on, but its seed: JSON-ready, in a fixed order, net settings last."""
    row = {
        field.name: getattr(experiment, field.name)
        for field in dataclasses.fields(experiment)
        if field.name not in (*NO_SETTINGS, "seed")
    }
    row["graph"] = experiment.report
    row.update({f"net.{key}": value for key, value in dataclasses.asdict(experiment.net).items()})
    return {key: list(value) if isinstance(value, tuple) else value for key, value in row.items()}


def identity(experiment: Experiment) -> Dict[str, Any]:
    """`settings` without fields that stand at their declared default.

    This is what a run folder's name hashes: a setting that a later version of the kit adds, at a default that changes
    nothing, must not orphan the runs that were made before it.
    """
    defaults = {
        prefix + field.name: list(field.default) if isinstance(field.default, tuple) else field.default
        for prefix, record in (("", experiment), ("net.", experiment.net))
        for field in dataclasses.fields(record)
        if field.default is not dataclasses.MISSING
    }
    row = settings(experiment)
    return {key: value for key, value in sorted(row.items()) if key not in defaults or value != defaults[key]}

"""Runs of report `alexnet_bn` (Keras): an AlexNet-like net at 256x256, batch sizes by epochs; TensorFlow-free.

Source: the report's listing (batch 50, 20 epochs), its layer summary and its table of nine test accuracies.
"""

from __future__ import annotations

import dataclasses
import functools

from tf1_models.experiments.rows import row_of
from tf1_models.spec import Experiment, Quirk, Reported, bounded, check_fields

TITLE = "AlexNet-like net at 256x256 with batch norm and dropout, grid of batch sizes and epochs (Keras)"
SOURCE = "alexnet_bn report: listing, layer summary, table of the grid search"
DEFAULT_RUN = "batch_100_epochs_30"  # the report's choice


@dataclasses.dataclass(frozen=True)
class AlexNetNet:
    """Graph settings; the ten runs share them.

    Attributes:
        bn_momentum: Share of the old moving statistics that a step keeps.
        bn_epsilon: Added to the variance.
    """

    bn_momentum: float = dataclasses.field(metadata=bounded(0.0, 1.0, "share of the old moving statistics kept"))
    bn_epsilon: float = dataclasses.field(metadata=bounded(0.0, 1.0, "added to the variance", low_open=True))

    def __post_init__(self) -> None:
        check_fields(self)


NET = AlexNetNet(bn_momentum=0.99, bn_epsilon=0.001)  # Keras' defaults


_FINAL = Experiment(
    report="alexnet_bn",
    run="batch_100_epochs_30",
    where="grid search",
    note="final choice",
    reported=Reported("test_accuracy", 0.8191, "81.91%", 10000, "listed", "", "single"),
    net=NET,
    parameters=8_636_810,
    epochs=30,
    batch_size=100,
    optimizer="keras_adam",
    learning_rate=0.001,
    schedule="constant",
    keep_prob=0.5,
    shuffle=True,
    drop_last=True,  # steps_per_epoch = n // batch_size; 45,000 is a multiple of every batch size here
    dev_split="first_tenth_per_class",
    pixel_divisor=255.0,
    convolution_choices=("direct", "winograd", "winograd_5x5"),
    eval_batch_size=100,  # 4 MB of activations an image: 250 took more memory than the training step
    seed=0,
)
_row = functools.partial(row_of, _FINAL)


EXPERIMENTS = (
    _row("batch_100_epochs_20", "grid search", 0.8125, "81.25%", epochs=20),
    _row("batch_100_epochs_25", "grid search", 0.806, "80.60%", epochs=25),
    _FINAL,
    _row("batch_200_epochs_20", "grid search", 0.8054, "80.54%", epochs=20, batch_size=200),
    _row("batch_200_epochs_25", "grid search", 0.7942, "79.42%", epochs=25, batch_size=200),
    _row("batch_200_epochs_30", "grid search", 0.812, "81.20%", batch_size=200),
    _row("batch_250_epochs_20", "grid search", 0.7764, "77.64%", epochs=20, batch_size=250),
    _row("batch_250_epochs_25", "grid search", 0.815, "81.50%", epochs=25, batch_size=250),
    _row("batch_250_epochs_30", "grid search", 0.8067, "80.67%", batch_size=250),
    _row("as_listed", "training listing", None, "", note="batch 50, 20 epochs; plots only", epochs=20, batch_size=50),
)

VARIANTS = ()

QUIRKS = (
    Quirk(
        "Q17",
        "two kinds of batch norm",
        "Keras 2's two convolutional ones are fused: they normalise with the biased variance and average (0.99) the "
        "Bessel-corrected one, n/(n-1); the three dense ones average the biased variance.",
    ),
    Quirk(
        "Q18",
        "nearest upsampling in the graph",
        "Nearest-neighbour resizing to 256x256 repeats every pixel 8 times each way, so the kit holds the 32x32 "
        "bytes, and the first convolution sums its weights over equal pixels: the same as on PIL's NEAREST.",
    ),
    Quirk(
        "Q20",
        "chosen on the test set",
        "There is a validation split, but the nine grid points are compared by test accuracy.",
    ),
    Quirk(
        "Q22",
        "blank JPEGs",
        "The script calls plt.show() before plt.savefig(), so run as a script its JPEGs are blank; the kit saves "
        "real ones (declared mend).",
    ),
)

ASSUMED = (
    "seed 0 (the report names none); D1: explicit op seeds",
    "tf.keras 2 behaviour: the report's `import keras` does not name a version",
    "the grid's runs change batch size and epochs of the listing and nothing else",
    "pixels are divided by 255 where Keras multiplies by 1/255: the float32 values differ by one unit in the last "
    "place at most",
)

CONTRADICTIONS = (
    ("batch size of the listing", "listing and file names: 50", "grid search: 100, 200 or 250, never 50"),
    ("epochs of the run that scores 81.91 %", "listing: 20", "grid search: (100, 30)"),
)

"""Runs of report `bn_cnn` (PyTorch): three convolutions with batch norm, three dense layers; TensorFlow-free.

Source: the report's hyper-parameter block and listing (sections 2.1 to 2.3), its result (2.6) and the three
comparisons (3.1 to 3.3). Neither the loss nor the optimizer is in the text: cross-entropy and Adam are Assumed.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Tuple

from tf1_models.errors import UsageError
from tf1_models.experiments.rows import row_of
from tf1_models.spec import Claim, Experiment, Quirk, Reported, Variant

TITLE = "three 5x5 convolutions with batch norm, dropout 0.3 between the dense layers (PyTorch)"
SOURCE = "bn_cnn report: listing (2.1 to 2.3), final run (2.6), comparisons (3.1 to 3.3)"
DEFAULT_RUN = "final"


@dataclasses.dataclass(frozen=True)
class BnCnnNet:
    """Graph settings.

    Attributes:
        channels: Output channels of the three convolutions.
        dropout: Whether the two dropouts behind the dense layers exist (how much they keep is the run's `keep_prob`).
    """

    channels: Tuple[int, ...]
    dropout: bool

    def __post_init__(self) -> None:
        if len(self.channels) != 3 or not all(1 <= size <= 4096 for size in self.channels):
            text = ",".join(map(str, self.channels))
            raise UsageError(f"channels={text!r} is out of range; allowed: three numbers, 1 to 4096, e.g. 32,64,128")


_NET = BnCnnNet(channels=(32, 64, 128), dropout=True)


_FINAL = Experiment(
    report="bn_cnn",
    run="final",
    where="2.6",
    note="text: batch 30, 30 epochs",
    reported=Reported("test_accuracy", 0.7834, "78.34%", 10000, "listed", "optimizer, loss", "single"),
    net=_NET,
    parameters=469_980,
    epochs=30,
    batch_size=30,
    optimizer="torch_adam",  # Assumed
    learning_rate=0.001,
    schedule="constant",
    keep_prob=0.7,
    shuffle=True,  # Assumed
    drop_last=False,  # DataLoader's default
    dev_split="none",  # Q20
    pixel_divisor=255.0,  # ToTensor, Assumed without normalisation
    convolution_choices=("direct", "winograd_5x5"),
    seed=0,
)
_row = functools.partial(row_of, _FINAL)


EXPERIMENTS = (
    _FINAL,
    _row(
        "as_listed",
        "2.1",
        None,
        "",
        note="the code listing: batch 50, 50 epochs; no number given",
        assumed="optimizer, loss",
        epochs=50,
        batch_size=50,
    ),
    _row(
        "batch_256",
        "3.1",
        None,
        "",
        note="loss curve only",
        basis="assumed",
        assumed="optimizer, loss, epochs",
        batch_size=256,
    ),
    _row(
        "half_channels",
        "3.2",
        None,
        "",
        note="16/32/64 channels; said to be lower, no number given",
        basis="assumed",
        assumed="optimizer, loss, epochs, batch",
        net=BnCnnNet(channels=(16, 32, 64), dropout=True),
        parameters=173_820,
    ),
    _row(
        "no_dropout_100",
        "3.3",
        0.63,
        "약 63%",
        note="about 63 %, loss near 0.3",
        basis="assumed",
        assumed="optimizer, loss, batch, channels, BN",
        net=BnCnnNet(channels=(32, 64, 128), dropout=False),
        parameters=469_980,
        epochs=100,
        keep_prob=1.0,
    ),
)

VARIANTS = (
    Variant(
        "half_channels_as_coded",
        "half_channels",
        {"channels": "32,64,128"},
        "the older listing's code says 32/64/128 where its comments say 16/32/64: the configuration of `final`",
    ),
)

CLAIMS = (
    Claim("final", "batch_256", "3.1", "a batch of 30 generalises better than one of 256"),
    Claim("final", "half_channels", "3.2", "twice the channels make the net better"),
    Claim("final", "no_dropout_100", "3.3", "fewer epochs and dropout generalise better"),
)

QUIRKS = (
    Quirk(
        "Q6",
        "text against listing",
        "The text says batch 30 and 30 epochs, the listing's block says 50 and 50: two runs, `final` and `as_listed`.",
    ),
    Quirk(
        "Q20",
        "chosen on the test set",
        "There is no dev split: the report compares its runs by test accuracy, so eval_split is test.",
    ),
)

ASSUMED = (
    "loss: cross-entropy on the logits; optimizer: Adam with PyTorch's defaults (betas 0.9, 0.999, eps 1e-8)",
    "inputs: ToTensor only, pixels in [0, 1], no normalisation; training batches shuffled, the last one short",
    "initial values: PyTorch's defaults, U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weights and biases",
    "one BatchNorm and one ReLU a block: the garbled listing repeats some of these lines in the third",
    "half_channels: 16/32/64 as the comments and the text (doubled later) say; batch 30, 30 epochs",
    "batch_256: 30 epochs",
    "no_dropout_100: channels 32/64/128, batch norm as in `final`, batch 30",
)

CONTRADICTIONS = (
    ("batch size (Q6)", "text: 30", "listing: 50"),
    ("epochs (Q6)", "text: 30", "listing: 50"),
    ("channels of the older net", "comments and text: 16/32/64, doubled later", "its code: 32/64/128"),
)

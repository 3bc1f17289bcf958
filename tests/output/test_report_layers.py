"""The nets as their reports printed them, line by line beside the reports' texts as typed here.

Typed as the text has it, but for what scanning did: `eps=le=05` is `eps=1e-05`, `(**relayer*)` is `(fc_layer)`, lost
indentation is PyTorch's. Columns of Keras' table are tabs in the text and layer names that went on in a second line are
joined with or without a blank: compared are the fields, without blanks. The layout itself (65 columns, where a name
breaks) is Keras 2's: tf-keras 2.21 prints the same bytes but for the totals.

bn_cnn's shapes have no text to stand beside: below its heading (2.4) was a picture. Its numbers are held to the sizes
that the listing's comments name, and the form is what `print(x.shape)` gives.
"""

from __future__ import annotations

import re
from typing import Any, List

import pytest

from tf1_models import registry
from tf1_models.output import report_layers

pytestmark = pytest.mark.tf

PRELU_CNN = """\
CNN(
  (layer): Sequential(
    (0): Conv2d(3, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (1): PReLU(num_parameters=1)
    (2): Dropout2d(p=0, inplace=35)
    (3): BatchNorm2d(16, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    (4): Conv2d(16, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (5): PReLU(num_parameters=1)
    (6): Dropout2d(p=0, inplace=35)
    (7): BatchNorm2d(32, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    (8): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    (9): Conv2d(32, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (10): PReLU(num_parameters=1)
    (11): Dropout2d(p=0, inplace=35)
    (12): BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    (13): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  )
  (fc_layer): Sequential(
    (0): Linear(in_features=4096, out_features=100, bias=True)
    (1): PReLU(num_parameters=1)
    (2): Dropout2d(p=0, inplace=35)
    (3): BatchNorm1d(100, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    (4): Linear(in_features=100, out_features=10, bias=True)
  )
)"""

ALEXNET_BN = """\
Model: "sequential"
Layer (type)	Output Shape	Param #
=====
conv2d (Conv2D)	(None, 62, 62, 96)	34944
batch_normalization (Batch Normalization)	(None, 62, 62, 96)	384
max_pooling2d (MaxPooling2D)	(None, 30, 30, 96)	0
conv2d_1 (Conv2D)	(None, 30, 30, 256)	614656
batch_normalization_1 (Batch Normalization)	(None, 30, 30, 256)	1024
max_pooling2d_1 (MaxPooling2D)	(None, 14, 14, 256)	0
conv2d_2 (Conv2D)	(None, 14, 14, 384)	885120
conv2d_3 (Conv2D)	(None, 14, 14, 384)	1327488
conv2d_4 (Conv2D)	(None, 14, 14, 256)	884992
max_pooling2d_2 (MaxPooling2D)	(None, 6, 6, 256)	0
flatten (Flatten)	(None, 9216)	0
dense (Dense)	(None, 512)	4719104
batch_normalization_2 (Batch Normalization)	(None, 512)	2048
dropout (Dropout)	(None, 512)	0
dense_1 (Dense)	(None, 256)	131328
batch_normalization_3 (Batch Normalization)	(None, 256)	1024
dropout_1 (Dropout)	(None, 256)	0
dense_2 (Dense)	(None, 128)	32896
batch_normalization_4 (Batch Normalization)	(None, 128)	512
dropout_2 (Dropout)	(None, 128)	0
dense_3 (Dense)	(None, 10)	1290
=====
Total params: 8,636,810
Trainable params: 8,634,314
Non-trainable params: 2,496"""


def layers_of(report: str, run: str, **overrides: str) -> Any:
    from tf1_models.training.layers_seen import layers_seen

    return layers_seen(registry.experiment(report, run, overrides))


def fields(lines: List[str]) -> List[List[str]]:
    """Rows of a summary as fields without blanks; lines that only rule or separate are left out, names joined."""
    found: List[List[str]] = []
    for line in lines:
        if not line.strip(" _="):
            continue
        parts = [part.replace(" ", "") for part in re.split(r"\t| {2,}", line.strip())]
        if len(parts) == 1 and ":" not in line:  # the rest of the name above
            found[-1][0] += parts[0]
        else:
            found.append(parts)
    return found


def test_prelu_cnn_prints_its_module() -> None:
    lines = report_layers.prelu_cnn_module_lines(layers_of("prelu_cnn", "final"), 1.0)
    assert lines == PRELU_CNN.split("\n")


def test_the_module_is_the_run_s_own() -> None:
    elu = report_layers.prelu_cnn_module_lines(layers_of("prelu_cnn", "elu_adam"), 1.0)
    assert elu == PRELU_CNN.replace("PReLU(num_parameters=1)", "ELU(alpha=1.0)").split("\n")
    mended = report_layers.prelu_cnn_module_lines(layers_of("prelu_cnn", "final", dropout_acts="true"), 0.65)
    assert mended == PRELU_CNN.replace("p=0, inplace=35", "p=0.35, inplace=False").split("\n")


def test_batch_norm_s_words_are_the_graph_s_numbers() -> None:
    from tf1_models.graphs.parts import torch_layers

    words = f"eps={torch_layers.BATCH_NORM_EPSILON}, momentum={torch_layers.BATCH_NORM_MOMENTUM}, "
    assert report_layers.BATCH_NORM_WORDS.startswith(words)
    slopes = (torch_layers.RRELU_LOWER, torch_layers.RRELU_UPPER)
    assert report_layers.ACTIVATIONS["RReLU"] == "RReLU(lower={}, upper={})".format(*slopes)
    assert str(torch_layers.LEAKY_RELU_SLOPE) in report_layers.ACTIVATIONS["LeakyReLU"]


def test_alexnet_bn_prints_its_summary() -> None:
    lines = report_layers.alexnet_bn_summary_lines(layers_of("alexnet_bn", "as_listed"))
    assert fields(lines) == fields(ALEXNET_BN.split("\n"))
    assert lines[4:8] == [
        " conv2d (Conv2D)             (None, 62, 62, 96)        34944     ",
        " " * 65,
        " batch_normalization (Batch  (None, 62, 62, 96)        384       ",
        " Normalization)                                                  ",
    ]
    assert [line for line in lines if set(line) == {"="}] == ["=" * 65] * 2


# listing 2.2: "16x16, channel=32", "8x8, channel=64", "4x4, channel=128", "2048 --> 100", "100 --> 50", "50 --> 10"
@pytest.mark.parametrize(
    "run, batch_size, channels", [("final", 30, (32, 64, 128)), ("half_channels", 30, (16, 32, 64))]
)
def test_bn_cnn_prints_shapes_in_pytorchs_order(run: str, batch_size: int, channels: Any) -> None:
    one, two, three = channels
    assert report_layers.bn_cnn_shape_lines(layers_of("bn_cnn", run), batch_size) == [
        f"torch.Size([{batch_size}, {one}, 16, 16])",
        f"torch.Size([{batch_size}, {two}, 8, 8])",
        f"torch.Size([{batch_size}, {three}, 4, 4])",
        f"torch.Size([{batch_size}, {16 * three}])",
        f"torch.Size([{batch_size}, 100])",
        f"torch.Size([{batch_size}, 50])",
        f"torch.Size([{batch_size}, 10])",
    ]

"""The nets as their reports printed them, beside the texts' lines in tests/transcripts/consoles.py.

Columns of Keras' table are tabs in the text and layer names that went on in a second line are joined with or without a
blank: compared are the fields, without blanks. The layout itself (65 columns, where a name breaks) is Keras 2's:
tf-keras 2.21 prints the same bytes but for the totals.

bn_cnn's shapes have no text to stand beside: below its heading (2.4) was a picture. Its numbers are held to the sizes
that the listing's comments name, and the form is what `print(x.shape)` gives.
"""

from __future__ import annotations

import re
from typing import Any, List

import pytest

from tests.transcripts.consoles import ALEXNET_BN_NET as ALEXNET_BN
from tests.transcripts.consoles import PRELU_CNN_NET as PRELU_CNN
from tf1_models import registry
from tf1_models.output import report_layers

pytestmark = pytest.mark.tf


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

"""Winograd's convolution is the direct one: values and both gradients, and the reports' nets in the golden bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.graphs import golden_case, torch_case
from tests.graphs.test_alexnet_bn_golden import BATCHES, assert_float32, assert_float64
from tests.graphs.test_nine_conv_golden import AFTER_ONE_STEP, CASES
from tf1_models import registry
from tf1_models.errors import UsageError

pytestmark = pytest.mark.tf


@pytest.mark.parametrize("kernel_px", [3, 5])
@pytest.mark.parametrize(
    "height, width, c_in, c_out",
    [
        (4, 4, 1, 1),
        (4, 4, 3, 5),
        (8, 4, 4, 2),
        (4, 12, 2, 3),
        (1, 7, 2, 2),
        (6, 5, 3, 2),  # one matrix
        (14, 14, 3, 2),
        (9, 8, 2, 3),
        (16, 5, 1, 2),
        (1, 70, 2, 1),
    ],
)  # a matrix for each axis
def test_values_and_gradients_are_the_direct_ones(
    tf: Any, height: int, width: int, c_in: int, c_out: int, kernel_px: int
) -> None:
    from tf1_models.graphs.parts import winograd

    rng = np.random.RandomState(0)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64, [None, height, width, c_in])
        w = tf.constant(rng.randn(kernel_px, kernel_px, c_in, c_out))
        up = rng.randn(3, height, width, c_out)
        direct = tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME")
        ours = winograd.conv2d(x, w, "c")
        assert ours.op.name == "c/output" and ours.shape.as_list() == direct.shape.as_list()
        found = [[y, *tf.gradients(y, [x, w], tf.constant(up))] for y in (direct, ours)]
        expected, actual = session.run(found, {x: rng.randn(3, height, width, c_in)})
    for one, other in zip(expected, actual):
        assert np.abs(one - other).max() < 1e-12 * max(np.abs(one).max(), 1.0)


@pytest.mark.parametrize(
    "shape, kernel",
    [
        ([None, 4, 4, 2], [7, 7, 2, 2]),
        ([None, 4, 4, 2], [3, 5, 2, 2]),
        ([None, None, 4, 2], [3, 3, 2, 2]),
        ([None, 4, 4, 2], [3, 3, 4, 2]),
    ],
)
def test_other_kernels_and_unknown_sizes_are_refused(tf: Any, shape: Any, kernel: Any) -> None:
    from tf1_models.graphs.parts import winograd

    with tf.Graph().as_default(), pytest.raises(ValueError, match="3x3 or 5x5 kernels on known sizes"):
        winograd.conv2d(tf.placeholder(tf.float32, shape), tf.zeros(kernel), "c")


@pytest.mark.parametrize("dtype", golden_case.DTYPES)
@pytest.mark.parametrize("case", ["final", "without_conv256_a"])
def test_nine_conv_stays_within_the_golden_bounds(tf: Any, case: str, dtype: str) -> None:
    run, overrides = CASES[case]
    settings = {**overrides, "convolutions": "winograd"}
    golden_case.compare_run(tf, "nine_conv", case, dtype, run, settings).check(AFTER_ONE_STEP)


@pytest.mark.parametrize("number", [BATCHES[0], *(pytest.param(n, marks=pytest.mark.slow) for n in BATCHES[1:])])
@pytest.mark.parametrize("convolutions", ["winograd", "winograd_5x5"])
def test_alexnet_bn_stays_within_the_golden_bounds(tf: Any, convolutions: str, number: int) -> None:
    assert_float64(tf, number, {"convolutions": convolutions})
    assert_float32(tf, number, {"convolutions": convolutions})


@pytest.mark.parametrize(
    "report, direct, beside_winograd",
    [
        ("nine_conv", [f"c{n}" for n in range(1, 10)], ["c1", "c2", "c3", "c4"]),
        (
            "alexnet_bn",
            ["conv2d/upsampled/Conv2D", *(f"conv2d_{n}/Conv2D" for n in range(1, 5))],
            ["conv2d/upsampled/Conv2D", "conv2d_1/Conv2D"],
        ),
    ],
)
def test_it_is_used_where_it_pays_and_changes_no_variable(
    tf: Any, report: str, direct: Any, beside_winograd: Any
) -> None:
    names = {}
    for convolutions, expected in (("direct", direct), ("winograd", beside_winograd)):
        with tf.Graph().as_default() as graph:
            registry.graph(report, overrides={"convolutions": convolutions}).build()
            names[convolutions] = [(v.op.name, v.shape.as_list()) for v in tf.global_variables()]
            assert [op.name for op in graph.get_operations() if op.type == "Conv2D"] == expected
    assert names["direct"] == names["winograd"]


def test_5x5_kernels_too_where_asked_for(tf: Any) -> None:
    for report, left in (("alexnet_bn", ["conv2d/upsampled/Conv2D"]), ("bn_cnn", ["layer1/0/Conv2D"])):
        with tf.Graph().as_default() as graph:
            registry.graph(report, overrides={"convolutions": "winograd_5x5"}).build()
            assert [op.name for op in graph.get_operations() if op.type == "Conv2D"] == left


@pytest.mark.parametrize("dtype", golden_case.DTYPES)
def test_bn_cnn_with_5x5_stays_within_the_golden_bounds(dtype: str) -> None:
    torch_case.compare("bn_cnn", "final", dtype, "final", {"convolutions": "winograd_5x5"}).check()


def test_it_is_opt_in_and_part_of_a_runs_identity() -> None:
    from tf1_models.spec import identity

    plain = registry.experiment("nine_conv")
    fast = registry.experiment("nine_conv", overrides={"convolutions": "winograd"})
    assert plain.convolutions == "direct" and "convolutions" not in identity(plain)
    assert identity(fast)["convolutions"] == "winograd"
    with pytest.raises(
        UsageError, match="convolutions=winograd is not for bn_cnn; allowed there: direct, winograd_5x5"
    ):
        registry.experiment("bn_cnn", overrides={"convolutions": "winograd"})


def test_the_points_round_less_than_the_papers(tf: Any, monkeypatch: Any) -> None:
    """float32 against float64, 256 channels on 8 pixels: close to the direct sum's own rounding."""
    from tf1_models.graphs.parts import winograd

    def error() -> float:
        rng = np.random.RandomState(0)
        x, w = rng.randn(8, 8, 8, 256), rng.randn(3, 3, 256, 32) / 48
        with tf.Graph().as_default(), tf.Session() as session:
            exact = tf.nn.conv2d(tf.constant(x), tf.constant(w), strides=[1, 1, 1, 1], padding="SAME")
            ours = winograd.conv2d(tf.constant(x, tf.float32), tf.constant(w, tf.float32), "c")
            one, other = session.run([exact, ours])
        return float(np.abs(one - other).max() / np.abs(one).max())

    chosen = error()
    monkeypatch.setitem(winograd._POINTS, 3, (0.0, 1.0, -1.0, 2.0, -2.0))
    papers = error()
    assert chosen < 5e-6 and chosen < papers / 2, (chosen, papers)

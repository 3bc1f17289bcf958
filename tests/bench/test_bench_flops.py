"""FLOPs and bytes against counts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tf1_models.bench import flops


def test_formulas() -> None:
    assert flops.convolution_flops([2, 8, 8, 16], [3, 3, 4, 16]) == 2 * 2 * 64 * 16 * 36
    assert flops.product_flops([5, 7], [7, 3], False, False) == 2 * 5 * 7 * 3
    assert flops.product_flops([7, 5], [3, 7], True, True) == 2 * 5 * 7 * 3
    assert flops.product_flops([4, 6, 5, 7], [4, 6, 7, 3], False, False) == 24 * 2 * 5 * 7 * 3


@pytest.mark.tf
def test_a_small_net_by_hand(tf: Any) -> None:
    """One convolution 3x3, 3 -> 4 channels on 8x8, one matrix product 256 -> 10, and their gradients."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 8, 8, 3])
        kernel, weight = tf.get_variable("kernel", [3, 3, 3, 4]), tf.get_variable("weight", [256, 10])
        hidden = tf.nn.relu(tf.nn.conv2d(x, kernel, strides=[1, 1, 1, 1], padding="SAME"))
        out = tf.matmul(tf.reshape(hidden, [-1, 256]), weight)
        gradients = tf.gradients(tf.reduce_sum(out * out), [kernel, weight])
        forward = flops.count([out.op], 5)
        step = flops.count([gradient.op for gradient in gradients], 5)
    convolution, product = 2 * 5 * 64 * 4 * 27, 2 * 5 * 256 * 10
    assert forward.flops == {"convolution": convolution, "matrix product": product}
    assert step.flops == {"convolution": convolution, "filter gradient": convolution, "matrix product": 3 * product}
    # convolution: input, kernel, output; ReLU: two of the output; product: input, weight, output; all float32
    n_hidden = 5 * 64 * 4
    assert forward.bytes == 4 * (5 * 192 + 108 + n_hidden + 2 * n_hidden + n_hidden + 2560 + 50)
    assert forward.uncounted == 0


@pytest.mark.tf
def test_nine_conv_needs_1_53_gflop_a_training_sample(tf: Any) -> None:
    from tf1_models import registry
    from tf1_models.training import training_graph

    pixels, channels = [1024] * 2 + [256] * 2 + [64] * 2 + [16] * 3, [3, 64, 64, 128, 128, 256, 256, 512, 512, 512]
    convolutions = [2 * n * 9 * a * b for n, a, b in zip(pixels, channels, channels[1:])]
    products = 2 * (2048 * 2048 * 2 + 2048 * 10)
    by_hand = {
        "convolution": sum(convolutions),
        "filter gradient": sum(convolutions),
        "input gradient": sum(convolutions[1:]),  # nobody wants the pictures' gradient
        "matrix product": 3 * products,
    }
    with tf.Graph().as_default():
        graph = training_graph.build_training(registry.experiment("nine_conv"))
        found = flops.count(
            [
                graph.fetches[key].op if hasattr(graph.fetches[key], "op") else graph.fetches[key]
                for key in graph.fetches
            ],
            128,
        )
        evaluated = flops.count([graph.handles.probabilities.op], 128)
    assert found.flops == {kind: 128 * value for kind, value in by_hand.items()}
    assert found.as_json(128)["flops_per_sample"] == pytest.approx(1.53e9, rel=0.003)
    assert evaluated.flops == {"convolution": 128 * sum(convolutions), "matrix product": 128 * products}


@pytest.mark.tf
def test_winograds_products_are_counted_too(tf: Any) -> None:
    """alexnet_bn's 384 -> 384 layer on 14 pixels: 36 products of [16 tiles * batch, 384] by [384, 384] forward."""
    from tf1_models.bench.peers import kit_graph

    settings = {"report": "alexnet_bn", "run": "batch_100_epochs_30", "batch": 5}
    direct, winograd, both = (
        kit_graph.counted(tf, {**settings, "changes": {"convolutions": kind}})["evaluate"]["flops_by_kind"]
        for kind in ("direct", "winograd", "winograd_5x5")
    )
    layers = [(256, 384), (384, 384), (384, 256)]
    left_out = sum(flops.convolution_flops([5, 14, 14, c_out], [3, 3, c_in, c_out]) for c_in, c_out in layers)
    assert direct["convolution"] - winograd["convolution"] == left_out
    products = sum(36 * 2 * 16 * 5 * c_in * c_out for c_in, c_out in layers)
    added = winograd["matrix product"] - direct["matrix product"]
    assert products < added < 1.5 * products  # and the transforms
    assert winograd["convolution"] - both["convolution"] == flops.convolution_flops([5, 30, 30, 256], [5, 5, 96, 256])

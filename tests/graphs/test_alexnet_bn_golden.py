"""alexnet_bn against Keras 2 (tf-keras under TensorFlow 2): the whole net at 256x256, and both kinds of batch norm."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np
import pytest

from tests.graphs import kinks
from tests.graphs.graph_record import golden, graph_record
from tests.oracles import reference
from tf1_models.experiments.alexnet_bn import NET
from tf1_models.graphs.parts.handles import LayerTable

RUN = "batch_100_epochs_30"
BATCHES = (1, 2, 3)  # the first three of eight images, none left out
EXACT = 1e-9  # float64, before rounding grows
EVALUATED = 1e-5  # float32 before the first step: stored statistics, so one more forward pass and nothing else
UNTIED_GRADIENTS = 1e-5  # float32 where it decides no ReLU and no pooling window otherwise: the bound of all reports


class Distance(NamedTuple):
    """How far one program's record of a batch is from Keras' float64; relative, as `reference.Errors`.

    Attributes:
        forward: Of training logits and loss.
        gradients: Of the worst variable.
        ten_steps: float64: the worst variable after ten steps. float32: the loss after one.
        before: Evaluation logits before the first step: largest difference over the largest logit.
        after_one: The same after one step.
        after_last: The same after ten; 0 in float32, where nobody can say more than rounding after ten.
        losses: Of the loss after each step, float64 only.
    """

    forward: float
    gradients: float
    ten_steps: float
    before: float
    after_one: float
    after_last: float
    losses: Tuple[float, ...]


def distance(double: Dict[str, np.ndarray], other: Dict[str, np.ndarray], dtype: str) -> Distance:
    """Of a record of `dtype` from Keras' float64 of the same batch."""
    error = reference.difference({**double, "dtype": np.asarray(dtype)}, other)
    evaluated = [
        float(np.max(np.abs(one - two)) / np.max(np.abs(one)))
        for one, two in zip(double["eval_logits"], other["eval_logits"])
    ]
    if dtype == "float32":
        return Distance(error.forward, error.gradients, error.ten_steps, evaluated[0], evaluated[1], 0.0, ())
    losses = tuple(float(one) for one in np.abs(other["losses"] / double["losses"] - 1.0)[1:])
    return Distance(error.forward, error.gradients, error.ten_steps, *evaluated, losses)


def compare(tf: Any, number: int, dtype: str, overrides: Dict[str, str] = {}) -> Distance:  # noqa: B006, only read
    """This kit's distance from Keras' float64 on one batch, at the run's own learning rate."""
    expected = golden("alexnet_bn", f"batch_{number}", "float64")
    first_image, n_images = int(expected["first_image"]), len(expected["logits"])
    n_steps = reference.N_STEPS if dtype == "float64" else 1
    actual = graph_record(tf, "alexnet_bn", RUN, dtype, n_images, 255.0, overrides, n_steps, first_image)
    return distance(expected, actual, dtype)


def of_keras(number: int, dtype: str) -> List[Distance]:
    """Keras' own distances on one batch, a draw each: float64's from itself with its initial weights off by rounding,
    float32's from float64 with the images in several orders."""
    own = golden("alexnet_bn", f"batch_{number}", dtype)
    found = []
    for draw in range(len(own["own_forward"])):
        first = [float(own[f"own_{name}"][draw]) for name in ("forward", "gradients", "ten_steps")]
        evaluated = [float(one) for one in own["own_evaluation"][draw]]
        if dtype == "float64":
            losses = tuple(float(one) for one in own["own_losses"][draw][1:])
            found.append(Distance(*first, *evaluated, losses))
        else:
            found.append(Distance(*first, *evaluated[:2], 0.0, ()))
    return found


def worst(found: List[Distance]) -> Distance:
    """The largest of each number."""
    losses = tuple(max(values) for values in zip(*(one.losses for one in found)))
    return Distance(*(max(values) for values in zip(*(one[:6] for one in found))), losses)


def bounds(tied: bool) -> Distance:
    """What float32 is held to: the worst of Keras' own float32 over batches and draws, and what needs no oracle's
    rounding.

    Args:
        tied: The kit's float32 decides a ReLU or a pooling window otherwise than its float64; one of them moves the
            gradient by 2e-6 to 7e-5 of its norm, and which ones do follows the processor's kernels. Without any the
            gradient is held to `UNTIED_GRADIENTS`.
    """
    of = worst([one for number in BATCHES for one in of_keras(number, "float32")])
    return of._replace(gradients=of.gradients if tied else UNTIED_GRADIENTS, before=EVALUATED)


def otherwise(tf: Any, number: int, overrides: Dict[str, str] = {}) -> Dict[str, int]:  # noqa: B006, only read
    """Row -> ReLUs or windows that the kit's float32 decides otherwise than its float64 on one batch."""
    expected = golden("alexnet_bn", f"batch_{number}", "float64")
    first_image, n_images = int(expected["first_image"]), len(expected["logits"])
    double, single = (
        kinks.outputs(tf, RUN, dtype, n_images, first_image, overrides) for dtype in ("float64", "float32")
    )
    return kinks.decided_otherwise(double, single)


def assert_float64(tf: Any, number: int, overrides: Dict[str, str] = {}) -> None:  # noqa: B006, only read
    """Every number of a float64 batch within its bound: `EXACT` until the first step is done, and from the second on
    the farthest that Keras came from itself. The kit's disturbance is less than any of Keras' draws'."""
    found, own = compare(tf, number, "float64", overrides), of_keras(number, "float64")
    assert max(found.forward, found.gradients, found.before, found.after_one, found.losses[0]) < EXACT, found
    assert found.forward < min(one.forward for one in own), (found.forward, own)
    bound = worst(own)
    assert max(found.ten_steps / bound.ten_steps, found.after_last / bound.after_last) < 1.0, (found, bound)
    assert all(ours < theirs for ours, theirs in zip(found.losses[1:], bound.losses[1:])), (found, bound)


def assert_float32(tf: Any, number: int, overrides: Dict[str, str] = {}) -> None:  # noqa: B006, only read
    """Every number of a float32 batch within its bound."""
    found, decisions = compare(tf, number, "float32", overrides), otherwise(tf, number, overrides)
    bound = bounds(tied=any(decisions.values()))
    assert all(ours < theirs for ours, theirs in zip(found[:5], bound[:5])), (found, bound, decisions)


def errors() -> List[Dict[str, Any]]:
    """All batches' errors in both dtypes, for `tests.oracles.oracle_table`, and Keras' own that they are held to."""
    import tensorflow.compat.v1 as tf

    found: List[Dict[str, Any]] = []
    for dtype in ("float64", "float32"):
        for is_keras in (False, True):
            for number in BATCHES:
                oracle = str(golden("alexnet_bn", f"batch_{number}", "float64")["oracle"])
                oracle += ", float64" if dtype == "float32" else ""
                oracle += ": Keras' own" if is_keras else ""
                error = worst(of_keras(number, dtype)) if is_keras else compare(tf, number, dtype)
                row = {"report": "alexnet_bn", "case": f"batch {number}", "oracle": oracle, "dtype": dtype}
                numbers = {"forward": error.forward, "gradients": error.gradients, "ten_steps": error.ten_steps}
                found.append(
                    {**row, **numbers, "evaluated_before": error.before, "evaluated_after_one": error.after_one}
                )
    return found


@pytest.mark.tf
@pytest.mark.parametrize("number", BATCHES)
def test_float64_equals_keras(tf: Any, number: int) -> None:
    assert_float64(tf, number)


@pytest.mark.tf
@pytest.mark.parametrize("number", BATCHES)
def test_float32_is_nearer_to_keras_float64_than_keras_float32(tf: Any, number: int) -> None:
    assert_float32(tf, number)


def test_kinks_are_counted() -> None:
    """Two ReLUs and one window of nine; the last layer has no ReLU."""
    relu, images, last = np.asarray([[1.0, 0.0, 2.0]]), np.zeros((1, 3, 3, 1)), np.ones((1, 10))
    images[0, 0, 1, 0], images[0, 2, 2, 0] = 1.0, 1.0 - 1e-9
    double = {"conv2d": relu, "batch_normalization": images, "max_pooling2d": images, "dense_3": last}
    other = images.copy()
    other[0, 2, 2, 0] = 1.0 + 1e-9
    single = {**double, "conv2d": np.asarray([[0.0, 1e-9, 2.0]]), "batch_normalization": other, "dense_3": -last}
    assert kinks.decided_otherwise(double, double) == {"conv2d": 0, "max_pooling2d": 0}
    assert kinks.decided_otherwise(double, single) == {"conv2d": 2, "max_pooling2d": 1}


def test_the_batches_are_the_first_three() -> None:
    """And of each, Keras' own distances are there: several draws, none of them the stored run itself."""
    for number in BATCHES:
        for dtype in ("float64", "float32"):
            stored = golden("alexnet_bn", f"batch_{number}", dtype)
            assert int(stored["first_image"]) == 8 * (number - 1)
            own = of_keras(number, dtype)
            assert len(own) == 8 and len({one.gradients for one in own}) == len(own)
            assert all(1e-14 < one.forward < 1e-3 and one.ten_steps > 1e-9 for one in own)


def test_what_no_fixed_bound_would_say() -> None:
    """Ten float64 steps take Keras farther from itself than 1e-9, one does not; no draw is near a wrong formula."""
    for number in BATCHES:
        own = worst(of_keras(number, "float64"))
        assert max(own.after_one, own.losses[0]) < EXACT < own.ten_steps < 1e-5 and max(own.losses) < 1e-4


@pytest.mark.tf
@pytest.mark.parametrize("kind", ["4d", "2d"])
@pytest.mark.parametrize("mended", [False, True])
def test_q17_both_kinds_of_batch_norm(tf: Any, kind: str, mended: bool, monkeypatch: Any) -> None:
    """The moving variance after one step on 12 (6) values; one rule for both kinds fails one of them."""
    from tf1_models.graphs import alexnet_bn

    if mended:
        monkeypatch.setattr(alexnet_bn, "moving_variance_factor", lambda n, rank: (n / (n - 1.0), n / n)[rank == 4])
    expected = golden("alexnet_bn", "batch_norms", "float32")
    shape = [3, 2, 2, 5] if kind == "4d" else [6, 5]
    x = reference.weights(f"q17/{kind}", shape, "float32", kind="bias")
    with tf.Graph().as_default():
        placeholder = tf.placeholder(tf.float32, [None] + shape[1:])
        layers = alexnet_bn._Layers(NET, LayerTable(), tf.constant(True), None, 0, None, tf.float32)
        output = layers.batch_norm(placeholder, "bn")
        variables = {v.op.name: v for v in tf.global_variables()}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            found = session.run([output, *layers.update_ops], {placeholder: x})[0]
            mean, variance = session.run([variables["bn/moving_mean"], variables["bn/moving_variance"]])
    np.testing.assert_allclose(found, expected[f"q17_{kind}/output"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(mean, expected[f"q17_{kind}/moving_mean"], rtol=0, atol=1e-8)
    equal = np.allclose(variance, expected[f"q17_{kind}/moving_variance"], rtol=0, atol=2e-7)
    assert equal is not mended

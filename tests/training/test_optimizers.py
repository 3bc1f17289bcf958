"""PyTorch's optimizers step for step against PyTorch; TensorFlow's own fail that check; state travels in a Saver."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List

import numpy as np
import pytest

pytestmark = pytest.mark.tf

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "optimizers", "torch.npz")
NAMES = ("torch_adam", "torch_sgd", "torch_adagrad", "torch_rmsprop")
LEARNING_RATE = 0.002
# the norms of 0, tiny and huge gradients side by side: each element is measured by itself
TOLERANCE = {"float64": 1e-13, "float32": 1e-6}


def make(name: str, rate: Any) -> Any:
    """The kit's optimizer; imported here, because it needs TensorFlow."""
    from tf1_models.training import optimizers

    return optimizers.make(name, rate)


def _golden() -> Dict[str, np.ndarray]:
    with np.load(GOLDEN, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _run(
    tf: Any, optimizer: Callable[[], Any], dtype: str, resource: bool = True, save_after: int = -1, folder: str = ""
) -> np.ndarray:
    """The vector after each of the golden file's steps; with `save_after`, a new session goes on from a checkpoint."""
    golden = _golden()
    with tf.Graph().as_default():
        with tf.variable_scope("net", use_resource=resource):
            vector = tf.get_variable("w", initializer=golden["start"].astype(dtype))
        feed = tf.placeholder(dtype, vector.shape)
        train = optimizer().apply_gradients([(feed, vector)], global_step=tf.train.get_or_create_global_step())
        read, saver = tf.identity(vector), tf.train.Saver(tf.global_variables())
        session = tf.Session()
        session.run(tf.global_variables_initializer())
        after = []
        for step, gradient in enumerate(golden["gradients"].astype(dtype)):
            if step == save_after:
                path = saver.save(session, os.path.join(folder, "ckpt"))
                session.close()
                session = tf.Session()
                saver.restore(session, path)
            session.run(train, {feed: gradient})
            after.append(session.run(read))
        session.close()
    return np.stack(after)


def _changes(start: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.diff(np.concatenate([start[None], after]), axis=0)


@pytest.mark.parametrize("resource", [True, False], ids=["resource", "ref"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_steps_equal_pytorchs(tf: Any, name: str, dtype: str, resource: bool) -> None:
    expected = _golden()[f"{name}/{dtype}"]
    actual = _run(tf, lambda: make(name, LEARNING_RATE), dtype, resource)
    np.testing.assert_allclose(actual, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * 0.1)
    if dtype == "float64":  # the updates themselves, which a large weight would hide
        start = _golden()["start"]
        np.testing.assert_allclose(_changes(start, actual), _changes(start, expected), rtol=1e-9, atol=3e-16)


TF_OWN: List[Any] = [
    ("torch_adam", lambda tf: tf.train.AdamOptimizer(LEARNING_RATE, epsilon=1e-8)),
    ("torch_rmsprop", lambda tf: tf.train.RMSPropOptimizer(LEARNING_RATE, decay=0.99, epsilon=1e-8)),
    ("torch_adagrad", lambda tf: tf.train.AdagradOptimizer(LEARNING_RATE)),
]


@pytest.mark.parametrize("name, tf_own", TF_OWN, ids=[name for name, _ in TF_OWN])
def test_tensorflows_optimizer_of_the_same_name_is_another(tf: Any, name: str, tf_own: Any) -> None:
    expected = _golden()[f"{name}/float64"]
    actual = _run(tf, lambda: tf_own(tf), "float64")
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(actual, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_resumes_bit_for_bit(tf: Any, name: str, tmp_path: Any) -> None:
    def optimizer() -> Any:
        return make(name, LEARNING_RATE)

    whole = _run(tf, optimizer, "float32")
    resumed = _run(tf, optimizer, "float32", save_after=11, folder=str(tmp_path))
    assert whole.tobytes() == resumed.tobytes()


@pytest.mark.parametrize(
    "name, state",
    [
        ("torch_adam", ["a/exp_avg", "a/exp_avg_sq", "b/exp_avg", "b/exp_avg_sq", "torch_adam_step"]),
        ("torch_sgd", []),
        ("torch_adagrad", ["a/sum", "b/sum"]),
        ("torch_rmsprop", ["a/square_avg", "b/square_avg"]),
    ],
)
def test_state_is_in_global_variables_under_pytorchs_names(tf: Any, name: str, state: List[str]) -> None:
    with tf.Graph().as_default():
        a = tf.get_variable("a", initializer=np.ones(3, np.float32))
        b = tf.get_variable("b", initializer=np.ones((2, 2), np.float32))
        optimizer = make(name, LEARNING_RATE)
        train = optimizer.minimize(tf.reduce_sum(a * a) + tf.reduce_sum(b))
        names = sorted(v.op.name for v in tf.global_variables())
        assert names == sorted(["a", "b", *state])
        assert [v.op.name for v in tf.trainable_variables()] == ["a", "b"]
        assert optimizer.get_slot_names() == [word.split("/")[1] for word in state if word.startswith("a/")]
        if name == "torch_adam":
            (step,) = [v for v in optimizer.variables() if "/" not in v.op.name]
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                session.run(train)
                session.run(train)
                assert session.run(step) == 2


def test_adams_moments_have_pytorchs_names(tf: Any) -> None:
    """After one step of the gradient g: exp_avg is 0.1 g, exp_avg_sq 0.001 g^2."""
    with tf.Graph().as_default():
        w = tf.get_variable("w", initializer=np.array([1.0, -2.0]))
        optimizer = make("torch_adam", LEARNING_RATE)
        train = optimizer.minimize(tf.reduce_sum(3.0 * w * w))
        by_name = {v.op.name: v for v in tf.global_variables()}
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(train)
            first, second = session.run([by_name["w/exp_avg"], by_name["w/exp_avg_sq"]])
        assert optimizer.get_slot(w, "exp_avg") is by_name["w/exp_avg"]
    np.testing.assert_allclose(first, [0.6, -1.2], rtol=1e-12)
    np.testing.assert_allclose(second, [0.036, 0.144], rtol=1e-12)


def test_the_rate_may_be_a_placeholder(tf: Any) -> None:
    """A float64 placeholder gives PyTorch's rate; a float32 one rounds 0.002 and stays within float32's rounding."""
    golden = _golden()
    for rate_dtype, bound in (("float64", 1e-13), ("float32", 1e-7)):
        with tf.Graph().as_default():
            vector = tf.get_variable("w", initializer=golden["start"])
            feed, rate = tf.placeholder(tf.float64, vector.shape), tf.placeholder(rate_dtype, ())
            train = make("torch_adam", rate).apply_gradients([(feed, vector)])
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                for gradient in golden["gradients"]:
                    session.run(train, {feed: gradient, rate: LEARNING_RATE})
                np.testing.assert_allclose(session.run(vector), golden["torch_adam/float64"][-1], rtol=0, atol=bound)


def test_an_unknown_name_is_refused(tf: Any) -> None:
    with pytest.raises(ValueError, match="no optimizer called 'adamax'"):
        make("adamax", 0.1)

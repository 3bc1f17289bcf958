"""The optimizers of the reports, each in its own framework's arithmetic, as TF 1 `Optimizer` objects.

All state is in ordinary variables (slots `<variable>/<PyTorch's name of the state>`, and one step counter), so a Saver
over the global variables resumes bit for bit. Reference and resource variables both work.

Where PyTorch and TensorFlow differ under one name:
- Adam: PyTorch divides by sqrt(v / (1 - b2^t)) + eps, TF folds the correction into the rate and so scales eps too; TF
  also keeps b1^t and b2^t as float32 products, PyTorch computes them in double from the step;
- RMSprop: PyTorch sqrt(v) + eps, alpha 0.99, v starts at 0; TF sqrt(v + eps), decay 0.9, v starts at 1;
- Adagrad: PyTorch starts at 0 with eps 1e-10 beside the root; TF starts at 0.1 without eps.
"""

from __future__ import annotations

from typing import Any, Dict, List

import tensorflow.compat.v1 as tf


def make(name: str, learning_rate: Any) -> Any:
    """An optimizer by its name in the run's row.

    Args:
        name: One of `spec.OPTIMIZERS`.
        learning_rate: Scalar float tensor or number.

    Returns:
        A `tf.train.Optimizer`.
    """
    if name == "adam":  # TF 1's own: beta 0.9 and 0.999, epsilon 1e-8, correction folded into the rate
        return tf.train.AdamOptimizer(learning_rate, beta1=0.9, beta2=0.999, epsilon=1e-8)
    if name == "keras_adam":
        return KerasAdam(learning_rate)
    if name == "torch_adam":
        return TorchAdam(learning_rate)
    if name == "torch_sgd":
        return TorchSGD(learning_rate)
    if name == "torch_adagrad":
        return TorchAdagrad(learning_rate)
    if name == "torch_rmsprop":
        return TorchRMSprop(learning_rate)
    raise ValueError(f"no optimizer called {name!r}")


class _DenseOptimizer(tf.train.Optimizer):
    """What the PyTorch optimizers share: state in slots that start at 0, one update rule for both kinds of variable.

    A subclass names its slots and gives `_new_values`. Every new value is computed from values read before, so no
    order of execution can mix old and new.
    """

    slots: Dict[str, str] = {}

    def __init__(self, learning_rate: Any, name: str) -> None:
        super().__init__(use_locking=False, name=name)
        self._learning_rate = learning_rate
        self._rate: Any = None  # float64 scalar tensor, made anew for each apply_gradients

    def _new_values(self, grad: Any, slots: Dict[str, Any]) -> Any:
        """(what to subtract from the variable, new slot values by name)."""
        raise NotImplementedError

    def _create_slots(self, var_list: List[Any]) -> None:
        for var in var_list:
            for slot in self.slots:
                self._zeros_slot(var, slot, slot)

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._learning_rate)
        # a Python number stays double, as in PyTorch; 0.002 in float32 is another rate
        self._rate = tf.cast(rate, tf.float64) if tf.is_tensor(rate) else tf.constant(rate, tf.float64)

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        slots = {slot: self.get_slot(var, slot) for slot in self.slots}
        old = {slot: tf.convert_to_tensor(variable) for slot, variable in slots.items()}
        change, new = self._new_values(grad, old)
        updates = [tf.assign(slots[slot], value).op for slot, value in new.items()]
        return tf.group(tf.assign_sub(var, change).op, *updates)

    _resource_apply_dense = _apply_dense


class TorchSGD(_DenseOptimizer):
    """torch.optim.SGD without momentum: p - lr * g."""

    def __init__(self, learning_rate: Any) -> None:
        super().__init__(learning_rate, "TorchSGD")

    def _new_values(self, grad: Any, slots: Dict[str, Any]) -> Any:
        return tf.cast(self._rate, grad.dtype) * grad, {}


class TorchAdagrad(_DenseOptimizer):
    """torch.optim.Adagrad, defaults: sum from 0, eps 1e-10 added to the root, no decay of the rate."""

    slots = {"sum": "sum of squared gradients"}

    def __init__(self, learning_rate: Any, eps: float = 1e-10) -> None:
        super().__init__(learning_rate, "TorchAdagrad")
        self._eps = eps

    def _new_values(self, grad: Any, slots: Dict[str, Any]) -> Any:
        total = slots["sum"] + grad * grad
        return tf.cast(self._rate, grad.dtype) * grad / (tf.sqrt(total) + self._eps), {"sum": total}


class TorchRMSprop(_DenseOptimizer):
    """torch.optim.RMSprop, defaults: alpha 0.99, square_avg from 0, eps 1e-8 added to the root, no momentum."""

    slots = {"square_avg": "running mean of squared gradients"}

    def __init__(self, learning_rate: Any, alpha: float = 0.99, eps: float = 1e-8) -> None:
        super().__init__(learning_rate, "TorchRMSprop")
        self._alpha, self._eps = alpha, eps

    def _new_values(self, grad: Any, slots: Dict[str, Any]) -> Any:
        average = slots["square_avg"] * self._alpha + (1.0 - self._alpha) * grad * grad
        return tf.cast(self._rate, grad.dtype) * grad / (tf.sqrt(average) + self._eps), {"square_avg": average}


class _AdamByStep(tf.train.AdamOptimizer):
    """TF's Adam kernel (one pass over a variable and its slots) with the powers of the betas from a step counter.

    TF's own keeps b1^t and b2^t as float32 products, which drift, and rounds b1, b2 and epsilon to float32 at once;
    here they stay double until the variable's type is known, so that the optimizer holds in float64 too.
    """

    STEP = ""  # name of the counter variable
    SLOTS = {"m": "", "v": ""}  # slot key of TF's kernel -> name of the variable

    def __init__(self, learning_rate: Any, beta1: float, beta2: float, epsilon: float) -> None:
        super().__init__(learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, name="Adam")
        self._powers: Any = None

    def _create_slots(self, var_list: List[Any]) -> None:
        first = min(var_list, key=lambda var: var.name)  # TF's Adam colocates its beta powers by the same rule
        self._create_non_slot_variable(tf.constant(0, tf.int64), self.STEP, first)
        for var in var_list:
            for slot, name in self.SLOTS.items():
                self._zeros_slot(var, slot, name)

    def _step(self) -> Any:
        return self._get_non_slot_variable(self.STEP, graph=tf.get_default_graph())

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._lr)
        # a Python number stays double, as in PyTorch; 0.002 in float32 is another rate
        self._lr_t = tf.cast(rate, tf.float64) if tf.is_tensor(rate) else tf.constant(rate, tf.float64)
        self._beta1_t = tf.constant(self._beta1, tf.float64)
        self._beta2_t = tf.constant(self._beta2, tf.float64)
        self._epsilon_t = tf.constant(self._epsilon, tf.float64)
        t = tf.cast(tf.convert_to_tensor(self._step()) + 1, tf.float64)
        self._powers = tf.pow(self._beta1_t, t), tf.pow(self._beta2_t, t)

    def _get_beta_accumulators(self) -> Any:
        return self._powers

    def _finish(self, update_ops: List[Any], name_scope: str) -> Any:
        with tf.control_dependencies(update_ops):
            counted = tf.assign_add(self._step(), tf.constant(1, tf.int64)).op
        return tf.group(*update_ops, counted, name=name_scope)


class TorchAdam(_AdamByStep):
    """torch.optim.Adam, defaults: betas 0.9 and 0.999, eps 1e-8 added to the corrected root.

    lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps) is TF's lr_t * m / (sqrt(v) + eps_t) with the folded rate
    and eps_t = eps * sqrt(1 - b2^t): the kernel takes eps as a tensor, so it gets that one.
    """

    STEP = "torch_adam_step"
    SLOTS = {"m": "exp_avg", "v": "exp_avg_sq"}

    def __init__(self, learning_rate: Any, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        super().__init__(learning_rate, beta1, beta2, eps)

    def get_slot_names(self) -> List[str]:
        """PyTorch's names, sorted."""
        return sorted(self.SLOTS.values())

    def get_slot(self, var: Any, name: str) -> Any:
        """A variable's slot by PyTorch's name, or by the key of TF's kernel."""
        keys = {ours: key for key, ours in self.SLOTS.items()}
        return super().get_slot(var, keys.get(name, name))

    def _prepare(self) -> None:
        super()._prepare()
        self._epsilon_t = self._epsilon_t * tf.sqrt(1.0 - self._powers[1])


class KerasAdam(_AdamByStep):
    """Keras 2's Adam, defaults: TF's formula with epsilon 1e-7 beside sqrt(v).

    lr_t = lr * sqrt(1 - b2^t) / (1 - b1^t); variable -= lr_t * m / (sqrt(v) + epsilon).
    """

    STEP = "keras_adam_step"
    SLOTS = {"m": "Adam", "v": "Adam"}  # TF makes the second Adam_1

    def __init__(self, learning_rate: Any, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-7) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon)

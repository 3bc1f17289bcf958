"""Mutants of the optimizers' update rules and of the learning rate's schedules."""

from __future__ import annotations

from tests.mutants.mutant import Group
from tests.mutants.mutant import Mutant as M

_TORCH = ("tests/training/test_optimizers.py",)
_TF = ("tests/training/test_optimizers.py", "tests/graphs/test_nine_conv_golden.py::test_equals_the_listing")
_KERAS = ("tests/training/test_keras_adam.py",)

GROUPS = (
    Group("tf1_models/training/optimizers.py", _TORCH, (
        M("return tf.cast(self._rate, grad.dtype) * grad, {}",
          "return tf.cast(self._rate, grad.dtype) * tf.sign(grad), {}", "SGD takes the sign"),
        M('total = slots["sum"] + grad * grad', 'total = slots["sum"] + tf.abs(grad)', "Adagrad sums absolute values"),
        M("(tf.sqrt(total) + self._eps)", "tf.sqrt(total + self._eps)", "Adagrad's epsilon below the root"),
        M("eps: float = 1e-10", "eps: float = 1e-8", "Adagrad's epsilon"),
        M("(tf.sqrt(average) + self._eps)", "tf.sqrt(average + self._eps)",
          "RMSprop's epsilon below the root, as TensorFlow has it"),
        M("alpha: float = 0.99", "alpha: float = 0.9", "TensorFlow's decay of RMSprop"),
        M("+ (1.0 - self._alpha) * grad * grad", "+ self._alpha * grad * grad", "RMSprop's new share"),
        M("self._epsilon_t = self._epsilon_t * tf.sqrt(1.0 - self._powers[1])", "pass",
          "TensorFlow's place of epsilon in Adam"),
        M("+ 1, tf.float64)\n        self._powers", "+ 2, tf.float64)\n        self._powers",
          "Adam's correction is a step ahead"),
        M("tf.pow(self._beta1_t, t), tf.pow(self._beta2_t, t)", "tf.pow(self._beta1_t, t), tf.pow(self._beta1_t, t)",
          "Adam corrects both moments with beta1"),
        M("counted = tf.assign_add(self._step(), tf.constant(1, tf.int64)).op", "counted = tf.no_op()",
          "Adam's step is never counted"),
        M("tf.constant(rate, tf.float64)\n\n    def _apply_dense",
          "tf.constant(rate, tf.float32)\n\n    def _apply_dense", "the rate in float32"),
        M("updates = [tf.assign(slots[slot], value).op for slot, value in new.items()]", "updates = []",
          "state is never kept"),
        M("tf.assign_sub(var, change)", "tf.assign_add(var, change)", "uphill"),
        M('SLOTS = {"m": "exp_avg", "v": "exp_avg_sq"}', 'SLOTS = {"m": "exp_avg_sq", "v": "exp_avg"}',
          "the names of Adam's moments change places"),
        M("epsilon: float = 1e-7", "epsilon: float = 1e-8", "Keras' Adam with TensorFlow's epsilon", tests=_KERAS),
        M("learning_rate: Any, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-7",
          "learning_rate: Any, beta1: float = 0.9, beta2: float = 0.99, epsilon: float = 1e-7",
          "Keras' Adam with another beta2", tests=_KERAS),
        M("beta1=0.9, beta2=0.999, epsilon=1e-8)\n    if", "beta1=0.9, beta2=0.999, epsilon=1e-7)\n    if",
          "TF 1's Adam with Keras' epsilon",
          tests=_TF),
        M("return tf.train.AdamOptimizer(learning_rate, beta1=0.9",
          "return tf.train.AdamOptimizer(learning_rate, beta1=0.8", "TF 1's Adam with another beta1",
          tests=_TF),
    )),
    Group("tf1_models/training/schedules.py", ("tests/training/test_schedules.py",), (
        M("epoch // experiment.step_size_epochs", "(epoch + 1) // experiment.step_size_epochs",
          "StepLR falls an epoch early"),
        M("epoch >= milestone", "epoch > milestone", "milestones fire an epoch late"),
        M("return base * gamma**epoch", "return base * gamma ** (epoch + 1)",
          "the first epoch has a lower rate already"),
        M("if epoch > above:", "if epoch >= above:", "course_steps falls an epoch early"),
        M("(20, 1e-1))", "(20, 1e-2))", "course_steps' first factor"),
        M("or not experiment.schedule_stepped", "", "the schedule is stepped (Q9 mended)"),
    )),
)  # fmt: skip

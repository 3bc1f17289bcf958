"""The five nets as a plain TensorFlow 1 program would write them; runs on 1.15.5 and as compat.v1 on 2.x.

No kit code: same layers and arithmetic, the framework's own fused ops (fused batch norm, Adam) where it has them. Each
takes pixels and says whether it trains; variables are shared between the two by name.
"""

from __future__ import annotations

from typing import Any, Tuple


def _variable(tf: Any, name: str, shape: Any, value: Any = None, trainable: bool = True) -> Any:
    initializer = tf.glorot_uniform_initializer() if value is None else tf.constant_initializer(value)
    return tf.get_variable(name, shape=shape, initializer=initializer, trainable=trainable)


def conv(tf: Any, x: Any, name: str, filters: int, size: int, stride: int = 1, padding: str = "SAME") -> Any:
    """Convolution with bias."""
    kernel = _variable(tf, name + "/kernel", [size, size, int(x.shape[-1]), filters])
    bias = _variable(tf, name + "/bias", [filters], 0.0)
    return tf.nn.bias_add(tf.nn.conv2d(x, kernel, strides=[1, stride, stride, 1], padding=padding), bias)


def dense(tf: Any, x: Any, name: str, units: int) -> Any:
    """Fully connected layer with bias."""
    kernel = _variable(tf, name + "/kernel", [int(x.shape[-1]), units])
    return tf.nn.bias_add(tf.matmul(x, kernel), _variable(tf, name + "/bias", [units], 0.0))


def pool(tf: Any, x: Any, size: int = 2, padding: str = "SAME") -> Any:
    """Max pool, stride 2."""
    return tf.nn.max_pool(x, ksize=[1, size, size, 1], strides=[1, 2, 2, 1], padding=padding)


def flat(tf: Any, x: Any) -> Any:
    """[batch, …] -> [batch, values]."""
    width = 1
    for size in x.shape.as_list()[1:]:
        width *= size
    return tf.reshape(x, [-1, width])


def batch_norm(tf: Any, x: Any, name: str, train: bool, epsilon: float, kept: float) -> Any:
    """Batch norm; its updates go to UPDATE_OPS."""
    channels = [int(x.shape[-1])]
    gamma, beta = _variable(tf, name + "/gamma", channels, 1.0), _variable(tf, name + "/beta", channels, 0.0)
    moving_mean = _variable(tf, name + "/moving_mean", channels, 0.0, trainable=False)
    moving_variance = _variable(tf, name + "/moving_variance", channels, 1.0, trainable=False)
    if not train:
        return tf.nn.batch_normalization(x, moving_mean, moving_variance, beta, gamma, epsilon)
    if len(x.shape) == 4:
        y, mean, variance = tf.nn.fused_batch_norm(x, gamma, beta, epsilon=epsilon)
    else:
        mean, variance = tf.nn.moments(x, [0])
        y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)
    for moving, value in ((moving_mean, mean), (moving_variance, variance)):
        update = tf.assign_sub(moving, (moving - value) * (1.0 - kept))
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
    return y


def dropout(tf: Any, x: Any, rate: float, train: bool) -> Any:
    """Dropout in training."""
    return tf.nn.dropout(x, rate=rate) if train else x


def prelu(tf: Any, x: Any, name: str) -> Any:
    """One learnt slope."""
    slope = _variable(tf, name + "/slope", [1], 0.25)
    return tf.nn.relu(x) - slope * tf.nn.relu(-x)


def nine_conv(tf: Any, x: Any, train: bool) -> Any:
    """Logits of the final listing."""
    number = 0
    for filters, count in ((64, 2), (128, 2), (256, 2), (512, 3)):
        for _ in range(count):
            number += 1
            x = tf.nn.relu(conv(tf, x, f"c{number}", filters, 3))
        x = pool(tf, x)
    x = dropout(tf, dense(tf, flat(tf, x), "fc1", 2048), 0.4, train)
    x = dropout(tf, dense(tf, x, "fc2", 2048), 0.4, train)
    return dense(tf, x, "fc3", 10)


def course_models(tf: Any, x: Any, train: bool) -> Any:
    """model2's softmax, which the report's loss takes for logits (Q1)."""
    del train  # Q3: nothing in it knows
    x = pool(tf, tf.nn.relu(conv(tf, x, "c1", 64, 5)))
    x = pool(tf, tf.nn.relu(conv(tf, x, "c2", 64, 5)))
    for number in (3, 4, 5):
        x = tf.nn.relu(conv(tf, x, f"c{number}", 128, 3))
    x = tf.nn.relu(dense(tf, flat(tf, x), "fc1", 1024))
    return tf.nn.softmax(dense(tf, x, "fc2", 10))


def bn_cnn(tf: Any, x: Any, train: bool) -> Any:
    """Logits."""
    for number, channels in enumerate((32, 64, 128), start=1):
        x = conv(tf, x, f"c{number}", channels, 5)
        x = pool(tf, tf.nn.relu(batch_norm(tf, x, f"bn{number}", train, 1e-5, 0.9)))
    x = dropout(tf, tf.nn.relu(dense(tf, flat(tf, x), "fc1", 100)), 0.3, train)
    x = dropout(tf, tf.nn.relu(dense(tf, x, "fc2", 50)), 0.3, train)
    return dense(tf, x, "fc3", 10)


def prelu_cnn(tf: Any, x: Any, train: bool) -> Any:
    """Logits."""
    for number, channels in enumerate((16, 32, 64), start=1):
        x = prelu(tf, conv(tf, x, f"c{number}", channels, 3), f"p{number}")
        x = batch_norm(tf, x, f"bn{number}", train, 1e-5, 0.9)
        x = pool(tf, x) if number > 1 else x
    x = prelu(tf, dense(tf, flat(tf, x), "fc1", 100), "p4")
    return dense(tf, batch_norm(tf, x, "bn4", train, 1e-5, 0.9), "fc2", 10)


def alexnet_bn(tf: Any, x: Any, train: bool) -> Any:
    """Logits; pictures of 256x256."""
    x = tf.nn.relu(conv(tf, x, "c1", 96, 11, 4, "VALID"))
    x = pool(tf, batch_norm(tf, x, "bn1", train, 1e-3, 0.99), 3, "VALID")
    x = tf.nn.relu(conv(tf, x, "c2", 256, 5))
    x = pool(tf, batch_norm(tf, x, "bn2", train, 1e-3, 0.99), 3, "VALID")
    for number, filters in ((3, 384), (4, 384), (5, 256)):
        x = tf.nn.relu(conv(tf, x, f"c{number}", filters, 3))
    x = flat(tf, pool(tf, x, 3, "VALID"))
    for number, units in ((1, 512), (2, 256), (3, 128)):
        x = tf.nn.relu(dense(tf, x, f"fc{number}", units))
        x = dropout(tf, batch_norm(tf, x, f"bn{number + 2}", train, 1e-3, 0.99), 0.5, train)
    return dense(tf, x, "fc4", 10)


NETS = {
    "nine_conv": nine_conv,
    "course_models": course_models,
    "bn_cnn": bn_cnn,
    "prelu_cnn": prelu_cnn,
    "alexnet_bn": alexnet_bn,
}


def tower(tf: Any, report: str, x: Any, train: bool) -> Any:
    """The net's output, its variables made or shared."""
    with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
        return NETS[report](tf, x, train)


def train_step(tf: Any, report: str, x: Any, y: Any, rate: float) -> Tuple[Any, Any]:
    """(update op, loss) of one step on pixels and one-hot labels."""
    logits = tower(tf, report, x, True)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits))
    if report == "nine_conv":
        loss += 0.01 * tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables() if len(v.shape) > 1])
    adam = tf.train.AdamOptimizer(rate, epsilon=1e-7 if report == "alexnet_bn" else 1e-8)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return adam.minimize(loss), loss


def evaluation(tf: Any, report: str, x: Any) -> Any:
    """Probabilities in evaluation mode."""
    out = tower(tf, report, x, False)
    return out if report == "course_models" else tf.nn.softmax(out)

"""Checkpoints that a program on the real TensorFlow 1.15.5 wrote its own way, read on both TensorFlows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT

LANES = {name: os.environ.get(f"TF1_MODELS_PYTHON_{name}") for name in ("TF115", "TF221")}

pytestmark = [
    pytest.mark.tf,
    pytest.mark.skipif(
        not all(LANES.values()) or sys.executable != LANES["TF221"],
        reason="needs TF1_MODELS_PYTHON_TF115 and TF1_MODELS_PYTHON_TF221 (.ci/run sets both); runs from the 2.21 lane",
    ),
]

# A program of its time: reference variables in two slices, numbered names, Adam, averages, a second model beside it.
_PROGRAM = """
import sys
import numpy as np
import tensorflow as tf
prefix, scope = sys.argv[1:]
shapes = dict(np.load(prefix + ".shapes.npz"))
rng = np.random.RandomState(0)
for one in (scope, "other"):
    with tf.variable_scope(one):
        for name in sorted(shapes):
            value = rng.standard_normal(shapes[name]).astype(np.float32)
            cut = tf.fixed_size_partitioner(2, len(value.shape) - 1) if value.ndim > 1 else None
            # statistics are never trained: bn_cnn's running means and variances
            tf.get_variable(name + "_1", initializer=tf.constant(value), partitioner=cut,
                            trainable="running" not in name)
trained = [v for v in tf.trainable_variables() if v.name.startswith(scope + "/")]
step = tf.train.get_or_create_global_step()
train = tf.train.AdamOptimizer(0.1).minimize(tf.add_n([tf.reduce_sum(v ** 2) for v in trained]), step)
average = tf.train.ExponentialMovingAverage(0.5)
with tf.control_dependencies([train]):
    train = average.apply(trained)
whole = {}
for name in shapes:
    with tf.variable_scope(scope, reuse=True):
        parts = sorted((v for v in tf.global_variables() if v.op.name == scope + "/" + name + "_1" or
                        v.op.name.startswith(scope + "/" + name + "_1/part_") and v.op.name[-1] in "01" and
                        "Adam" not in v.op.name and "Average" not in v.op.name), key=lambda v: v.op.name)
    for what, row in (("own", parts), ("average", [average.average(v) or v for v in parts])):
        whole[what + "/" + name] = tf.concat(row, -1) if len(row) > 1 else tf.identity(row[0])
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    session.run(train)
    tf.train.Saver().save(session, prefix)
    np.savez(prefix + ".npz", **session.run(whole))
"""

_RESTORE = """
import sys
import numpy as np
from tf1_models import registry
from tf1_models.checkpoints import checkpoint_source
from tf1_models.checkpoints.name_options import options_of
from tf1_models.session import tensorflow_setup
tf = tensorflow_setup.import_tensorflow()
prefix, scope, averages, out = sys.argv[1:]
options = options_of(scope, ["*_1=*"], averages == "average")
source = checkpoint_source.find(prefix, "bn_cnn", None, options)
with tf.Graph().as_default(), tf.Session() as session:
    registry.graph("bn_cnn").build()
    checkpoint_source.restore(tf, session, source)
    np.savez(out, **{v.op.name: session.run(v) for v in tf.global_variables()})
"""


def _run(lane: str, script: str, *words: str) -> None:
    env = {name: text for name, text in os.environ.items() if name != "TF2_BEHAVIOR"}  # 2.21 sets it for itself
    done = subprocess.run(
        [str(LANES[lane]), "-c", script, *words],
        capture_output=True,
        text=True,
        timeout=600,
        env={**env, "PYTHONPATH": ROOT},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("scope", ["net", "tower_0/model"])
def test_a_program_of_its_time_is_read_to_the_bit(tmp_path: Any, tf: Any, scope: str) -> None:
    from tf1_models import registry

    prefix, out = str(tmp_path / "model.ckpt"), str(tmp_path / "found.npz")
    with tf.Graph().as_default():
        registry.graph("bn_cnn").build()
        shapes = {v.op.name: v.shape.as_list() for v in tf.global_variables()}
    np.savez(prefix + ".shapes.npz", **shapes)
    _run("TF115", _PROGRAM, prefix, scope)
    with np.load(prefix + ".npz") as written:
        wanted = {name: written[name] for name in written.files}
    assert any(not np.array_equal(wanted[f"own/{name}"], wanted[f"average/{name}"]) for name in shapes)
    for lane in LANES:
        for what in ("own", "average"):
            _run(lane, _RESTORE, prefix, scope, what, out)
            with np.load(out) as found:
                assert sorted(found.files) == sorted(shapes)
                for name in shapes:
                    assert np.array_equal(found[name], wanted[f"{what}/{name}"]), (lane, what, name)


def test_two_models_in_one_file_are_refused_until_one_is_named(tmp_path: Any, tf: Any, kit: Any) -> None:
    from tf1_models import registry

    prefix = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default():
        registry.graph("bn_cnn").build()
        np.savez(prefix + ".shapes.npz", **{v.op.name: v.shape.as_list() for v in tf.global_variables()})
    _run("TF115", _PROGRAM, prefix, "net")
    words = ("evaluate", prefix, "--report", "bn_cnn", "--data", "digits", "--rename", "*_1=*")
    refused = kit(*words)
    assert refused.returncode == 3 and "fit below net, other: choose one, e.g. --scope net" in refused.stderr
    done = kit(*words, "--scope", "other", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["n"] == 297
    assert "variables, below other, " in done.stderr

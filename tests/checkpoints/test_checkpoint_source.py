"""Checkpoints as other programs write them with TensorFlow's Saver: below scopes, renamed, averaged, in slices."""

from __future__ import annotations

import json
from typing import Any, Dict, List, NamedTuple

import numpy as np
import pytest

from tf1_models import registry
from tf1_models.checkpoints import bundle, checkpoint_source
from tf1_models.checkpoints.name_options import NameOptions, options_of
from tf1_models.errors import InputError, UsageError

pytestmark = pytest.mark.tf
PLAIN = NameOptions()


class Program(NamedTuple):
    """A checkpoint that another program wrote, and what it had in its variables by the graph's names."""

    prefix: str
    values: Dict[str, np.ndarray]
    averages: Dict[str, np.ndarray]
    n_averages: int = 0


def write(
    tf: Any, folder: Any, scopes: List[str], suffix: str = "", averaged: bool = False, inside: bool = False
) -> Program:
    """bn_cnn below each scope, trained for a step by Adam; the values are those of the first scope."""
    prefix = str(folder / "model.ckpt-7")
    with tf.Graph().as_default(), tf.Session() as session:
        for number, scope in enumerate(scopes):
            with tf.variable_scope(scope):
                registry.graph("bn_cnn").build(seed=number)
        first = scopes[0] + "/" if scopes[0] else ""
        model, trained = tf.global_variables(), tf.trainable_variables()
        step = tf.train.get_or_create_global_step()
        train = tf.train.AdamOptimizer(0.01).minimize(tf.reduce_sum([tf.reduce_sum(v**2) for v in trained]), step)
        ema = tf.train.ExponentialMovingAverage(0.5)
        if averaged:
            with tf.control_dependencies([train]), tf.variable_scope(scopes[0] if inside else ""):
                train = ema.apply(trained)
        session.run(tf.global_variables_initializer())
        session.run(train)
        names = {v.op.name + suffix if v in model else v.op.name: v for v in tf.global_variables()}
        tf.train.Saver(names).save(session, prefix, write_meta_graph=False, write_state=False)
        own = [v for v in model if v.op.name.startswith(first)]
        averages = {v: ema.average(v) if averaged and v in trained else v for v in own}
        return Program(
            prefix,
            *({v.op.name[len(first) :]: session.run(row[v]) for v in own} for row in ({v: v for v in own}, averages)),
            sum(v in trained for v in own),
        )


def write_in_slices(tf: Any, folder: Any, scope: str, axis: int) -> Program:
    """bn_cnn's variables, each in two slices along an axis where it has one of two or more."""
    plain = write(tf, folder, [""])
    prefix = str(folder / "sliced.ckpt")
    with tf.Graph().as_default(), tf.Session() as session, tf.variable_scope(scope):
        for name, value in plain.values.items():
            sliced = value.ndim > axis and value.shape[axis] > 1
            tf.get_variable(
                name, initializer=tf.constant(value), partitioner=tf.fixed_size_partitioner(2, axis) if sliced else None
            )
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, prefix, write_meta_graph=False, write_state=False)
    assert any(len(entry.slices) == 2 for entry in bundle.read_index(prefix).values())
    return plain._replace(prefix=prefix)


def restored(tf: Any, program: Program, options: NameOptions = PLAIN) -> Any:
    """Line that was said; the graph's variables hold the program's values, its averages where they were asked for."""
    source = checkpoint_source.find(program.prefix, "bn_cnn", None, options)
    wanted = program.averages if options.use_averages else program.values
    with tf.Graph().as_default(), tf.Session() as session:
        registry.graph("bn_cnn").build()
        said = checkpoint_source.restore(tf, session, source)
        for variable in tf.global_variables():
            assert np.array_equal(session.run(variable), wanted[variable.op.name]), variable.op.name
    return said


@pytest.mark.parametrize("scope", ["net", "tower_0/model"])
def test_variables_below_a_scope_beside_slots_and_step(tf: Any, tmp_path: Any, scope: str) -> None:
    program = write(tf, tmp_path, [scope])
    n = len(program.values)
    assert restored(tf, program) == f"model.ckpt-7: took {n} variables, below {scope}"
    assert restored(tf, program, options_of(scope, [], False)) == f"model.ckpt-7: took {n} variables, below {scope}"
    assert restored(tf, write(tf, tmp_path, [""])) is None


def test_two_scopes_are_refused_until_one_is_named(tf: Any, tmp_path: Any) -> None:
    program = write(tf, tmp_path, ["b", "a"])
    with pytest.raises(InputError, match="its variables fit below a, b: choose one, e.g. --scope a"):
        restored(tf, program)
    assert "below b" in restored(tf, program, options_of("b", [], False))
    with pytest.raises(AssertionError):  # the other's values are others
        restored(tf, program, options_of("a", [], False))


def test_renamed_below_a_scope(tf: Any, tmp_path: Any) -> None:
    program = write(tf, tmp_path, ["net"], suffix="_1")
    with pytest.raises(InputError, match=r"by their shapes they are --rename '\*_1=\*'"):
        restored(tf, program)
    assert "below net, " in restored(tf, program, options_of(None, ["*_1=*"], False))
    names = tmp_path / "names.txt"
    names.write_text("".join(f"{name}_1={name}\n" for name in program.values))
    assert "renamed" in restored(tf, program, options_of("net", [str(names)], False))


@pytest.mark.parametrize("scope, inside", [("", False), ("net", False), ("net", True)])
def test_averages_in_the_variables_place(tf: Any, tmp_path: Any, scope: str, inside: bool) -> None:
    program = write(tf, tmp_path, [scope], averaged=True, inside=inside)
    assert any(not np.array_equal(value, program.averages[name]) for name, value in program.values.items())
    assert "it holds moving averages too (--use-averages takes them)" in restored(tf, program)
    for chosen in (None, scope):
        assert "as moving averages" in restored(tf, program, options_of(chosen, [], True))


@pytest.mark.parametrize("scope, axis", [("", 0), ("net", 3)])
def test_partitioned_variables_fill_the_graph(tf: Any, tmp_path: Any, scope: str, axis: int) -> None:
    program = write_in_slices(tf, tmp_path, scope, axis)
    said = f"sliced.ckpt: took {len(program.values)} variables, below net"
    assert restored(tf, program) == (said if scope else None)


def test_the_verbs_take_the_options_and_say_what_they_took(tf: Any, tmp_path: Any, kit: Any) -> None:
    program = write(tf, tmp_path, ["b", "a"], averaged=True)
    words = [program.prefix, "--report", "bn_cnn"]
    refused = kit("evaluate", *words, "--data", "digits")
    assert refused.returncode == 3 and refused.stderr.splitlines()[-1] == (
        "tf1-models evaluate: model.ckpt-7 does not restore: its variables fit below a, b: choose one, e.g. --scope a"
    )
    done = kit("evaluate", *words, "--data", "digits", "--scope", "b", "--use-averages", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["n"] == 297
    assert done.stderr.splitlines()[-1] == (
        f"model.ckpt-7: took {len(program.values)} variables, below b, {program.n_averages} as moving averages"
    )
    shown = kit("checkpoint", "inspect", *words, "--scope", "b", "--json")
    mapped = json.loads(shown.stdout)["name_map"]
    assert mapped["scope"] == "b/" and mapped["missing"] == [] and mapped["matched"] == len(program.values)
    assert "below b" in shown.stderr
    both = json.loads(kit("checkpoint", "inspect", *words, "--json").stdout)["name_map"]
    assert both["scopes"] == ["a/", "b/"] and both["scope"] == "" and both["matched"] == 0
    assert kit("checkpoint", "inspect", program.prefix, "--scope", "b").returncode == 2
    exported = kit("checkpoint", "export", *words, "--scope", "b", "--out", "served")
    assert exported.returncode == 0 and "below b" in exported.stderr


def test_a_checkpoint_of_the_kit_takes_no_such_options() -> None:
    with pytest.raises(UsageError, match="is a checkpoint of the kit, whose names are the graph's"):
        checkpoint_source.find("bn_cnn-final", "bn_cnn", None, NameOptions("net/"))

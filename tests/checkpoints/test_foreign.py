"""Foreign checkpoints: TensorFlow never opens them, values arrive bit for bit, what is wrong is said in one line."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any, Dict

import numpy as np
import pytest

from tests.checkpoints import crafted
from tf1_models import registry
from tf1_models.checkpoints import bundle, checkpoint_source, foreign, limited_reader
from tf1_models.checkpoints.source import Source
from tf1_models.errors import InputError

VALUES: Dict[str, np.ndarray] = {
    "net/w": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "net/w/Adam": np.ones(3, np.float64),
    "global_step": np.array(7, np.int64),
    "empty": np.zeros((0, 3), np.float32),
    "flag": np.array([True, False]),
    "large": np.random.RandomState(0).rand(700_000).astype(np.float32),
}


@pytest.fixture
def saved(tmp_path: Any) -> str:
    prefix = str(tmp_path / "model.ckpt")
    crafted.write_checkpoint(prefix, VALUES)
    return prefix


def test_values_arrive_bit_for_bit_and_in_any_order(saved: str) -> None:
    with foreign.ForeignCheckpoint(saved) as checkpoint:
        assert checkpoint.entries == bundle.read_index(saved)
        for name in [*reversed(sorted(VALUES)), "net/w"]:
            found = checkpoint.read(name)
            assert found.dtype == VALUES[name].dtype and np.array_equal(found, VALUES[name])


def test_links_fifos_and_sparse_files_are_refused(saved: str, tmp_path: Any) -> None:
    other = str(tmp_path / "other")
    index, data = saved + ".index", saved + ".data-00000-of-00001"
    os.symlink(index, other + ".index")
    os.link(data, other + ".data-00000-of-00001")
    with pytest.raises(InputError, match="other.index is a symbolic link; name the file itself"):
        foreign.read_index(other)
    os.unlink(other + ".index")
    os.mkfifo(other + ".index")
    with pytest.raises(InputError, match="other.index is not a regular file"):
        foreign.read_index(other)
    os.truncate(data, 1 << 29)
    with pytest.raises(InputError, match="model.ckpt.data-00000-of-00001 is sparse, 536870912 bytes with"):
        foreign.read_index(saved)
    with pytest.raises(InputError, match="nothing.index cannot be read: .*No such file"):
        foreign.read_index(str(tmp_path / "nothing"))


def test_a_file_system_that_allocates_late_is_asked_twice(saved: str, monkeypatch: Any) -> None:
    """Just written files may count no blocks yet; fsync makes them."""
    synced = []
    monkeypatch.setattr(limited_reader, "_is_sparse", lambda status: not synced)
    monkeypatch.setattr(os, "fsync", synced.append)
    limited_reader.check_files(saved)
    assert synced


def test_damage_is_noticed_in_the_tensor_that_has_it(saved: str) -> None:
    with foreign.ForeignCheckpoint(saved) as checkpoint:
        at = checkpoint.entries["large"].offset + 4_000
        with open(saved + ".data-00000-of-00001", "r+b") as stream:
            stream.seek(at)
            stream.write(b"\xff")
        assert checkpoint.read("net/w").shape == (2, 3, 4)
        with pytest.raises(InputError, match="the checksum of 'large' is off"):
            checkpoint.read("large")
    with pytest.raises(InputError, match="holds bytes that are no bool"):
        crafted.write_checkpoint(saved, {"flag": np.array([1, 255], np.uint8).view(np.bool_)})
        with foreign.ForeignCheckpoint(saved) as checkpoint:
            checkpoint.read("flag")


def test_a_child_that_hangs_or_dies_is_a_refusal(saved: str, monkeypatch: Any, tmp_path: Any) -> None:
    monkeypatch.setattr(foreign, "SECONDS", 0.5)
    quick = os.path.join(str(tmp_path), "python")

    def stand_in(script: str) -> None:
        with open(quick, "w") as stream:
            stream.write(f"#!/bin/sh\n{script}\n")
        os.chmod(quick, 0o755)
        monkeypatch.setattr(sys, "executable", quick)

    stand_in("sleep 30")
    began = time.monotonic()
    with pytest.raises(InputError, match="could not be read in time; the file is refused"):
        foreign.read_index(saved)
    assert time.monotonic() - began < 5
    stand_in(f"kill -{int(signal.SIGABRT)} $$")
    with pytest.raises(InputError, match="ended without an answer; the file is refused"):
        foreign.read_index(saved)


def test_nothing_beside_the_checkpoint_is_imported(saved: str, tmp_path: Any, monkeypatch: Any) -> None:
    """With -m Python looks into the current folder first; the user's may hold a student's json.py."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in ("json", "numpy", "tf1_models", "resource"):
        (folder / f"{name}.py").write_text("open('ran', 'w').close()")
    monkeypatch.chdir(folder)
    assert len(foreign.read_index(saved)) == len(VALUES)
    assert not (folder / "ran").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux enforces the limit on memory")
def test_the_child_has_its_limits(saved: str) -> None:
    with foreign.ForeignCheckpoint(saved) as checkpoint, open(f"/proc/{checkpoint._child.pid}/limits") as stream:
        limits = {line[:26].strip(): line[26:].split()[0] for line in stream}
    assert limits["Max address space"] == str(1 << 30)
    assert limits["Max file size"] == "0" and limits["Max core file size"] == "0"


@pytest.mark.tf
def test_a_graph_takes_the_values_and_tensorflow_opens_no_file(tmp_path: Any, tf: Any, monkeypatch: Any) -> None:
    source = Source(str(tmp_path / "model"), registry.experiment("bn_cnn", "final"), None)
    with tf.Graph().as_default():
        registry.graph("bn_cnn").build()
        variables = tf.global_variables()
        rng = np.random.RandomState(1)
        values = {
            v.op.name: np.asarray(rng.standard_normal(v.shape.as_list()), v.dtype.base_dtype.as_numpy_dtype)
            for v in variables
        }
        crafted.write_checkpoint(source.prefix, {**values, "beta1_power": np.array(0.9, np.float32)})
        monkeypatch.setattr(tf.train, "Saver", None)
        tf.get_default_graph().finalize()
        with tf.Session() as session:
            checkpoint_source.restore(tf, session, source)
            for variable in variables:
                assert session.run(variable).tobytes() == values[variable.op.name].tobytes()
            first = variables[0].op.name
            crafted.write_checkpoint(source.prefix, {**values, first: np.full_like(values[first], np.inf)})
            with pytest.raises(InputError, match=f"{first!r} holds NaN or Inf: the checkpoint is of a run that"):
                checkpoint_source.restore(tf, session, source)
            del values[first]
            crafted.write_checkpoint(source.prefix, values)
            with pytest.raises(InputError, match=f"it lacks {first}.*`checkpoint inspect` shows what it holds"):
                checkpoint_source.restore(tf, session, source)


@pytest.mark.tf
def test_what_tensorflow_saved_reads_alike(tmp_path: Any, tf: Any) -> None:
    prefix = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default(), tf.Session() as session:
        for name, value in VALUES.items():
            tf.get_variable(name, initializer=tf.constant(value))
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, prefix, write_state=False)
    with foreign.ForeignCheckpoint(prefix) as checkpoint:
        assert sorted(checkpoint.entries) == sorted(VALUES)
        assert all(np.array_equal(checkpoint.read(name), value) for name, value in VALUES.items())


def test_verbs_on_a_foreign_checkpoint(saved: str, kit: Any, tmp_path: Any) -> None:
    shown = json.loads(kit("checkpoint", "inspect", saved, "--json").stdout)
    assert [row["name"] for row in shown["variables"]] == sorted(VALUES)
    assert kit("checkpoint", "diff", saved, saved).returncode == 0
    assert kit("checkpoint", "export", saved, "--out", "weights.npz").returncode == 0
    with np.load(str(tmp_path / "weights.npz"), allow_pickle=False) as archive:
        assert sorted(archive.files) == sorted(VALUES)
        assert all(np.array_equal(archive[name], value) for name, value in VALUES.items())
    other = str(tmp_path / "other")
    crafted.write_checkpoint(other, {**VALUES, "net/w": np.full((2, 3, 4), np.nan, np.float32), "file": np.zeros(2)})
    differing = json.loads(kit("checkpoint", "diff", saved, other, "--json").stdout)
    rows = {row["name"]: row for row in differing["variables"]}
    assert differing["differing"] == 2 and rows["net/w"] == {"name": "net/w", "status": "different", "relative": None}
    assert "not finite!" in kit("checkpoint", "inspect", other).stdout
    exported = kit("checkpoint", "export", other, "--out", "other.npz")
    assert exported.returncode == 0 and exported.stderr == "note: net/w holds NaN or Inf\n"


@pytest.mark.tf
def test_evaluate_names_what_a_foreign_checkpoint_lacks(saved: str, kit: Any) -> None:
    refused = kit("evaluate", saved, "--report", "bn_cnn", "--data", "digits")
    assert refused.returncode == 3 and "model.ckpt does not restore: it lacks" in refused.stderr.splitlines()[-1]

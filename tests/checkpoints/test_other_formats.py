"""Model files that are no V2 checkpoint: taken where they hold one, else named with what to do, in one line."""

from __future__ import annotations

import os
import zipfile
from typing import Any

import numpy as np
import pytest

from tests.checkpoints import crafted
from tf1_models import registry
from tf1_models.checkpoints import bundle, checkpoint_source, other_formats
from tf1_models.commands import checkpoint_contents as contents
from tf1_models.errors import InputError


def refused(path: Any) -> str:
    """The same words from `evaluate`'s way of finding a checkpoint and `checkpoint inspect`'s."""
    said = []
    for find in (lambda: checkpoint_source.find(str(path), "bn_cnn"), lambda: contents.prefix_of(str(path))):
        with pytest.raises(InputError) as caught:
            find()  # type: ignore[no-untyped-call]
        said.append(str(caught.value))
    assert said[0] == said[1] and said[0].isprintable() and len(said[0]) < 400 + len(str(path))
    return said[0]


def zipped(path: Any, *names: str) -> Any:
    with zipfile.ZipFile(str(path), "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return path


def test_each_file_is_called_what_it_is(tmp_path: Any) -> None:
    """First bytes as the writers give them; the endings are those of the field or none."""
    h5, torch_old = tmp_path / "weights.h5", tmp_path / "old.ckpt"
    h5.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    torch_old.write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
    assert "weights.h5 is a Keras file; load it in Keras on TensorFlow 1" in refused(h5)
    keras = zipped(tmp_path / "model.keras", "metadata.json", "config.json", "model.weights.h5")
    assert "model.keras is a Keras file" in refused(keras)
    assert "old.ckpt is a PyTorch file, whose pickle is never opened here" in refused(torch_old)
    assert "is a PyTorch file" in refused(zipped(tmp_path / "net.pt", "archive/data.pkl", "archive/version"))
    for name, content in (("notes.txt", b"hello"), ("empty", b""), ("x.npz", b"PK\x03\x04")):
        (tmp_path / name).write_bytes(content)
        assert f"{name} is no checkpoint of tf.train.Saver: {name}.index is not there" in refused(tmp_path / name)
    os.mkfifo(str(tmp_path / "fifo"))
    assert "fifo is not a regular file" in refused(tmp_path / "fifo")


def test_any_of_the_savers_files_names_the_checkpoint(tmp_path: Any) -> None:
    prefix = str(tmp_path / "model.ckpt-7")
    crafted.write_checkpoint(prefix, {"w": np.zeros(4, np.float32)})
    open(prefix + ".meta", "wb").close()
    for ending in ("", ".index", ".meta", ".data-00000-of-00001"):
        assert checkpoint_source.find(prefix + ending, "bn_cnn").prefix == prefix == contents.prefix_of(prefix + ending)
    assert "holds no checkpoint of the kit (no ckpt-<step>.json); it has model.ckpt-7: name one" in refused(tmp_path)
    assert other_formats.saver_prefix("runs/model.index") == "runs/model.index"  # nothing of that name is there


def test_an_object_based_checkpoint_is_named(tmp_path: Any) -> None:
    prefix = str(tmp_path / "x")
    crafted.write_index(prefix + ".index", [crafted.HEADER, (b"_CHECKPOINTABLE_OBJECT_GRAPH", crafted.entry(dtype=7))])
    (tmp_path / "x.data-00000-of-00001").write_bytes(bytes(16))
    with pytest.raises(InputError, match="it is an object-based checkpoint of TensorFlow 2 or tf.keras"):
        bundle.read_index(prefix)


@pytest.mark.tf
def test_a_saved_model_folder_is_taken_and_a_frozen_graph_is_not(tmp_path: Any, tf: Any, monkeypatch: Any) -> None:
    folder = str(tmp_path / "served")
    with tf.Graph().as_default(), tf.Session() as session:
        graph = registry.graph("bn_cnn").build()
        session.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(session, folder, {"x": graph.images}, {"p": graph.probabilities})
        wanted = {v.op.name: session.run(v) for v in tf.global_variables()}
        frozen = tmp_path / "frozen.pb"
        frozen.write_bytes(session.graph.as_graph_def().SerializeToString())
    for name in (folder, folder + "/"):
        source = checkpoint_source.find(name, "bn_cnn")
        assert source.prefix == os.path.join(name, "variables", "variables") == contents.prefix_of(name)
        with tf.Graph().as_default(), tf.Session() as session:
            registry.graph("bn_cnn").build()
            checkpoint_source.restore(tf, session, source)
            assert all(np.array_equal(session.run(v), wanted[v.op.name]) for v in tf.global_variables())
    description = refused(folder + "/saved_model.pb")
    assert f"saved_model.pb is a SavedModel's description; name its folder, {folder}" in description
    assert "frozen.pb is a graph, its weights frozen to constants" in refused(frozen)
    with pytest.raises(InputError, match="say whose graph it fills with --report"):
        checkpoint_source.find(folder)


@pytest.mark.tf
def test_the_lines_for_a_v1_checkpoint_convert_it(tmp_path: Any, tf: Any, monkeypatch: Any) -> None:
    values = {"net/w": np.arange(6, dtype=np.float32).reshape(2, 3), "step": np.array(7, np.int64)}
    prefix = str(tmp_path / "model.ckpt-7")
    with tf.Graph().as_default(), tf.Session() as session:
        for name, value in values.items():
            tf.get_variable(name, initializer=tf.constant(value))
        session.run(tf.global_variables_initializer())
        tf.train.Saver(write_version=tf.train.SaverDef.V1).save(session, prefix)
    assert refused(prefix) == refused(prefix + ".meta") and "it has model.ckpt-7" in refused(tmp_path)
    said, _, lines = refused(prefix).partition(" convert it in TF1: ")
    assert said == "model.ckpt-7 is a checkpoint of the old format V1 (one file, no .index);"
    monkeypatch.chdir(tmp_path)
    with tf.Graph().as_default():
        exec(lines, {"tf": tf})
    found = bundle.read_all(prefix + "-v2")
    assert sorted(found) == sorted(values) and all(np.array_equal(found[name], values[name]) for name in values)

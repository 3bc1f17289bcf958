"""A stored checkpoint of a small run: plain TF1 restores it, `verify` holds, each kind of damage has its words."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any, Callable

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.training.test_loop import run
from tf1_models import registry
from tf1_models.checkpoints import stored_manifest
from tf1_models.errors import CheckFailed, InputError
from tf1_models.storage.sealed import read_sealed, write_sealed
from tf1_models.stored import check, fixed_batch
from tf1_models.stored.store import band, name_of, reported_of, store

pytestmark = pytest.mark.tf


@pytest.fixture(scope="module")
def home(tmp_path_factory: Any, tiny: Any, tf: Any) -> Any:
    """A folder of stored checkpoints with one made from a small run of `bn_cnn`."""
    root = tmp_path_factory.mktemp("checkpoints")
    shutil.copy(os.path.join(ROOT, "checkpoints", fixed_batch.FILE), str(root))
    _, folder = run(tmp_path_factory.mktemp("runs"), tiny, {"epochs": "2"})
    before = os.environ.get("TF1_MODELS_CHECKPOINTS")
    os.environ["TF1_MODELS_CHECKPOINTS"] = str(root)
    done = store(folder, tiny)
    yield root, folder, done
    os.environ.pop("TF1_MODELS_CHECKPOINTS")
    if before is not None:
        os.environ["TF1_MODELS_CHECKPOINTS"] = before


@pytest.fixture
def copy(home: Any, tmp_path: Any) -> str:
    """A copy of it to damage."""
    target = str(tmp_path / "bn_cnn-final")
    shutil.copytree(str(home[0] / "bn_cnn-final"), target)
    return target


def test_what_is_stored(home: Any, tiny: Any) -> None:
    root, _, done = home
    assert stored_manifest.names() == ["bn_cnn-final"] and done["old"] is None
    document = stored_manifest.read(str(root / "bn_cnn-final"))
    assert document["epochs_run"] == 2 and document["cut"] == "the report ran 30 epochs"
    assert document["scores"]["dev"]["n"] == 12 and document["scores"]["test"]["n"] == 20
    assert not any(row["name"].endswith(("Adam", "exp_avg")) for row in document["variables"])  # no slots
    assert os.path.getsize(str(root / "bn_cnn-final" / "weights.data-00000-of-00001")) == 4 * sum(
        int(np.prod(row["shape"], dtype=int)) for row in document["variables"]
    )
    assert "/" not in json.dumps(document["versions"]).replace("/device", "")  # no machine's paths


def test_plain_tf1_code_restores_it(home: Any, tf: Any) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        graph = registry.graph("bn_cnn").build()
        tf.train.Saver().restore(session, str(home[0] / "bn_cnn-final" / "weights"))
        images = fixed_batch.load().astype(np.float32) / 255
        logits = session.run(graph.logits, {graph.images: images})
    stored = stored_manifest.load_record(str(home[0] / "bn_cnn-final"))["logits"]
    assert np.abs(logits - stored).max() <= 1e-5 * np.abs(stored).max()


@pytest.mark.parametrize("batch_size, threads", [(None, None), (1, 1), (1, 2), (50, 1)])
def test_it_verifies(home: Any, tiny: Any, batch_size: Any, threads: Any) -> None:
    found = check.verify("bn_cnn-final", tiny, batch_size, threads)
    assert found == {"name": "bn_cnn-final", "status": "ok", "checks": dict.fromkeys(check.CHECKS, "ok")}


def test_without_data_the_scores_are_not_checked(home: Any) -> None:
    found = check.verify("bn_cnn-final")
    assert found["status"] == "ok" and found["checks"]["scores"] == "not checked (no CIFAR-10)"


def _flip_a_bit(folder: str) -> None:
    path = os.path.join(folder, "weights.data-00000-of-00001")
    with open(path, "r+b") as stream:
        stream.seek(1000)
        byte = stream.read(1)[0]
        stream.seek(1000)
        stream.write(bytes([byte ^ 1]))


def _reseal(folder: str) -> None:
    """Gives the manifest the files' new checksums: damage that only the deeper checks can find."""
    from tf1_models.storage.files import sha256_file

    document = read_sealed(os.path.join(folder, "manifest.json"))
    for name in document["files"]:
        path = os.path.join(folder, name)
        document["files"][name] = {"size": os.path.getsize(path), "sha256": sha256_file(path)}
    write_sealed(os.path.join(folder, "manifest.json"), document)


def _flip_and_reseal(folder: str) -> None:
    _flip_a_bit(folder)
    _reseal(folder)


def _swap_the_shard(folder: str) -> None:
    path = os.path.join(folder, "weights.data-00000-of-00001")
    content = open(path, "rb").read()
    with open(path, "wb") as stream:
        stream.write(content[::-1])
    _reseal(folder)


def _rename_a_variable(folder: str) -> None:
    from tf1_models.session.tensorflow_setup import import_tensorflow

    tf = import_tensorflow()
    from tf1_models.checkpoints import bundle

    prefix = os.path.join(folder, "weights")
    values = bundle.read_all(prefix)
    name = sorted(values)[0]
    values[name + "_renamed"] = values.pop(name)
    with tf.Graph().as_default(), tf.Session() as session:
        for key, value in values.items():
            tf.get_variable(key, initializer=tf.constant(value))
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, prefix, write_meta_graph=False, write_state=False)
    _reseal(folder)


def _cut_the_manifest(folder: str) -> None:
    path = os.path.join(folder, "manifest.json")
    content = open(path, "rb").read()
    with open(path, "wb") as stream:
        stream.write(content[:-30])


@pytest.mark.parametrize(
    "damage, words",
    [
        (_flip_a_bit, "weights.data-00000-of-00001 is damaged"),
        (_flip_and_reseal, "is damaged: the checksum of "),
        (_swap_the_shard, "is damaged: the checksum of "),
        (_rename_a_variable, "the weights file does not fit the graph: missing "),
        (_cut_the_manifest, "manifest.json"),
    ],
)
def test_damage_fails_with_the_right_words(copy: str, damage: Callable[[str], None], words: str) -> None:
    damage(copy)
    found = check.verify(copy)
    assert found["status"] == "failed"
    assert words in found["checks"]["weights"], found


def test_a_changed_stride_names_the_first_layer_it_does_not_fit(copy: str, monkeypatch: Any, tf: Any) -> None:
    real = tf.nn.conv2d
    calls = []

    def conv2d(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:  # the second convolution
            kwargs["strides"] = [1, 2, 2, 1]
        return real(*args, **kwargs)

    import tensorflow.compat.v1 as v1

    monkeypatch.setattr(v1.nn, "conv2d", conv2d)
    found = check.verify(copy)
    assert found["status"] == "failed"
    # half the pixels reach the first linear layer: its weights are the first that no longer fit
    assert "does not fit the graph: different fc1/weight: graph ([512, 100]" in found["checks"]["weights"], found


def test_a_changed_number_in_the_graph_names_the_first_layer(copy: str, monkeypatch: Any, tf: Any) -> None:
    import tensorflow.compat.v1 as v1

    real = v1.nn.relu
    monkeypatch.setattr(v1.nn, "relu", lambda x, **kwargs: real(x * 1.001, **kwargs))
    found = check.verify(copy)
    assert found["status"] == "failed" and found["checks"]["activations"].startswith("failed: first at layer ")
    assert found["checks"]["logits"].startswith("failed: off by ")


def test_another_class_order_in_the_data(home: Any, tiny: Any) -> None:
    import dataclasses

    y = ((tiny.y_test + 1) % 10).astype(np.uint8)
    other = dataclasses.replace(tiny, y_test=y, digest="0" * 64)
    found = check.verify("bn_cnn-final", other)
    assert found["status"] == "failed"
    assert "labels are not CIFAR-10's official sequence (another class order?)" in found["checks"]["scores"]


def test_storing_again_holds_to_the_old_ones_band(home: Any, tiny: Any, tmp_path: Any) -> None:
    root, folder, _ = home
    again = store(folder, tiny)
    assert again["old"] == again["new"]
    path = os.path.join(str(root), "bn_cnn-final", "manifest.json")
    document = read_sealed(path)
    true_score = document["scores"]["dev"]["macro_f1"]
    document["scores"]["dev"]["macro_f1"] = 0.9999
    write_sealed(path, document)
    assert abs(true_score - 0.9999) > band(0.9999, 12)
    with pytest.raises(CheckFailed, match=r"is outside the stored 0.9999 \+- .*; nothing was changed; --accept"):
        store(folder, tiny)
    assert read_sealed(path)["scores"]["dev"]["macro_f1"] == 0.9999
    store(folder, tiny, accept=True)
    assert read_sealed(path)["scores"]["dev"]["macro_f1"] == true_score


def test_other_images_are_refused(home: Any, tiny: Any) -> None:
    import dataclasses

    with pytest.raises(InputError, match="trained on other images"):
        store(home[1], dataclasses.replace(tiny, digest="1" * 64))


def test_checkpoint_verb(home: Any, kit: Any, tmp_path: Any, tf: Any) -> None:
    env = {"TF1_MODELS_CHECKPOINTS": str(home[0])}
    shown = json.loads(kit("checkpoint", "inspect", "bn_cnn-final", "--json", env=env).stdout)
    assert shown["parameters"] == 469_980 and all(row["finite"] for row in shown["variables"])
    mapped = json.loads(kit("checkpoint", "inspect", home[1], "--report", "bn_cnn", "--json", env=env).stdout)
    assert mapped["name_map"]["missing"] == [] and mapped["name_map"]["slots"] + mapped["name_map"]["matched"] > 20

    same = kit("checkpoint", "diff", "bn_cnn-final", "bn_cnn-final", env=env)
    assert same.returncode == 0 and ", 0 not" in same.stdout
    other = kit("checkpoint", "diff", "bn_cnn-final", home[1], "--json", env=env)
    assert other.returncode == 1 and json.loads(other.stdout)["differing"] > 0  # the optimizer's slots

    out = str(tmp_path / "w.npz")
    assert kit("checkpoint", "export", "bn_cnn-final", "--out", out, env=env).returncode == 0
    with np.load(out) as archive:
        assert sorted(archive.files) == sorted(row["name"] for row in shown["variables"])
    assert kit("checkpoint", "export", "bn_cnn-final", "--out", out, env=env).returncode == 2

    saved = str(tmp_path / "saved")
    done = kit("checkpoint", "export", "bn_cnn-final", "--out", saved, env=env)
    assert done.returncode == 0, done.stderr
    with tf.Graph().as_default(), tf.Session() as session:
        model = tf.saved_model.loader.load(session, ["serve"], saved)
        signature = model.signature_def["serving_default"]
        feed = {signature.inputs["images"].name: fixed_batch.load()}
        probabilities = session.run(signature.outputs["probabilities"].name, feed)
    logits = stored_manifest.load_record(str(home[0] / "bn_cnn-final"))["logits"].astype(np.float64)
    expected = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert np.allclose(probabilities, expected / expected.sum(axis=1, keepdims=True), atol=1e-5)


def test_verify_verb(home: Any, kit: Any, tmp_path: Any) -> None:
    env = {
        "TF1_MODELS_CHECKPOINTS": str(home[0]),
        "TF1_MODELS_DATA": "",
        "HOME": str(tmp_path),
        "KERAS_HOME": str(tmp_path),
    }
    done = kit("verify", "--json", env=env)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["checkpoints"]
    assert row["checks"]["logits"] == "ok" and row["checks"]["scores"] == "not checked (no CIFAR-10)"
    assert kit("verify", "--require-data", env=env).returncode == 3
    assert kit("verify", "bn_cnn-last", env=env).returncode == 3


def test_a_variant_has_no_reported_number() -> None:
    row = registry.experiment("course_models", "sim03_model_extra_conv")
    given = registry.experiment(
        "course_models",
        "sim03_model_extra_conv",
        {"filters": "32,64,128,128", "kernels_px": "3,3,3,2", "pools_after": "2,3,4"},
    )
    assert (name_of(row), reported_of(row)["value"]) == ("course_models-sim03_model_extra_conv", 0.708)
    assert (name_of(given), reported_of(given)["value"]) == ("course_models-model", None)

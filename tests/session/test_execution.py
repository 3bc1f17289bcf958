"""Lower precision and XLA: off unless asked, named in the run, close to float32, refused where the machine cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf1_models import registry
from tf1_models.errors import MachineError
from tf1_models.session import execution, tensorflow_setup
from tf1_models.spec import identity

pytestmark = pytest.mark.tf


def _logits(tf: Any, **overrides: str) -> np.ndarray:
    from tf1_models.scoring import inference_graph

    row = registry.experiment("prelu_cnn", overrides=overrides)
    images = np.random.RandomState(0).randint(0, 256, (16, 32, 32, 3)).astype(np.uint8)
    with tf.Graph().as_default():
        graph = inference_graph.build_inference(row)
        with tf.Session(config=tensorflow_setup.session_config(tf, 1, row)) as session:
            session.run(tf.global_variables_initializer())
            found: np.ndarray = session.run(graph.handles.logits, {graph.image_bytes: images})
    return found


def _relative(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / np.abs(a).max())


def test_they_are_off_unless_asked_and_part_of_a_runs_identity(tf: Any) -> None:
    plain = registry.experiment("prelu_cnn")
    assert (plain.precision, plain.xla) == ("float32", False)
    assert not {"precision", "xla"} & set(identity(plain))
    asked = identity(registry.experiment("prelu_cnn", overrides={"precision": "bf16", "xla": "true"}))
    assert asked["precision"] == "bf16" and asked["xla"] is True
    config = tensorflow_setup.session_config(tf, 1, plain)
    assert config.graph_options == tf.ConfigProto().graph_options


def test_tf32_is_off_in_float32(tf: Any) -> None:
    if tf.__version__.startswith("1."):
        pytest.skip("TensorFlow 1 has no such switch")
    tf.config.experimental.enable_tensor_float_32_execution(True)
    tensorflow_setup.session_config(tf, 1, registry.experiment("prelu_cnn"))
    assert not tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(True)
    tensorflow_setup.session_config(tf, 1)  # a cluster's members, a check of stored checkpoints
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


def test_bf16_moves_the_logits_by_its_rounding(tf: Any) -> None:
    if tf.__version__.startswith("1."):
        pytest.skip("TensorFlow 1 has no bfloat16 rewriter: see the refusal")
    if not execution.processor_flags() & {"avx512_bf16", "amx_bf16"}:
        pytest.skip("this processor has no bfloat16")
    distance = _relative(_logits(tf), _logits(tf, precision="bf16"))
    assert 1e-5 < distance < 0.05, distance  # 8 bits of mantissa, and really used


def test_xla_computes_the_same_logits_and_is_really_used(tf: Any) -> None:
    if tf.__version__.startswith("1."):
        pytest.skip("XLA in TensorFlow 1.15's wheel was not tried")
    assert _relative(_logits(tf), _logits(tf, xla="true")) < 1e-5
    for xla in ("false", "true"):
        row = registry.experiment("prelu_cnn", overrides={"xla": xla})
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [64])
            y = tf.tanh(x * 2.0 + 1.0) * tf.exp(x)
            metadata = tf.RunMetadata()
            with tf.Session(config=tensorflow_setup.session_config(tf, 1, row)) as session:
                session.run(y, {x: np.ones(64)}, tf.RunOptions(output_partition_graphs=True), metadata)
        ops = {node.op for graph in metadata.partition_graphs for node in graph.node}
        assert any("XlaRun" in op or "XlaLaunch" in op for op in ops) == (xla == "true"), sorted(ops)


def test_a_cluster_takes_neither(kit: Any) -> None:
    config = '{"cluster": {"chief": ["127.0.0.1:1"], "ps": ["127.0.0.1:2"]}, "task": {"type": "ps", "index": 0}}'
    for word in ("precision=bf16", "xla=true"):
        done = kit("train", "bn_cnn", "--data", "digits", "--cluster", word, env={"TF_CONFIG": config})
        assert done.returncode == 2 and "--cluster trains in float32 without XLA" in done.stderr, done.stderr


def test_what_the_machine_cannot_do_is_refused(tf: Any, monkeypatch: Any) -> None:
    def configure(precision: str) -> None:
        row = registry.experiment("prelu_cnn", overrides={"precision": precision})
        execution.configure(tf, tf.ConfigProto(), row)

    if tf.__version__.startswith("1."):
        with pytest.raises(MachineError, match="precision=bf16 needs TensorFlow 2.x, this is 1.15.5; leave it out"):
            configure("bf16")
        return
    monkeypatch.setattr(execution, "processor_flags", lambda: frozenset({"avx2"}))
    with pytest.raises(MachineError, match="needs a processor with avx512_bf16 or amx_bf16, which this one lacks"):
        configure("bf16")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    for precision, capability in (("tf32", "8.0"), ("fp16", "7.0")):
        with pytest.raises(MachineError, match=f"precision={precision} needs an NVIDIA GPU .* {capability} or later"):
            configure(precision)


def test_fp16_is_asked_of_a_gpu_that_has_it(tf: Any, monkeypatch: Any) -> None:
    if tf.__version__.startswith("1."):
        pytest.skip("TensorFlow 1 is refused: see above")
    details = {"compute_capability": (6, 1)}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda device: details)
    row = registry.experiment("prelu_cnn", overrides={"precision": "fp16"})
    config = tf.ConfigProto()
    with pytest.raises(MachineError, match="precision=fp16 needs"):
        execution.configure(tf, config, row)
    details["compute_capability"] = (7, 0)
    execution.configure(tf, config, row)
    assert config.graph_options.rewrite_options.auto_mixed_precision == 1


@pytest.mark.parametrize("report", ["prelu_cnn", "nine_conv"])
def test_the_loss_scale_rounds_nothing(tf: Any, report: str) -> None:
    """float32 arithmetic with and without it: the same variables after two steps, to the last bit."""
    from tf1_models.training import training_graph

    images = np.random.RandomState(0).randint(0, 256, (4, 32, 32, 3)).astype(np.uint8)
    outcomes = []
    for precision in ("float32", "fp16"):
        row = registry.experiment(report, overrides={"precision": precision})
        assert execution.loss_scale(row) == {"float32": 1.0, "fp16": 128.0}[precision]
        with tf.Graph().as_default(), tf.Session(config=tensorflow_setup.session_config(tf, 1)) as session:
            graph = training_graph.build_training(row)
            n_scaled = sum(op.type == "RealDiv" for op in tf.get_default_graph().get_operations())
            feed = {graph.image_bytes: images, graph.label_ids: np.arange(4), graph.learning_rate: 0.001}
            if graph.handles.is_training is not None:
                feed[graph.handles.is_training] = True
            session.run(tf.global_variables_initializer())
            for step in range(2):
                loss = session.run(graph.fetches, {**feed, graph.step: step})["loss"]
            outcomes.append((loss, session.run(tf.global_variables()), n_scaled))
    (loss, variables, n_plain), (loss_fp16, variables_fp16, n_scaled) = outcomes
    assert loss == loss_fp16 and n_scaled > n_plain
    assert all(np.array_equal(one, other) for one, other in zip(variables, variables_fp16))

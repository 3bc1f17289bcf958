"""The Python way as its page shows it, in a script and in a notebook kernel, and what is said where it goes wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any, List

import numpy as np
import pytest

from tests import expects_table
from tests.conftest import ROOT
from tf1_models import library, registry
from tf1_models.errors import InputError, MachineError, UsageError
from tf1_models.experiments.overrides import as_word
from tf1_models.output import markdown

EAGER = "TensorFlow is eager here"
TWICE = "this graph holds a variable layer1/0/weight already"


def page() -> str:
    with open(expects_table.PAGE, encoding="utf-8") as stream:
        return stream.read()


def blocks() -> List[str]:
    """The page's Python, block by block."""
    found = re.findall(r"^```python\n(.*?)^```", page(), re.MULTILINE | re.DOTALL)
    assert len(found) == 3
    return found


@pytest.fixture(scope="module")
def trained(tf: Any, tmp_path_factory: Any) -> library.Trained:
    """A few steps on the digits."""
    out = str(tmp_path_factory.mktemp("runs"))
    return library.train("bn_cnn", data="digits", settings={"max_steps": 3}, out=out, quiet=True)


def images(n: int = 5) -> np.ndarray:
    return np.random.RandomState(1).randint(0, 256, (n, 32, 32, 3)).astype(np.uint8)


@pytest.mark.tf
def test_the_page_runs_as_a_script(tmp_path: Any) -> None:
    env = {**os.environ, "PYTHONPATH": ROOT, "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks())],
        cwd=str(tmp_path),
        capture_output=True,
        text=True,
        env=env,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    folder, score = done.stdout.splitlines()[0].rsplit(" ", 1)
    assert os.path.isfile(os.path.join(str(tmp_path), folder, "result.json")) and 0 < float(score) <= 1
    assert len(re.findall(r"'[a-z]+'", done.stdout.splitlines()[1])) == 8


@pytest.mark.tf
def test_the_page_runs_in_a_notebook_and_its_two_mistakes_end_in_the_kits_words(tmp_path: Any) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient and ipykernel come with requirements-dev.txt")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    first = (
        "import tensorflow.compat.v1 as tf\n"
        "from tf1_models import registry\n"
        "assert tf.executing_eagerly() and float(tf.constant(2.0) * 3) == 6.0"
    )
    build = "graph = registry.graph('bn_cnn').build()"
    cells = [
        first,
        build,
        "tf.disable_v2_behavior()\ntf.reset_default_graph()",
        build,
        build,
        "tf.reset_default_graph()",
        build,
        *blocks(),
        *blocks()[1:],
    ]  # the page's cells run twice
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    for number in (1, 4):
        notebook.cells[number].metadata["tags"] = ["raises-exception"]
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = ROOT
    try:
        nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    errors = {
        number: output
        for number, cell in enumerate(notebook.cells)
        for output in cell.outputs
        if output.output_type == "error"
    }
    assert sorted(errors) == [1, 4]
    for number, words in ((1, EAGER), (4, TWICE)):
        assert errors[number].ename == "UsageError" and errors[number].evalue.startswith(words)
        assert "compatible with eager execution" not in "\n".join(errors[number].traceback)
        assert "Did you mean to set reuse" not in "\n".join(errors[number].traceback)


@pytest.mark.tf
def test_building_while_tensorflow_is_eager_is_told_the_cure() -> None:
    if sys.version_info < (3, 8):
        pytest.skip("TensorFlow 1.15 is in graph mode by itself")
    program = "from tf1_models import registry; registry.graph('nine_conv').build()"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and f"UsageError: {EAGER}" in done.stderr
    assert "with tf.Graph().as_default():" in done.stderr.strip().splitlines()[-1]


@pytest.mark.tf
@pytest.mark.parametrize("report", registry.REPORTS)
def test_building_twice_in_a_graph_is_told_the_cure(report: str, tf: Any) -> None:
    with tf.Graph().as_default():
        registry.graph(report).build()
        with pytest.raises(UsageError, match=r"holds a variable \S+ already.*tf\.reset_default_graph\(\)") as caught:
            registry.graph(report).build()
        assert caught.value.__cause__ is None and caught.value.__suppress_context__
    with tf.Graph().as_default():
        first = registry.graph(report).build()
        with tf.variable_scope("", reuse=True):  # sharing on purpose stays possible
            second = registry.graph(report).build()
        assert {v.name for v in first.variables} == {v.name for v in second.variables}


@pytest.mark.tf
def test_another_value_error_of_a_graph_is_passed_on(tf: Any, monkeypatch: Any) -> None:
    def failing(net: Any, **given: Any) -> Any:
        raise ValueError("Dimension size must be 10")

    monkeypatch.setattr("tf1_models.graphs.nine_conv.build", failing)
    with tf.Graph().as_default(), pytest.raises(ValueError, match="^Dimension size must be 10$"):
        registry.graph("nine_conv").build()


def test_whoever_lacks_tensorflow_is_named_the_extra(monkeypatch: Any) -> None:
    for name in ("tensorflow", "tensorflow.compat", "tensorflow.compat.v1"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MachineError, match=r"TensorFlow does not import .*extra tf"):
        registry.graph("nine_conv").build()


@pytest.mark.tf
@pytest.mark.parametrize("report", registry.REPORTS)
def test_the_handles_know_the_reports_own_variables(report: str, tf: Any) -> None:
    with tf.Graph().as_default():
        handles = registry.graph(report).build()
        assert {v.name for v in handles.variables} == {v.name for v in tf.global_variables()}


@pytest.mark.tf
def test_the_table_of_what_graphs_expect_is_of_today(tf: Any) -> None:
    assert markdown.find_block(page(), expects_table.BLOCK) == expects_table.render(tf), "python -m tests.expects_table"


@pytest.mark.tf
def test_restore_fills_the_reports_variables_and_leaves_the_others(trained: library.Trained, tf: Any) -> None:
    checkpoint = library.checkpoint(trained.folder)
    with tf.Graph().as_default():
        mine = tf.get_variable("mine", shape=(), initializer=tf.ones_initializer())
        handles = checkpoint.graph.build()
        with tf.Session() as session:
            session.run(mine.initializer)
            assert checkpoint.restore(session, handles) is None
            assert session.run(mine) == 1.0
            found = session.run(handles.probabilities, {handles.images: images() / checkpoint.experiment.pixel_divisor})
    assert np.abs(found - checkpoint.predict(images())).max() < 1e-5
    with tf.Graph().as_default():
        other = checkpoint.graph.build()
    with tf.Session(graph=other.logits.graph) as session:  # no graph is the default one here
        checkpoint.restore(session, other)
        assert np.isfinite(session.run(other.variables[0])).all()
        with pytest.raises(UsageError, match="the Session is on another graph"):
            checkpoint.restore(session, handles)


@pytest.mark.tf
def test_another_programs_checkpoint(tmp_path: Any, tf: Any) -> None:
    foreign = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.variable_scope("net"):
            registry.graph("bn_cnn").build()
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, foreign)
    with pytest.raises(InputError, match="--report"):
        library.checkpoint(foreign)
    checkpoint = library.checkpoint(foreign, report="bn_cnn", scope="net")
    assert checkpoint.predict(images()).shape == (5, 10)
    with tf.Graph().as_default():
        handles = checkpoint.graph.build()
        tf.get_variable("mine", shape=())
        with tf.Session() as session:
            assert "net" in str(checkpoint.restore(session, handles))


@pytest.mark.tf
def test_training_again_returns_what_is_finished(trained: library.Trained, capsys: Any) -> None:
    out = os.path.dirname(os.path.dirname(os.path.dirname(trained.folder)))
    again = library.train("bn_cnn", data="digits", settings={"max_steps": 3}, out=out)
    assert again.folder == trained.folder and again.result == trained.result
    assert "already finished" in capsys.readouterr().err


def test_settings_may_have_their_own_types() -> None:
    row = registry.experiment(
        "bn_cnn", "final", {"channels": as_word([4, 8, 16]), "xla": as_word(True), "patience_epochs": as_word(None)}
    )
    assert row.net.channels == (4, 8, 16) and row.xla is True and row.patience_epochs is None


@pytest.mark.tf
@pytest.mark.parametrize("bad", [np.zeros((2, 32, 32, 3), np.float32), np.zeros((32, 32, 3), np.uint8), [[1]]])
def test_other_images_are_refused(bad: Any, trained: library.Trained) -> None:
    with pytest.raises(InputError, match=r"images must be a NumPy array, uint8 \[N, 32, 32, 3\]"):
        library.checkpoint(trained.folder).predict(bad)


def test_importing_it_needs_no_tensorflow() -> None:
    program = "import sys; from tf1_models import library; assert 'tensorflow' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0

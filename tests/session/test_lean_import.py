"""Packages that TensorFlow can do without stay out of its import, and are there for whoever wants them later."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from typing import Any, List

import pytest

from tf1_models.session.lean_import import (
    LEFT_OUT,
    collector_paused,
    without_optional_packages,
)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _run(program: str) -> str:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.tf
def test_tensorflow_comes_without_them_and_they_import_afterwards() -> None:
    lines = _run(
        "import sys\n"
        "from tf1_models.session.tensorflow_setup import import_tensorflow; tf = import_tensorflow()\n"
        f"print([name for name in {LEFT_OUT!r} if name in sys.modules])\n"
        "import h5py, scipy.sparse; print(h5py.File.__name__, scipy.sparse.issparse(0))\n"
        "print([found for found in sys.meta_path if type(found).__module__.startswith('tf1_models')])\n"
        "with tf.Graph().as_default(), tf.Session() as session: print(session.run(tf.constant(3) * 2))\n"
    ).splitlines()
    assert lines == ["[]", "File False", "[]", "6"]


@pytest.mark.tf
def test_keras_is_whole_for_a_program_that_uses_it_after_the_kit() -> None:
    assert (
        _run(
            "from tf1_models.session.tensorflow_setup import import_tensorflow; import_tensorflow()\n"
            "import tensorflow, numpy\n"
            "layer = tensorflow.keras.layers.Dense(2, kernel_initializer='ones')\n"
            "layer.build((None, 3)); print(tensorflow.keras.optimizers.Adam.__name__, layer.count_params())\n"
        )
        == "Adam 8\n"
    )


def test_a_package_that_is_loaded_already_stays(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "scipy", pytest)  # any module stands in
    with without_optional_packages():
        import scipy

        assert scipy is pytest


def test_it_is_an_import_error_that_names_the_package_and_ends_with_the_block(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "h5py", raising=False)
    (tmp_path / "h5py.py").write_text("")  # h5py comes with TensorFlow only
    before = list(sys.meta_path)
    with pytest.raises(ImportError, match="h5py is left out") as caught, without_optional_packages():
        import h5py  # noqa: F401
    assert caught.value.name == "h5py" and sys.meta_path == before and "h5py" not in sys.modules


def test_the_collector_rests_and_what_was_made_meanwhile_is_old() -> None:
    assert gc.isenabled()
    with collector_paused():
        assert not gc.isenabled()
        with collector_paused():  # a pause within one changes nothing
            pass
        assert not gc.isenabled()
        made: List[List[Any]] = [[] for _ in range(10_000)]
    assert gc.isenabled() and gc.get_freeze_count() == 0
    assert len(made) == 10_000 and gc.get_count()[0] < 5_000


def test_what_somebody_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        with collector_paused():
            pass
        assert gc.isenabled() and gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()

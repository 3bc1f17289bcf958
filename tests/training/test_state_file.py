"""TensorFlow's `checkpoint` state file is written for old tools and never read: whatever befalls it changes no result.

Plain TensorFlow follows it to a folder's original, hangs on a FIFO, dies on garbage, starts anew where it is lost.
"""

from __future__ import annotations

import os
import shutil
from typing import Any, Callable, Dict

import pytest

from tests.storage.test_disk import run
from tests.training.test_loop import Interrupter
from tf1_models.checkpoints import saving
from tf1_models.errors import InputError, Interrupted

pytestmark = pytest.mark.tf


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: Any, tiny: Any, tf: Any) -> Dict[str, Any]:
    return run(tmp_path_factory.mktemp("undisturbed"), tiny)


def _cut(out: Any, data: Any, at_step: int = 3, seed: int = 0) -> str:
    """A run interrupted after a step; returns its folder."""
    with pytest.raises(Interrupted):
        run(out, data, watcher=Interrupter(at_step), settings={"seed": str(seed)})
    (folder,) = [path for path, _, names in os.walk(str(out)) if "run.json" in names]
    assert saving.list_steps(folder) == [at_step, at_step - 1]
    return folder


def _write(content: bytes) -> Callable[[str], None]:
    def write(path: str) -> None:
        with open(path, "wb") as stream:
            stream.write(content)

    return write


def _link(path: str) -> None:
    os.unlink(path)
    os.symlink("/dev/zero", path)


def _fifo(path: str) -> None:
    os.unlink(path)
    os.mkfifo(path)


STATES: Dict[str, Callable[[str], None]] = {
    "lost": os.unlink,
    "empty": _write(b""),
    "truncated": _write(b'model_checkpoint_path: "ckp'),
    "binary garbage": _write(bytes(range(256)) * 8),
    "an earlier step": _write(b'model_checkpoint_path: "ckpt-2"\n'),
    "a pattern": _write(b'model_checkpoint_path: "*"\n'),
    "elsewhere": _write(b'model_checkpoint_path: "/nowhere/ckpt-99"\nall_model_checkpoint_paths: "../x/ckpt-99"\n'),
    "a link to /dev/zero": _link,
    "a FIFO": _fifo,
}


@pytest.mark.parametrize("name", list(STATES))
def test_the_state_file_decides_nothing(tmp_path: Any, tiny: Any, undisturbed: Any, name: str) -> None:
    folder = _cut(tmp_path, tiny)
    STATES[name](os.path.join(folder, "checkpoint"))
    assert run(tmp_path, tiny) == undisturbed
    with open(os.path.join(folder, "checkpoint"), "rb") as stream:  # written anew, for old tools
        assert stream.read().startswith(b'model_checkpoint_path: "ckpt-4"\n')
    assert not os.path.islink(os.path.join(folder, "checkpoint"))


def test_a_copied_folder_continues_in_the_copy(tmp_path: Any, tiny: Any, undisturbed: Any) -> None:
    folder = _cut(tmp_path / "original", tiny)
    path = os.path.join(folder, "checkpoint")
    _write(f'model_checkpoint_path: "{folder}/ckpt-3"\n'.encode())(path)  # absolute, as a plain Saver writes it
    shutil.copytree(str(tmp_path / "original"), str(tmp_path / "copy"))
    before = {name: os.stat(os.path.join(folder, name)).st_mtime_ns for name in os.listdir(folder)}
    # the copy's newest is damaged: it falls back to its own previous one, not to the original's sound newest
    copied = folder.replace("original", "copy")
    with open(os.path.join(copied, "ckpt-3.index"), "r+b") as stream:
        stream.write(b"\xff")
    assert run(tmp_path / "copy", tiny) == undisturbed
    assert before == {name: os.stat(os.path.join(folder, name)).st_mtime_ns for name in os.listdir(folder)}
    os.rename(str(tmp_path / "original"), str(tmp_path / "moved"))
    assert run(tmp_path / "moved", tiny) == undisturbed


@pytest.mark.parametrize("name", ["ckpt-3.json", "ckpt-3.index", "ckpt-3.data-00000-of-00001"])
def test_a_fifo_in_place_of_a_checkpoint_is_passed_over(tmp_path: Any, tiny: Any, undisturbed: Any, name: str) -> None:
    folder = _cut(tmp_path, tiny)
    _fifo(os.path.join(folder, name))
    assert run(tmp_path, tiny) == undisturbed


@pytest.mark.parametrize("name", ["run.json", "metrics.jsonl"])
def test_a_fifo_in_place_of_a_record_is_an_error(tmp_path: Any, tiny: Any, name: str) -> None:
    folder = _cut(tmp_path, tiny)
    _fifo(os.path.join(folder, name))
    with pytest.raises(InputError, match="is not a regular file"):
        run(tmp_path, tiny)


def test_a_checkpoint_of_another_run_is_not_taken(tmp_path: Any, tiny: Any) -> None:
    folder, other = _cut(tmp_path / "one", tiny, at_step=1), _cut(tmp_path / "other", tiny, at_step=1, seed=5)
    for name in os.listdir(other):
        if name.startswith("ckpt-"):
            shutil.copy(os.path.join(other, name), os.path.join(folder, name))
    with pytest.raises(InputError, match="ckpt-1 belongs to another run; remove it or start anew with --fresh"):
        run(tmp_path / "one", tiny)

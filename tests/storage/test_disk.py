"""A full disk, read-only folders, data that went away: one line with the documented code, and nothing saved is lost.

A tmpfs of a few pages is a real full disk (mounting needs root; elsewhere the simulated errors below stand in).
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from typing import Any, Callable, Dict, Iterator, Optional

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.datasets import forms
from tests.training.test_loop import Interrupter
from tf1_models import registry
from tf1_models.checkpoints import saving
from tf1_models.errors import Interrupted, MachineError
from tf1_models.output.progress import Log
from tf1_models.output.watching import StepSeen, Watcher
from tf1_models.training import loop, results, run_folder

SETTINGS = {"epochs": "2", "batch_size": "24", "channels": "3,4,5"}  # checkpoints of 46 pages
PAGE = 4096
PAGES = [1, 20, 51, 52, 100, 130, 200]  # 50 hold the first checkpoint, 53 the first epoch, 94 the second checkpoint


def run(
    out: Any, data: Any, watcher: Optional[Watcher] = None, settings: Optional[Dict[str, str]] = None
) -> Dict[str, Any]:
    """Trains as the verb does; returns the content of result.json."""
    row = registry.experiment("bn_cnn", "final", {**SETTINGS, **(settings or {})})
    # one step a call: a signal is heeded between two calls, and these tests count the steps
    chosen = loop.Options(out=str(out), threads=1, steps_per_call=1, watchers=[watcher] if watcher else [])
    folder, record = loop.prepare(row, data, chosen)
    log = Log(quiet=True)
    try:
        if folder.is_finished():
            return folder.result()
        log.open(folder.file("log.txt"))
        return loop.train(row, data, folder, record, chosen, log)
    finally:
        log.close()
        folder.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: Any, tiny: Any, tf: Any) -> Dict[str, Any]:
    return run(tmp_path_factory.mktemp("undisturbed"), tiny)


@pytest.fixture
def small_disk(tmp_path: Any) -> Iterator[Callable[[int], str]]:
    """Gives a function that makes (again) a disk of so many pages; it must be empty enough."""
    folder = str(tmp_path / "disk")
    os.mkdir(folder)

    def mount(*words: str) -> bool:
        try:
            return subprocess.run(["mount", *words, folder], capture_output=True).returncode == 0
        except OSError:
            return False

    if not mount("-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        pytest.skip("no tmpfs can be mounted here (needs root); the simulated errors below stand in")

    def resize(pages: int) -> str:
        assert mount("-o", f"remount,size={pages * PAGE}"), f"more than {pages} pages are in use"
        return folder

    try:
        yield resize
    finally:
        subprocess.run(["umount", "-l", folder], capture_output=True)  # TensorFlow keeps its event file open


@pytest.mark.tf
def test_a_disk_that_fills_at_any_moment(small_disk: Any, tiny: Any, undisturbed: Any) -> None:
    """From no room for run.json to all but the last picture: exit code 4 in one line; with room it ends as ever."""
    said = {}
    for pages in PAGES:
        shutil.rmtree(small_disk(10_000) + "/runs", ignore_errors=True)
        out = small_disk(pages) + "/runs"
        try:
            run(out, tiny)
        except MachineError as error:
            assert error.exit_code == 4 and str(error).isprintable() and "No space left on device" in str(error)
            assert "run the same command" in str(error)
            said[pages] = str(error).split(" ")[0]
        else:
            assert pages == PAGES[-1], f"{pages} pages were enough"
        small_disk(10_000)
        assert run(out, tiny) == undisturbed, f"after a disk of {pages} pages"
        (folder,) = [path for path, _, names in os.walk(out) if "run.json" in names]
        assert not [name for name in os.listdir(folder) if ".tmp-" in name or ".tempstate" in name]
    assert list(said.values()) == ["run.json", "checkpoint", "metrics.jsonl", "log.txt", "checkpoint", "checkpoint"]


PLACES = {
    "run.json": (run_folder, "write_sealed"),
    "manifest": (saving, "write_sealed"),
    "state file": (saving, "write_bytes"),
    "fsync of a checkpoint": (saving, "fsync_file"),
    "result.npy": (results, "write_bytes"),
    "result.json": (results, "write_sealed"),
}


@pytest.mark.tf
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("place", list(PLACES))
def test_simulated_refusals(
    tmp_path: Any, tiny: Any, undisturbed: Any, monkeypatch: Any, place: str, number: int
) -> None:
    if number != errno.ENOSPC and place not in ("run.json", "result.json"):
        pytest.skip("the same handler as for a full disk")

    def refuse(*rest: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(*PLACES[place], refuse)
        with pytest.raises(MachineError, match=os.strerror(number)) as caught:
            run(tmp_path, tiny)
    assert str(caught.value).isprintable()
    assert run(tmp_path, tiny) == undisturbed


def test_a_log_that_cannot_be_written(tmp_path: Any) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full on this system")
    log = Log(quiet=True)
    log.open("/dev/full")
    with pytest.raises(MachineError, match="log.txt cannot be written .*No space left on device"):
        log.line("a line")
    log.close()  # what is left in the buffer raises nothing on the way out
    with pytest.raises(MachineError, match="log.txt cannot be written"):
        log.open(str(tmp_path))


@pytest.mark.tf
def test_a_run_folder_that_becomes_read_only(small_disk: Any, tiny: Any, undisturbed: Any, kit: Any) -> None:
    disk = small_disk(10_000)
    with pytest.raises(Interrupted):
        run(disk + "/runs", tiny, watcher=Interrupter(3))
    assert subprocess.run(["mount", "-o", "remount,ro", disk], capture_output=True).returncode == 0
    before = sorted(os.walk(disk))
    with pytest.raises(Exception, match="cannot be written .*Read-only file system.*another place") as caught:
        run(disk + "/runs", tiny)
    assert caught.value.exit_code == 4  # type: ignore[attr-defined]
    (folder,) = [path for path, _, names in before if "run.json" in names]
    for words in (
        ["train", "bn_cnn", "--data", "digits", "--out", disk + "/new"],
        ["predict", folder, "--data", "digits", "--out", disk + "/result.npy"],
    ):
        done = kit(*words)
        assert done.returncode == 4 and len(done.stderr.splitlines()) == 1, done.stderr
    done = kit("checkpoint", "export", folder, "--out", disk + "/weights.npz")
    assert done.returncode == 4 and len(done.stderr.splitlines()) == 1, done.stderr
    done = kit("checkpoint", "export", folder, "--out", disk + "/saved_model")
    assert done.returncode == 4 and len(done.stderr.splitlines()) == 1, done.stderr
    assert kit("checkpoint", "inspect", folder).returncode == 0  # reading needs no writing
    assert sorted(os.walk(disk)) == before
    subprocess.run(["mount", "-o", "remount,rw", disk], capture_output=True)
    assert run(disk + "/runs", tiny) == undisturbed


class Deny(Watcher):
    """Forbids writing to the run folder from a step on (root is stopped by no permission bits)."""

    def __init__(self, at_step: int, monkeypatch: Any) -> None:
        self.at_step, self.monkeypatch = at_step, monkeypatch

    def step(self, seen: StepSeen) -> None:
        if seen.step == self.at_step:
            real = open

            def deny(name: Any, mode: str = "r", *rest: Any, **kwargs: Any) -> Any:
                if set(mode) & set("wax+"):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
                return real(name, mode, *rest, **kwargs)

            self.monkeypatch.setattr("builtins.open", deny)


@pytest.mark.tf
def test_a_run_folder_without_permission(tmp_path: Any, tiny: Any, undisturbed: Any, monkeypatch: Any) -> None:
    with monkeypatch.context() as patched, pytest.raises(MachineError, match="cannot be written .*Permission denied"):
        run(tmp_path, tiny, watcher=Deny(1, patched))
    assert run(tmp_path, tiny) == undisturbed


@pytest.mark.tf
def test_the_data_went_away_between_start_and_resume(tmp_path: Any, kit: Any) -> None:
    data = forms.write_npz(str(tmp_path / "images.npz"), forms.tiny(30, 10))
    words = [
        "train",
        "bn_cnn",
        "--data",
        data,
        "--out",
        "runs",
        "epochs=2",
        "batch_size=10",
        "channels=3,4,5",
        "-q",
        "--threads",
        "1",
    ]
    whole = kit(*words, "--json", "--out", "whole")
    assert whole.returncode == 0, whole.stderr
    cut = _cut(words, tmp_path)
    before = _contents(cut)
    os.rename(data, data + ".gone")
    done = kit(*words)
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 1 and "images.npz" in done.stderr
    forms.write_npz(data, forms.Tiny(*[np.roll(array, 1, axis=0) for array in forms.tiny(30, 10)]))
    other = kit(*words, "--out", cut)
    assert other.returncode == 3 and "run folder of another configuration (data_digest" in other.stderr
    assert _contents(cut) == before
    os.replace(data + ".gone", data)
    again = kit(*words, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == json.loads(whole.stdout)


def _contents(folder: str) -> Dict[str, bytes]:
    names = [name for name in sorted(os.listdir(folder)) if name != "lock"]  # it names who came last
    return {name: forms.read(os.path.join(folder, name)) for name in names}


def _cut(words: Any, folder: Any) -> str:
    """Starts the same run in a process of its own, as it goes on in one, and interrupts it; returns its folder.

    Inside this one it could have more threads: TensorFlow keeps the pools of a process's first Session for all.
    """
    program = (
        "import sys\n"
        "from tests.training.test_loop import Interrupter\n"
        "from tf1_models.output import training_bars\n"
        "training_bars.watchers_for = lambda quiet: [Interrupter(2)]\n"
        "from tf1_models.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=str(folder),
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 130, done.stderr
    (cut,) = [path for path, _, names in os.walk(str(folder / "runs")) if "run.json" in names]
    return cut

"""A run's folder: which paths are refused, what names it, in which order it is emptied, its metrics."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

import tf1_models
from tf1_models import registry
from tf1_models.errors import InputError
from tf1_models.training.run_folder import RunFolder, config_id, folder_path, git_commit


@pytest.mark.parametrize("name", ["runs[1]", "a*b", "a?b", "a\\b", "ram://x"])
def test_a_path_that_tensorflow_takes_for_a_pattern_is_refused(tmp_path: Any, name: str) -> None:
    with pytest.raises(InputError, match="choose a path without .* with --out$"):
        RunFolder(os.path.join(str(tmp_path), name, "run"))
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize("linked", [False, True], ids=["clone", "linked worktree"])
def test_the_commit_is_known_in_a_clone_and_in_a_linked_worktree(tmp_path: Any, monkeypatch: Any, linked: bool) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(["git", *who, *words], cwd=clone, check=True, stdout=subprocess.PIPE).stdout.decode()

    clone = str(tmp_path)
    git("init", "-q", ".")
    os.makedirs(os.path.join(clone, "tf1_models"))
    with open(os.path.join(clone, "tf1_models", "__init__.py"), "w"):
        pass
    git("add", ".")
    git("commit", "-q", "-m", "x")
    head, folder = git("rev-parse", "HEAD").strip(), clone
    if linked:
        folder = os.path.join(clone, "beside")
        git("worktree", "add", "-q", "--detach", folder)
    monkeypatch.setattr(tf1_models, "__file__", os.path.join(folder, "tf1_models", "__init__.py"))
    assert git_commit() == head
    with open(tf1_models.__file__, "a") as stream:
        stream.write("# changed")
    assert git_commit() == head + "+"


@pytest.fixture
def folder(tmp_path: Any) -> Any:
    opened = RunFolder(str(tmp_path / "run"))
    yield opened
    opened.close()


def test_images_and_settings_name_a_folder_and_the_seed_is_beside_them() -> None:
    row = registry.experiment("bn_cnn", "final", {})
    other = registry.experiment("bn_cnn", "final", {"keep_prob": "0.5"})
    seeded = registry.experiment("bn_cnn", "final", {"seed": "7"})
    ids = {config_id(row, "aa"), config_id(row, "bb"), config_id(other, "aa")}
    assert len(ids) == 3 and config_id(seeded, "aa") == config_id(row, "aa")
    assert folder_path("out", seeded, "tiny", "aa").endswith(f"tiny-{config_id(row, 'aa')}-seed7")


def test_fresh_removes_the_result_first(folder: RunFolder, monkeypatch: Any) -> None:
    """A kill in between must leave a run that is unfinished, never a result without its run."""
    for name in ("ckpt-3.json", "metrics.jsonl", "result.json", "result.npy", "run.json"):
        with open(folder.file(name), "w") as stream:
            stream.write("x")
    removed, unlink = [], os.unlink
    monkeypatch.setattr(os, "unlink", lambda path: (removed.append(os.path.basename(path)), unlink(path)))
    folder.clear()
    assert removed[0] == "result.json" and len(removed) == 5 and os.listdir(folder.path) == ["lock"]


def test_a_line_of_metrics_is_on_disk_before_a_manifest_vouches_for_it(folder: RunFolder, monkeypatch: Any) -> None:
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_size), fsync(handle)))
    folder.append_metrics({"epoch": 1})
    assert synced == [folder.metrics_record()["size"]] == [len(b'{"epoch": 1}\n')]


def test_metrics_are_cut_back_to_what_a_manifest_vouches_for(folder: RunFolder) -> None:
    folder.append_metrics({"epoch": 1})
    record = folder.metrics_record()
    folder.append_metrics({"epoch": 2})
    folder.rewind_metrics(record)
    assert folder.metrics == [{"epoch": 1}] and folder.metrics_record() == record
    with open(folder.file("metrics.jsonl"), "rb") as stream:
        assert stream.read() == b'{"epoch": 1}\n'
    with open(folder.file("metrics.jsonl"), "r+b") as stream:
        stream.write(b"[")
    with pytest.raises(InputError, match="metrics.jsonl is damaged"):
        folder.rewind_metrics(record)
    with pytest.raises(InputError, match="no checkpoint is left beside metrics.jsonl"):
        folder.rewind_metrics(None)

"""Saving by hand, with a Saver that writes two small files: order of writes, checks, what is kept. TensorFlow-free."""

from __future__ import annotations

import os
from typing import Any, Dict, List

import pytest

from tf1_models.checkpoints import saving
from tf1_models.errors import InputError, MachineError
from tf1_models.storage.sealed import read_sealed, write_sealed

FIELDS: Dict[str, Any] = {"metrics": {"size": 0, "sha256": ""}, "config": {}, "progress": {}}
DATA = ".data-00000-of-00001"


class FakeTF:
    class errors:
        class OpError(Exception):
            pass


class FakeSaver:
    _var_list: List[Any] = []

    def save(self, session: Any, path: str, write_meta_graph: bool, write_state: bool) -> None:
        assert not write_meta_graph and not write_state
        for suffix in (".index", DATA):
            with open(path + suffix, "wb") as stream:
                stream.write(f"{os.path.basename(path)}{suffix}".encode() * 20)


def save(folder: Any, *steps: int) -> None:
    for step in steps:
        saving.save(FakeTF, None, FakeSaver(), str(folder), step, FIELDS)


def flip(path: str) -> None:
    with open(path, "r+b") as stream:
        stream.seek(17)
        (byte,) = stream.read(1)
        stream.seek(17)
        stream.write(bytes([byte ^ 4]))


def test_the_manifest_is_written_last_and_behind_the_syncs(tmp_path: Any, monkeypatch: Any) -> None:
    done: List[str] = []
    for name in ("fsync_file", "fsync_folder", "write_sealed"):
        real = getattr(saving, name)

        def noted(path: str, *rest: Any, name: str = name, real: Any = real) -> None:
            done.append(f"{name} {os.path.basename(path)}")
            real(path, *rest)

        monkeypatch.setattr(saving, name, noted)
    save(tmp_path, 5)
    assert done == [
        "fsync_file ckpt-5.index",
        f"fsync_file ckpt-5{DATA}",
        f"fsync_folder {tmp_path.name}",
        "write_sealed ckpt-5.json",
    ]
    assert (tmp_path / "checkpoint").read_text().startswith('model_checkpoint_path: "ckpt-5"\n')


def test_the_latest_sound_one_is_found(tmp_path: Any) -> None:
    said: List[str] = []
    assert saving.latest_sound(str(tmp_path), said.append) is None
    save(tmp_path, 3, 10, 9)
    assert saving.list_steps(str(tmp_path)) == [10, 9, 3]
    manifest = saving.latest_sound(str(tmp_path), said.append)
    assert manifest is not None and manifest["step"] == 10 and said == []
    flip(str(tmp_path / f"ckpt-10{DATA}"))
    manifest = saving.latest_sound(str(tmp_path), said.append)
    assert manifest is not None and manifest["step"] == 9
    assert said == [
        f"checkpoint of step 10 passed over: ckpt-10{DATA} is damaged: its checksum does not match the manifest"
    ]
    os.unlink(str(tmp_path / "ckpt-9.index"))
    flip(str(tmp_path / "ckpt-3.json"))
    with pytest.raises(InputError, match="none of the 3 checkpoints is sound"):
        saving.latest_sound(str(tmp_path), said.append)
    assert "ckpt-9.index is missing" in said[-2]


def test_a_manifest_of_another_step_is_not_believed(tmp_path: Any) -> None:
    save(tmp_path, 3)
    document = read_sealed(str(tmp_path / "ckpt-3.json"))
    for suffix in (".index", DATA):
        (tmp_path / f"ckpt-4{suffix}").write_bytes((tmp_path / f"ckpt-3{suffix}").read_bytes())
    write_sealed(str(tmp_path / "ckpt-4.json"), document)
    with pytest.raises(InputError, match="ckpt-4.json is not the manifest of step 4"):
        saving.read_manifest(str(tmp_path), 4)


def test_the_best_and_the_two_latest_are_kept(tmp_path: Any) -> None:
    save(tmp_path, 1, 2, 3, 4, 5)
    saving.prune(str(tmp_path), (2,))
    kept = sorted(name for name in os.listdir(str(tmp_path)) if name != "checkpoint")
    assert kept == sorted(f"ckpt-{step}{suffix}" for step in (2, 4, 5) for suffix in (".index", DATA, ".json"))


def test_what_a_kill_left_is_swept_away_and_nothing_else(tmp_path: Any) -> None:
    save(tmp_path, 1, 2)
    kept = sorted(os.listdir(str(tmp_path)))
    left = ["ckpt-3.index", f"ckpt-3{DATA}", f"ckpt-2{DATA}.tempstate123", "ckpt-3.json.tmp-7", "run.json.tmp-7"]
    for name in left:
        (tmp_path / name).write_bytes(b"x")
    saving.remove_uncommitted(str(tmp_path))
    assert sorted(os.listdir(str(tmp_path))) == kept


def test_a_refused_write_leaves_the_earlier_ones(tmp_path: Any, monkeypatch: Any) -> None:
    save(tmp_path, 1)
    kept = sorted(os.listdir(str(tmp_path)))

    def full(path: str, document: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving, "write_sealed", full)
    with pytest.raises(MachineError, match="checkpoint of step 2 not written .*earlier checkpoints are intact"):
        save(tmp_path, 2)
    assert sorted(os.listdir(str(tmp_path))) == kept


def table(**rows: Any) -> List[Dict[str, Any]]:
    return [{"name": name, "shape": shape, "dtype": dtype} for name, (shape, dtype) in rows.items()]


@pytest.mark.parametrize(
    "found, words",
    [
        ({"a": ([2], "float32")}, "missing b"),
        ({"a": ([2], "float32"), "b": ([3], "float32"), "c": ([], "int64")}, "unexpected c"),
        ({"a": ([2], "float32"), "b": ([4], "float32")}, "different b: graph"),
        ({"a": ([2], "float32"), "b": ([3], "float64")}, "different b: graph"),
    ],
)
def test_variables_agree_by_name_shape_and_type(found: Any, words: str) -> None:
    wanted = table(a=([2], "float32"), b=([3], "float32"))
    saving.compare_variables(wanted, wanted[::-1])
    with pytest.raises(InputError, match=f"the checkpoint does not fit the graph: {words}"):
        saving.compare_variables(wanted, table(**found))

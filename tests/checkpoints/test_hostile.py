"""The hostile corpus of checkpoints through the verbs: refused in one line, quickly, nothing written, none dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Dict

import numpy as np
import pytest

from tests.checkpoints import crafted, hostile
from tests.conftest import ROOT

GIB_KB = 1 << 20
VERBS = (["checkpoint", "inspect", "CKPT"], ["evaluate", "CKPT", "--report", "bn_cnn", "--data", "digits"])

# runs every verb on every prefix in one process: whatever kills the process ends the test
CHILD = """
import contextlib, io, json, resource, sys, time
from tf1_models.cli import main
verbs, rows = json.loads(sys.argv[1]), []
for prefix in sys.argv[2:]:
    for words in verbs:
        out, err, began = io.StringIO(), io.StringIO(), time.perf_counter()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([prefix if word == "CKPT" else word for word in words])
        rows.append([prefix, words[0], code, time.perf_counter() - began, out.getvalue(), err.getvalue()])
peak = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0]
print(json.dumps({"rows": rows, "peak_kb": [int(peak), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss],
                  "tensorflow": "tensorflow" in sys.modules}))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc; only Linux enforces the limit on memory")
def test_the_corpus_is_refused_within_its_bounds(tmp_path: Any) -> None:
    assert len(hostile.REFUSED) >= 60
    names: Dict[str, str] = {}
    for number, (name, write) in enumerate(hostile.REFUSED.items()):
        prefix = str(tmp_path / f"{number:03d}")
        write(prefix)
        names[prefix] = name
    before = sorted(os.listdir(str(tmp_path)))
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(VERBS), *names],
        cwd=str(work),
        timeout=600,
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout.decode())
    assert len(found["rows"]) == 2 * len(names)
    for prefix, verb, code, seconds, out, err in found["rows"]:
        # evaluate reads values only for a graph: what is wrong with them alone comes out when TensorFlow has built one
        late = verb == "evaluate" and names[prefix] in ("tensor checksum off", "bool 0xff", "a slice's checksum off")
        assert late or (code == 3 and out == ""), (names[prefix], verb, out, err)
        assert err.count("\n") == 1 and err[:-1].isprintable(), (names[prefix], err)
        assert err.startswith(f"tf1-models {verb}: ") and (late or seconds < 10), (names[prefix], err, seconds)
    assert max(found["peak_kb"]) < GIB_KB
    assert os.listdir(str(work)) == []
    assert sorted(os.listdir(str(tmp_path))) == [*before, "work"]


def test_each_is_refused_for_its_own_reason(tmp_path: Any) -> None:
    """A check that no file reaches would prove nothing: every message of the reader occurs."""
    from tf1_models.checkpoints import bundle, limited_reader
    from tf1_models.errors import InputError

    said = {}
    for number, (name, write) in enumerate(hostile.REFUSED.items()):
        prefix = str(tmp_path / str(number))
        write(prefix)
        with pytest.raises(InputError) as caught:
            limited_reader.check_files(prefix)
            bundle.read_all(prefix)
        said[name] = str(caught.value)
    for words in (
        "does not fit",
        "runs over its end",
        "has the data type",
        "names do not ascend",
        "no header",
        "bytes beside its slices",
        "the slices of 'w' overlap",
        "is there twice",
        "not there, or listed twice",
        "lies outside its shape",
        "another shape or data type",
        "that no variable lists",
        "a name of more than",
        "overlaps another tensor",
        "not UTF-8",
        "control characters",
        "no known shape",
        "its tensors",
        "a compressed block",
        "restart list",
        "a record runs over",
        "an empty block",
        "outside the file",
        "checksum does not match",
        "the checksum of 'w'",
        "no bool",
        "last bytes",
        "more than 20000 tensors",
        "big-endian",
        "are read from such a file",
        "is sparse",
        "symbolic link",
        "not a regular file",
        "cannot be read",
        "an unknown kind of field",
    ):
        assert any(words in text for text in said.values()), words
    assert "'w' does not fit" in said["dims product overflow to the size"] and "no bool" in said["bool 0xff"]


@pytest.mark.tf
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused_or_said(tmp_path: Any, kit: Any, tf: Any, value: float) -> None:
    from tf1_models import registry

    with tf.Graph().as_default():
        registry.graph("bn_cnn").build()
        values = {
            v.op.name: np.zeros(v.shape.as_list(), v.dtype.base_dtype.as_numpy_dtype) for v in tf.global_variables()
        }
    prefix, first = str(tmp_path / "model"), min(values)
    broken = values[first].copy()
    broken.reshape(-1)[0] = value
    crafted.write_checkpoint(prefix, {**values, first: broken})
    done = kit("predict", prefix, "--report", "bn_cnn", "--data", "digits", "--out", "result.npy")
    assert done.returncode == 3 and f"{first!r} holds NaN or Inf" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "result.npy").exists()
    assert "not finite!" in kit("checkpoint", "inspect", prefix).stdout

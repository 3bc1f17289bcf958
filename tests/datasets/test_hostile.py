"""The whole hostile corpus through `load` in one child with bounded memory: refused, quickly, nothing written."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tarfile
import zlib

import numpy as np

from tests.datasets import forms, test_arrays, test_pickles

GIB = 1 << 30

CHILD = """
import os, resource, sys, time
import numpy
from tf1_models.datasets import load, arrays, batches, tarballs, folders, cache, assemble
from tf1_models.errors import InputError
page = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (page + (1 << 30), page + (1 << 30)))
slowest = 0
for path in sys.argv[1:]:
    began = time.perf_counter()
    try:
        load.load(path)
        print('loaded', path)
    except InputError as error:
        if chr(10) in str(error):
            print('two lines', path)
    slowest = max(slowest, time.perf_counter() - began)
# VmHWM, not ru_maxrss: that one is inherited from the process that forked this one
peak = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0]
print('slowest', slowest, 'peak', peak)
"""


def corpus(root: str) -> "list[str]":
    """Every hostile file, each in a folder of its own; returns what to load."""
    data, paths = forms.tiny(), []

    def place(kind: str) -> str:
        folder = os.path.join(root, f"{len(paths):03d}-{kind}")
        os.makedirs(folder)
        return folder

    pickles = list(test_pickles.GADGETS.values()) + [content for content, _ in test_pickles.BOMBS.values()]
    for content in pickles + [content for content, _ in test_pickles.STRUCTURE.values()]:
        folder = forms.write_py(place("pickle"), data)
        forms.write(os.path.join(folder, "data_batch_1"), content)
        paths.append(folder)
    for content, _ in test_arrays.HEADERS.values():
        folder = forms.write_npy(os.path.join(place("npy"), "npy"), data)
        forms.write(os.path.join(folder, "x_train.npy"), content)
        paths.append(folder)
    zeros = zlib.compressobj(1, zlib.DEFLATED, 31)
    bomb = b"".join(zeros.compress(bytes(1 << 24)) for _ in range(24)) + zeros.flush()  # 384 MiB of zeros
    for content in (bomb, gzip.compress(forms.tiny().x_train.tobytes()), gzip.compress(b""), b"", b"\x1f\x8b"):
        paths.append(forms.write(os.path.join(place("gzip"), "a.tar.gz"), content))
    member = tarfile.TarInfo("data_batch_1")
    member.size = 60_000_000
    paths.append(forms.write(os.path.join(place("gzip"), "a.tar.gz"), gzip.compress(member.tobuf()) + bomb))
    member.type, member.size = tarfile.XHDTYPE, 1 << 28
    paths.append(forms.write(os.path.join(place("gzip"), "a.tar.gz"), gzip.compress(member.tobuf()) + bomb))
    path = os.path.join(place("npz"), "a.npz")
    np.savez_compressed(
        path,
        x_train=np.zeros((90_000, 3072), np.uint8),
        **{"y_train": np.zeros(89_999, np.uint8), "x_test": data.x_test, "y_test": data.y_test},
    )
    paths.append(path)
    fifo = os.path.join(place("fifo"), "a.npz")
    os.mkfifo(fifo)
    return paths + [fifo]


def test_the_corpus_is_refused_within_its_bounds(tmp_path):
    paths = corpus(str(tmp_path))
    before = sorted(os.walk(str(tmp_path)))
    work = tmp_path / "work"
    work.mkdir()
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *paths],
        cwd=str(work),
        env=dict(os.environ, PYTHONPATH=root),
        capture_output=True,
        timeout=60,
        check=False,
    )
    output = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    words = output.split()
    assert words[0] == "slowest", output
    assert float(words[1]) < 10
    assert int(words[3]) * 1024 < GIB
    assert os.listdir(str(work)) == []
    work.rmdir()
    assert sorted(os.walk(str(tmp_path))) == before

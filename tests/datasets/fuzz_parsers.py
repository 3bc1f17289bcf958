"""Structured fuzzing of the data parsers: `python -m tests.datasets.fuzz_parsers [--cases N] [--json FILE]`.

Each case is a small valid file, changed in one to four places: bits, bytes, lengths, slices moved, doubled or cut,
and fragments that mean something to the format (opcodes, header fields, tags). A case passes when the parser either
returns images and labels that are in range or raises InputError with one line, within two seconds. Prints a row of
figures per parser; exit code 1 when a case failed, with the case in hexadecimal. The files of a run folder and of a
checkpoint have `tests.checkpoints.fuzz_checkpoints`, submissions `tests.grading.fuzz_grade`.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
from typing import List

import numpy as np

from tests import fuzzing
from tests.datasets import forms
from tests.fuzzing import Target
from tf1_models.datasets import arrays, assemble, batches, cache, find, folders, npz, tarballs
from tf1_models.storage.reading import Reader

DATA = forms.tiny(5, 5)
OPCODES = b"\x80\x95(}])N\x88\x89KMJ\x8aUTCB\x8e\x96\x8cX\x8d\x85\x86\x87taesuqr\x94hjc\x93Rb.io02P"
PICKLE = [bytes([opcode]) for opcode in OPCODES]
PICKLE += [b"cos\nsystem\n", b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"c_codecs\nencode\n"]
PICKLE += [b"r\xff\xff\xff\x0f", b"\x86q\x01h\x01"]
NPY = [b"-", b"L", b"True", b"(", b")", b", ", b"'|O'", b"'<f8'", b"'>i4'", b"'|V0'", b"99999999999", b"{", b"}"]
IMAGE = [b"IHDR", b"IDAT", b"IEND", b"zTXt", b"iCCP", b"acTL", b"PLTE", b"tRNS", b"\xff\xd8", b"\xff\xd9", b"MPF\0"]
TAR = [b"../", b"/", b"\0" * 512, b"0", b"5", b"2", b"x", b"L", b"77777777777", b"ustar", b"path=x"]
ZIP = [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07", b"x_train.npy", b"../"]
JSON = [b"null", b"true", b"NaN", b"[[[[", b"-1", b"1e999", b'"', b"{", b"}", b"\\u0000"]


def check(x: np.ndarray, y: np.ndarray) -> None:
    if x.dtype != np.uint8 or x.shape[1:] != (32, 32, 3) or y.dtype != np.uint8 or len(x) != len(y) or y.max() > 9:
        raise AssertionError("accepted what is no data set")


def _batch(content: bytes, name: str) -> None:
    taken = batches.Batches()
    taken.read(Reader(io.BytesIO(content), len(content), name), name, None)
    n = taken._n_rows[0] or 0
    check(taken._x[:n], taken._y[:n])


def _meta(content: bytes) -> None:
    batches.check_meta(Reader(io.BytesIO(content), len(content), "batches.meta"), "batches.meta")


def _labels(content: bytes) -> None:
    reader = Reader(io.BytesIO(content), len(content), "y")
    labels = arrays._labels(reader, arrays.read_header(reader))
    check(np.zeros((len(labels), 32, 32, 3), np.uint8), labels)


def _images(content: bytes) -> None:
    reader = Reader(io.BytesIO(content), len(content), "x")
    header = arrays.read_header(reader)
    n = arrays._n_images(header, reader)
    arrays._fill_images(reader, header, np.empty((n, 32, 32, 3), np.uint8))


def _saved(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def targets(folder: str) -> List[Target]:
    """Every parser; those that need a path write into `folder`."""
    import pickle

    path = os.path.join(folder, "case")

    def archive(content: bytes) -> None:
        forms.write(path, content)
        check(*tarballs.read(path).batches.arrays()[:2])

    def packed(content: bytes) -> None:
        archive(gzip.compress(content, 1))

    def zipped(content: bytes) -> None:
        forms.write(path, content)
        check(*npz.read(path)[:2])

    def image(content: bytes) -> None:
        forms.write(path, content)
        check(folders.read_image(path)[0][None], np.zeros(1, np.uint8))

    kit = os.path.join(folder, "kit")
    cache.write(assemble.dataset(assemble.Arrays(*DATA), "npy", "x"), kit)
    manifest = forms.read(os.path.join(kit, find.MANIFEST))

    def cached(content: bytes) -> None:
        forms.write(os.path.join(kit, find.MANIFEST), content)
        cache.read(kit)
        if content != manifest:
            raise AssertionError("accepted a changed manifest")

    one = (DATA.x_train[:2], DATA.y_train[:2])
    rows = {"data": forms.planes(one[0]), "labels": one[1].tolist()}
    images = []
    from PIL import Image

    for kind in ("PNG", "JPEG"):
        stream = io.BytesIO()
        Image.fromarray(DATA.x_train[0]).save(stream, format=kind)
        images.append(stream.getvalue())
    tars = [
        forms.read(forms.tar_gz(path, forms.tar_members(writer(os.path.join(folder, "m"), DATA))))
        for writer in (forms.write_py, forms.write_bin)
    ]
    archives = [forms.read(forms.write_npz(path + ".npz", DATA, compressed)) for compressed in (False, True)]
    first = batches.NAMES[0]
    pickled = [forms.py2_batch(*one)] + [pickle.dumps(rows, protocol) for protocol in (2, 3, 4)]
    pickled.append(pickle.dumps(dict(rows, labels=[np.int64(3), np.int64(4)]), 4))
    return [
        Target("pickled batch", pickled, PICKLE, lambda content: _batch(content, first)),
        Target("batches.meta", [forms.py2_meta()], PICKLE, _meta),
        Target("binary batch", [forms.bin_batch(*one)], [bytes(3073)], lambda content: _batch(content, f"{first}.bin")),
        Target("npy labels", [_saved(DATA.y_train), _saved(np.eye(10)[DATA.y_train])], NPY, _labels),
        Target("npy images", [_saved(one[0]), _saved(one[0] / 255.0), _saved(forms.planes(one[0]))], NPY, _images),
        Target("npz", archives, ZIP + NPY, zipped),
        Target("tar", [gzip.decompress(content) for content in tars], TAR, packed),
        Target("tar.gz", tars, [], archive),
        Target("image", images, IMAGE, image),
        Target("cache manifest", [manifest], JSON, cached),
    ]


if __name__ == "__main__":
    sys.exit(fuzzing.main("tests.datasets.fuzz_parsers", __doc__, targets))

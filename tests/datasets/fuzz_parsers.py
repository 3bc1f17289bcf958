"""Structured fuzzing of every parser of foreign bytes: `python -m tests.datasets.fuzz_parsers [--cases N] [--seed S]`.

Each case is a small valid file, changed in one to four places: bits, bytes, lengths, slices moved, doubled or cut,
and fragments that mean something to the format (opcodes, header fields, tags). A case passes when the parser either
returns images and labels that are in range or raises InputError with one line, within two seconds. Prints a row of
figures per parser; exit code 1 when a case failed, with the case in hexadecimal.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from typing import Callable, List, NamedTuple, Optional

import numpy as np

from tests.datasets import forms
from tf1_models.datasets import arrays, assemble, batches, cache, find, folders, npz, tarballs
from tf1_models.datasets.reading import Reader
from tf1_models.errors import InputError

DATA = forms.tiny(5, 5)
NUMBERS = [0, 1, 9, 10, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1]
OPCODES = b"\x80\x95(}])N\x88\x89KMJ\x8aUTCB\x8e\x96\x8cX\x8d\x85\x86\x87taesuqr\x94hjc\x93Rb.io02P"
PICKLE = [bytes([opcode]) for opcode in OPCODES]
PICKLE += [b"cos\nsystem\n", b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"c_codecs\nencode\n"]
PICKLE += [b"r\xff\xff\xff\x0f", b"\x86q\x01h\x01"]
NPY = [b"-", b"L", b"True", b"(", b")", b", ", b"'|O'", b"'<f8'", b"'>i4'", b"'|V0'", b"99999999999", b"{", b"}"]
IMAGE = [b"IHDR", b"IDAT", b"IEND", b"zTXt", b"iCCP", b"acTL", b"PLTE", b"tRNS", b"\xff\xd8", b"\xff\xd9", b"MPF\0"]
TAR = [b"../", b"/", b"\0" * 512, b"0", b"5", b"2", b"x", b"L", b"77777777777", b"ustar", b"path=x"]
ZIP = [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07", b"x_train.npy", b"../"]
JSON = [b"null", b"true", b"NaN", b"[[[[", b"-1", b"1e999", b'"', b"{", b"}", b"\\u0000"]


class Target(NamedTuple):
    """A parser, its valid inputs and fragments of its format."""

    name: str
    seeds: List[bytes]
    words: List[bytes]
    parse: Callable[[bytes], None]


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


def mutate(rng: random.Random, seed: bytes, words: List[bytes]) -> bytes:
    """One to four changes; half of them near the front, where headers are."""
    content = bytearray(seed)
    for _ in range(rng.randint(1, 4)):
        size = len(content)
        if not size:
            break
        at = rng.randrange(size if rng.random() < 0.5 else min(size, 400))
        kind = rng.randrange(8)
        if kind == 0:
            content[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            content[at] = rng.randrange(256)
        elif kind == 2:
            number = rng.choice(NUMBERS)
            width = rng.choice([1, 2, 4, 8])
            content[at : at + width] = (number % (1 << 8 * width)).to_bytes(width, rng.choice(["little", "big"]))
        elif kind == 3:
            del content[at : at + rng.choice([1, 2, 8, 100, size])]
        elif kind == 4:
            content[at:at] = content[at : at + rng.choice([1, 4, 32, 512])]
        elif kind == 5 and words:
            content[at:at] = rng.choice(words)
        elif kind == 6 and words:
            word = rng.choice(words)
            content[at : at + len(word)] = word
        else:
            other = rng.randrange(size)
            piece = bytes(content[other : other + rng.choice([1, 8, 64])])
            content[at : at + len(piece)] = piece
    return bytes(content)


def fuzz(target: Target, n_cases: int, seed: int) -> Optional[str]:
    """Runs one parser; prints its row; returns what failed first, or None."""
    rng = random.Random(f"{target.name}-{seed}")
    accepted, slowest, began = 0, 0.0, time.perf_counter()
    for content in target.seeds:
        target.parse(content)
    for case in range(n_cases):
        content = mutate(rng, rng.choice(target.seeds), target.words)
        start = time.perf_counter()
        try:
            target.parse(content)
            accepted += 1
        except InputError as error:
            if not str(error).isprintable():
                return f"{target.name} case {case}: message of more than one line: {content[:4000].hex()}"
        except Exception as error:
            return f"{target.name} case {case}: {type(error).__name__}: {error}: {content[:4000].hex()}"
        slowest = max(slowest, time.perf_counter() - start)
        if slowest > 2:
            return f"{target.name} case {case}: {slowest:.1f} s: {content[:4000].hex()}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{target.name:16} {n_cases:8} cases {n_cases - accepted:8} refused {accepted:7} accepted, in range"
        f"  slowest {slowest:.3f} s  peak {peak:.0f} MiB  {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    return None


def main(argv: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000, help="cases per parser (default: 100000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one parser by name")
    args = parser.parse_args(argv)
    folder = tempfile.mkdtemp()
    try:
        chosen = [target for target in targets(folder) if args.only in (None, target.name)]
        failures = [failure for failure in (fuzz(target, args.cases, args.seed) for target in chosen) if failure]
    finally:
        shutil.rmtree(folder)
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{len(chosen)} parsers, {len(chosen) * args.cases} cases, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

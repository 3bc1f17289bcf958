"""A tiny synthetic CIFAR-10 and writers of every on-disk form, independent of the code under test."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
from typing import Dict, List, NamedTuple

import numpy as np

from tf1_models.classes import CIFAR10_CLASSES

BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")


class Tiny(NamedTuple):
    """uint8 [N, 32, 32, 3] and uint8 [N], both splits."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def tiny(n_train: int = 25, n_test: int = 10, seed: int = 0) -> Tiny:
    """Random images; every class is in both splits."""
    rng = np.random.RandomState(seed)
    y = [rng.permutation(np.arange(n) % 10).astype(np.uint8) for n in (n_train, n_test)]
    x = [rng.randint(0, 256, (n, 32, 32, 3)).astype(np.uint8) for n in (n_train, n_test)]
    return Tiny(x[0], y[0], x[1], y[1])


def planes(x: np.ndarray) -> np.ndarray:
    """[n, 32, 32, 3] -> [n, 3072], colour planes one after the other."""
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)).reshape(len(x), -1)


def parts(data: Tiny) -> Dict[str, "tuple[np.ndarray, np.ndarray]"]:
    """Batch name -> (images, labels): the training images in five nearly equal parts."""
    cuts = np.linspace(0, len(data.y_train), 6).astype(int)
    result = {name: (data.x_train[a:b], data.y_train[a:b]) for name, a, b in zip(BATCHES, cuts[:-1], cuts[1:])}
    result["test_batch"] = (data.x_test, data.y_test)
    return result


def py2_str(content: bytes) -> bytes:
    """Python 2's str, as cPickle wrote it at protocol 2."""
    head = b"U" + bytes([len(content)]) if len(content) < 256 else b"T" + struct.pack("<I", len(content))
    return head + content


def py2_list(encoded: List[bytes]) -> bytes:
    return b"](" + b"".join(encoded) + b"e"


def py2_array(array: np.ndarray) -> bytes:
    """A two-dimensional uint8 array as numpy under Python 2 pickled it."""
    shape = b"".join(b"J" + struct.pack("<i", n) for n in array.shape) + b"\x86"
    return (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07(K\x01"
        + shape
        + b"cnumpy\ndtype\nq\x08U\x02u1K\x00K\x01\x87Rq\x09(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + py2_str(array.tobytes())
        + b"tb"
    )


def py2_batch(x: np.ndarray, y: np.ndarray) -> bytes:
    """A whole batch, as in the official archive: memo puts included."""
    return (
        b"\x80\x02}q\x01("
        + py2_str(b"batch_label")
        + b"q\x02"
        + py2_str(b"training batch 1 of 5")
        + b"q\x03"
        + py2_str(b"labels")
        + b"q\x04"
        + py2_list([b"K" + bytes([v]) for v in y.tolist()])
        + py2_str(b"data")
        + py2_array(planes(x))
        + py2_str(b"filenames")
        + py2_list([py2_str(b"x_s_%06d.png" % i) for i in range(len(y))])
        + b"u."
    )


def py2_meta() -> bytes:
    names = py2_list([py2_str(name.encode()) for name in CIFAR10_CLASSES])
    return b"\x80\x02}(" + py2_str(b"num_cases_per_batch") + b"M\x10'" + py2_str(b"label_names") + names + b"u."


def write_py(folder: str, data: Tiny) -> str:
    """cifar-10-batches-py below `folder`; returns its path."""
    path = os.path.join(folder, "cifar-10-batches-py")
    os.makedirs(path)
    for name, (x, y) in parts(data).items():
        write(os.path.join(path, name), py2_batch(x, y))
    write(os.path.join(path, "batches.meta"), py2_meta())
    return path


def bin_batch(x: np.ndarray, y: np.ndarray) -> bytes:
    return np.hstack([y[:, None], planes(x)]).tobytes()


def write_bin(folder: str, data: Tiny) -> str:
    """cifar-10-batches-bin below `folder`; returns its path."""
    path = os.path.join(folder, "cifar-10-batches-bin")
    os.makedirs(path)
    for name, (x, y) in parts(data).items():
        write(os.path.join(path, f"{name}.bin"), bin_batch(x, y))
    write(os.path.join(path, "batches.meta.txt"), "\n".join(CIFAR10_CLASSES).encode() + b"\n\n")
    return path


def tar_gz(path: str, members: "list[tuple[tarfile.TarInfo, bytes]]", tar_format: int = tarfile.GNU_FORMAT) -> str:
    """A .tar.gz of the given members."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tar_format) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    write(path, gzip.compress(raw.getvalue(), 1))
    return path


def tar_members(folder: str) -> "list[tuple[tarfile.TarInfo, bytes]]":
    """The files of a batches folder as archive members, in reverse order (an archive's order is not the official)."""
    top = tarfile.TarInfo(os.path.basename(folder))
    top.type = tarfile.DIRTYPE
    members = [(top, b"")]
    for name in sorted(os.listdir(folder), reverse=True):
        with open(os.path.join(folder, name), "rb") as stream:
            members.append((tarfile.TarInfo(f"{os.path.basename(folder)}/{name}"), stream.read()))
    return members


def write_npy(folder: str, data: Tiny) -> str:
    """The course's four arrays: y int64 [N, 1]."""
    os.makedirs(folder)
    for split, x, y in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
        np.save(os.path.join(folder, f"x_{split}.npy"), x)
        np.save(os.path.join(folder, f"y_{split}.npy"), y.astype(np.int64)[:, None])
    return folder


def write_npz(path: str, data: Tiny, compressed: bool = False) -> str:
    (np.savez_compressed if compressed else np.savez)(path, **data._asdict())
    return path


def write_images(root: str, data: Tiny, suffix: str = "png") -> str:
    """Class folders; the k-th image of a class is its file number k."""
    from PIL import Image

    for split, x, y in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
        seen = [0] * 10
        for name in CIFAR10_CLASSES:
            os.makedirs(os.path.join(root, split, name), exist_ok=True)
        for image, k in zip(x, y):
            path = os.path.join(root, split, CIFAR10_CLASSES[k], f"{seen[k]:04d}.{suffix}")
            Image.fromarray(image).save(path, quality=95) if suffix != "png" else Image.fromarray(image).save(path)
            seen[k] += 1
    return root


def write(path: str, content: bytes) -> str:
    with open(path, "wb") as stream:
        stream.write(content)
    return path


def read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def read_member(path: str, name: str) -> bytes:
    """One member of a zip."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return archive.read(name)

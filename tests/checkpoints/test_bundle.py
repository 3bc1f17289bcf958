"""The TensorFlow-free checkpoint reader against TensorFlow's own, and against damage and crafted files."""

from __future__ import annotations

import os
import random
from typing import Any, Dict, List

import numpy as np
import pytest

from tests.checkpoints.crafted import HEADER, entry, field, write_index
from tf1_models.checkpoints import bundle
from tf1_models.checkpoints.crc32c import crc32c
from tf1_models.errors import InputError


def test_crc32c_known_answers() -> None:
    assert crc32c(b"") == 0
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert crc32c(bytes(range(32))) == 0x46DD794E


@pytest.mark.parametrize("size", [16 * (1 << 14) - 1, 16 * (1 << 14), 16 * (1 << 14) + 5, 777_777])
def test_lanes_and_bytes_agree(size: int) -> None:
    data = np.random.RandomState(size % 97).bytes(size)
    halves = data[: size // 2], data[size // 2 :]
    from tf1_models.checkpoints import crc32c as module

    register = 0xFFFFFFFF
    for byte in data:
        register = int(module._TABLE[(register ^ byte) & 0xFF]) ^ (register >> 8)
    assert crc32c(data) == register ^ 0xFFFFFFFF
    assert crc32c(halves[0] + halves[1]) == crc32c(data)


VALUES: Dict[str, np.ndarray] = {
    "scope/w": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "scope/w/Adam": np.ones(3, np.float64),
    "global_step": np.array(7, np.int64),
    "empty": np.zeros((0, 3), np.float32),
    "b": np.array([1, -2], np.int32),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: Any, tf: Any) -> str:
    prefix = str(tmp_path_factory.mktemp("bundle") / "model.ckpt")
    with tf.Graph().as_default(), tf.Session() as session:
        for name, value in VALUES.items():
            tf.get_variable(name, initializer=tf.constant(value))
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, prefix, write_meta_graph=False, write_state=False)
    return prefix


@pytest.mark.tf
def test_reads_what_tensorflow_wrote(saved: str, tf: Any) -> None:
    found = bundle.read_all(saved)
    assert list(found) == sorted(VALUES)
    reader = tf.train.load_checkpoint(saved)
    for name, value in VALUES.items():
        assert found[name].dtype == value.dtype and found[name].shape == value.shape
        assert np.array_equal(found[name], value) and np.array_equal(found[name], reader.get_tensor(name))


@pytest.mark.tf
def test_every_flipped_byte_is_noticed(saved: str, tmp_path: Any) -> None:
    """Index: every byte; data: every byte. None reads as other values without a word."""
    good = {suffix: open(saved + suffix, "rb").read() for suffix in (".index", ".data-00000-of-00001")}
    prefix = str(tmp_path / "bad")
    silent: List[Any] = []
    for suffix, content in good.items():
        for other in good:
            with open(prefix + other, "wb") as stream:
                stream.write(good[other])
        for place in range(len(content)):
            bad = bytearray(content)
            bad[place] ^= 1 << (place % 8)
            with open(prefix + suffix, "wb") as stream:
                stream.write(bytes(bad))
            try:
                found = bundle.read_all(prefix)
            except InputError:
                continue
            if any(not np.array_equal(found.get(name), value) for name, value in VALUES.items()):
                silent.append((suffix, place))
    assert not silent


@pytest.mark.tf
def test_every_truncation_is_noticed(saved: str, tmp_path: Any) -> None:
    index = open(saved + ".index", "rb").read()
    data = open(saved + ".data-00000-of-00001", "rb").read()
    prefix = str(tmp_path / "bad")
    for n_index, n_data in [(n, len(data)) for n in range(len(index))] + [(len(index), n) for n in range(len(data))]:
        with open(prefix + ".index", "wb") as stream:
            stream.write(index[:n_index])
        with open(prefix + ".data-00000-of-00001", "wb") as stream:
            stream.write(data[:n_data])
        with pytest.raises(InputError):
            bundle.read_all(prefix)


CRAFTED = {
    "dims product overflow": [HEADER, (b"w", entry(dims=(2**40, 2**40), size=16))],
    "negative dim": [HEADER, (b"w", entry(dims=(-1,), size=16))],
    "rank 300": [HEADER, (b"w", entry(dims=(1,) * 300, size=4))],
    "unparsable entry": [HEADER, (b"w", b"\x0a\xff")],
    "resource dtype": [HEADER, (b"w", entry(dtype=20))],
    "string tensor": [HEADER, (b"w", entry(dtype=7, dims=(2**28,)))],
    "2^40 floats with matching size": [HEADER, (b"w", entry(dims=(2**40,), size=2**42))],
    "size that is not the shape's": [HEADER, (b"w", entry(size=12))],
    "negative offset": [HEADER, (b"w", entry(f4=-8))],
    "offset past the end": [HEADER, (b"w", entry(f4=1 << 40))],
    "wrong shard": [HEADER, (b"w", entry(f3=1))],
    "2^31 shards": [(b"", field(1, 2**31)), (b"w", entry())],
    "big-endian": [(b"", field(1, 1) + field(2, 1)), (b"w", entry())],
    "no header": [(b"w", entry())],
    "a name twice": [HEADER, (b"w", entry()), (b"w", entry())],
    "a name that is not UTF-8": [HEADER, (b"\xff\xfe", entry())],
    "slices": [HEADER, (b"w", entry() + field(7, b""))],
    "unknown rank": [HEADER, (b"w", field(1, 1) + field(2, field(3, 1)) + field(5, 16))],
    "25,000 names": [HEADER] + [(b"w%05d" % n, entry()) for n in range(25_000)],
}


@pytest.mark.parametrize("name", list(CRAFTED))
def test_crafted_indexes_are_refused(tmp_path: Any, name: str) -> None:
    """Some of these abort the interpreter inside TensorFlow's reader; checksums are right in all of them."""
    prefix = str(tmp_path / "x")
    write_index(prefix + ".index", CRAFTED[name])
    with open(prefix + ".data-00000-of-00001", "wb") as stream:
        stream.write(bytes(64))
    with pytest.raises(InputError):
        bundle.read_index(prefix)


def test_the_crafting_itself_is_sound(tmp_path: Any) -> None:
    prefix = str(tmp_path / "x")
    write_index(prefix + ".index", [HEADER, (b"w", entry())])
    with open(prefix + ".data-00000-of-00001", "wb") as stream:
        stream.write(bytes(16))
    assert bundle.read_all(prefix)["w"].tolist() == [0, 0, 0, 0]


def test_fifos_links_and_absence(tmp_path: Any) -> None:
    prefix = str(tmp_path / "x")
    with pytest.raises(InputError, match="does not exist"):
        bundle.read_index(prefix)
    os.mkfifo(prefix + ".index")
    with pytest.raises(InputError, match="not a regular file"):
        bundle.read_index(prefix)


def test_random_bytes_never_escape_as_another_exception(tmp_path: Any) -> None:
    rng = random.Random(1)
    prefix = str(tmp_path / "x")
    with open(prefix + ".data-00000-of-00001", "wb") as stream:
        stream.write(bytes(64))
    for _ in range(300):
        records = [HEADER, (b"w", bytes(rng.randrange(256) for _ in range(rng.randrange(40))))]
        write_index(prefix + ".index", records)
        try:
            bundle.read_index(prefix)
        except InputError:
            pass

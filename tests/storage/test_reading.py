"""Opening foreign files without blocking, and reading them within bounds."""

from __future__ import annotations

import gzip
import hashlib
import io
import os

import pytest

from tests.datasets import forms
from tf1_models.errors import InputError
from tf1_models.storage.reading import Reader, open_regular, shown


def reader(content: bytes, **options) -> Reader:
    return Reader(io.BytesIO(content), len(content), "file", **options)


def test_open_regular_refuses_what_is_no_file(tmp_path):
    fifo, folder, file = str(tmp_path / "fifo"), str(tmp_path), forms.write(str(tmp_path / "f"), b"12345")
    os.mkfifo(fifo)
    for path, words in (
        (fifo, "is not a regular file"),
        (folder, "is not a regular file"),
        ("/dev/zero", "is not a regular file"),
        (str(tmp_path / "none"), "does not exist"),
        ("a\0b", "cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            open_regular(path, 10)
    with pytest.raises(InputError, match="has 5 bytes; at most 4 are read from such a file"):
        open_regular(file, 4)
    stream, n_bytes = open_regular(file, 5)
    with stream:
        assert (stream.read(), n_bytes) == (b"12345", 5)


def test_links_are_followed_unless_asked_not_to(tmp_path):
    forms.write(str(tmp_path / "f"), b"1")
    link = str(tmp_path / "link")
    os.symlink("f", link)
    open_regular(link, 10)[0].close()
    with pytest.raises(InputError, match="is not a regular file"):
        open_regular(link, 10, follow=False)
    os.symlink("/dev/zero", str(tmp_path / "zero"))
    with pytest.raises(InputError, match="is not a regular file"):
        open_regular(str(tmp_path / "zero"), 10)


def test_reader_hands_out_each_byte_once():
    content = os.urandom(200_000)
    digest = hashlib.sha256()
    one = reader(content, digest=digest)
    assert one.exact(3) == content[:3]
    view = bytearray(150_000)
    one.into(memoryview(view))
    assert bytes(view) == content[3:150_003]
    one.skip(49_990)
    assert one.exact(7) == content[-7:]
    one.finish()
    assert digest.digest() == hashlib.sha256(content).digest()


def test_reader_errors():
    with pytest.raises(InputError, match="file: truncated: 4 bytes expected, 3 left"):
        reader(b"abc").exact(4)
    with pytest.raises(InputError, match="truncated: at least 2 bytes more expected"):
        Reader(io.BytesIO(b"abc"), 5, "file").exact(5)
    with pytest.raises(InputError, match="3 bytes after the end of the data"):
        reader(b"abc").finish()
    with pytest.raises(InputError, match="a line of more than 2 bytes"):
        reader(b"abcd\n").line(2)
    assert reader(b"ab\ncd").line(2) == b"ab"
    damaged = gzip.compress(b"abc" * 1000)[:-9] + b"123456789"
    with pytest.raises(InputError, match="file: (damaged or )?truncated"):
        Reader(gzip.GzipFile(fileobj=io.BytesIO(damaged)), 10_000, "file").drain()


def test_drain_is_bounded():
    bomb = gzip.compress(bytes(1_000_000))
    with pytest.raises(InputError, match="it unpacks to more than any CIFAR-10 archive"):
        Reader(gzip.GzipFile(fileobj=io.BytesIO(bomb)), 500_000, "file").drain()


def test_shown_is_one_short_printable_line():
    assert shown("a\nb\x1b[31m") == "a?b?[31m"
    assert len(shown("x" * 999)) == 200

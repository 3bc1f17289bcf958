"""Archives: streamed, never extracted; whatever is strange is refused and nothing is written."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import time

import numpy as np
import pytest

from tests.datasets import forms
from tf1_models.datasets import identify, tarballs
from tf1_models.errors import InputError

WRITERS = {"cifar-10-batches-py": forms.write_py, "cifar-10-batches-bin": forms.write_bin}


@pytest.fixture(params=sorted(WRITERS))
def members(request, tmp_path):
    """Members of an archive of either kind, in reverse order."""
    return forms.tar_members(WRITERS[request.param](str(tmp_path / "made"), forms.tiny()))


def refusal(path: str) -> str:
    before = sorted(os.listdir(os.path.dirname(path)))
    began = time.perf_counter()
    with pytest.raises(InputError) as caught:
        tarballs.read(path)
    assert time.perf_counter() - began < 5
    assert sorted(os.listdir(os.path.dirname(path))) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def special(name: str, kind: bytes, link: str = "") -> "tuple[tarfile.TarInfo, bytes]":
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, b""


@pytest.mark.parametrize("tar_format", [tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT])
def test_members_in_any_order(members, tmp_path, tar_format):
    for info, _ in members:
        info.mtime = 1.5 if tar_format == tarfile.PAX_FORMAT else 1  # Python packs such times as extended headers
    got = tarballs.read(forms.tar_gz(str(tmp_path / "a.tar.gz"), members, tar_format))
    assert all(np.array_equal(a, b) for a, b in zip(got.batches.arrays(), forms.tiny()))
    assert (got.form, got.lossy) == (members[0][0].name + ".tar.gz", None)


def test_plain_tar_and_extra_files(members, tmp_path):
    members.append((tarfile.TarInfo("x/readme.html"), b"<html>"))
    path = forms.tar_gz(str(tmp_path / "a.tar.gz"), members)
    forms.write(str(tmp_path / "a.tar"), gzip.decompress(forms.read(path)))
    assert len(tarballs.read(str(tmp_path / "a.tar")).batches.arrays()[1]) == 25


def test_the_official_archive_is_known_by_its_checksum(members, tmp_path, monkeypatch):
    path = forms.tar_gz(str(tmp_path / "a.tar.gz"), members)
    content = forms.read(path)
    known = identify.Archive("a.tar.gz", len(content), hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(identify, "ARCHIVES", {"python": known})
    assert tarballs.read(path).lossy is False
    monkeypatch.setattr(identify, "ARCHIVES", {"python": known._replace(sha256="0" * 64)})
    assert "has the official archive's size but a wrong checksum; fetch it again" in refusal(path)


def test_damage_anywhere_is_noticed(members, tmp_path):
    content = forms.read(forms.tar_gz(str(tmp_path / "whole.tar.gz"), members))
    path = str(tmp_path / "a.tar.gz")
    for end in [0, 1, 9, 300, len(content) // 2, len(content) - 9, len(content) - 1]:
        forms.write(path, content[:end])
        assert "truncated" in refusal(path)
    for place in range(20, len(content), len(content) // 40):
        forms.write(path, content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        refusal(path)
    forms.write(path, content + b"more")
    assert "damaged" in refusal(path)
    forms.write(path, b"not an archive" * 100)
    assert "damaged tar header" in refusal(path)


def test_missing_and_repeated_batches(members, tmp_path):
    path = str(tmp_path / "a.tar.gz")
    name = next(info.name for info, _ in members if "batch_2" in info.name)
    forms.tar_gz(path, [member for member in members if member[0].name != name])
    assert f"lacks {os.path.basename(name)}" in refusal(path)
    forms.tar_gz(path, members + [next(member for member in members if member[0].name == name)])
    assert "this batch was there already" in refusal(path)


def test_both_kinds_in_one_archive(tmp_path):
    made = [writer(str(tmp_path / "m"), forms.tiny()) for writer in WRITERS.values()]
    both = [member for folder in made for member in forms.tar_members(folder)]
    assert "it holds pickled and binary batches" in refusal(forms.tar_gz(str(tmp_path / "a.tar.gz"), both))


@pytest.mark.parametrize("name", ["../data_batch_1", "/etc/data_batch_1", "a/../../data_batch_1", "/x", "../x"])
def test_names_that_point_outside(members, tmp_path, name):
    path = forms.tar_gz(str(tmp_path / "a.tar.gz"), [(tarfile.TarInfo(name), b"x"), *members])
    assert "points outside the archive" in refusal(path)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.GNUTYPE_SPARSE],
)
@pytest.mark.parametrize("name", ["d/data_batch_1", "d/other"])
def test_links_devices_and_fifos(members, tmp_path, kind, name):
    path = forms.tar_gz(str(tmp_path / "a.tar.gz"), [special(name, kind, "/etc/passwd"), *members])
    words = "is a link or device" if "batch" in name else "is no part of CIFAR-10"
    assert words in refusal(path)


def test_extended_headers_that_change_a_member(members, tmp_path):
    info = tarfile.TarInfo("data_batch_1")
    info.pax_headers = {"path": "../escape"}
    path = forms.tar_gz(str(tmp_path / "a.tar.gz"), [(info, b"x"), *members], tarfile.PAX_FORMAT)
    assert "an extended tar header that changes a member" in refusal(path)
    info.pax_headers = {"comment": "x" * 100_000}
    forms.tar_gz(path, [(info, b"x"), *members], tarfile.PAX_FORMAT)
    assert "an extended tar header that changes a member" in refusal(path)
    long = tarfile.TarInfo("a" * 300)
    assert "is no part of CIFAR-10" in refusal(forms.tar_gz(path, [(long, b"x"), *members]))


def header(name: str, size: bytes) -> bytes:
    """A tar header with a size field of one's own and the right checksum."""
    block = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT))
    block[124:136] = size.ljust(12, b"\0")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    "name, size, words",
    [
        ("data_batch_1", b"77777777777", "has 8589934591 bytes; at most 67108864 are read"),
        ("other", b"77777777777", "is no part of CIFAR-10"),
        ("data_batch_1", b"-1", "a number that is none"),
        ("data_batch_1", b"\xff" * 12, "a number that is none"),
        ("data_batch_1", b"9", "a number that is none"),
        ("data_batch_1", b"", "a number that is none"),
        ("data_batch_1", b"400000000", "truncated"),
    ],
)
def test_sizes_that_are_none(tmp_path, name, size, words):
    path = forms.write(str(tmp_path / "a.tar.gz"), gzip.compress(header(name, size)))
    assert words in refusal(path)


def test_bombs(members, tmp_path, monkeypatch):
    path = str(tmp_path / "a.tar.gz")
    monkeypatch.setattr(tarballs, "MAX_UNPACKED_BYTES", 4_000_000)
    raw = gzip.decompress(forms.read(forms.tar_gz(path, members)))
    forms.write(path, gzip.compress(raw + bytes(8_000_000)))
    assert "it unpacks to more than any CIFAR-10 archive" in refusal(path)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for i in range(200):
            archive.addfile(tarfile.TarInfo(f"f{i}"))
    forms.write(path, gzip.compress(stream.getvalue()))
    assert "more than 100 members" in refusal(path)


def test_a_hostile_pickle_inside(members, tmp_path):
    members = [(tarfile.TarInfo("x/data_batch_1"), b"cos\nsystem\n(U\x01xtR."), *members]
    message = refusal(forms.tar_gz(str(tmp_path / "a.tar.gz"), members))
    assert "a.tar.gz:data_batch_1: pickle refused: it asks for os.system" in message


def test_not_a_file(tmp_path):
    os.mkfifo(str(tmp_path / "a.tar.gz"))
    assert "is not a regular file" in refusal(str(tmp_path / "a.tar.gz"))
    assert "does not exist" in refusal(str(tmp_path / "b.tar.gz"))

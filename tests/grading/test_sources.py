"""Files, folders, zips: what is found, under which name, and what hostile ones do."""

from __future__ import annotations

import io
import os
import socket
import sys
import zipfile
from typing import Any, Callable, Dict, List

import numpy as np
import pytest

from tests.grading import builders as b
from tf1_models.errors import Refused, printable
from tf1_models.grading.submissions.findings import shown
from tf1_models.grading.submissions.names import clean_name, decode_bytes
from tf1_models.grading.submissions.sources import Source, collect

HandIn = Callable[[Dict[str, Any]], str]
DATA = b.npy(np.arange(5))


def names(paths: "List[str]", only: Any = None) -> "List[str]":
    return [source.name for source in collect(paths, only).sources]


def reason(source: Source) -> str:
    """Why a source cannot be read."""
    with pytest.raises(Refused) as caught:
        source.read()
    return str(caught.value)


def test_a_name_is_the_path_below_the_argument(hand_in: HandIn) -> None:
    """Three hundred files called result.npy stay apart."""
    folder = hand_in({"kim/result.npy": DATA, "lee/result.npy": DATA, "a.csv": b"1\n"})
    assert names([folder]) == ["a.csv", "kim/result.npy", "lee/result.npy"]
    assert names([os.path.join(folder, "kim/result.npy")]) == ["result.npy"]
    files = [os.path.join(folder, who, "result.npy") for who in ("lee", "kim")]
    assert names(files) == ["kim/result.npy", "lee/result.npy"]
    assert names([os.path.join(folder, "kim"), os.path.join(folder, "lee")]) == ["kim/result.npy", "lee/result.npy"]


def test_the_order_of_arguments_does_not_matter(hand_in: HandIn) -> None:
    """Sources come by name."""
    folder = hand_in({"b.npy": DATA, "a.npy": DATA, "c.npy": DATA})
    files = [os.path.join(folder, name) for name in ("c.npy", "a.npy", "b.npy")]
    assert names(files) == names(sorted(files)) == ["a.npy", "b.npy", "c.npy"]


def test_other_files_are_passed_over_and_wrong_forms_get_a_reason(hand_in: HandIn) -> None:
    """A report is no submission; a pickle or a spreadsheet was meant as one."""
    folder = hand_in(
        {"report.pdf": b"x", ".DS_Store": b"x", "__MACOSX/._a.npy": b"x", "x.pkl": b"\x80\x04.", "t.xlsx": b"PK"}
    )
    found = collect([folder])
    assert found.skipped == ["report.pdf"]
    assert [source.name for source in found.sources] == ["t.xlsx", "x.pkl"]
    assert "never loaded" in reason(found.sources[1]) and "CSV" in reason(found.sources[0])


def test_only_a_named_file_is_taken_when_asked(hand_in: HandIn) -> None:
    """`--only result.npy` leaves the rest of what students hand in alone."""
    folder = hand_in({"kim/result.npy": DATA, "kim/y_train.npy": DATA, "kim/requirements.txt": b"numpy"})
    found = collect([folder], "result.npy")
    assert [source.name for source in found.sources] == ["kim/result.npy"]
    assert found.skipped == ["kim/requirements.txt", "kim/y_train.npy"]


def test_links_pipes_sockets_devices_and_unreadable_files_are_refused_at_once(hand_in: HandIn, tmp_path: Any) -> None:
    """Nothing is followed, nothing blocks."""
    folder = hand_in({"good.npy": DATA, "secret.npy": DATA, "inner/x.npy": DATA})
    os.symlink("/etc/passwd", os.path.join(folder, "link.npy"))
    os.symlink(os.path.join(folder, "inner"), os.path.join(folder, "linked_folder"))
    os.symlink("loop.npy", os.path.join(folder, "loop.npy"))
    os.mkfifo(os.path.join(folder, "pipe.npy"))
    here = os.getcwd()
    os.chdir(folder)  # a socket's path may have 107 characters only
    server = socket.socket(socket.AF_UNIX)
    try:
        server.bind("socket.npy")
    finally:
        server.close()
        os.chdir(here)
    reasons = {}
    for source in collect([folder]).sources:
        if source.name not in ("good.npy", "secret.npy", "inner/x.npy"):
            reasons[source.name] = reason(source)
    assert sorted(reasons) == ["link.npy", "linked_folder", "loop.npy", "pipe.npy", "socket.npy"]
    assert all("symbolic link" in reasons[name] for name in ("link.npy", "linked_folder", "loop.npy"))
    assert "pipe" in reasons["pipe.npy"] and "socket" in reasons["socket.npy"]
    assert "device" in reason(collect(["/dev/zero"]).sources[0])
    assert "symbolic link" in reason(collect([os.path.join(folder, "link.npy")]).sources[0])
    assert "No such file" in reason(collect([os.path.join(folder, "none.npy")]).sources[0])
    if os.geteuid() != 0:
        os.chmod(os.path.join(folder, "secret.npy"), 0)
        assert "Permission denied" in reason(collect([os.path.join(folder, "secret.npy")]).sources[0])


def test_a_file_above_the_cap_is_refused_before_it_is_read(tmp_path: Any) -> None:
    """A sparse terabyte costs nothing."""
    path = tmp_path / "huge.npy"
    with open(str(path), "wb") as stream:
        stream.truncate(1 << 40)
    assert "at most 67,108,864" in reason(collect([str(path)]).sources[0])


def test_a_platforms_zip_is_read_without_extracting(tmp_path: Any) -> None:
    """Members are named by their path; students' zips inside are looked into; folders and clutter are not files."""
    inner = b.zipped({"result.npy": DATA, "__MACOSX/._result.npy": b"x"})
    outer = {
        "Kim_1_assignsubmission_file_/result.npy": DATA,
        "Lee_2_assignsubmission_file_/work.zip": inner,
        "empty/": b"",
        "notes.pdf": b"x",
    }
    path = tmp_path / "export.zip"
    path.write_bytes(b.zipped(outer))
    found = collect([str(path)])
    assert [source.name for source in found.sources] == [
        "Kim_1_assignsubmission_file_/result.npy",
        "Lee_2_assignsubmission_file_/work.zip/result.npy",
    ]
    assert found.skipped == ["notes.pdf"]
    assert all(source.read() == DATA for source in found.sources)
    assert os.listdir(str(tmp_path)) == ["export.zip"]


def test_korean_names_survive_in_every_encoding(tmp_path: Any) -> None:
    """CP949 without the flag, UTF-8 with and without it, and a decomposed macOS name give one spelling."""
    for i, content in enumerate(
        [
            b.cp949_zip("김민지.npy", DATA),
            b.zipped({"김민지.npy": DATA}),
            b.zipped({"김민지.npy": DATA}).replace(b"\x00\x08\x00\x00!", b"\x00\x00\x00\x00!"),
            b.zipped({"\u1100\u1175\u11b7\u1106\u1175\u11ab\u110c\u1175.npy": DATA}),
        ]
    ):
        path = tmp_path / f"{i}.zip"
        path.write_bytes(content)
        assert names([str(path)]) == ["김민지.npy"], i
    assert decode_bytes("한글".encode("cp949")) == "한글"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS refuses file names that are no UTF-8")
def test_a_folder_of_cp949_names_is_decoded(hand_in: HandIn) -> None:
    """A zip unpacked on Linux by a tool that kept the bytes."""
    folder = hand_in({"x.npy": DATA})
    os.rename(os.path.join(folder, "x.npy").encode(), os.path.join(os.fsencode(folder), "김.npy".encode("cp949")))
    assert names([folder]) == ["김.npy"]
    assert collect([folder]).sources[0].read() == DATA


HOSTILE: "List[Any]" = [
    ([("../evil.npy", DATA)], "'..'"),
    ([("a/../../evil.npy", DATA)], "'..'"),
    ([("..\\evil.npy", DATA)], "'..'"),
    ([("/etc/evil.npy", DATA)], "absolute"),
    ([("C:\\evil.npy", DATA)], "absolute"),
    ([(b.link_member("link.npy"), b"/etc/passwd")], "symbolic link"),
    ([("bomb.npy", bytes(70_000_000))], "at most 67,108,864"),
    ([("deep.zip", b.zipped({"deeper.zip": b.zipped({"deepest.npy": DATA})}))], "zip inside a zip inside a zip"),
    ([("broken.zip", b"PK\3\4nonsense")], "not a zip"),
    ([("bomb.zip", b.overlapping_zip())], "overlap"),
    ([("many.zip", b.zipped({f"{i}.npy": b"" for i in range(2001)}))], "2,001 files"),
    ([("wide.zip", b.zipped({f"{i}.npy": bytes(60_000_000) for i in range(5)}))], "unpacked"),
]


@pytest.mark.parametrize("case", range(len(HOSTILE)))
def test_hostile_zip_members_are_invalid_and_the_others_are_read(case: int, tmp_path: Any) -> None:
    """One reason each; a good member beside it is untouched; nothing is written anywhere."""
    members, expected = HOSTILE[case]
    path = tmp_path / "sub" / "x.zip"
    path.parent.mkdir()
    path.write_bytes(b.zipped([*members, ("good.npy", DATA)]))
    before = sorted(os.listdir(str(tmp_path)))
    found = {source.name: source for source in collect([str(path)]).sources}
    assert found.pop("good.npy").read() == DATA
    assert len(found) == 1
    assert expected in reason(next(iter(found.values())))
    assert sorted(os.listdir(str(tmp_path))) == before and not os.path.exists("/etc/evil.npy")


def test_whole_zips_that_are_hostile_or_broken_are_one_invalid_submission(tmp_path: Any) -> None:
    """Also at the top: not a zip, truncated, overlapping, encrypted, an exotic method, a lying directory."""
    good = b.zipped({"a.npy": DATA})
    encrypted = good.replace(b"PK\1\2\x14\x03\x14\x00\x00\x00", b"PK\1\2\x14\x03\x14\x00\x01\x00")
    lying = bytearray(good)
    at = good.index(b"PK\5\6")
    lying[at + 12 : at + 16] = b"\xff\xff\xff\x7f"
    cases = {
        "not.zip": (b"hello", "not a zip"),
        "empty.zip": (b"", "not a zip"),
        "cut.zip": (good[:-10], "not a zip"),
        "overlap.zip": (b.overlapping_zip(), "overlap"),
        "encrypted.zip": (encrypted, "encrypted"),
        "bzip2.zip": (b.zipped({"a.npy": DATA}, zipfile.ZIP_BZIP2), "method 12"),
        "lzma.zip": (b.zipped({"a.npy": DATA}, zipfile.ZIP_LZMA), "method 14"),
        "lying.zip": (bytes(lying), "directory is longer"),
        "damaged.zip": (
            good.replace(DATA[20:40], b"x" * 20) if DATA[20:40] in good else good[:40] + b"zz" + good[42:],
            "",
        ),
    }
    for name, (content, expected) in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        sources = collect([str(path)]).sources
        assert len(sources) == 1, name
        assert expected in reason(sources[0]), name


def test_equal_names_are_told_apart(tmp_path: Any) -> None:
    """A zip may hold one name twice."""
    path = tmp_path / "x.zip"
    with pytest.warns(UserWarning):
        path.write_bytes(b.zipped([("a.npy", DATA), ("a.npy", DATA)]))
    assert names([str(path)]) == ["a.npy", "a.npy #2"]


def test_a_thousand_student_zips_cost_neither_descriptors_nor_memory(hand_in: HandIn) -> None:
    """At most one archive of a depth is open."""
    folder = hand_in({f"s{i}/work.zip": b.zipped({"result.npy": DATA}) for i in range(1100)})
    collected = collect([folder])
    sources = collected.sources
    assert len(sources) == 1100 and all(source.read() == DATA for source in sources)
    assert len(collected.zips) <= 2
    collected.zips.close()
    assert not len(collected.zips)
    if os.path.isdir("/proc/self/fd"):
        assert len(os.listdir("/proc/self/fd")) < 100


def test_names_are_cleaned_of_controls_but_keep_their_script() -> None:
    """Escapes, bidirectional overrides and line breaks go; joiners stay; long names are cut."""
    assert printable("a\x1b[31mb\u202ec\nd\x00\x7f") == "a[31mbcd"
    assert printable("a\u00adb\U000e0041\u2063c\ufeff", "?") == "a?b??c?"  # soft hyphen, tag, invisible comma
    assert printable("می\u200cخواهم 김 田") == "می\u200cخواهم 김 田"
    assert clean_name("e\u0301") == "é" and len(clean_name("x" * 1000)) == 255
    assert clean_name("\ud800") == "\ufffd"
    assert shown("x" * 100) == "'" + "x" * 40 + "…'"


def test_standard_input_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads bytes; its form is told by its content."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DATA)))
    source = collect(["-"]).sources[0]
    assert (source.name, source.form, source.read()) == ("stdin", "", DATA)

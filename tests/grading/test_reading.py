"""Every form that is read, every oddity that is read with a note, and a corpus of what is refused with reasons."""

from __future__ import annotations

import gzip
import os
import pickle
import struct
import time
from typing import Any, List, Optional, Tuple

import numpy as np
import pytest

from tests.grading import builders as b
from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.grading.submissions import reading
from tf1_models.grading.submissions.alignment import KeyShape
from tf1_models.grading.submissions.limits import MAX_BYTES
from tf1_models.grading.submissions.reading import read_predictions

N = 100
LABELS = np.random.RandomState(0).permutation(np.arange(N) % 10)
NAMES = [CIFAR10_CLASSES[k] for k in LABELS]
SCORES = np.random.RandomState(1).rand(N, 10) * 0.5 + np.eye(10)[LABELS]
ORDER = np.random.RandomState(2).permutation(N)
SHUFFLED = "".join(f"{i},{LABELS[i]}\n" for i in ORDER)


def _table(
    separator: str, header: str, ids: bool = False, order: Any = None, form: str = "{:.6f}", reverse: bool = False
) -> bytes:
    """Class scores as text."""
    lines = [header] if header else []
    for i in range(N) if order is None else order:
        scores = [form.format(score) for score in (SCORES[i][::-1] if reverse else SCORES[i])]
        lines.append(separator.join(([str(i)] if ids else []) + scores))
    return b.lines(lines)


GOOD: List[Tuple[str, bytes, str]] = [
    (".npy", b.npy(LABELS), ""),
    (".npy", b.npy(LABELS.astype(">i2")), ""),
    (".npy", b.npy(LABELS.astype(np.uint8).reshape(-1, 1)), ""),
    (".npy", b.npy(LABELS, version=(2, 0)), ""),
    (".npy", b.npy(LABELS.astype(np.float32)), "floats read as class ids"),
    (".npy", b.npy(SCORES.astype(np.float32)), ""),
    (".npy", b.npy(SCORES.astype(np.float16)), ""),
    (".npy", b.npy(np.asfortranarray(SCORES)), ""),
    (".npy", b.npy(np.log(SCORES + 1e-9)), ""),
    (".npy", b.npy(np.eye(10)[LABELS]), ""),
    (".npy", b.npy(np.eye(10, dtype=np.int64)[LABELS]), "one-hot"),
    (".npy", b.npy(np.array(NAMES)), ""),
    (".npy", b.npy(np.array(NAMES).astype("S10")), ""),
    (".NPY", b.npy(LABELS), ""),
    (
        ".npy",
        b.raw_npy("{'shape': (100L,), 'descr': '|u1', 'fortran_order': False}", LABELS.astype("u1").tobytes()),
        "",
    ),
    (".npz", b.npz(anything=LABELS), ""),
    (".npz", b.npz(history=np.zeros(3), result=SCORES), "'result' was graded"),
    (".csv", b.csv_ids(LABELS.tolist()), ""),
    (".csv", b.csv_ids(LABELS.tolist(), header=""), ""),
    (".csv", b.csv_ids(LABELS.tolist(), names=True, start=1), "counted from 1"),
    (".csv", ("id,label\n" + SHUFFLED).encode(), ""),
    (".csv", ("label,id\n" + "".join(f"{LABELS[i]},{i}\n" for i in ORDER)).encode(), ""),
    (".csv", b"label\n" + b.lines(LABELS), ""),
    (".csv", b.lines(LABELS), ""),
    (".csv", b.lines(NAMES), ""),
    (".csv", b'"id","label"\n' + SHUFFLED.encode(), "quoted header"),
    (".csv", b"\xef\xbb\xbfid,label\n" + SHUFFLED.encode(), "byte-order mark"),
    (".csv", ("id,label\n" + SHUFFLED).replace("\n", "\r\n").encode(), "CRLF"),
    (".csv", ("id,label\n" + SHUFFLED).replace("\n", "\r").encode(), "Macintosh"),
    (".csv", ("id,label\n" + SHUFFLED + "\n\n").encode(), "blank lines at the end"),
    (".csv", ("id;label\n" + SHUFFLED).replace(",", ";").encode(), "semicolons"),
    (".tsv", ("id\tlabel\n" + SHUFFLED).replace(",", "\t").encode(), "tabs"),
    (".csv", (",label\n" + SHUFFLED).encode(), "unnamed first column read as image ids"),
    (".csv", (",0\n" + SHUFFLED).encode(), "unnamed first column read as image ids"),
    (".csv", (",id,label\n" + "".join(f"{r},{i},{LABELS[i]}\n" for r, i in enumerate(ORDER))).encode(), "ignored"),
    (".csv", b.lines([f"{k}.0" for k in LABELS]), "3.0"),
    (".csv", b"Label\n" + b.lines([f" {name} " for name in NAMES]), "spaces"),
    (".csv", b.lines([f'"{name}"' for name in NAMES]), "quotes"),
    (".csv", b.lines([name.upper() for name in NAMES]), "letter case"),
    (
        ".csv",
        b.lines([{"automobile": "auto", "airplane": "plane"}.get(name, name) for name in NAMES]),
        "'auto' read as",
    ),
    (".csv", ("id,label\n" + "".join(f"{i}.0,{LABELS[i]}.0\n" for i in ORDER)).encode(), "7.0"),
    (".csv", ("id,label\n" + "".join(f'"{i}","{LABELS[i]}"\n' for i in ORDER)).encode(), "quotes"),
    (".txt", b.lines(LABELS), ""),
    (".txt", b.lines(LABELS)[:-1], ""),
    (".txt", b.lines([f"{float(k):.18e}" for k in LABELS]), "3.0"),
    (".json", b.as_json(LABELS.tolist()), ""),
    (".json", b.as_json(NAMES), ""),
    (".json", b.as_json([float(k) for k in LABELS]), "3.0"),
    (".json", b.as_json(SCORES.tolist()), ""),
    (".json", b.as_json({"predictions": LABELS.tolist(), "model": "x"}), "other fields"),
    (".json", b.as_json({str(i): int(LABELS[i]) for i in ORDER}), ""),
    (".json", b.as_json([{"id": int(i), "label": NAMES[i]} for i in ORDER]), ""),
    (".json", b"\xef\xbb\xbf" + b.as_json(LABELS.tolist()), "byte-order mark"),
    # class scores in text
    (".csv", _table(",", ",".join(CIFAR10_CLASSES)), ""),
    (".csv", _table(",", "," + ",".join(map(str, range(10))), ids=True), ""),  # DataFrame(scores).to_csv
    (".csv", _table(",", "Unnamed: 0," + ",".join(f"class_{k}" for k in range(10)), ids=True), ""),
    (".csv", _table(",", "id," + ",".join(CIFAR10_CLASSES), ids=True, order=ORDER), ""),
    (".csv", _table(",", ",".join(reversed(CIFAR10_CLASSES)), reverse=True), "order of their names"),
    (".csv", _table(",", ""), ""),
    (".txt", _table(" ", "", form="{:.18e}"), "separated by spaces"),  # numpy.savetxt
    (".txt", b"# made with numpy\n" + _table(" ", "", form="{:.18e}"), "comment lines (#) at the top ignored"),
    (".csv", _table(";", ";".join(CIFAR10_CLASSES)).replace(b".", b","), "decimal commas (8,0) read"),
    (".csv", b.lines([",".join("1" if c == k else "0" for c in range(10)) for k in LABELS]), "one-hot"),
    (".csv", b.lines([",".join("1.0" if c == k else "0.0" for c in range(10)) for k in LABELS]), ""),
    # image ids as file names
    (".csv", ("filename,class\n" + "".join(f"{i}.png,{NAMES[i]}\n" for i in ORDER)).encode(), "names like 'N.png'"),
    (".csv", ("id,label\n" + "".join(f"img_{i:05d}.jpg,{LABELS[i]}\n" for i in ORDER)).encode(), "'img_N.jpg'"),
    (".csv", ("id,label\n" + "".join(f"test2/{i + 1:04d}.jpg,{LABELS[i]}\n" for i in ORDER)).encode(), "'test2/N.jpg'"),
    # Korean machines
    (".csv", ("번호,라벨\n" + SHUFFLED).encode("cp949"), "CP949 text read"),
    (".csv", ("번호,라벨\n" + SHUFFLED).encode(), "header '번호', '라벨' taken as id, label"),
    (".csv", ("라벨,번호\n" + "".join(f"{LABELS[i]},{i}\n" for i in ORDER)).encode(), "taken as label, id"),
    (".csv", ("번호,label\n" + SHUFFLED).encode(), "header '번호' taken as id"),
    (".csv", ("id,예측\n" + SHUFFLED).encode(), "header '예측' taken as label"),
    (".csv", "예측\n".encode() + b.lines(LABELS), "header '예측' taken as label"),
    (".csv", b"Etiqueta\n" + b.lines(NAMES), "header 'etiqueta' taken as label"),
    (".csv", ("id;label\n" + "".join(f"{i};{LABELS[i]},0\n" for i in ORDER)).encode(), "decimal commas"),
    (".csv", ("id,label,\n" + "".join(f"{i},{LABELS[i]},\n" for i in ORDER)).encode(), "an empty last column ignored"),
    (".csv", "".join(f"{i},{LABELS[i]},\n" for i in ORDER).encode(), "an empty last column ignored"),
    (".csv", ("id,label,confidence\n" + "".join(f"{i},{LABELS[i]},0.5\n" for i in ORDER)).encode(), "'confidence'"),
    # lists and what stands around rows
    (".txt", str(LABELS.tolist()).encode(), "one list of labels"),
    (".txt", str(NAMES).encode(), "one list of labels"),
    (".txt", " ".join(map(str, LABELS)).encode(), "one list of labels"),
    (".txt", (",".join(map(str, LABELS)) + "\n").encode(), "one list of labels"),
    (".txt", np.array2string(LABELS, threshold=N + 1).encode(), "one list of labels"),
    (".txt", b.lines([f"[{k}]" for k in LABELS]), "brackets around values removed"),
    (".txt", np.array2string(LABELS.reshape(-1, 1), threshold=N + 1).encode(), "brackets around values removed"),
    (".csv", b"# my model\n# of today\n" + b.csv_ids(LABELS.tolist()), "comment lines (#) at the top ignored"),
    (".csv", ("# label,id\n" + "".join(f"{LABELS[i]},{i}\n" for i in ORDER)).encode(), "comment lines (#)"),
    (".csv", b"```\n" + b.csv_ids(LABELS.tolist()) + b"```\n", "fence"),
    (".csv", b"```csv\n" + b.lines(LABELS) + b"```", "fence"),
    (".txt", "".join(f"{i} {LABELS[i]}\n" for i in ORDER).encode(), "separated by spaces"),
    (".npy", b.npy(SCORES[:, None, :]), ""),
    (".npy", b.npy(LABELS[:, None, None]), ""),
    (".csv", gzip.compress(b.csv_ids(LABELS.tolist())), "decompressed (gzip)"),
    ("", b.npy(LABELS), ""),
    ("", b.npz(a=LABELS), ""),
    ("", b.as_json(LABELS.tolist()), ""),
    ("", b.lines(LABELS), ""),
]


@pytest.mark.parametrize("case", range(len(GOOD)))
def test_valid_forms_are_read_with_their_note(case: int) -> None:
    """Ids, names and scores in every form give the same predictions; oddities are remarked on, never refused."""
    form, data, note = GOOD[case]
    found = read_predictions(data, form.lower(), KeyShape(N))
    assert found.findings.problems() == []
    assert found.predicted is not None and found.predicted.dtype == np.uint8
    np.testing.assert_array_equal(found.predicted, LABELS)
    assert note in " | ".join(found.findings.notes())
    assert bool(note) == bool(found.findings.notes())


def _replace(at: int, value: Any) -> bytes:
    labels: List[Any] = LABELS.tolist()
    labels[at] = value
    return b.lines(labels)


def _with(array: np.ndarray, at: Any, value: Any) -> bytes:
    array = array.copy()
    array[at] = value
    return b.npy(array)


class _Evil:
    """A pickle that would create a file if anything ever loaded it."""

    canary = os.path.join(os.path.dirname(os.path.abspath(__file__)), "canary")

    def __reduce__(self) -> Any:
        return (open, (self.canary, "w"))


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }\n"
BAD: List[Tuple[str, bytes, str]] = [
    # counts
    (".npy", b.npy(LABELS[:-1]), "99 rows where 100 are expected"),
    (".npy", b.npy(np.append(LABELS, 0)), "is the first row a header?"),
    (".npy", b.npy(LABELS[:96]), "last incomplete batch of 32"),
    (".txt", b.lines(LABELS) + b"1\n", "101 rows"),
    (".csv", b"id,label\n", "no row below it"),
    # arrays
    (".npy", b"", "empty file"),
    (".npy", b"\x93NUMPY", "cut short"),
    (".npy", b.npy(LABELS)[:60], "cut short"),
    (".npy", b.npy(LABELS)[:-1], "the header promises"),
    (".npy", b.npy(LABELS) + b"\0", "the header promises"),
    (".npy", b.npy(np.zeros((0,))), "empty array"),
    (".npy", b.npy(np.zeros((0, 10))), "empty array"),
    (".npy", b.npy(np.float64(3)), "shape ()"),
    (".npy", b.npy(SCORES.T), "transposed"),
    (".npy", b.npy(LABELS.reshape(1, -1)), "ravel"),
    (".npy", b.npy(SCORES[:, :9]), "shape (100, 9)"),
    (".npy", b.npy(SCORES.reshape(100, 10, 1)), "shape (100, 10, 1)"),
    (".npy", b.npy(np.zeros([1] * 20)), "shape (1, 1,"),
    (".npy", _with(LABELS, 5, 10), "row 6: '10' is out of range"),
    (".npy", _with(LABELS, 5, -1), "row 6: '-1' is out of range"),
    (".npy", _with(LABELS, 5, 300), "'300' is out of range"),
    (".npy", _with(LABELS.astype(float), 5, 2.5), "row 6: 2.5 is not a whole class id"),
    (".npy", _with(LABELS.astype(float), 5, np.nan), "row 6: nan"),
    (".npy", _with(LABELS.astype(float), 5, np.inf), "row 6: inf"),
    (".npy", _with(SCORES, (7, 3), np.nan), "row 8: the score of class 3 is nan"),
    (".npy", _with(SCORES, (7, 3), -np.inf), "row 8: the score of class 3 is -inf"),
    (".npy", b.npy(np.full((N, 10), np.nan)), "row 1: the score of class 0"),
    (".npy", b.npy(LABELS.astype(complex)), "array of type"),
    (".npy", b.npy(LABELS > 4), "True and False"),
    (".npy", b.npy(np.arange(1000).reshape(N, 10)), "neither float scores nor one-hot"),
    (".npy", b.npy(np.array(["cta"] * N)), "neither a class id"),
    (".npy", b.npy(np.array(["x" * 100] * N)), "texts of 100 characters"),
    (".npy", b.npy(np.array([["a"] * 10] * N)), "of text"),
    (".npy", b.npy(LABELS.astype("datetime64[D]")), "array of type"),
    (".npy", b.npy(np.array([None] * N, dtype=object)), "Python objects"),
    (".npy", b.npy(np.array([_Evil()], dtype=object)), "Python objects"),
    (".npy", b.npy(np.zeros(N, dtype=[("label", "<i4")])), "structured"),
    (".npy", b.raw_npy(HEADER % "1250000000,"), "10,000,000,000 bytes"),
    (".npy", b.raw_npy(HEADER % "1099511627776,"), "the header promises"),
    (".npy", b.raw_npy(HEADER % ("9" * 18 + "," + "9" * 18)), "more bytes than any disk"),
    (".npy", b.raw_npy(HEADER % ("9" * 30 + ",")), "shape cannot be read"),
    (".npy", b.raw_npy(HEADER % "-3,"), "cannot be read"),
    (".npy", b.raw_npy(HEADER % "True,"), "cannot be read"),
    (".npy", b.raw_npy(HEADER % "100", bytes(800)), "not a tuple"),
    (".npy", b.raw_npy(HEADER % "0100,", bytes(800)), "cannot be read"),
    (".npy", b.raw_npy("{'descr': '|S0', 'fortran_order': False, 'shape': (1099511627776,), }"), "empty array"),
    (".npy", b.raw_npy("{'descr': (), 'fortran_order': False, 'shape': (3,), }"), "cannot be read"),
    (".npy", b.raw_npy("{'descr': '<f8', 'descr': '<f8', 'shape': (3,), }"), "cannot be read"),
    (".npy", b.raw_npy("(" * 900), "cannot be read"),
    (".npy", b.raw_npy("__import__('os').system('id')"), "cannot be read"),
    (".npy", b.raw_npy(" " * 70_000, version=b"\x02\x00"), "header of 70,000 bytes"),
    (".npy", b.raw_npy(HEADER % "3,", version=b"\x03\x00"), "version 3.0"),
    (".npy", b.npz(a=LABELS), "under the name .npy"),
    (".npy", pickle.dumps(LABELS, 2), "pickle"),
    (".npy", pickle.dumps(_Evil(), 4), "pickle"),
    (".npy", os.urandom(1000), "not a .npy"),
    (".npy", b"0\n1\n2\n", "not a .npy"),
    # .npz
    (".npz", b"", "empty file"),
    (".npz", b.npy(LABELS), "not an .npz"),
    (".npz", b"PK\3\4" + bytes(100), "not an .npz"),
    (".npz", b.npz(a=LABELS)[:-30], "not a"),
    (".npz", b.npz(a=LABELS, b=LABELS), "2 arrays"),
    (".npz", b.npz(result=LABELS, y=LABELS), "2 arrays"),
    (".npz", b.npz(result=np.array([_Evil()], dtype=object)), "Python objects"),
    (".npz", b.zipped({"readme.txt": b"x"}), "no array"),
    (".npz", b.zipped({}), "not an .npz"),
    (".npz", b.zipped([("a.npy", b.npy(LABELS)), (b.link_member("b.npy"), b"/etc/passwd")]), "2 arrays"),
    (".npz", b.zipped([(b.link_member("b.npy"), b"/etc/passwd")]), "symbolic link"),
    (".npz", b.npz(result=np.zeros(70_000_000, np.int8)), "at most 67,108,864"),
    (".npz", b.overlapping_zip(), "overlap"),
    # CSV and text
    (".csv", b"", "empty file"),
    (".csv", b"\n\n  \n", "blank lines only"),
    (".csv", "id,label\n0,1\n".encode("utf-16"), "UTF-16"),
    (".csv", "id,label\n0,1\n".encode("utf-16-le"), "UTF-16"),
    (".csv", b"0,1\n" * 50 + b"\0" + b"0,1\n" * 50, "NUL"),
    (".csv", "번호,분류\n0,1\n".encode("cp949"), "either column could be the label"),
    (".csv", b"\xff\xfe\xfd,\x80\n0,1\n"[2:], "not UTF-8"),
    (".csv", _replace(4, "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")), "line 5"),
    (".csv", _replace(3, ""), "line 4: a blank line"),
    (".csv", _replace(3, 10), "line 4: '10' is out of range"),
    (".csv", _replace(3, -1), "line 4: '-1' is out of range"),
    (".csv", _replace(3, "+3"), "line 4: '+3' is out of range"),
    (".csv", _replace(3, "03"), "line 4: '03' is out of range"),
    (".csv", _replace(3, "1_0"), "line 4: '1_0' is neither"),
    (".csv", _replace(3, "٣"), "line 4: '٣' is neither"),
    (".csv", _replace(3, "3.5"), "line 4: '3.5' is not a class id"),
    (".csv", _replace(3, "nan"), "line 4: 'nan' is not a class"),
    (".csv", _replace(3, "1e400"), "line 4: '1e400' is not a class id"),
    (".csv", _replace(3, "0x3"), "line 4: '0x3' is neither"),
    (".csv", _replace(3, "cta"), "line 4: 'cta' is neither"),
    (".csv", _replace(3, "truc\u212a"), "is neither"),
    (".csv", _replace(3, "3,4"), "line 4: 2 columns; expected 1"),
    (".csv", _replace(3, "x" * 2000), "line 4: 2,000 characters"),
    (".csv", _replace(3, '"3'), "line 4: '\"3' is neither"),
    (".csv", _replace(3, "\x1b[31m3"), "line 4: '[31m3' is neither"),
    (".csv", b"," * 1_000_000, "line 1 has 1,000,000 characters"),
    (".csv", b"0," * 10 + b"0\n", "one line of 11 values"),
    (".csv", b"0," * 11 + b"0\n" + b"0," * 11 + b"0\n", "12 columns"),
    (".csv", b"label,extra\n" + b.lines([f"{k},0.5" for k in LABELS]), "unknown image id '0.5'"),
    (".csv", b"id,label,true_label\n0,1,2\n", "no other column"),
    (".csv", b"id,label,prediction\n0,1,2\n", "no other column"),
    # what could mean two things, or only looks like one of the forms that are read
    (".txt", b.lines([k + 1 for k in LABELS]), "labels from 1 to 10 and no 0: class ids are 0 to 9; subtract 1"),
    (".npy", b.npy(LABELS + 1), "labels from 1 to 10 and no 0"),
    (".txt", b"tuck\n" + b.lines(NAMES), "neither a class id"),  # a mistyped class, not a header
    (".csv", b"3x\n" + b.lines(LABELS), "neither a class id"),
    (".csv", ("eins,zwei\n" + "".join(f"{i},{i}\n" for i in range(10))).encode(), "either column could be the label"),
    (".csv", ("eins,zwei\n" + "".join(f"{i},{i + 10}\n" for i in range(100))).encode(), "no column below it fits"),
    (".csv", b.lines([f"{k}," for k in LABELS]), "no label"),  # an id without a label as much as a label
    (".csv", _table(",", ",".join([*CIFAR10_CLASSES[:9], "plane"])), "10 columns"),
    (".csv", _table(",", ",".join([*CIFAR10_CLASSES[:9], "cat"])), "10 columns"),
    (".csv", _table(",", "").replace(b".", b",", 1), "10 columns; expected 11"),
    (".csv", _table(",", "")[:-20], "columns; expected 10"),
    (".csv", _table(",", "")[::-1].replace(b".0", b".x", 1)[::-1], "is no score"),
    (".csv", b.lines([",".join("2" if c == k else "0" for c in range(10)) for k in LABELS]), "nor one-hot rows"),
    (".csv", b.lines([",".join("nan" if c == k else "0.0" for c in range(10)) for k in LABELS]), "the score of class"),
    (".txt", np.array2string(np.arange(2000) % 10, threshold=100).encode(), "middle was left out"),
    (".txt", b"0 1 2 3 4 5 6 7 8 9", "labels of as many images, or the scores of one?"),
    (".txt", b"[[1, 2], [3, 4]]", "4 columns; expected a label"),
    (".csv", ("id,label\n" + "".join(f"a{i % 2}/{i}.png,{LABELS[i]}\n" for i in ORDER)).encode(), "unknown image id"),
    (".csv", ("id,label\n" + "".join(f"v2_{i}.png,{LABELS[i]}\n" for i in ORDER)).encode(), "unknown image id"),
    (".csv", ("id,label\n" + "".join(f"{i % 99}.png,{LABELS[i]}\n" for i in ORDER)).encode(), "again: it stands in"),
    (".csv", b"# only a remark\n# and another", "no row below the comment lines"),
    (".csv", gzip.compress(b.lines(LABELS))[:-9], "cut short"),
    (".csv", gzip.compress(b.lines(LABELS)) + b"x", "something behind its end"),
    (".csv", b"\x1f\x8bnonsense", "a damaged gzip file"),
    (".csv", gzip.compress(b"0\n" * (MAX_BYTES // 2 + 1)), "after decompression"),
    (".npy", b.npy(np.zeros((N, 2, 10))), "expected (N,) class ids or (N, 10) scores"),
    (".csv", b"id,category,class\n0,1,2\n", "no other column"),
    (".csv", b"id\n0\n", "expected 'id,label'"),
    (".csv", ("id,label\n" + SHUFFLED).replace("\n7,", "\n8,").encode(), "1 image without a row: id 7"),
    (".csv", ("id,label\n" + SHUFFLED).replace("\n7,", "\n8,").encode(), "'8' again: it stands in line"),
    (".csv", ("id,label\n" + SHUFFLED).replace("\n7,", "\n700,").encode(), "unknown image id '700'"),
    (".csv", ("id,label\n" + SHUFFLED).replace("\n7,", "\nseven,").encode(), "unknown image id 'seven'"),
    (".csv", ("id,label\n" + SHUFFLED).replace("\n7,", "\n,").encode(), "no image id"),
    (".csv", ("id,label\n" + SHUFFLED).replace("\n7,", "\n07,").encode(), "unknown image id '07'"),
    (".csv", ("id,label\n" + SHUFFLED).replace("\n7,", "\n" + "7" * 300 + ",").encode(), "300 characters"),
    (".csv", b"3\r4\n" * 50, "carriage return inside line 1"),
    (".csv", pickle.dumps([1, 2], 2), "pickle"),
    (".csv", b"1\n" * 600_000, "600,000 lines"),
    (".txt", "é".encode() * (9 * 1024 * 1024), "not plain ASCII"),
    # JSON
    (".json", b"", "empty file"),
    (".json", b"{", "not valid JSON (line 1"),
    (".json", b"nul", "not valid JSON"),
    (".json", b"3", "expected a JSON list"),
    (".json", b"[]", "expected a JSON list"),
    (".json", b"{}", "expected a JSON list"),
    (".json", b"[" * 100_000, "nested too deeply"),
    (".json", b"[" * 2_000_000, "brackets"),
    (".json", b"[" + b"1," * 5_000_000 + b"1]", "more than 4,000,000 values"),
    (".json", b"[" + b"9" * 1_000_000 + b"]", "is not a class"),
    (".json", "[1]".encode("utf-16"), "UTF-16"),
    (".json", b'["\xff"]', "not UTF-8"),
    (".json", b.as_json([*LABELS.tolist()[:-1], None]), "row 100: null is not a class"),
    (".json", b.as_json([*LABELS.tolist()[:-1], True]), "row 100: true is not a class"),
    (".json", b.as_json([*LABELS.tolist()[:-1], [1]]), "row 100: a list"),
    (".json", b.as_json([*LABELS.tolist()[:-1], float("nan")]), "row 100: 'NaN' is not a class"),
    (".json", b.as_json([*LABELS.tolist()[:-1], 1e300]), "row 100"),
    (".json", b.as_json([[1.0] * 9] * N), "9 values; expected 10 numbers"),
    (".json", b.as_json([[1.0] * 9 + ["x"]] * N), "no finite number"),
    (".json", b'{"0": 1, "0": 2}', "'0' again"),
    (".json", b'{"labels": [1], "result": [1]}', "more than one list"),
    (".json", b.as_json([{"id": 1, "klass": 2}] * N), "expected {"),
    (".json", b.as_json([{"id": 1.5, "label": 2}] * N), "expected {"),
    # by content
    ("", b"GIF89a" + b"abc\0" + b"d" * 50, "NUL"),
    (".csv", bytes(MAX_BYTES + 1), "at most 67,108,864"),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", range(len(BAD)))
def test_bad_files_are_invalid_with_a_reason(case: int) -> None:
    """Each is refused with a message that names the defect, in bounded time; nothing is executed."""
    form, data, expected = BAD[case]
    start = time.monotonic()
    found = read_predictions(data, form, KeyShape(N))
    seconds = time.monotonic() - start
    problems = found.findings.problems()
    assert found.predicted is None and problems
    assert expected in " | ".join(problems)
    assert all(text.isprintable() for text in problems)
    assert "cannot be read (" not in " ".join(problems)  # foreseen, not merely survived
    assert len(" ".join(problems)) < 10_000
    assert seconds < 5
    assert not os.path.exists(_Evil.canary)


def test_there_are_enough_hostile_cases() -> None:
    """The corpus is the promise: it only grows."""
    assert len(BAD) >= 115


def test_every_problem_is_told_at_once_with_its_line() -> None:
    """Twenty lines are listed in order, then a count; problems of the whole file come first."""
    lines = ["id,label", "0,cat", "0,dog", "1,12", "x,3", "3", "4,nan", "", "200,1"]
    lines += [f"{i},bad" for i in range(5, 60)]
    found = read_predictions("\n".join(lines).encode(), ".csv", KeyShape(N))
    problems = found.findings.problems()
    assert problems[0].startswith("62 rows where 100 are expected")
    assert "images without a row" in problems[1]
    numbers = [int(text.split()[1].rstrip(":")) for text in problems if text.startswith("line ")]
    assert numbers == sorted(numbers) and len(numbers) == 20
    assert numbers[:7] == [3, 4, 5, 6, 7, 8, 9]
    assert problems[-1] == "and 42 more problems of this kind"


def test_the_dev_split_is_recognised() -> None:
    """12,500 rows against a 10,000-row key: the message says what they are."""
    found = read_predictions(b.npy(np.zeros(12_500, int)), ".npy", KeyShape(10_000))
    text = found.findings.problems()[0]
    assert "dev split" in text and "12,500" in text and "10,000" in text


def test_kaggle_rows_against_keys_of_all_and_of_some_images() -> None:
    """300,000 rows of `id,label` with names; a key of a part scores that part when asked to."""
    random = np.random.RandomState(0)
    labels = random.randint(0, 10, 300_000)
    data = b.csv_ids(labels.tolist(), names=True, start=1)
    everything = read_predictions(data, ".csv", KeyShape(300_000))
    assert everything.predicted is not None
    np.testing.assert_array_equal(everything.predicted, labels)
    ids = random.permutation(300_000)[:10_000] + 1
    part = read_predictions(data, ".csv", KeyShape(10_000, int_ids=ids.astype(np.int64), subset=True))
    assert part.predicted is not None
    np.testing.assert_array_equal(part.predicted, labels[ids - 1])
    assert "290,000 rows" in part.findings.notes()[0]
    strict = read_predictions(data, ".csv", KeyShape(10_000, int_ids=ids.astype(np.int64)))
    assert strict.predicted is None and "300,000 rows are Kaggle's test set" in strict.findings.problems()[0]


@pytest.mark.parametrize(
    "error", [MemoryError(), RecursionError(), KeyError("x"), struct.error("y"), OSError("/secret/path")]
)
def test_a_parsers_surprise_is_one_invalid_file(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a parser raises becomes a reason."""

    def explode(*_: Any) -> Optional[Any]:
        raise error

    monkeypatch.setattr(reading, "npy_rows", explode)
    found = read_predictions(b.npy(LABELS), ".npy", KeyShape(N))
    assert found.predicted is None and len(found.findings.problems()) == 1


def test_equal_largest_scores_take_the_first_class_and_say_so() -> None:
    """Ties are decided the same way everywhere, in words."""
    scores = SCORES.copy()
    scores[3] = 0.0
    found = read_predictions(b.npy(scores), ".npy", KeyShape(N))
    assert found.predicted is not None and found.predicted[3] == 0
    assert found.findings.notes() == ["1 rows with equal largest scores: the first class counts"]

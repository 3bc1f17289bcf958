"""Feeds mutated valid files and random bytes to the grader's readers: `python -m tests.grading.fuzz_grade [cases]`.

Every case must end in predictions or in reasons. Predictions that come out are derived again by an independent reader
(NumPy's own loader, Python's csv and json, and twenty lines of rules); any difference is a wrong score accepted. The
vectorised text reader must agree with the strict one. Nothing may print: a traceback or a warning fails the run.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import io
import json
import os
import re
import sys
import time
import warnings
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests import fuzzing
from tests.grading import builders
from tf1_models.classes import CIFAR10_CLASSES
from tf1_models.grading.submissions.alignment import KeyShape
from tf1_models.grading.submissions.findings import Findings
from tf1_models.grading.submissions.reading import Reading, read_predictions
from tf1_models.grading.submissions.text import text_rows
from tf1_models.grading.submissions.zip_walk import OpenZips, ZipHandle, walk_zip

N = 40
WORDS = {**{name: k for k, name in enumerate(CIFAR10_CLASSES)}, "auto": 1, "car": 1, "plane": 0, "aeroplane": 0}
SPLINTERS = [
    b"nan", b"inf", b"10", b"-1", b"+3", b"3.0", b"3.5", b"1e400", b"1_0", b"\xd9\xa3", b"\0", b"\r", b"\r\n",
    b"\n", b"\n\n", b'"', b"''", b",", b";", b"\t", b" ", b"\xef\xbb\xbf", b"\xff\xfe", b"id", b"label",
    b"id,label\n", b"cat", b"auto", b"Truck ", b"[", b"]", b"{", b"}", b"null", b"true", b"NaN", b"Infinity",
    b"9" * 50, b"\x93NUMPY", b"PK\3\4", b"PK\5\6", b"\x80\x04.", b"'descr': '|O'", b"(40,)", b"(1099511627776,)",
    b"<f8", b">i4", b"True", b"=cmd()", b"\x1b[31m", b"```\n", b"# ", b"[3]", b"0.5", b"8,0", b".png", b"7.png", b" 3 ",
    b"\xb9\xf8", b",,", b"...",
]  # fmt: skip


def valid_files(random: np.random.RandomState) -> "List[Tuple[str, bytes]]":
    """(form, bytes) of valid submissions in every form."""
    ids = random.randint(0, 10, N)
    names = [CIFAR10_CLASSES[k] for k in ids]
    scores = random.rand(N, 10)
    order = random.permutation(N)
    shuffled = "".join(f"{i},{ids[i]}\n" for i in order).encode("ascii")
    return [
        (".npy", builders.npy(ids.astype(random.choice(["i1", "u1", "<i4", ">i4", "<i8", "<f4", "<f8"])))),
        (".npy", builders.npy(ids.reshape(-1, 1))),
        (".npy", builders.npy(scores.astype(random.choice(["<f2", "<f4", "<f8", ">f8"])))),
        (".npy", builders.npy(np.asfortranarray(scores))),
        (".npy", builders.npy(np.array(names))),
        (".npy", builders.npy(np.eye(10, dtype=np.uint8)[ids])),
        (".npz", builders.npz(result=ids)),
        (".npz", builders.npz(a=ids, predictions=scores)),
        (".csv", builders.csv_ids(ids.tolist())),
        (".csv", builders.csv_ids(ids.tolist(), names=True, start=1)),
        (".csv", b"id,label\n" + shuffled),
        (".csv", b'"id";"label"\r\n' + shuffled.replace(b",", b";").replace(b"\n", b"\r\n")),
        (".csv", b"label\n" + builders.lines([f"{k}.0" for k in ids])),
        (".txt", builders.lines(ids.tolist())),
        (".txt", builders.lines(names)),
        (".csv", table(scores, ",", ",".join(CIFAR10_CLASSES))),
        (".csv", table(scores, ",", "," + ",".join(map(str, range(10))), ids=True)),
        (".csv", table(scores, ";", ";".join(f"p{k}" for k in range(10))).replace(b".", b",")),
        (".txt", table(scores, " ", "")),
        (".csv", ("filename,class\n" + "".join(f"test/{i:04d}.png,{names[i]}\n" for i in order)).encode("ascii")),
        (".csv", ("번호,라벨\n" + "".join(f"{i},{ids[i]}\n" for i in order)).encode("cp949")),
        (".csv", ("예측\n" + "".join(f"{k}\n" for k in ids)).encode("utf-8")),
        (".csv", ("id;label\n" + "".join(f"{i};{ids[i]},0\n" for i in order)).encode("ascii")),
        (".csv", ("id,label,\n" + "".join(f"{i},{ids[i]},\n" for i in order)).encode("ascii")),
        (".csv", ("id,label,confidence\n" + "".join(f"{i},{ids[i]},0.5\n" for i in order)).encode("ascii")),
        (".txt", str(ids.tolist()).encode("ascii")),
        (".txt", np.array2string(ids, threshold=N + 1).encode("ascii")),
        (".txt", " ".join(map(str, ids)).encode("ascii")),
        (".txt", builders.lines([f"[{k}]" for k in ids])),
        (".csv", b"# made by hand\nid,label\n" + shuffled),
        (".csv", b"```\nid,label\n" + shuffled + b"```\n"),
        (".csv", gzip.compress(b"id,label\n" + shuffled)),
        (".npy", builders.npy(scores[:, None, :])),
        (".json", builders.as_json(ids.tolist())),
        (".json", builders.as_json({"predictions": names})),
        (".json", builders.as_json(scores.tolist())),
        (".json", builders.as_json([{"id": int(i), "label": names[i]} for i in order])),
        (".json", builders.as_json({str(i): int(ids[i]) for i in order})),
    ]


def table(scores: np.ndarray, separator: str, header: str, ids: bool = False) -> bytes:
    """Class scores as text."""
    lines = [header] if header else []
    for i, row in enumerate(scores):
        lines.append(separator.join(([str(i)] if ids else []) + [f"{score:.6f}" for score in row]))
    return ("\n".join(lines) + "\n").encode("ascii")


def mutate(data: bytes, random: np.random.RandomState) -> bytes:
    """One to four small changes."""
    for _ in range(random.randint(1, 5)):
        kind, size = random.randint(0, 8), len(data)
        at, to = sorted(random.randint(0, size + 1, 2).tolist())
        if kind == 0 and size:
            i = random.randint(0, size)
            data = data[:i] + bytes([data[i] ^ (1 << random.randint(0, 8))]) + data[i + 1 :]
        elif kind == 1:
            data = data[:at] + SPLINTERS[random.randint(0, len(SPLINTERS))] + data[at:]
        elif kind == 2:
            data = data[:at]
        elif kind == 3:
            data = data[:at] + data[min(to, at + random.randint(1, 12)) :]
        elif kind == 4:
            data = data[:to] + data[at:to][:200] + data[to:]
        elif kind == 5 and size:
            i = random.randint(0, size)
            data = data[:i] + bytes([random.randint(0, 256)]) + data[i + 1 :]
        elif kind == 6:
            parts = data.split(b"\n")
            i, j = random.randint(0, len(parts), 2)
            parts[i], parts[j] = parts[j], parts[i]
            data = b"\n".join(parts)
        else:
            digit = str(random.randint(0, 100)).encode("ascii")
            data = data[:at] + digit + data[min(size, at + len(digit)) :]
    return data


def class_of(value: Any) -> int:
    """The independent rule: a class id or name, else ValueError."""
    if isinstance(value, bool) or value is None:
        raise ValueError(value)
    if isinstance(value, str):
        word = value.strip(" \t").strip("\"'")
        if word.strip(" \t").lower() in WORDS:
            return WORDS[word.strip(" \t").lower()]
        value = float(word)
    if value != int(value) or not 0 <= value <= 9:
        raise ValueError(value)
    return int(value)


def of_array(array: np.ndarray) -> "List[int]":
    """Classes of an array, independently."""
    if array.ndim == 3 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2 and array.shape[1] == 10:
        if not np.isfinite(array.astype(np.float64)).all():
            raise ValueError("not finite")
        return [int(k) for k in np.argmax(array, axis=1)]
    return [class_of(v.decode("ascii") if isinstance(v, bytes) else v) for v in array.reshape(-1).tolist()]


def of_pairs(pairs: "List[Tuple[Any, Any]]") -> "List[int]":
    """Classes of (id, class) rows, put in order."""
    by_id = {int(float(str(i).strip().strip("\"'"))): class_of(k) for i, k in pairs}
    base = 1 if len(pairs) in by_id and 0 not in by_id else 0
    if len(by_id) != len(pairs):
        raise ValueError("ids repeat")
    return [by_id[i + base] for i in range(len(pairs))]


def of_text(data: bytes) -> "List[int]":
    """Classes of CSV or text, by Python's csv module and a few rules of what a person would take off first."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp949")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip(" \t\n").split("\n")
    if lines[0].startswith("```"):
        lines = lines[1:-1]
    head = ""
    while lines[0].startswith("#"):
        head = lines.pop(0).lstrip("# \t")
    joined = "\n".join(lines)
    one_list = joined.strip(" \t").startswith("[") and joined.count("[") == joined.count("]") == 1
    n_words = len(re.split(r"[\s,;]+", joined.strip(" \t[]\n,")))
    if (one_list and n_words > 1) or (len(lines) == 1 and n_words > 2):
        return [class_of(word) for word in re.split(r"[\s,;]+", joined.strip(" \t[]\n,"))]
    if all("[" in line for line in lines):
        lines = [line.strip(" \t,").strip("[] \t") for line in lines]
    separator = next((s for s in (";", "\t", ",") if s in lines[0]), "")
    if not separator:
        separator, lines = ",", [",".join(line.split()) for line in lines]
    elif separator != ",":
        lines = [re.sub(r"(?<=[0-9]),(?=[0-9])", ".", line) for line in lines]
    table_rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
    rows = [[cell.strip(" \t") for cell in row] for row in table_rows]
    if len(rows[0]) > 2 and all(row[-1] == "" for row in rows):
        rows = [row[:-1] for row in rows]
    if head and {cell.strip().lower() for cell in head.split(separator)} & {"label", "class"}:
        rows.insert(0, head.split(separator))
    return of_rows([[cell.strip().strip("'\"") for cell in row] for row in rows])


def of_rows(rows: "List[List[str]]") -> "List[int]":
    """Classes of a table's cells."""
    width, heads = len(rows[0]), [cell.strip().lower() for cell in rows[0]]
    if any(len(row) != width for row in rows):
        raise ValueError("columns")
    if width in (10, 11):
        order: "List[int]" = list(range(10))
        ids = [row[0] for row in rows] if width == 11 else []
        named = heads[-10:]
        if set(named) == set(CIFAR10_CLASSES):
            order = [CIFAR10_CLASSES.index(word) for word in named]
        elif sorted(word[-1:] for word in named) == list("0123456789") and not any("." in word for word in named):
            order = [int(word[-1]) for word in named]
        if (
            order != list(range(10))
            or named == list("0123456789")
            or set(named) == set(CIFAR10_CLASSES)
            or (named[0].endswith("0") and named[0][:-1].isidentifier())
        ):
            rows, ids = rows[1:], ids[1:]
        best = []
        for row in rows:
            scores = {order[k]: float(cell) for k, cell in enumerate(row[-10:])}
            if not all(np.isfinite(list(scores.values()))):
                raise ValueError("not finite")
            best.append(max(range(10), key=lambda k: (scores[k], -k)))
        return of_pairs(list(zip(ids, best))) if ids else best
    try:
        if width > 2:
            raise ValueError("columns")
        class_of(rows[0][-1])
        float(stem(rows[0][0])) if width == 2 else None
        label, key, body = width - 1, 0 if width == 2 else None, rows
    except ValueError:
        is_id = ("id", "ids", "image", "index", "idx", "no", "", "number", "row", "file", "filename", "번호")
        key = next((i for i, word in enumerate(heads) if word in is_id), None)
        is_label = ("label", "class", "0", "라벨", "prediction")
        label = next(
            (i for i, word in enumerate(heads) if i != key and word in is_label),
            next(i for i in range(len(heads)) if i != key),
        )
        if key is None and width == 2:
            key = 1 - label
        body = rows[1:]
    if key is None:
        return [class_of(row[label]) for row in body]
    return of_pairs([(stem(row[key]), row[label]) for row in body])


def stem(cell: str) -> str:
    """A file name's number; anything else as it is."""
    name = re.sub(r"\.(png|jpg)$", "", cell.strip())
    digits = re.findall(r"[0-9]+", name.rsplit("/", 1)[-1])
    return digits[0] if name != cell.strip() and len(digits) == 1 else cell


def of_json(data: bytes) -> "List[int]":
    """Classes of JSON."""
    value = json.loads(data.decode("utf-8-sig"))
    if isinstance(value, dict):
        held = [v for v in value.values() if isinstance(v, list)]
        if not held:
            return of_pairs(list(value.items()))
        value = held[0]
    if isinstance(value[0], list):
        return of_array(np.array(value, dtype=np.float64))
    if isinstance(value[0], dict):
        return of_pairs([(one["id"], one["label"]) for one in value])
    return [class_of(one) for one in value]


def of_npz(data: bytes) -> "List[int]":
    """Classes of an .npz, by NumPy."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        chosen = arrays.files if len(arrays.files) == 1 else [f for f in arrays.files if f in ("result", "predictions")]
        return of_array(arrays[chosen[0]])


ORACLES: Dict[str, Callable[[bytes], "List[int]"]] = {
    "npy": lambda data: of_array(np.load(io.BytesIO(data), allow_pickle=False)),
    "npz": of_npz,
    "csv": of_text,
    "txt": of_text,
    "json": of_json,
}


def check_text(data: bytes) -> None:
    """The vectorised reader gives what the strict one gives."""
    found = []
    for fast in (True, False):
        findings = Findings()
        rows = text_rows(data, findings, fast=fast)
        parts: List[Any] = [findings.problems(), findings.notes(), rows is None]
        if rows is not None:
            ids = None if rows.int_ids is None else rows.int_ids.tolist()
            parts += [rows.labels.tolist(), ids, rows.text_ids, rows.first_line, rows.word, rows.n_blank]
        found.append(parts)
    if found[0] != found[1]:
        raise AssertionError(f"fast and strict differ on {data!r}")


def check_case(form: str, data: bytes, key: KeyShape) -> Reading:
    """One file through the reader and, if it was accepted, through the oracle.

    Raises:
        AssertionError: a wrong or unexplained result.
    """
    reading = read_predictions(data, form, key)
    problems = reading.findings.problems()
    if (reading.predicted is None) != bool(problems):
        raise AssertionError(f"{form} {data!r}: predictions and problems at once, or neither")
    if any("\n" in text or "\x1b" in text or "cannot be read (" in text for text in problems):
        raise AssertionError(f"{form} {data!r}: {problems}")
    if reading.predicted is not None:
        try:
            expected = ORACLES[reading.form](data)
        except Exception as error:
            raise AssertionError(f"{form} {data!r}: accepted, but the oracle refuses: {error!r}") from error
        if reading.predicted.tolist() != expected:
            raise AssertionError(f"{form} {data!r}: accepted {reading.predicted.tolist()}, oracle says {expected}")
    if form in (".csv", ".txt"):
        check_text(data)
    return reading


def check_zip(data: bytes) -> int:
    """A mutated zip is walked and its members read; returns members that could be read."""
    count = 0
    for member in walk_zip(ZipHandle(lambda: io.BytesIO(data), 1, OpenZips()), "x.zip", ""):
        if member.read is not None:
            try:
                member.read()
                count += 1
            except Exception as error:
                if type(error).__name__ != "Refused":
                    raise AssertionError(f"zip {data!r}: {error!r}") from error
    return count


def fuzz(cases: int, seed: int = 0, stop: Optional[float] = None) -> Dict[str, Any]:
    """Runs the cases.

    Args:
        cases: How many files.
        seed: Of the mutations.
        stop: Monotonic time after which no more cases are begun.

    Returns:
        Counts: `cases`, `accepted`, `refused`, `random`, `zips`.
    """
    random, key = np.random.RandomState(seed), KeyShape(N)
    counts: Dict[str, Any] = {"cases": 0, "accepted": 0, "refused": 0, "random_bytes": 0, "zips": 0}
    pool = valid_files(random)
    for case in range(cases):
        if stop is not None and time.monotonic() > stop:
            break
        if case % 200 == 0:
            pool = valid_files(random)
            for form, data in pool:
                assert check_case(form, data, key).predicted is not None, (form, data)
        form, data = pool[random.randint(0, len(pool))]
        kind = random.randint(0, 20)
        counts["cases"] += 1
        if kind == 0:
            inner = builders.zipped({f"s{i}/result{f}": d for i, (f, d) in enumerate(pool[:3])})
            check_zip(mutate(inner, random))
            counts["zips"] += 1
            continue
        if kind == 1:
            data = bytes(random.randint(0, 256, random.randint(0, 400), dtype=np.uint8))
            counts["random_bytes"] += 1
        elif kind == 2:
            data = SPLINTERS[random.randint(0, len(SPLINTERS))] + data[random.randint(0, len(data)) :]
        elif kind == 3:
            form = (".npy", ".npz", ".csv", ".txt", ".json", "")[random.randint(0, 6)]
        else:
            data = mutate(data, random)
        counts["accepted" if check_case(form, data, key).predicted is not None else "refused"] += 1
    return counts


def main() -> int:
    """Runs the fuzzing and prints its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="?", type=int, default=100_000)
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    args = parser.parse_args()
    cases, seed = args.cases, args.seed
    start, noise = time.monotonic(), io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stderr(noise):
        warnings.simplefilter("error")
        counts = fuzz(cases, seed)
    counts["seconds"] = round(time.monotonic() - start, 1)
    counts["stderr_bytes"] = len(noise.getvalue())
    print(json.dumps(counts))
    if args.json:
        # what comes back from an archive is counted by its members alone: the archive itself was walked, not refused
        row = {
            "name": "submission",
            "injected": counts["cases"],
            "survived": counts["accepted"],
            "detected": counts["refused"] + counts["zips"],
            "lost": 0,
        }
        fuzzing.write_record(args.json, f"python -m tests.grading.fuzz_grade {cases} {seed}", [row], counts["seconds"])
    return 1 if noise.getvalue() else 0


if __name__ == "__main__":
    sys.exit(main())

"""Structured fuzzing of what reads checkpoints and run folders: `python -m tests.checkpoints.fuzz_checkpoints`.

As `tests.datasets.fuzz_parsers` (`--cases`, `--only`, `--json`), with one thing more: a flipped bit would end at a
checksum, so each case gets right checksums after it was changed, and the parser itself meets the damage. Without that
help ("checkpoint data", "sealed document") nothing but the unchanged content may be accepted.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import sys
from typing import Any, Dict, List

import numpy as np

from tests import fuzzing
from tests.checkpoints import crafted
from tests.datasets import forms
from tests.fuzzing import Target
from tf1_models import registry, spec
from tf1_models.checkpoints import bundle, saving
from tf1_models.checkpoints.crc32c import crc32c
from tf1_models.checkpoints.source import experiment_of
from tf1_models.reproduce.verdicts import folders
from tf1_models.storage.files import to_json
from tf1_models.storage.sealed import read_sealed, write_sealed

VALUES: Dict[str, np.ndarray] = {
    "W1": np.arange(12, dtype=np.float32).reshape(3, 4),
    "W1/Adam": np.zeros((3, 4), np.float32),
    "flag": np.array([True, False]),
    "global_step": np.array(7, np.int64),
    "none": np.zeros((0, 3), np.float64),
}
PROTO = [crafted.varint(number) for number in (0, 1, 127, 128, 2**28, 2**31, 2**40, 2**63, 2**64 - 1)]
PROTO += [crafted.field(number, value) for number in range(1, 8) for value in (0, 1, 20, -1, 2**40, b"", b"\x08\x01")]
PROTO += [crafted.field(2, crafted.field(1, -1)), crafted.field(2, crafted.field(1, 2**40)), b"\x35" + bytes(4)]
RECORDS = [
    crafted.block([record], b"")
    for record in [crafted.HEADER, (b"w", crafted.entry()), (b"w" * 200, b""), (b"\xff\xfe", b"\x0a\xff")]
]
SLICED = np.arange(24, dtype=np.float32).reshape(4, 6)
BOXES: Any = [[(0, 2), (0, None)], [(2, 2), (0, 2)], [(2, 2), (2, 4)]]
PROTO += [crafted.whole((4, 6), [box])[12:] for box in BOXES]
JSON = [
    b"null",
    b"true",
    b"NaN",
    b"-1",
    b"1e999",
    b'"',
    b"{}",
    b"[]",
    b"{",
    b"}",
    b"\\u0000",
    b"[" * 2000,
    b"0.5",
    b'"bn_cnn"',
    b'"none"',
    b"99999999999999999999999",
    b"\xff",
    b'"files":',
    b'"shape":',
    b'"net.channels":',
]


def _reseal(content: bytes) -> bytes:
    """The changed file with right checksums wherever its footer still leads to a block."""
    data = bytearray(content)

    def repair(offset: int, size: int) -> None:
        if offset >= 0 and size >= 0 and offset + size + 5 <= len(data) - 48:
            at = offset + size + 1
            data[at : at + 4] = struct.pack("<I", crafted.mask(crc32c(bytes(data[offset:at]))))

    for offset, size in [*crafted.index_handles(content), *crafted.footer_handles(content)]:
        repair(offset, size)
    return bytes(data)


def _values_hold(values: Dict[str, np.ndarray], entries: Dict[str, bundle.Entry], data: bytes) -> None:
    for name, value in values.items():
        entry = entries[name]
        if value.shape != entry.shape or value.dtype.name != entry.dtype or not name.isprintable():
            raise AssertionError(f"{name!r} is not what its entry says")
        filled = np.zeros(entry.shape, int)
        for place in entry.slices or (entry,):
            box: Any = tuple(slice(at, at + n) for at, n in zip(getattr(place, "starts", ()), place.shape))
            content = value[box].tobytes()
            if content != data[place.offset : place.offset + place.size] or crc32c(content) != place.crc:
                raise AssertionError(f"{name!r} has other bytes")
            filled[box] += 1
        if not (filled == 1).all():
            raise AssertionError(f"{name!r} is not filled once")


def _checkpoint_targets(folder: str) -> List[Target]:
    prefix = os.path.join(folder, "model")
    index_path, data_path = prefix + ".index", prefix + ".data-00000-of-00001"
    crafted.write_checkpoint(prefix, VALUES)
    index, data = forms.read(index_path), forms.read(data_path)
    ((block_at, block_size),) = crafted.index_handles(index)
    block = index[block_at : block_at + block_size]

    def one(content: bytes) -> None:
        crafted.write_index(index_path, [crafted.HEADER, (b"w", content)])
        forms.write(data_path, bytes(16))
        _values_hold(bundle.read_all(prefix), bundle.read_index(prefix), bytes(16))

    def read(content_of_index: bytes) -> None:
        forms.write(index_path, content_of_index)
        forms.write(data_path, data)
        _values_hold(bundle.read_all(prefix), bundle.read_index(prefix), data)

    records = crafted.sliced("w", SLICED.shape, BOXES, SLICED)
    sliced_data = b"".join(piece.tobytes() for piece in crafted.pieces(SLICED, BOXES))

    def slices(content_of_index: bytes) -> None:
        forms.write(index_path, content_of_index)
        forms.write(data_path, sliced_data)
        _values_hold(bundle.read_all(prefix), bundle.read_index(prefix), sliced_data)

    def slice_list(content: bytes) -> None:
        slices(crafted.table(crafted.block([crafted.HEADER, *records[:-1], (b"w", content)])))

    def changed_data(content: bytes) -> None:
        forms.write(index_path, index)
        forms.write(data_path, content)
        found = bundle.read_all(prefix)
        if any(not np.array_equal(found[name], value) for name, value in VALUES.items()):
            raise AssertionError("other values than were written")

    return [
        Target("checkpoint entry", [crafted.entry(), crafted.entry(dims=(2, 2)), crafted.entry(f4=0)], PROTO, one),
        Target("checkpoint block", [block], PROTO + RECORDS, lambda content: read(crafted.table(content))),
        Target("slice list", [records[-1][1], crafted.whole((4, 6), BOXES[::-1])], PROTO, slice_list),
        Target(
            "slice records",
            [crafted.block([crafted.HEADER, *records])],
            PROTO + RECORDS,
            lambda content: slices(crafted.table(content)),
        ),
        Target("checkpoint index", [index], PROTO, lambda content: read(_reseal(content))),
        Target("checkpoint data", [data], [], changed_data),
    ]


def _with_checksum(content: bytes) -> bytes:
    """A changed document with the checksum that it should have; as it is where it is no JSON object any more."""
    try:
        document = json.loads(content.decode("utf-8"))
        document.pop("checksum", None)
        body = to_json(document, indent=None).encode("utf-8")
        document["checksum"] = hashlib.sha256(body).hexdigest()
        return (to_json(document) + "\n").encode("utf-8")
    except (ValueError, AttributeError, RecursionError, TypeError):
        return content


def _document_targets(folder: str) -> List[Target]:
    row = registry.experiment("bn_cnn", "final", {"epochs": "2"})
    config = {
        "report": "bn_cnn",
        "run": "final",
        "seed": 0,
        "data_digest": "d",
        "split_hash": "s",
        "identity": spec.identity(row),
    }
    prefix = os.path.join(folder, "ckpt-7")
    crafted.write_checkpoint(prefix, VALUES)
    files = {
        suffix: {
            "size": os.path.getsize(prefix + suffix),
            "sha256": hashlib.sha256(forms.read(prefix + suffix)).hexdigest(),
        }
        for suffix in (".index", ".data-00000-of-00001")
    }
    variables = [
        {"name": name, "shape": list(value.shape), "dtype": value.dtype.name} for name, value in sorted(VALUES.items())
    ]
    manifest: Dict[str, Any] = {
        "schema": 1,
        "step": 7,
        "files": files,
        "variables": variables,
        "progress": {"epoch": 1, "step": 7},
        "stopping": None,
        "metrics": {"size": 0, "sha256": hashlib.sha256(b"").hexdigest()},
        "config": config,
    }
    write_sealed(prefix + ".json", manifest)
    scores = {
        "accuracy": 0.5,
        "macro_f1": 0.5,
        "weighted_f1": 0.5,
        "n": 20,
        "confusion_matrix": np.eye(10, dtype=int).tolist(),
    }
    run = {**config, "data": "tiny", "data_lossy": False, "starts": [{"runtime": {"tensorflow": "2.21.0"}}]}
    result = {
        **config,
        "epochs": 2,
        "steps": 100,
        "ended_by": "epochs",
        "dev": None,
        "test": scores,
        "variables_sha256": "0" * 64,
    }
    paths = {name: os.path.join(folder, name) for name in ("run.json", "result.json", "metrics.jsonl", "document.json")}
    write_sealed(paths["run.json"], run)
    write_sealed(paths["result.json"], result)
    lines = [
        {
            "schema": 1,
            "epoch": epoch,
            "eval_split": "test",
            "accuracy": 0.5,
            "weighted_f1": 0.25,
            "loss": 1.5,
            "samples_per_s": 9.5,
        }
        for epoch in (1, 2)
    ]
    forms.write(paths["metrics.jsonl"], b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    good = {name: forms.read(path) for name, path in paths.items() if name != "document.json"}

    def sealed(content: bytes) -> None:
        forms.write(paths["document.json"], content)
        if read_sealed(paths["document.json"]) != manifest:
            raise AssertionError("accepted another document")

    def manifest_of(content: bytes) -> None:
        forms.write(prefix + ".json", _with_checksum(content))
        found = saving.read_manifest(folder, 7)
        spec.identity(experiment_of(found))
        saving.compare_variables(variables, found["variables"])

    def finished(name: str, content: bytes) -> None:
        for other, text in good.items():
            forms.write(paths[other], content if other == name else text)
        found = folders.read_finished(folder, os.path.dirname(folder))
        if [line["epoch"] for line in found.lines] != list(range(1, len(found.lines) + 1)):
            raise AssertionError("epochs out of order")

    sealed_manifest = forms.read(prefix + ".json")
    return [
        Target("sealed document", [sealed_manifest], JSON, sealed),
        Target("manifest", [sealed_manifest], JSON, manifest_of),
        Target("run.json", [good["run.json"]], JSON, lambda text: finished("run.json", _with_checksum(text))),
        Target("result.json", [good["result.json"]], JSON, lambda text: finished("result.json", _with_checksum(text))),
        Target("metrics.jsonl", [good["metrics.jsonl"]], JSON, lambda text: finished("metrics.jsonl", text)),
    ]


def targets(folder: str) -> List[Target]:
    """Every parser of a checkpoint's and a run folder's files."""
    return _checkpoint_targets(folder) + _document_targets(folder)


if __name__ == "__main__":
    sys.exit(fuzzing.main("tests.checkpoints.fuzz_checkpoints", __doc__, targets))

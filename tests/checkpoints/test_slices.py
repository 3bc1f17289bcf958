"""Partitioned variables: keys as TensorFlow 1.15.5 wrote them, values joined, covers checked."""

from __future__ import annotations

import itertools
import json
from typing import Any, Dict, List

import numpy as np
import pytest

from tests.checkpoints import crafted
from tf1_models.checkpoints import bundle, foreign, slices
from tf1_models.checkpoints.name_map import is_slot
from tf1_models.errors import InputError

# (name, places) -> key, copied from an index that the real 1.15.5 wrote
WRITTEN = [
    ("W_fc3", [(0, 1024), (0, 10)], b"\x00W_fc3\x00\x01\x01\x02\x80\xc4\x00\x80\x8a"),
    ("W_fc3", [(1024, 1024), (0, 10)], b"\x00W_fc3\x00\x01\x01\x02\xc4\x00\xc4\x00\x80\x8a"),
    ("W1", [(0, 2), (0, 3), (0, 3), (0, 64)], b"\x00W1\x00\x01\x01\x04\x80\x82\x80\x83\x80\x83\x80\xc0@"),
    ("W3", [(0, 2), (0, 3), (0, 64), (0, 128)], b"\x00W3\x00\x01\x01\x04\x80\x82\x80\x83\x80\xc0@\x80\xc0\x80"),
]


@pytest.mark.parametrize("name, places, written", WRITTEN)
def test_keys_are_those_that_tensorflow_writes(name: str, places: Any, written: bytes) -> None:
    assert slices.key(name, places) == written


def test_keys_sort_as_their_numbers_do() -> None:
    """Ordered code: the reader relies on nothing else of it, and every length is met."""
    numbers = sorted({abs((1 << bits) + more) for bits in range(50) for more in (-1, 0, 1)})
    keys = [slices.key("w", [(number, 1)]) for number in numbers]
    assert keys == sorted(keys) and len(set(keys)) == len(keys)
    assert slices.key("w", [(0, None)]) == b"\0w\0\1\1\1\x80\x7f"  # length -1: the whole axis


PARTS = {"rows": ((7, 3), 0, 2), "columns": ((3, 70, 2), 1, 3), "many": ((200, 2), 0, 100), "vector": ((130,), 0, 2)}


def _saved(tf: Any, prefix: str) -> Dict[str, np.ndarray]:
    """Variables in 2, 3 and 100 slices along several axes, one whole, one int64, saved by TensorFlow's own Saver."""
    rng = np.random.RandomState(0)
    values = {}
    with tf.Graph().as_default(), tf.Session() as session:
        for name, (shape, axis, n_slices) in PARTS.items():
            values[name] = rng.standard_normal(shape).astype(np.float32)
            with tf.variable_scope("", partitioner=tf.fixed_size_partitioner(n_slices, axis)):
                tf.get_variable(name, initializer=tf.constant(values[name]))
        values["step"] = np.array([1, -(2**40)], np.int64)
        tf.get_variable("step", initializer=tf.constant(values["step"]))
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, prefix, write_meta_graph=False, write_state=False)
    return values


@pytest.mark.tf
def test_what_tensorflow_saved_in_slices_reads_whole(tmp_path: Any, tf: Any, kit: Any) -> None:
    prefix = str(tmp_path / "model.ckpt")
    values = _saved(tf, prefix)
    entries = bundle.read_index(prefix)
    assert {name: len(entries[name].slices) for name in PARTS} == {name: n for name, (_, _, n) in PARTS.items()}
    found = bundle.read_all(prefix)
    assert sorted(found) == sorted(values)
    reader = tf.train.load_checkpoint(prefix)
    with foreign.ForeignCheckpoint(prefix) as checkpoint:
        for name, value in values.items():
            for got in (found[name], checkpoint.read(name), reader.get_tensor(name)):
                assert got.dtype == value.dtype and np.array_equal(got, value), name
    rows = json.loads(kit("checkpoint", "inspect", prefix, "--json").stdout)["variables"]
    assert {row["name"]: row["shape"] for row in rows} == {name: list(value.shape) for name, value in values.items()}


@pytest.mark.tf
def test_every_flipped_byte_of_a_slice_is_noticed(tmp_path: Any, tf: Any) -> None:
    prefix = str(tmp_path / "model.ckpt")
    _saved(tf, prefix)
    entry = bundle.read_index(prefix)["columns"]
    with open(prefix + ".data-00000-of-00001", "r+b") as stream:
        for piece in entry.slices:
            stream.seek(piece.offset + piece.size - 1)
            last = stream.read(1)
            stream.seek(piece.offset + piece.size - 1)
            stream.write(bytes([last[0] ^ 1]))
            stream.flush()
            with pytest.raises(InputError, match="the checksum of 'columns' is off"):
                bundle.read_tensor(prefix, entry)
            stream.seek(piece.offset + piece.size - 1)
            stream.write(last)
            stream.flush()
    assert bundle.read_tensor(prefix, entry).shape == (3, 70, 2)


def _read(tmp_path: Any, dims: Any, boxes: Any) -> np.ndarray:
    prefix = str(tmp_path / "x")
    crafted.write_index(prefix + ".index", [crafted.HEADER, *crafted.sliced("w", dims, boxes)])
    size = sum(4 * int(np.prod([d if n is None else n for d, (_, n) in zip(dims, box)])) for box in boxes)
    with open(prefix + ".data-00000-of-00001", "wb") as stream:
        stream.write(bytes(size))
    return bundle.read_all(prefix)["w"]


def test_a_tiling_in_two_axes_and_whole_axes_read(tmp_path: Any) -> None:
    assert _read(tmp_path, (2, 3), [[(0, 1), (0, None)], [(1, 1), (0, 2)], [(1, 1), (2, 1)]]).shape == (2, 3)
    assert _read(tmp_path, (1024,), [[(at, 1)] for at in range(1024)]).shape == (1024,)


def test_what_is_there_in_part_is_listed_by_its_parts(tmp_path: Any) -> None:
    prefix = str(tmp_path / "x")
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    boxes: Any = [[(0, 2), (0, None)], [(3, 1), (1, 2)]]
    crafted.write_index(prefix + ".index", [crafted.HEADER, *crafted.sliced("w", (4, 3), boxes, values)])
    with open(prefix + ".data-00000-of-00001", "wb") as stream:
        stream.write(b"".join(piece.tobytes() for piece in crafted.pieces(values, boxes)))
    found = bundle.read_all(prefix)
    assert list(found) == ["w[0:2,0:3]", "w[3:4,1:3]"]
    assert np.array_equal(found["w[0:2,0:3]"], values[:2]) and np.array_equal(found["w[3:4,1:3]"], values[3:, 1:])


@pytest.mark.tf
@pytest.mark.parametrize("scope", ["", "net"])
def test_slots_of_slices(tmp_path: Any, tf: Any, scope: str) -> None:
    """TF 1 names Adam's slots of slices by the whole, and, made inside a scope, each by its part, cut wrongly."""
    prefix = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default(), tf.Session() as session, tf.variable_scope(scope):
        w = tf.get_variable("kernel", [4, 3], partitioner=tf.fixed_size_partitioner(2))
        tf.train.AdamOptimizer().minimize(tf.reduce_sum(tf.convert_to_tensor(w) ** 2))
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, prefix, write_meta_graph=False, write_state=False)
        wanted = session.run(tf.convert_to_tensor(w))
    found = bundle.read_all(prefix)
    assert np.array_equal(found.pop("net/kernel" if scope else "kernel"), wanted)
    slots = [name for name, value in found.items() if value.ndim == 2]
    assert all(is_slot(name) for name in found) and all(name.endswith("]") == bool(scope) for name in slots)
    assert len(slots) == (4 if scope else 2)


def test_only_exact_covers_are_whole() -> None:
    """Every set of up to three boxes of a 2x2 variable against counting cells."""
    intervals = [(0, 1), (1, 1), (0, 2)]
    boxes = [list(box) for box in itertools.product(intervals, intervals)]
    n_taken = 0
    for n in (1, 2, 3):
        for chosen in itertools.combinations(boxes, n):
            count = np.zeros((2, 2), int)
            for (row, rows), (column, columns) in chosen:
                count[row : row + rows, column : column + columns] += 1
            pieces: List[Any] = [slices.Slice((r, c), (rs, cs), 0, 0, 0) for (r, rs), (c, cs) in chosen]
            if count.max() > 1:
                with pytest.raises(InputError, match="the slices of 'w' overlap"):
                    slices.cover(pieces, (2, 2), "w", "x")
            else:
                assert slices.cover(pieces, (2, 2), "w", "x") == bool((count == 1).all())
                n_taken += bool((count == 1).all())
    assert n_taken == 7  # the whole; two rows, two columns; a row or column in halves beside the other, four ways

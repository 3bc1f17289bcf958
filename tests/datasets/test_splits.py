"""Splits as pure functions of the labels; the hashes that users compare are pinned."""

from __future__ import annotations

import numpy as np
import pytest

from tests.datasets import forms
from tf1_models.datasets import digits, identify
from tf1_models.datasets.dataset import content_digest
from tf1_models.datasets.splits import DEV_SPLITS, split_hash, split_indices
from tf1_models.errors import UsageError


def test_rules_on_the_official_labels():
    y_train, _ = identify.official_labels()
    train, dev = split_indices("first_quarter", y_train)
    assert (dev[0], dev[-1], train[0], train[-1]) == (0, 12_499, 12_500, 49_999)
    train, dev = split_indices("first_tenth_per_class", y_train)
    assert np.bincount(y_train[dev]).tolist() == [500] * 10 and len(train) == 45_000
    for k in range(10):
        assert set(np.flatnonzero(y_train == k)[:500]) <= set(dev)
    assert split_indices("none", y_train)[1] is None
    with pytest.raises(UsageError, match="unknown dev_split 'half'; known: none, first_quarter"):
        split_indices("half", y_train)


@pytest.mark.parametrize(
    "read, hashes",
    [
        (lambda: identify.official_labels()[0], ["6899155db73d0c66", "0a12b2f20794a959", "cf8b0d9029340c0a"]),
        (lambda: digits.read().y_train, ["8e298eea8149e220", "4853a0e76de1a025", "366a212062089c54"]),
    ],
    ids=["official", "digits"],
)
def test_hashes_are_those_on_record(read, hashes):
    """What this kit gave when they were written down, no oracle: a split that moves is noticed."""
    labels = read()
    assert [split_hash(*split_indices(rule, labels)) for rule in DEV_SPLITS] == hashes


def test_splits_are_disjoint_and_whole():
    y_train = forms.tiny(101).y_train
    for rule in DEV_SPLITS:
        train, dev = split_indices(rule, y_train)
        everything = np.concatenate([train] if dev is None else [train, dev])
        assert sorted(everything) == list(range(101))


def test_the_digest_sees_every_part():
    data = forms.tiny()
    digests = {content_digest(*data)}
    for name in data._fields:
        changed = getattr(data, name).copy()
        changed.reshape(-1)[3] ^= 1
        digests.add(content_digest(*data._replace(**{name: changed})))
    digests.add(content_digest(data.x_train[::-1], data.y_train[::-1], data.x_test, data.y_test))
    assert len(digests) == 6
    assert content_digest(np.asfortranarray(data.x_train), *data[1:]) in digests and len(digests) == 6

"""Identical and near-identical predictions: what no two people arrive at by themselves.

Identical: the same class for every image. Near-identical: of all wrong answers that either file gives, at least 75 %
are given by both (Jaccard similarity of the sets of (image, wrong class)). Agreement alone would not do: two files of
90 % accuracy agree on more than 80 % of the images whatever their authors did, while wrong answers are shared only as
far as images are hard. Where 75 % comes from: five small networks trained on CIFAR-10 from different seeds (59 %
accuracy) share 28 to 33 % of their wrong answers, and one network before and after one more epoch shares 63 %; a copy
with 2 % of its answers changed at random shares about 90 % (at 80 % accuracy).

Cost is linear in the files: a MinHash signature each (one-permutation hashing with rotation), bands of it as buckets,
and a bounded number of comparisons per bucket. A pair at the threshold is met with probability 0.999; the exact
similarity then decides, so nothing is reported that is not so.
"""

from __future__ import annotations

import hashlib
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

import numpy as np

from tf1_models.classes import N_CLASSES

NEAR_SHARED = 0.75
MIN_WRONG = 30  # fewer wrong answers in the union are too few to tell
_BIN_BITS, _BAND = 9, 8
_BINS = 1 << _BIN_BITS
_VALUE_BITS = 32 - _BIN_BITS
_MAX_LINKS = 16  # earlier members of a bucket that a file is compared with
# Signature similarity below which the exact one is not computed: 4 standard errors, on 64 bins and on all of them.
_PREVIEW_BINS, _PREVIEW_BELOW, _ESTIMATE_BELOW = 64, 0.53, 0.67


class Signer:
    """Makes MinHash signatures of wrong answers for one key."""

    def __init__(self, labels: np.ndarray) -> None:
        """Draws the hash of every (image, class).

        Args:
            labels: uint8 [n], the key.
        """
        self._labels = labels
        random = np.random.RandomState(20_260_101)  # fixed: regrading gives the same candidates
        self._hashes = random.randint(0, 2**32, size=len(labels) * N_CLASSES, dtype=np.uint32)

    def signature(self, predicted: np.ndarray) -> Optional[np.ndarray]:
        """uint32 [512] of a submission (uint8 [n]); None with no wrong answer."""
        wrong = np.flatnonzero(predicted != self._labels)
        if not wrong.size:
            return None
        hashes = np.sort(self._hashes[wrong * N_CLASSES + predicted[wrong]])
        bins = hashes >> np.uint32(_VALUE_BITS)
        filled, first = np.unique(bins, return_index=True)
        # an empty bin takes the next filled one's value, shifted by how far it had to look (Shrivastava and Li, 2014)
        wanted = np.arange(_BINS)
        at = np.searchsorted(filled, wanted) % len(filled)
        distance = (filled[at].astype(np.int64) - wanted) % _BINS
        values = (hashes[first] & np.uint32((1 << _VALUE_BITS) - 1)).astype(np.int64)
        return ((values[at] + distance * ((1 << _VALUE_BITS) + 1)) & 0xFFFFFFFF).astype(np.uint32)


def identical_groups(digests: Sequence[bytes]) -> List[List[int]]:
    """Groups of two and more equal digests, by first member."""
    groups: Dict[bytes, List[int]] = {}
    for i, digest in enumerate(digests):
        groups.setdefault(digest, []).append(i)
    return [group for group in groups.values() if len(group) > 1]


def prediction_digest(predicted: np.ndarray) -> bytes:
    """SHA-256 of a submission's predictions (uint8 [n])."""
    return hashlib.sha256(np.ascontiguousarray(predicted).tobytes()).digest()


def _candidates(signatures: Sequence[Optional[np.ndarray]]) -> List[Tuple[int, int]]:
    """Pairs that share a band of their signatures and look alike by all of it; bounded per bucket, sorted."""
    present = np.array([i for i, signature in enumerate(signatures) if signature is not None], dtype=np.int64)
    if present.size < 2:
        return []
    table = np.stack([signature for signature in signatures if signature is not None])
    weights = (np.random.RandomState(1).randint(1, 2**62, size=_BAND, dtype=np.int64) | 1).astype(np.uint64)
    pairs: Set[Tuple[int, int]] = set()
    for start in range(0, _BINS, _BAND):
        # wraps modulo 2^64; a collision only costs a comparison
        keys = (table[:, start : start + _BAND].astype(np.uint64) * weights).sum(axis=1, dtype=np.uint64)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        for lag in range(1, _MAX_LINKS + 1):
            same = np.flatnonzero(keys[lag:] == keys[:-lag])
            if not same.size:
                break  # buckets are runs: without a pair at this distance there is none at a larger one
            left, right = order[same], order[same + lag]
            for bins, below in ((_PREVIEW_BINS, _PREVIEW_BELOW), (_BINS, _ESTIMATE_BELOW)):
                alike = (table[left, :bins] == table[right, :bins]).mean(axis=1) >= below
                left, right = left[alike], right[alike]
            pairs.update(zip(present[left].tolist(), present[right].tolist()))
    return sorted(pairs)


def near_pairs(
    labels: np.ndarray, predictions: Sequence[np.ndarray], signatures: Sequence[Optional[np.ndarray]]
) -> List[Dict[str, Any]]:
    """Pairs of near-identical submissions.

    Args:
        labels: uint8 [n], the key.
        predictions: uint8 [n] each, all different.
        signatures: `Signer.signature` of each.

    Returns:
        Dicts: `first`, `second` (indices), `shared_wrong`, `agreement`, `agreement_if_independent`.
    """
    found = []
    for i, j in _candidates(signatures):
        a, b = predictions[i], predictions[j]
        wrong_a, wrong_b, same = a != labels, b != labels, a == b
        both = int(np.count_nonzero(same & wrong_a))
        union = int(np.count_nonzero(wrong_a)) + int(np.count_nonzero(wrong_b)) - both
        if union < MIN_WRONG or both < NEAR_SHARED * union:
            continue
        right_a, right_b = 1.0 - float(wrong_a.mean()), 1.0 - float(wrong_b.mean())
        by_chance = right_a * right_b + (1.0 - right_a) * (1.0 - right_b) / (N_CLASSES - 1)
        found.append(
            {
                "first": i,
                "second": j,
                "shared_wrong": both / union,
                "agreement": float(same.mean()),
                "agreement_if_independent": by_chance,
            }
        )
    return found

"""When are two runs one computation? Settings that change no bit are left out; TensorFlow-free.

Under Q7 and Q9 many rows of `prelu_cnn` have different settings (a schedule that is never stepped, its step size, its
gamma) but compute the same thing: the same learning rate in every epoch, hence, at the same seed, the same variables.
Schedules of this kit look at the epoch's number alone, so the first e epochs of a longer run of one computation ARE the
run of e epochs: one training serves several rows, and no training is done twice.
"""

from __future__ import annotations

import types
from typing import Any, Dict, Mapping, Tuple

from tf1_models.training import schedules

LENGTH = ("epochs", "max_steps")
# How sums are formed, not which: other last bits, nothing else, as another number of threads or another processor.
SUMS = ("convolutions",)
# what schedules.learning_rate reads, at the defaults that `spec.identity` leaves out
_RATE_DEFAULTS: Dict[str, Any] = {
    "learning_rate": None,
    "schedule": "constant",
    "schedule_stepped": True,
    "step_size_epochs": None,
    "milestones_epochs": (),
    "gamma": None,
}


def computation(identity: Mapping[str, Any]) -> Dict[str, Any]:
    """The settings of a run (`spec.identity`) without length, what only steers the rate, and how sums are formed."""
    left_out = (*LENGTH, *_RATE_DEFAULTS, *SUMS)
    return {key: value for key, value in sorted(identity.items()) if key not in left_out}


def without_sums(identity: Mapping[str, Any]) -> Dict[str, Any]:
    """`spec.identity` of a run without the settings that only change how sums are formed."""
    return {key: value for key, value in identity.items() if key not in SUMS}


def rates(identity: Mapping[str, Any], n_epochs: int) -> Tuple[float, ...]:
    """Learning rates of the first epochs."""
    settings = {key: identity.get(key, default) for key, default in _RATE_DEFAULTS.items()}
    row: Any = types.SimpleNamespace(**settings)
    return tuple(schedules.learning_rate(row, epoch) for epoch in range(n_epochs))


def begins_with(longer: Mapping[str, Any], shorter: Mapping[str, Any]) -> bool:
    """Whether the run `longer` passes, at the end of its epoch `shorter["epochs"]`, through the end of `shorter`.

    Args:
        longer: `spec.identity` of a run; may be equal to `shorter`.
        shorter: Of another, not cut by `max_steps`.
    """
    n = shorter["epochs"]
    return (
        shorter.get("max_steps") is None
        and longer["epochs"] >= n
        and computation(longer) == computation(shorter)
        and rates(longer, n) == rates(shorter, n)
    )


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two runs are one computation of one length."""
    return one["epochs"] == other["epochs"] and begins_with(one, other)

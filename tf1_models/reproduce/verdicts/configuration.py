"""What a run did otherwise than a report's row, in words, and which of its variants it is; TensorFlow-free."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

from tf1_models import registry, spec
from tf1_models.spec import Experiment
from tf1_models.training.computation import LENGTH, SUMS, without_sums


def differences(identity: Mapping[str, Any], row: Experiment) -> List[str]:
    """What a run did otherwise than the report's row, in words: shortenings first.

    Args:
        identity: `spec.identity` of the run.
        row: The report's run.
    """
    wanted = spec.identity(row)
    known = {**spec.settings(row)}
    words: List[str] = []
    if identity.get("max_steps") is not None:
        words.append(f"cut after {identity['max_steps']} steps")
    if identity["epochs"] < wanted["epochs"]:
        words.append(f"{identity['epochs']} of {wanted['epochs']} epochs")
    elif identity["epochs"] > wanted["epochs"]:
        words.append(f"{identity['epochs']} epochs, not {wanted['epochs']}")
    for key in sorted(set(identity) | set(wanted)):
        if key in LENGTH or key in SUMS or identity.get(key) == wanted.get(key):
            continue
        # a key that one of the two leaves out stands at its declared default there
        words.append(f"{key} {identity.get(key, 'default')}, not {wanted.get(key, known.get(key))}")
    return words


def variant_of(report: str, identity: Mapping[str, Any]) -> Optional[spec.Variant]:
    """The report's variant that a run with these settings is, if it is one."""
    for variant in registry.experiments_module(report).VARIANTS:
        mine = without_sums(spec.identity(registry.experiment(report, variant.run, variant.overrides)))
        if mine == without_sums(identity):
            return variant
    return None

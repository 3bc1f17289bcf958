"""All mutants, by place."""

from __future__ import annotations

from typing import List

from tests.mutants import (
    augmentation,
    cluster,
    consoles,
    datasets,
    doctor,
    grading,
    graph_parts,
    graphs,
    loop,
    names,
    optimizers,
    saving,
    scoring,
    stopping,
    verdicts,
)
from tests.mutants.mutant import Case, cases

PLACES = {
    "graphs": graphs.GROUPS,
    "parts of graphs": graph_parts.GROUPS,
    "optimizers and schedules": optimizers.GROUPS,
    "stopping and collapse": stopping.GROUPS,
    "loop and steps": loop.GROUPS,
    "augmentation and order": augmentation.GROUPS,
    "data": datasets.GROUPS,
    "saving": saving.GROUPS,
    "scoring": scoring.GROUPS,
    "verdicts": verdicts.GROUPS,
    "grading": grading.GROUPS,
    "names in checkpoints": names.GROUPS,
    "cluster": cluster.GROUPS,
    "consoles": consoles.GROUPS,
    "pins": doctor.GROUPS,
}


def everything() -> List[Case]:
    """Every mutant, place by place."""
    return [case for place, groups in PLACES.items() for case in cases(place, groups)]

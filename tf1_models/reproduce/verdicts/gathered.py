"""What a row's verdict rests on: its draws on the official images, and the noise of its report."""

from __future__ import annotations

import dataclasses
from typing import List, Optional, Sequence

from tf1_models import registry
from tf1_models.reproduce.verdicts import configuration, noise, verdict
from tf1_models.reproduce.verdicts.finished import Draw, FinishedRun, draws_by_seed
from tf1_models.reproduce.verdicts.noise import Noise
from tf1_models.reproduce.verdicts.verdict import Judgement
from tf1_models.spec import Experiment


@dataclasses.dataclass(frozen=True)
class GatheredRow:
    """A row with its draws on the official images; `cut` are runs of that name that are something else than the row."""

    row: Experiment
    draws: List[Draw]
    cut: List[FinishedRun]
    noise: Optional[Noise]


def configurations(report: str) -> List[Experiment]:
    """A report's rows, and its variants as rows."""
    variants = registry.experiments_module(report).VARIANTS
    return [*registry.runs(report), *(registry.experiment(report, v.run, v.overrides) for v in variants)]


def on_images(runs: Sequence[FinishedRun], report: str, images: str = "official") -> List[FinishedRun]:
    """A report's finished runs on one kind of images, see `FinishedRun.images`."""
    return [run for run in runs if run.report == report and run.images() == images]


def gather(row: Experiment, runs: Sequence[FinishedRun], of_report: noise.ReportNoise) -> GatheredRow:
    """A row's draws on the official images; without any, the runs of its name that are something else."""
    draws = draws_by_seed(on_images(runs, row.report), row)
    named = [
        run
        for run in runs
        if (run.report, run.run) == (row.report, row.run)
        and run.images() != "lossy"
        and configuration.variant_of(run.report, run.identity) is None
    ]
    return GatheredRow(row, draws, [] if draws else _largest_group(named), of_report.of(row))


def _largest_group(runs: Sequence[FinishedRun]) -> List[FinishedRun]:
    """Runs of equal settings and images: as many as possible, more epochs before fewer."""
    groups: List[List[FinishedRun]] = []
    for run in runs:
        for group in groups:
            if (run.identity, run.data_digest) == (group[0].identity, group[0].data_digest):
                group.append(run)
                break
        else:
            groups.append([run])
    return max(groups, key=lambda group: (len(group), group[0].epochs), default=[])


def judge(row: GatheredRow, margin: float = verdict.MARGIN) -> Judgement:
    """A row's verdict at a margin (a fraction); collapsed draws are counted apart."""
    kept = [draw.value for draw in row.draws if not draw.collapsed]
    return verdict.judge(row.row.reported, kept, len(row.draws) - len(kept), row.noise, margin)


def has_verdict(row: Experiment) -> bool:
    """Whether a row can have one: the report gives a number, and what was run can be run again."""
    return row.reported.value is not None and row.reported.basis != "unrecoverable"

"""One document out of all finished runs: verdicts by row, variants, families, chance, sensitivity. JSON-ready."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import tf1_models
from tf1_models import registry, spec
from tf1_models.reproduce import configuration, families, intervals, verdict
from tf1_models.reproduce.finished import Draw, FinishedRun, draws_by_seed, final_draw
from tf1_models.reproduce.verdict import Judgement
from tf1_models.spec import Experiment

_SCALES = (("half", 0.5), ("twice", 2.0))


@dataclasses.dataclass(frozen=True)
class _Row:
    """A row with its draws; `cut` are runs of that name that are something else than the row."""

    row: Experiment
    draws: List[Draw]
    images: str
    cut: List[FinishedRun]
    pooled: Optional[Tuple[float, int]]


def build(runs: Sequence[FinishedRun], failures: Sequence[Mapping[str, Any]] = (),
          damaged: Sequence[Mapping[str, str]] = ()) -> Dict[str, Any]:
    """Judges every run of every report.

    Args:
        runs: Finished runs, of any images and settings.
        failures: Records of runs that failed (`folders.read_all`).
        damaged: Folders that could not be read.

    Returns:
        The document of `report --json`; `runs` holds all 79 rows in the order of the reports.
    """
    rows = [_gather(row, runs) for report in registry.REPORTS for row in registry.runs(report)]
    entries = [_entry(row) for row in rows]
    chance, sensitivity = _chance_and_sensitivity(rows, entries)
    groups = []
    for group in families.groups([row.row for row in rows]):
        first = next(row for row in rows if row.row is group[0])
        values = [draw.value for draw in first.draws if not draw.collapsed]
        groups.append(families.verdict(group, values, first.pooled))
    return {
        "schema": 1,
        "tf1_models": tf1_models.__version__,
        "level": verdict.LEVEL,
        "statistics": verdict.__doc__ or "",
        "counts": _counts(entries),
        "runs": entries,
        "variants": _variants(runs),
        "families": groups,
        "chance": chance,
        "sensitivity": sensitivity,
        "failures": [dict(record) for record in failures],
        "damaged": [dict(record) for record in damaged],
        "environments": _environments(runs),
    }


def _gather(row: Experiment, runs: Sequence[FinishedRun]) -> _Row:
    """A row's draws on the best images there are: the official ones, else the recognised lossy copy."""
    relatives = families.relatives(row, registry.runs(row.report))
    pooled = None
    for images in ("official", "lossy"):
        usable = [run for run in runs if run.report == row.report and run.images() == images]
        draws = draws_by_seed(usable, row)
        samples = [draws] + [draws_by_seed(usable, other) for other in relatives]
        pooled = families.pooled_sd(samples) if draws or pooled is None else pooled
        if draws:
            return _Row(row, draws, images, [], pooled)
    named = [
        run for run in runs
        if (run.report, run.run) == (row.report, row.run)
        and configuration.variant_of(run.report, run.identity) is None
    ]
    return _Row(row, [], "", _largest_group(named), pooled)


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


def _judge(row: _Row, factor: float = 1.0) -> Judgement:
    kept = [draw.value for draw in row.draws if not draw.collapsed]
    return verdict.judge(row.row.reported, kept, len(row.draws) - len(kept), row.pooled, factor)


def _has_verdict(row: Experiment) -> bool:
    return row.reported.value is not None and row.reported.basis != "unrecoverable"


def _entry(row: _Row) -> Dict[str, Any]:
    reported = row.row.reported
    entry: Dict[str, Any] = {
        "report": row.row.report,
        "run": row.row.run,
        "metric": reported.metric,
        "reported": reported.value,
        "printed": reported.printed,
        "n_scored": reported.n_scored,
        "binomial_sd": None,
        "rounding_sd": None,
        "basis": reported.basis,
        "assumed": reported.assumed,
        "selection": reported.selection,
        "where": row.row.where,
        "note": row.row.note,
        "epochs": row.row.epochs,
        "batch_size": row.row.batch_size,
        **_measured([], None),
        "verdict": None,
        "outcome": None,
        "reason": "",
        "images": row.images or None,
    }
    if reported.value is not None and reported.n_scored is not None:
        is_count = reported.metric == "test_accuracy"
        entry["binomial_sd"] = intervals.binomial_sd(reported.value, reported.n_scored)
        entry["rounding_sd"] = intervals.rounding_sd(reported.printed, reported.value, reported.n_scored, is_count)
    draws = row.draws or [draw for run in row.cut for draw in [final_draw(run, reported.metric)] if draw is not None]
    entry.update(_measured(draws, None))
    if not _has_verdict(row.row):
        why = "the report gives no number"
        if reported.value is not None:
            why = f"unrecoverable: {reported.assumed} (Q10); our fresh start is no rerun of it"
        entry["reason"] = why
        return entry
    if not row.draws:
        entry["verdict"] = entry["outcome"] = "not comparable" if row.cut else "not run"
        if row.cut:
            words = configuration.differences(row.cut[0].identity, row.row)
            images = row.cut[0].images()
            if row.cut[0].ended_by == "max_steps" and not any("steps" in text for text in words):
                words.insert(0, f"cut after {row.cut[0].epochs} epochs")
            entry["reason"] = "; ".join(words + [images] * (images not in ("official", "lossy"))) or "cut short"
        return entry
    judgement = _judge(row)
    entry.update(_measured(draws, judgement))
    entry["outcome"] = judgement.outcome
    entry["verdict"] = verdict.with_basis_and_images(judgement.outcome, reported, row.images == "lossy")
    hidden = judgement.outcome in ("higher", "lower") and not entry["verdict"].startswith(judgement.outcome)
    parts = (f"ours is {judgement.outcome}" * hidden, judgement.reason, _shared(row))
    entry["reason"] = "; ".join(text for text in parts if text)
    return entry


def _shared(row: _Row) -> str:
    others = sorted({draw.source.run for draw in row.draws} - {row.row.run})
    return f"one computation with {', '.join(others)}: its runs count here" if others else ""


def _measured(draws: Sequence[Draw], judgement: Optional[Judgement]) -> Dict[str, Any]:
    """Mean, sd, n, band and the single values."""
    kept = [draw.value for draw in draws if not draw.collapsed]
    mean, sd = intervals.mean_and_sd(kept)
    measured: Dict[str, Any] = {
        "mean": mean, "sd": sd, "n": len(kept), "collapsed": len(draws) - len(kept), "low": None, "high": None,
        "best_of": None,
        "seeds": [
            {
                "seed": draw.source.seed, "value": draw.value, "collapsed": draw.collapsed, "run": draw.source.run,
                "epoch": draw.epoch, "of_epochs": draw.source.epochs, "folder": draw.source.folder,
            }
            for draw in draws
        ],
    }  # fmt: skip
    if judgement is not None:
        measured.update(mean=judgement.mean, low=judgement.low, high=judgement.high, best_of=judgement.tries)
    return measured


def _chance_and_sensitivity(rows: Sequence[_Row], entries: Sequence[Mapping[str, Any]]
                            ) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    tested = [
        row for row, entry in zip(rows, entries)
        if entry["outcome"] in ("reproduced", "higher", "lower") and entry["low"] is not None
    ]
    expected = sum(verdict.chance_of_miss(row.row.reported) for row in tested)
    missed = sum(_judge(row).outcome != "reproduced" for row in tested)
    lossy = sum(row.images == "lossy" and _judge(row).outcome == "lower" for row in tested)
    chance = {
        "tested": len(tested), "expected_misses": expected, "misses": missed,
        "words": f"{len(tested)} rows were tested against a band; by chance alone {expected:.1f} of them would miss "
                 f"it, {missed} did" + f" ({lossy} of them below, on lossy images: not comparable)" * bool(lossy) + ".",
    }  # fmt: skip
    changed = {
        name: sum(_judge(row, factor).outcome != _judge(row).outcome for row in tested) for name, factor in _SCALES
    }
    words = f"With half the band {changed['half']} verdicts change, with twice the band {changed['twice']}."
    return chance, {**changed, "words": words}


def _counts(entries: Sequence[Mapping[str, Any]]) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for entry in entries:
        name = entry["verdict"] or "no verdict"
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (item[0] in ("not run", "no verdict"), item[0])))


def _variants(runs: Sequence[FinishedRun]) -> List[Dict[str, Any]]:
    """Variants that were run, beside the number of the run that they depart from."""
    found = []
    for report in registry.REPORTS:
        for variant in registry.experiments_module(report).VARIANTS:
            row = registry.experiment(report, variant.run, variant.overrides)
            gathered = _gather(row, [run for run in runs if run.identity == spec.identity(row)])
            if not gathered.draws:
                continue
            judgement = _judge(gathered) if _has_verdict(row) else None
            found.append({
                "report": report, "variant": variant.name, "run": variant.run, "why": variant.why,
                "metric": row.reported.metric, "reported": row.reported.value,
                **_measured(gathered.draws, judgement), "images": gathered.images,
                "outcome": judgement.outcome if judgement else None,
                "verdict": judgement and verdict.with_basis_and_images(judgement.outcome, row.reported,
                                                                       gathered.images == "lossy"),
                "reason": judgement.reason if judgement else "the report gives no number",
            })  # fmt: skip
    return found


def _environments(runs: Sequence[FinishedRun]) -> List[Dict[str, Any]]:
    """Distinct (versions, images) with the number of runs made there."""
    found: List[Dict[str, Any]] = []
    for run in runs:
        place = {"data": run.data, "data_digest": run.data_digest, "images": run.images(), **run.versions}
        for known in found:
            if {key: value for key, value in known.items() if key != "runs"} == place:
                known["runs"] += 1
                break
        else:
            found.append({**place, "runs": 1})
    return found

"""One document out of all finished runs: verdicts by row, variants, families, chance, sensitivity. JSON-ready."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

import tf1_models
from tf1_models import registry, spec
from tf1_models.reproduce.verdicts import (
    claims,
    configuration,
    explanations,
    families,
    intervals,
    noise,
    readings,
    verdict,
)
from tf1_models.reproduce.verdicts.chance import chance, sensitivity
from tf1_models.reproduce.verdicts.finished import Draw, FinishedRun, draws_by_seed, final_draw
from tf1_models.reproduce.verdicts.gathered import GatheredRow, configurations, gather, has_verdict, judge, on_images
from tf1_models.reproduce.verdicts.verdict import Judgement
from tf1_models.training import computation


def build(
    runs: Sequence[FinishedRun], failures: Sequence[Mapping[str, Any]] = (), damaged: Sequence[Mapping[str, str]] = ()
) -> Dict[str, Any]:
    """Judges every run of every report.

    Args:
        runs: Finished runs, of any images and settings.
        failures: Records of runs that failed (`folders.read_all`).
        damaged: Folders that could not be read.

    Returns:
        The document of `report --json`; `runs` holds all 79 rows in the order of the reports.
    """
    of_report = {
        report: noise.of_report(configurations(report), on_images(runs, report)) for report in registry.REPORTS
    }
    rows = [gather(row, runs, of_report[report]) for report in registry.REPORTS for row in registry.runs(report)]
    entries = [_entry(row) for row in rows]
    groups = []
    for group in families.groups([row.row for row in rows]):
        first = next(row for row in rows if row.row is group[0])
        values = [draw.value for draw in first.draws if not draw.collapsed]
        groups.append(families.verdict(group, values, first.noise))
    variants = _variants(runs, of_report)
    return {
        "schema": 1,
        "tf1_models": tf1_models.__version__,
        "level": verdict.LEVEL,
        "margin": verdict.MARGIN,
        "statistics": verdict.__doc__ or "",
        "counts": _counts(entries),
        "runs": entries,
        "variants": variants,
        "noise": [text for report, one in of_report.items() for text in [one.words(report)] if text],
        "families": groups,
        "claims": claims.judge_all(rows),
        "readings": readings.compare_all(entries, variants),
        "explanations": explanations.explain_all(rows, entries, variants),
        "chance": chance(rows, entries, of_report),
        "sensitivity": sensitivity(rows, entries),
        "lossy": _lossy(runs),
        "failures": [dict(record) for record in failures],
        "damaged": [dict(record) for record in damaged],
        "environments": _environments(runs),
    }


def _entry(row: GatheredRow) -> Dict[str, Any]:
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
        "images": "official" if row.draws else None,
    }
    if reported.value is not None and reported.n_scored is not None:
        is_count = reported.metric == "test_accuracy"
        entry["binomial_sd"] = intervals.binomial_sd(reported.value, reported.n_scored)
        entry["rounding_sd"] = intervals.rounding_sd(reported.printed, reported.value, reported.n_scored, is_count)
    draws = row.draws or [draw for run in row.cut for draw in [final_draw(run, reported.metric)] if draw is not None]
    entry.update(_measured(draws, None))
    if not has_verdict(row.row):
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
            entry["reason"] = "; ".join(words + [images] * (images != "official")) or "cut short"
        return entry
    judgement = judge(row)
    entry.update(_measured(draws, judgement))
    entry["outcome"] = judgement.outcome
    entry["verdict"] = verdict.with_basis(judgement.outcome, reported)
    ours_is = f"ours is {judgement.outcome}" if judgement.outcome in ("higher", "lower") else ""
    entry["reason"] = "; ".join(text for text in (ours_is, judgement.reason, _shared(row), _sums(row)) if text)
    return entry


def _shared(row: GatheredRow) -> str:
    others = sorted({draw.source.run for draw in row.draws} - {row.row.run})
    return f"one computation with {', '.join(others)}: its runs count here" if others else ""


def _sums(row: GatheredRow) -> str:
    """Says when the runs form their sums otherwise than the report's row does, which makes no other computation."""
    settings = sorted(
        {
            f"{key}={draw.source.identity[key]}"
            for draw in row.draws
            for key in computation.SUMS
            if draw.source.identity.get(key) != spec.identity(row.row).get(key) and key in draw.source.identity
        }
    )
    return f"sums formed by {', '.join(settings)}" if settings else ""


def _measured(draws: Sequence[Draw], judgement: Optional[Judgement]) -> Dict[str, Any]:
    """Mean, sd, n, band and the single values."""
    kept = [draw.value for draw in draws if not draw.collapsed]
    mean, sd = intervals.mean_and_sd(kept)
    measured: Dict[str, Any] = {
        "mean": mean,
        "sd": sd,
        "n": len(kept),
        "collapsed": len(draws) - len(kept),
        "low": None,
        "high": None,
        "deviation": None,
        "half_width": None,
        "best_of": None,
        "more_seeds": None,
        "seeds": [
            {
                "seed": draw.source.seed,
                "value": draw.value,
                "collapsed": draw.collapsed,
                "run": draw.source.run,
                "epoch": draw.epoch,
                "of_epochs": draw.source.epochs,
                "folder": draw.source.folder,
                "variables_sha256": draw.source.variables_sha256,
            }
            for draw in draws
        ],
    }
    if judgement is not None:
        measured.update(
            mean=judgement.mean,
            low=judgement.low,
            high=judgement.high,
            best_of=judgement.tries,
            deviation=judgement.deviation,
            half_width=judgement.half_width,
            more_seeds=judgement.more_seeds,
        )
    return measured


def _lossy(runs: Sequence[FinishedRun]) -> List[Dict[str, Any]]:
    """What was run on the JPEG copy, beside the reported numbers, without any verdict."""
    found = []
    for report in registry.REPORTS:
        usable = on_images(runs, report, "lossy")
        variants = {
            v.name: registry.experiment(report, v.run, v.overrides)
            for v in registry.experiments_module(report).VARIANTS
        }
        named = [(row.run, row) for row in registry.runs(report)] + list(variants.items())
        for name, row in named:
            draws = draws_by_seed(usable, row)
            if draws:
                found.append(
                    {
                        "report": report,
                        "run": name,
                        "metric": row.reported.metric,
                        "reported": row.reported.value,
                        **_measured(draws, None),
                    }
                )
    return found


def _counts(entries: Sequence[Mapping[str, Any]]) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for entry in entries:
        name = entry["verdict"] or "no verdict"
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (item[0] in ("not run", "no verdict"), item[0])))


def _variants(runs: Sequence[FinishedRun], of_report: Mapping[str, noise.ReportNoise]) -> List[Dict[str, Any]]:
    """Variants whose computation was run, under whatever name, beside the number of the run that they depart from.

    One that is its row's own computation (Q11: a schedule that never fires, stepped) says nothing and is left out.
    """
    found = []
    for report in registry.REPORTS:
        for variant in registry.experiments_module(report).VARIANTS:
            row = registry.experiment(report, variant.run, variant.overrides)
            gathered = gather(row, runs, of_report[report])
            departs_from = registry.experiment(report, variant.run, {})
            if not gathered.draws or computation.same(spec.identity(row), spec.identity(departs_from)):
                continue
            judgement = judge(gathered) if has_verdict(row) else None
            found.append(
                {
                    "report": report,
                    "variant": variant.name,
                    "run": variant.run,
                    "why": variant.why,
                    "metric": row.reported.metric,
                    "reported": row.reported.value,
                    **_measured(gathered.draws, judgement),
                    "images": "official",
                    "outcome": judgement.outcome if judgement else None,
                    "verdict": judgement and verdict.with_basis(judgement.outcome, row.reported),
                    "reason": judgement.reason if judgement else "the report gives no number",
                }
            )
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

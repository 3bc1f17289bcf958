"""The results page: one HTML file that needs no network, from the same document as the tables.

What stands where is in results.html.j2; here its charts are drawn and its rows collected. Without matplotlib the page
has no charts and says so.
"""

from __future__ import annotations

import base64
from typing import Any, Dict, List, Mapping, Optional, Sequence
from urllib.parse import quote

from tf1_models import registry
from tf1_models.classes import CIFAR10_CLASSES, DIGITS_CLASSES
from tf1_models.output import inline_svg, pages
from tf1_models.reproduce.page import charts, tables
from tf1_models.reproduce.reported_logs import Logged
from tf1_models.reproduce.verdicts.folders import Finished

# report's quantity -> (our line of metrics.jsonl, y axis); the last is compared with our epoch's mean
_QUANTITIES = {
    "epoch_loss_sum": ("loss_sum", "loss, summed over the epoch"),
    "batch_accuracy": ("train_accuracy", "training accuracy: the report's batch, our epoch"),
    "batch_loss": ("loss", "loss: the report's batch, our epoch's mean"),
    "first_batch_loss": ("loss", "loss: the report's first batch, our epoch's mean"),
    "loss": ("loss", "loss, our epoch's mean"),
}
Charts = List[Optional[inline_svg.Chart]]


def kind(outcome: Optional[str]) -> str:
    """CSS class of an outcome."""
    return {"reproduced": "good", "higher": "up", "lower": "bad", "inconclusive": "open"}.get(outcome or "", "none")


def _logged_charts(name: str, logged: Sequence[Logged], runs: Sequence[Finished]) -> Charts:
    """Our curve of each quantity that the report logged, with the report's printed values as rings."""
    found: Charts = []
    for quantity, (key, y_label) in _QUANTITIES.items():
        places = [entry for entry in logged if entry.quantity == quantity]
        if not places:
            continue
        by_step = any(entry.step for entry in places)
        x_key = "step" if by_step else "epoch"
        points = [(float(x), entry.value) for entry in places for x in [getattr(entry, x_key)] if x is not None]
        nowhere = [entry for entry in places if getattr(entry, x_key) is None]
        series = [charts.Series("report", points, dots=True)]
        for run in runs[: inline_svg.N_COLORS - 1]:
            line = [(float(row[x_key]), float(row[key])) for row in run.lines]
            series.append(charts.Series(f"ours, {run.run.run} seed {run.run.seed}", line))
        title = f"{name}: {quantity.replace('_', ' ')}"
        if nowhere:
            title += f"; {len(nowhere)} more values in the report, at epochs that it does not say"
        found.append(charts.curves(title, series, x_key, y_label))
    return found


def _score_chart(
    runs: Sequence[Finished], title: str = "accuracy by epoch", faint: bool = False
) -> Optional[inline_svg.Chart]:
    series = []
    names = list(dict.fromkeys(run.run.run for run in runs))
    for run in runs:
        points = [(float(line["epoch"]), 100.0 * float(line["accuracy"])) for line in run.lines]
        label = run.run.run if faint else f"{run.run.run} seed {run.run.seed}"
        series.append(charts.Series(label, points, False, faint, names.index(run.run.run) if faint else None))
    where = sorted({run.run.eval_split for run in runs if run.run.eval_split})
    return charts.curves(title, series, "epoch", f"{' or '.join(where)} accuracy, %")


def _matrix(entry: Mapping[str, Any], runs: Sequence[Finished]) -> Optional[Dict[str, Any]]:
    """Confusion matrix of a row's first run: `caption`, `names` and `rows` of (name, ten of (count, share))."""
    split = "dev" if entry["metric"].startswith("dev") else "test"
    if not runs or split not in runs[0].confusion:
        return None
    names = DIGITS_CLASSES if runs[0].run.data == "digits" else CIFAR10_CLASSES
    rows = [
        (name, [(count, count / max(sum(counts), 1)) for count in counts])
        for name, counts in zip(names, runs[0].confusion[split])
    ]
    return {"caption": f"{split}, seed {runs[0].run.seed}", "names": names, "rows": rows}


def _row(
    entry: Mapping[str, Any], logged: Sequence[Logged], by_folder: Mapping[str, Finished], with_charts: bool
) -> Dict[str, Any]:
    mine = [by_folder[seed["folder"]] for seed in entry["seeds"] if seed["folder"] in by_folder]
    drawn = [*_logged_charts(entry["run"], logged, mine), _score_chart(mine)] if with_charts else []
    said = [(key, entry[key]) for key in ("where", "printed", "note", "basis", "assumed") if entry[key]]
    return {**entry, "said": said, "charts": drawn, "matrix": _matrix(entry, mine)}


def _section(
    report: str,
    document: Mapping[str, Any],
    logs: Mapping[str, Sequence[Logged]],
    finished: Sequence[Finished],
    with_charts: bool,
) -> Dict[str, Any]:
    """A report: `report`, `words`, `chart` of all its runs, and its rows, `run` and `rest`."""
    by_folder = {one.run.folder: one for one in finished}
    entries = [entry for entry in document["runs"] if entry["report"] == report]
    rows = [_row(entry, logs.get(f"{report}/{entry['run']}", ()), by_folder, with_charts) for entry in entries]
    was_run = [bool(row["n"] or row["collapsed"] or row["seeds"]) for row in rows]
    mine = [one for one in finished if one.run.report == report]
    return {
        "report": report,
        "words": f"{tables.METRIC_WORDS[entries[0]['metric']]}. {registry.experiments_module(report).TITLE}",
        "chart": _score_chart(mine, f"{report}: all runs", faint=True) if with_charts else None,
        "run": [row for row, was in zip(rows, was_run) if was],
        "rest": [row for row, was in zip(rows, was_run) if not was],
    }


def _scatters(document: Mapping[str, Any]) -> Charts:
    pairs = [
        charts.Pair(f"{e['report']} / {e['run']}", e["reported"], e["mean"], e["low"], e["high"], kind(e["outcome"]))
        for e in document["runs"]
        if e["reported"] is not None and e["mean"] is not None and e["images"]
    ]
    upper = [pair for pair in pairs if pair.reported > 0.65]
    found = [charts.scatter("Reported against ours: reproduced where the bar crosses the diagonal", pairs)]
    return found if len(upper) == len(pairs) else [*found, charts.scatter("The upper end of it", upper)]


def render(
    document: Mapping[str, Any],
    finished: Sequence[Finished],
    logs: Dict[str, List[Logged]],
    picture: Optional[bytes] = None,
) -> str:
    """The page.

    Args:
        document: From `summary.build`.
        finished: The runs, with their curves and confusion matrices.
        logs: From `reported_logs.read`.
        picture: A PNG of `overview.png`, for the top.

    Returns:
        One HTML document; links to run folders are relative to the folder that it is written to.

    Raises:
        MachineError: jinja2 is not installed.
    """
    no_charts = inline_svg.missing()
    return pages.render(
        "reproduce/page/results.html.j2",
        document=document,
        headline=tables.headline(document),
        picture=None if picture is None else base64.b64encode(picture).decode("ascii"),
        no_charts=no_charts,
        scatters=[] if no_charts else _scatters(document),
        sections=[_section(report, document, logs, finished, no_charts is None) for report in registry.REPORTS],
        closing=tables.closing_lines(document),
        explanations_head=tables.EXPLANATIONS,
        rules=[" ".join(text.split()) for text in document["statistics"].strip().split("\n\n")],
        percent=tables.percent,
        ours=tables.ours,
        deviation=tables.deviation,
        half_width=tables.half_width,
        kind=kind,
        quote=quote,
    )

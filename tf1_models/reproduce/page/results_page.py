"""The results page: one HTML file that needs no network, from the same document as the tables."""

from __future__ import annotations

import base64
import html
from typing import Any, Dict, List, Mapping, Optional, Sequence
from urllib.parse import quote

from tf1_models import registry
from tf1_models.classes import CIFAR10_CLASSES, DIGITS_CLASSES
from tf1_models.reproduce.page import charts, tables
from tf1_models.reproduce.page.page_parts import SCRIPT, STYLE
from tf1_models.reproduce.reported_logs import Logged
from tf1_models.reproduce.verdicts.folders import Finished

_HEAD = (
    ("run", ""),
    ("epochs", "n"),
    ("reported, %", "n"),
    ("ours, % (seeds)", "n"),
    ("deviation", "n"),
    ("half-width", "n"),
    ("verdict", ""),
    ("why", ""),
)
# report's quantity -> (our line of metrics.jsonl, y axis); the last is compared with our epoch's mean
_QUANTITIES = {
    "epoch_loss_sum": ("loss_sum", "loss, summed over the epoch"),
    "batch_accuracy": ("train_accuracy", "training accuracy: the report's batch, our epoch"),
    "batch_loss": ("loss", "loss: the report's batch, our epoch's mean"),
    "first_batch_loss": ("loss", "loss: the report's first batch, our epoch's mean"),
    "loss": ("loss", "loss, our epoch's mean"),
}


def _e(text: Any) -> str:
    return html.escape(str(text), quote=True)


def kind(outcome: Optional[str]) -> str:
    """CSS class of an outcome."""
    return {"reproduced": "good", "higher": "up", "lower": "bad", "inconclusive": "open"}.get(outcome or "", "none")


def _row(entry: Mapping[str, Any]) -> str:
    name = f'<a href="#{_e(entry["report"])}-{_e(entry["run"])}">{_e(entry["run"])}</a>'

    def cell(label: str, text: str, value: Optional[float]) -> str:
        return f'<td class="n" data-label="{label}" data-v="{"" if value is None else value}">{_e(text)}</td>'

    outcome = entry["outcome"]
    return (
        f"<tr><td>{name}</td>"
        + cell("epochs", str(entry["epochs"]), entry["epochs"])
        + cell("reported", tables.percent(entry["reported"]), entry["reported"])
        + cell("ours", tables.ours(entry), entry["mean"])
        + cell("deviation", tables.deviation(entry), entry["deviation"])
        + cell("half-width", tables.half_width(entry), entry["half_width"])
        + f'<td class="{kind(outcome)}">{_e(entry["verdict"] or "none")}</td>'
        + f'<td class="why">{_e(entry["reason"])}</td></tr>'
    )


def _table(head: Sequence["tuple[str, str]"], rows: Sequence[str]) -> str:
    cells = "".join(
        f'<th class="{word}" scope="col"><button type="button">{_e(text)}</button></th>' for text, word in head
    )
    return (
        f'<div class="wide"><table class="sortable"><thead><tr>{cells}</tr></thead><tbody>{"".join(rows)}</tbody>'
        "</table></div>"
    )


def _confusion(matrix: Sequence[Sequence[int]], names: Sequence[str], caption: str) -> str:
    rows = []
    for name, counts in zip(names, matrix):
        total = max(sum(counts), 1)
        cells = "".join(f'<td style="--a:{count / total:.2f}">{count}</td>' for count in counts)
        rows.append(f'<tr><th scope="row">{_e(name)}</th>{cells}</tr>')
    head = "".join(f'<th scope="col">{_e(name[:5])}</th>' for name in names)
    return (
        f'<div class="wide"><table class="matrix"><caption class="dim">{_e(caption)}; rows: true class</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _logged_charts(name: str, logged: Sequence[Logged], runs: Sequence[Finished]) -> str:
    """Our curve of each quantity that the report logged, with the report's printed values as rings."""
    parts = []
    for quantity, (key, y_label) in _QUANTITIES.items():
        places = [entry for entry in logged if entry.quantity == quantity]
        if not places:
            continue
        by_step = any(entry.step for entry in places)
        x_key = "step" if by_step else "epoch"
        points = [(float(x), entry.value) for entry in places for x in [getattr(entry, x_key)] if x is not None]
        nowhere = [entry for entry in places if getattr(entry, x_key) is None]
        series = [charts.Series("report", points, dots=True)]
        for run in runs[: charts.N_COLORS - 1]:
            line = [(float(row[x_key]), float(row[key])) for row in run.lines]
            series.append(charts.Series(f"ours, {run.run.run} seed {run.run.seed}", line))
        title = f"{name}: {quantity.replace('_', ' ')}"
        if nowhere:
            title += f"; {len(nowhere)} more values in the report, at epochs that it does not say"
        parts.append(charts.curves(title, series, x_key, y_label))
    return "".join(parts)


def _details(entry: Mapping[str, Any], logged: Sequence[Logged], by_folder: Mapping[str, Finished]) -> str:
    mine = [by_folder[seed["folder"]] for seed in entry["seeds"] if seed["folder"] in by_folder]
    said = [(key, entry[key]) for key in ("where", "printed", "note", "basis", "assumed") if entry[key]]
    parts = ["<p>" + "; ".join(f"{key}: {_e(text)}" for key, text in said) + ".</p>"]
    if entry["binomial_sd"] is not None:
        noise, rounding = tables.percent(entry["binomial_sd"]), tables.percent(entry["rounding_sd"], 3)
        parts.append(
            f"<p>Reported value: binomial sd {noise} points over {entry['n_scored']:,} images, rounding sd "
            f"{rounding}.</p>"
        )
    links = []
    for seed in entry["seeds"]:
        text = f"seed {seed['seed']}: {tables.percent(seed['value'])} %" + (" (collapsed)" if seed["collapsed"] else "")
        if seed["epoch"] != seed["of_epochs"]:
            text += f", epoch {seed['epoch']} of {seed['of_epochs']}"
        if seed["run"] != entry["run"]:
            text += f", trained as {seed['run']}"
        link = f'<a href="{_e(quote(seed["folder"]))}/">run folder</a>' if seed["folder"] else "recorded"
        links.append(f"<li>{_e(text)} ({link})</li>")
    parts.append(f"<ul>{''.join(links)}</ul>" if links else "<p>Not run.</p>")
    if mine or logged:
        parts.append(f'<div class="figures">{_logged_charts(entry["run"], logged, mine)}{_score_chart(mine)}</div>')
    if mine:
        split = "dev" if entry["metric"].startswith("dev") else "test"
        names = DIGITS_CLASSES if mine[0].run.data == "digits" else CIFAR10_CLASSES
        if split in mine[0].confusion:
            parts.append(_confusion(mine[0].confusion[split], names, f"{split}, seed {mine[0].run.seed}"))
    verdict = entry["verdict"] or "no verdict"
    summary = f'{_e(entry["run"])}: <span class="{kind(entry["outcome"])}">{_e(verdict)}</span>'
    place = f"{_e(entry['report'])}-{_e(entry['run'])}"
    return f'<details id="{place}"><summary>{summary}</summary>{"".join(parts)}</details>'


def _score_chart(runs: Sequence[Finished], title: str = "accuracy by epoch", faint: bool = False) -> str:
    series = []
    names = list(dict.fromkeys(run.run.run for run in runs))
    for run in runs:
        points = [(float(line["epoch"]), 100.0 * float(line["accuracy"])) for line in run.lines]
        label = run.run.run if faint else f"{run.run.run} seed {run.run.seed}"
        series.append(charts.Series(label, points, False, faint, names.index(run.run.run) if faint else None))
    where = sorted({run.run.eval_split for run in runs if run.run.eval_split})
    return charts.curves(title, series, "epoch", f"{' or '.join(where)} accuracy, %")


def _section(
    report: str, document: Mapping[str, Any], logs: Mapping[str, Sequence[Logged]], finished: Sequence[Finished]
) -> str:
    entries = [entry for entry in document["runs"] if entry["report"] == report]
    by_folder = {one.run.folder: one for one in finished}
    overlay = _score_chart([one for one in finished if one.run.report == report], f"{report}: all runs", faint=True)
    words = f"{tables.METRIC_WORDS[entries[0]['metric']]}. {registry.experiments_module(report).TITLE}"
    run = [entry for entry in entries if entry["n"] or entry["collapsed"] or entry["seeds"]]
    rest = [entry for entry in entries if entry not in run]
    shown = [
        _table(_HEAD, [_row(entry) for entry in part])
        + "".join(_details(entry, logs.get(f"{report}/{entry['run']}", ()), by_folder) for entry in part)
        for part in (run, rest)
    ]
    folded = f"<details><summary>{len(rest)} of {len(entries)} rows not run</summary>{shown[1]}</details>"
    return (
        f'<section id="{report}"><h2>{report}</h2><p class="dim">{_e(words)}</p>'
        f'<div class="figures">{overlay}</div>{shown[0] if run else ""}{folded if rest else ""}</section>'
    )


def _variants(document: Mapping[str, Any]) -> str:
    if not document["variants"]:
        return ""
    head = (
        ("variant", ""),
        ("beside", ""),
        ("reported there, %", "n"),
        ("ours, % (seeds)", "n"),
        ("deviation", "n"),
        ("half-width", "n"),
        ("verdict", ""),
        ("what it decides", ""),
    )
    rows = [
        f"<tr><td>{_e(v['report'])} / {_e(v['variant'])}</td><td>{_e(v['run'])}</td>"
        f'<td class="n" data-v="{v["reported"] or ""}">{tables.percent(v["reported"])}</td>'
        f'<td class="n" data-v="{v["mean"] or ""}">{_e(tables.ours(v))}</td>'
        f'<td class="n">{_e(tables.deviation(v))}</td>'
        f'<td class="n">{_e(tables.half_width(v))}</td>'
        f'<td class="{kind(v["outcome"])}">{_e(v["verdict"] or "none")}</td><td class="why">{_e(v["why"])}</td></tr>'
        for v in document["variants"]
    ]
    return f'<section id="variants"><h2>Variants</h2>{_table(head, rows)}</section>'


def _failures(document: Mapping[str, Any]) -> str:
    lines = [f"<li><code>{_e(f['folder'])}</code>: {_e(f['message'])}</li>" for f in document["failures"]]
    lines += [f"<li><code>{_e(f['folder'])}</code>: {_e(f['why'])}</li>" for f in document["damaged"]]
    return f'<section id="failed"><h2>Failed</h2><ul>{"".join(lines)}</ul></section>' if lines else ""


def _pairs(place: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in place.items())


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
    """
    pairs = [
        charts.Pair(f"{e['report']} / {e['run']}", e["reported"], e["mean"], e["low"], e["high"], kind(e["outcome"]))
        for e in document["runs"]
        if e["reported"] is not None and e["mean"] is not None and e["images"]
    ]
    upper = [pair for pair in pairs if pair.reported > 0.65]
    upper = [] if len(upper) == len(pairs) else upper
    counts = "".join(f"<li><b>{n}</b> {_e(name)}</li>" for name, n in document["counts"].items())
    links = "".join(f'<a href="#{report}">{report}</a>' for report in registry.REPORTS)
    closing = "".join(f"<p>{_e(line)}</p>" for line in tables.closing_lines(document))
    top = f"<p><b>{_e(tables.headline(document))}</b></p>"
    if picture is not None:
        encoded = base64.b64encode(picture).decode("ascii")
        image = f'<img alt="reported beside ours" src="data:image/png;base64,{encoded}">'
        top += f'<figure class="overview">{image}</figure>'
    places = "".join(f"<li>{_e(_pairs(place))}</li>" for place in document["environments"])
    rules = "".join(f"<p>{_e(' '.join(text.split()))}</p>" for text in document["statistics"].strip().split("\n\n"))
    diagonal = "Reported against ours: reproduced where the bar crosses the diagonal"
    sections = "".join(_section(report, document, logs, finished) for report in registry.REPORTS)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>tf1_models: reported and reproduced</title><style>{STYLE}</style></head><body>
<h1>Reported and reproduced</h1><p class="dim">tf1_models {_e(document["tf1_models"])}, level {document["level"]}</p>
{top}<nav>{links}<a href="#groups">groups of rows</a><a href="#statistics">how a number is judged</a></nav>
<ul class="counts">{counts}</ul>
<div class="figures">{charts.scatter(diagonal, pairs)}{charts.scatter("The upper end of it", upper)}</div>
{_failures(document)}{sections}{_variants(document)}
<section id="groups"><h2>What groups of rows say</h2>{closing}</section>
<section id="environment"><h2>Environment and data</h2><ul>{places or "<li>nothing was run</li>"}</ul></section>
<section id="statistics"><h2>How a number is judged</h2>{rules}</section>
<script>{SCRIPT}</script></body></html>
"""

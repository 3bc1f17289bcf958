"""Tables and the page, from run folders that the test makes; and whether the README's tables are current."""

from __future__ import annotations

import csv
import html.parser
import io
import os
import re
import sys
from typing import Any, List, Tuple
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.reproduce import simulate_rules
from tests.reproduce.fake_runs import write_run
from tf1_models import registry
from tf1_models.errors import InputError
from tf1_models.output import inline_svg
from tf1_models.output.markdown import find_block, write_block
from tf1_models.reproduce import records, reported_logs
from tf1_models.reproduce.page import charts, overview, results_page, tables, writing
from tf1_models.reproduce.verdicts import folders, summary

PAGE = os.path.join(ROOT, "tf1_models", "reproduce", "README.md")
VOID = {"meta", "img", "path"}


class Checker(html.parser.HTMLParser):
    """Balanced tags, ids, links and anything that would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: List[str] = []
        self.ids: List[str] = []
        self.links: List[str] = []
        self.fetched: List[Tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        found = dict(attrs)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found["href"])
        for key in ("src", "href"):
            if tag != "a" and key in found and not found[key].startswith("data:"):
                self.fetched.append((tag, found[key]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        assert tag in VOID

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def write_runs_of_four_reports(root: Any) -> None:
    for seed in range(3):
        write_run(root, "prelu_cnn", "final", seed, 0.770 + 0.003 * seed)
        write_run(root, "nine_conv", "shallow", 51 + seed, 0.50 + 0.01 * seed)
        write_run(root, "course_models", "model2", seed, 0.60 + 0.01 * seed)
    write_run(root, "bn_cnn", "final", 0, 0.4, words={"epochs": "2"})
    write_run(root, "prelu_cnn", "exponential_lr", 0, 0.4, words={"schedule_stepped": "true"})
    broken = os.path.join(str(root), "bn_cnn", "no_dropout_100", "x")
    folders.write_failure(broken, {"schema": 1, "message": "<b>disk</b> & full"})


@pytest.fixture(scope="module")
def made(tmp_path_factory: Any) -> Any:
    root = tmp_path_factory.mktemp("runs")
    write_runs_of_four_reports(root)
    found = folders.read_all(str(root))
    document = summary.build([one.run for one in found.finished], found.failures, found.damaged)
    picture = writing.picture_of(document)
    assert picture is not None
    return root, document, results_page.render(document, found.finished, reported_logs.read(), picture)


def test_the_page_is_well_formed_and_fetches_nothing(made: Any) -> None:
    _, _, text = made
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == [] and checker.fetched == []
    assert len(set(checker.ids)) == len(checker.ids)
    assert not re.search(r"https?://|@import|url\(", text)
    missing = [link for link in checker.links if link.startswith("#") and link[1:] not in checker.ids]
    assert not missing


def test_every_row_has_a_line_and_links_lead_to_run_folders(made: Any) -> None:
    root, document, text = made
    checker = Checker()
    checker.feed(text)
    assert all(f"{e['report']}-{e['run']}" in checker.ids for e in document["runs"])
    relative = [link for link in checker.links if not link.startswith("#")]
    assert relative and all(os.path.isdir(os.path.join(str(root), link)) for link in relative)


def test_the_page_shows_failures_escaped(made: Any) -> None:
    _, document, text = made
    assert "&lt;b&gt;disk&lt;/b&gt; &amp; full" in text and "<b>disk" not in text
    assert "not run" in text and "2 of 30 epochs" in text and "exponential_lr_stepped" in text
    assert "binomial" in text and document["chance"]["words"] in text


def test_no_text_of_the_document_becomes_markup(made: Any) -> None:
    _, document, _ = made
    evil = "<script>alert(1)</script>\"'"
    hostile = {
        **document,
        "tf1_models": evil,
        "counts": {evil: 1},
        "environments": [{evil: evil}],
        "failures": [{"folder": evil, "message": evil}],
        "damaged": [{"folder": evil, "why": evil}],
        "runs": [
            {**e, "reason": evil, "note": evil, "verdict": evil, "seeds": [{**one, "run": evil} for one in e["seeds"]]}
            for e in document["runs"]
        ],
        "variants": [{**e, "variant": evil, "why": evil} for e in document["variants"]],
        "statistics": evil,
    }
    text = results_page.render(hostile, [], reported_logs.read())
    assert text.count("<script>") == 1 and "<script>alert" not in text and text.count("&lt;script&gt;alert") > 250
    checker = Checker()
    checker.feed(text)
    assert checker.open == [] and checker.fetched == []


def test_without_matplotlib_the_page_has_no_charts_and_says_so(monkeypatch: Any, made: Any) -> None:
    _, document, with_charts = made
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    text = results_page.render(document, [], reported_logs.read())
    assert "<svg" not in text and "No charts: matplotlib is missing" in text and "No charts" not in with_charts


def test_reported_points_lie_beside_our_curves(made: Any) -> None:
    _, _, text = made
    section = text[text.index('id="nine_conv-shallow"') :]
    section = section[: section.index("</details>")]
    assert section.count('class="c0 said"') >= 15  # the fifteen epoch sums, and the legend's ring
    assert "epoch loss sum (log scale)" in section and len(re.findall(r'<g class="c\d line">', section)) >= 3
    course = text[text.index('id="course_models-model2"') :]
    assert "batch accuracy" in course[: course.index("</details>")]
    final = text[text.index('id="prelu_cnn-final"') :]
    assert "19 more values in the report, at epochs that it does not say" in final[: final.index("</details>")]


def test_markdown_and_csv_hold_all_rows(made: Any) -> None:
    _, document, _ = made
    text = tables.markdown(document)
    assert sum(line.startswith("| ") for line in text.splitlines()) >= 79 + 5
    for line in text.splitlines():
        if line.startswith("| "):
            assert line.endswith(" |")
    rows = list(csv.DictReader(io.StringIO(tables.csv_text(document))))
    assert len(rows) == 79 and rows[0]["report"] == "course_models"
    final = next(row for row in rows if (row["report"], row["run"]) == ("prelu_cnn", "final"))
    assert float(final["mean"]) == pytest.approx(0.773, abs=1e-4) and final["verdict"] == "reproduced"


def test_an_axis_has_round_ticks_inside() -> None:
    for values in ([0.0, 1.0], [75.87, 3372.0], [0.5, 0.5], [-3.0, 12.0], [0.7601, 0.7602]):
        chart = charts.curves("x", [charts.Series("y", list(enumerate(values)))], "epoch", "loss")
        assert chart is not None and chart.caption == ("x (log scale)" if values[1] > 20 * values[0] > 0 else "x")
        texts = list(ElementTree.fromstring(chart.svg).iter("text"))
        for anchor, place, room in (("middle", "x", inline_svg.WIDTH_PX), ("end", "y", inline_svg.HEIGHT_PX)):
            marks = [one for one in texts if one.get("class") == "tick" and one.get("text-anchor") == anchor]
            assert 2 <= len(marks) <= 12 and all(0 < float(one.get(place) or 0) < room for one in marks)
            assert all(len(f"{float(one.text or ''):.6g}") <= 8 for one in marks)
    assert charts.curves("empty", [], "x", "y") is None and charts.scatter("empty", []) is None


def test_the_logs_are_of_known_runs_and_all_are_drawn() -> None:
    logs = reported_logs.read()
    assert sum(len(values) for values in logs.values()) == 272
    known = {f"{report}/{row.run}" for report in registry.REPORTS for row in registry.runs(report)}
    assert set(logs) <= known
    quantities = {entry.quantity for values in logs.values() for entry in values}
    assert quantities - {"samples_per_s"} == set(results_page._QUANTITIES)


def test_the_readme_block_is_rewritten_between_its_markers(tmp_path: Any, made: Any) -> None:
    _, document, _ = made
    path = str(tmp_path / "README.md")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("before\n\n<!-- results:begin -->\nold\n<!-- results:end -->\n\nafter\n")
    block = tables.readme_block(document)
    assert write_block(path, "results", block) and not write_block(path, "results", block)
    text = open(path, encoding="utf-8").read()
    assert text.startswith("before\n\n") and text.endswith("\n\nafter\n") and "old" not in text
    assert find_block(text, "results") == block
    assert "| prelu_cnn | final | 77.50 |" in text
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("no markers")
    with pytest.raises(InputError, match="results:begin"):
        write_block(path, "results", block)


def test_the_readme_is_current() -> None:
    with open(PAGE, encoding="utf-8") as stream:
        block = find_block(stream.read(), "results")
    current = tables.readme_block(summary.build(records.read()))
    assert block == current, "stale: run `python -m tf1_models report --readme tf1_models/reproduce/README.md`"


def test_the_rules_table_is_current() -> None:
    with open(PAGE, encoding="utf-8") as stream:
        block = find_block(stream.read(), simulate_rules.BLOCK)
    if np.__version__.startswith("1."):
        pytest.skip("the table is that of today's NumPy and SciPy; their last digits may differ here")
    assert block == simulate_rules.render(simulate_rules.table(simulate_rules.WORLDS, 0))


def test_the_headline_counts_what_the_table_says(made: Any) -> None:
    _, document, _ = made
    assert tables.headline(summary.build([])).endswith("a report's noise takes three seeds of a run).")
    only_variant = {**summary.build([]), "variants": document["variants"]}
    assert len(document["variants"]) == 1 and "(1 trainings there are finished" in tables.headline(only_variant)
    text = tables.headline(document)
    numbers = [int(word) for word in re.findall(r"\d+", text.split("(")[0] + text.split(");")[1])]
    assert numbers[0] == 61 == sum(numbers[1:4]) + numbers[-1]
    judged = [e for e in document["runs"] if e["outcome"] in ("reproduced", "higher", "lower", "inconclusive")]
    assert sum(numbers[1:4]) == len(judged) > 0
    assert text in html.unescape(made[2])


def test_the_reports_table_adds_up_to_the_headline(made: Any) -> None:
    _, document, _ = made
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in tables.by_report(document).splitlines()]
    assert lines[0][-4:] == ["reproduced", "differ", "inconclusive", "no verdict yet"]
    assert [line[0] for line in lines[2:]] == list(registry.REPORTS)
    sums = [sum(int(line[column]) for line in lines[2:]) for column in range(-4, 0)]
    numbers = [int(word) for word in re.findall(r"\d+", re.sub(r"CIFAR-10|\(.*?\)", "", tables.headline(document)))]
    assert numbers == [sum(sums), *sums]
    prelu = next(line for line in lines if line[0] == "prelu_cnn")
    final = next(e for e in document["runs"] if (e["report"], e["run"]) == ("prelu_cnn", "final"))
    assert prelu[1:4] == ["final", "77.50", tables.ours(final)] and prelu[4] == final["verdict"]


def test_the_readme_has_todays_headline_and_picture() -> None:
    document = summary.build(records.read())
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as stream:
        text = stream.read()
    for name, render in ((tables.HEADLINE_BLOCK, tables.headline), (tables.BY_REPORT_BLOCK, tables.by_report)):
        assert find_block(text, name) == render(document), "stale: run `python -m tf1_models report --readme README.md`"
    with open(os.path.join(ROOT, "tf1_models", "reproduce", "results.png"), "rb") as png:
        assert overview.digest_of(png.read()) == overview.digest(document), (
            "stale: run `python -m tf1_models report --picture tf1_models/reproduce/results.png`"
        )


def test_the_picture_carries_what_it_draws(made: Any) -> None:
    _, document, _ = made
    drawn = overview.png(document)
    assert drawn.startswith(b"\x89PNG") and overview.digest_of(drawn) == overview.digest(document)
    changed = {**document, "runs": [{**entry, "mean": 0.5} for entry in document["runs"]]}
    assert overview.digest(changed) != overview.digest(document) and overview.digest_of(b"no picture") is None


def test_the_page_begins_with_the_answer_and_folds_what_was_not_run(tmp_path: Any) -> None:
    write_runs_of_four_reports(str(tmp_path))
    document = writing.write_pages(str(tmp_path))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    places = [
        page.index(words)
        for words in (
            "<h1>",
            tables.headline(document)[:40],
            'class="overview"',
            'class="counts"',
            '<section id="course_models">',
            "<h2>What groups of rows say</h2>",
            "<h2>How a number is judged</h2>",
        )
    ]
    assert places == sorted(places)
    section = page[page.index('<section id="course_models">') : page.index('<section id="bn_cnn">')]
    fold = section.index("<details><summary>14 of 15 rows not run</summary>")
    assert section.index('href="#course_models-model2"') < fold < section.index('href="#course_models-sim12_model3_50"')

"""The README tells the truth: its commands parse, its map names files that exist, the quick start runs."""

from __future__ import annotations

import ast
import os
import re
import shlex
from typing import Any, Dict, List

import pytest

from tests.conftest import ROOT
from tf1_models import cli, registry

PAGES = (
    "README.md",
    "checkpoints/README.md",
    "data/README.md",
    "tests/faults/README.md",
    "tests/lanes/README.md",
    "tf1_models/README.md",
    *(f"tf1_models/{room}/README.md" for room in ("bench", "cluster", "doctor", "grading", "graphs", "reproduce")),
)


def read(page: str) -> str:
    with open(os.path.join(ROOT, page), encoding="utf-8") as stream:
        return stream.read()


README = read("README.md")


def commands() -> List[List[str]]:
    """Words after `tf1_models`, or after … and a verb, of every command on the pages; optional parts filled in."""
    text = "\n".join(read(page) for page in PAGES).replace("\\\n", " ")
    found = re.findall(rf"(?:python -m tf1_models |`… (?=(?:{'|'.join(cli.VERBS)})\b))([^`#\n]+)", text)
    found = [text.replace("\\|", "|").replace("[", "").replace("]", "") for text in found]
    found = [re.sub(r"<[^>]+>", "folder", text).replace("…", "x").split("&&")[0].strip() for text in found]
    return [shlex.split(text.replace("inspect|diff|export x", "inspect x")) for text in found]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_parse(words: List[str], monkeypatch: Any, capsys: Any) -> None:
    parser = cli._parser(words)
    parsed, extra = parser.parse_known_args(words)
    assert parsed.verb == words[0]
    assert all("=" in word for word in extra)
    if parsed.verb in ("train", "show"):
        from tf1_models.experiments.overrides import parse_words

        run = parsed.run or registry.default_run(parsed.report)
        registry.experiment(parsed.report, run, parse_words([*parsed.settings, *extra]))


def map_rows() -> Dict[str, str]:
    """What the map names -> what it says of it, links' words and pages left out."""
    section = README.split("## The map of the code")[1].split("\n## ")[0]
    rows = [row.strip("|").split(" | ") for row in section.splitlines() if row.startswith("| `")]
    return {where.strip(): re.sub(r" \(\[.*\)$", "", what.strip()) for where, what in rows}


def test_the_map_names_what_exists() -> None:
    for where in map_rows():
        for name in re.findall(r"`([^`]+)`", where):
            path = name if name.startswith(("tf1_models", "tests")) else os.path.join("tf1_models", name)
            assert os.path.exists(os.path.join(ROOT, path)), name


def test_the_map_has_every_room_and_says_what_its_docstring_says() -> None:
    said = map_rows()
    package = os.path.join(ROOT, "tf1_models")
    rooms = [name for name in os.listdir(package) if os.path.isfile(os.path.join(package, name, "__init__.py"))]
    assert len(rooms) > 10
    for room in rooms:
        docstring = ast.get_docstring(ast.parse(read(f"tf1_models/{room}/__init__.py"))) or ""
        assert docstring.split("\n\n")[0] == said[f"`tf1_models/{room}/`"] + ".", room


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", read(page)):
        if not target.startswith(("http:", "https:")):
            path = os.path.normpath(os.path.join(ROOT, os.path.dirname(page), target))
            assert os.path.exists(path), f"{page}: {target}"


def test_the_readme_is_read_in_minutes() -> None:
    assert len(README.encode("utf-8")) < 12_000


def test_every_quirk_is_in_the_one_list() -> None:
    page = read("tf1_models/graphs/README.md")
    for report in registry.REPORTS:
        for quirk in registry.experiments_module(report).QUIRKS:
            assert f"| {quirk.id} | `{report}` | {quirk.title} | {quirk.what} |" in page, (
                f"stale: {quirk.id} of {report} in tf1_models/graphs/README.md"
            )


def test_the_table_of_reports_counts_their_runs() -> None:
    for report in registry.REPORTS:
        (count,) = re.findall(rf"^\| `{report}` \|.*\| (\d+) \|$", README, re.MULTILINE)
        assert int(count) == len(registry.runs(report))


def test_every_verb_is_mentioned() -> None:
    for verb in cli.VERBS:
        assert re.search(rf"`[^`]*\b{verb}\b[^`]*`", README), verb


@pytest.mark.tf
def test_the_quick_start_runs(kit: Any) -> None:
    """The README's own words, cut after two steps."""
    (words,) = {tuple(words) for words in commands() if words[:4] == ["train", "nine_conv", "--data", "digits"]}
    done = kit(*words, "--max-steps", "2")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^dev +0\.\d+", done.stdout, re.MULTILINE) and "variables sha256" in done.stdout

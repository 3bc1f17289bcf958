"""Pages: every text escaped, a forgotten value an error, one style and one script in all of the package."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Dict, List

import pytest

from tests.conftest import ROOT
from tf1_models.errors import MachineError
from tf1_models.output import pages

PACKAGE = os.path.join(ROOT, "tf1_models")


def sources() -> Dict[str, str]:
    """Path below the package -> text, of modules and templates."""
    found = {}
    for folder, _, names in os.walk(PACKAGE):
        for name in names:
            if name.endswith((".py", ".j2", ".js", ".css")):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as stream:
                    found[os.path.relpath(path, PACKAGE).replace(os.sep, "/")] = stream.read()
    return found


def test_one_style_one_script_one_head() -> None:
    for word in ("<style", "<script", "<!doctype", "aria-sort"):
        holders = sorted(path for path, text in sources().items() if word in text.lower())
        assert holders == (["output/page.css", "output/page.js"] if word == "aria-sort" else ["output/page.html.j2"])


def test_markup_is_in_templates_and_only_drawings_are_passed_on_as_they_are() -> None:
    texts = sources()
    unescaped = [(path, line.strip()) for path, text in texts.items() for line in text.splitlines() if "|safe" in line]
    assert [path for path, _ in unescaped] == ["output/parts.html.j2"] and "chart.svg" in unescaped[0][1]
    tags = re.compile(r"</?(td|tr|table|li|p|div|span|section|details|figure|svg)\b[^>]*>")
    makers: List[str] = [path for path, text in texts.items() if path.endswith(".py") and tags.search(text)]
    assert makers == []


def test_every_template_is_package_data() -> None:
    with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as stream:
        line = next(row for row in stream if row.startswith("tf1_models = ["))
    endings = [word.replace("**/", "").lstrip("*") for word in re.findall(r'"([^"]+)"', line)]
    assert all(path.endswith((".py", *endings)) for path in sources())


def test_a_forgotten_value_is_an_error() -> None:
    import jinja2

    with pytest.raises(jinja2.UndefinedError):
        pages.render("reproduce/page/results.html.j2")


def test_a_page_without_jinja2_names_the_command(monkeypatch: Any) -> None:
    pages._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MachineError, match="pip install jinja2"):
        pages.render("reproduce/page/results.html.j2")

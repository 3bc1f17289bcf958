"""Charts for pages: geometry by matplotlib, looks by classes, and nothing of its file that a page cannot hold."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.conftest import ROOT
from tf1_models.output import inline_svg

pytest.importorskip("matplotlib")
HOSTILE = '<script>alert(1)</script> $\\frac{1}{2}$ & "x"'


def sample(drawing: inline_svg.Drawing) -> None:
    inline_svg.set_axis(drawing.axes.xaxis, [0.0, 3.0])
    inline_svg.set_axis(drawing.axes.yaxis, [1.0, 300.0], log=True)
    drawing.label("epoch", "loss")
    drawing.tag(drawing.axes.plot([0, 3], [1.0, 300.0])[0], "c0 line", HOSTILE)
    drawing.tag(drawing.axes.plot([1], [20.0], "o")[0], "c1 said", "20")
    drawing.axes.plot([2], [20.0], "o")  # without a tag: not shown


def test_only_geometry_texts_classes_and_titles_are_left() -> None:
    text = inline_svg.draw(HOSTILE, sample)
    svg = ElementTree.fromstring(text)
    allowed = {"viewBox", "role", "aria-label", "class", "d", "transform", "x", "y", "text-anchor"}
    assert {key for one in svg.iter() for key in one.attrib} <= allowed  # no id, style, clip path or link
    assert {one.tag for one in svg.iter()} == {"svg", "title", "g", "path", "text"}
    assert "<script" not in text and "http" not in text and "url(" not in text
    assert svg.get("aria-label") == HOSTILE == svg.findtext("title") and svg.get("role") == "img"
    groups = {one.get("class"): one for one in svg.findall("g")}
    assert set(groups) == {"c0 line", "c1 said"} and groups["c0 line"].findtext("title") == HOSTILE
    (dot,) = groups["c1 said"].findall("path")
    assert str(dot.get("transform")).startswith("translate(")
    ticks = [one.text for one in svg.iter("text") if one.get("class") == "tick"]
    assert ticks[:4] == ["0", "1", "2", "3"] and {"1", "10", "100", "200"} <= set(ticks[4:])
    names = [one for one in svg.iter("text") if one.get("class") == "axis"]
    assert [one.text for one in names] == ["epoch", "loss"] and "rotate(-90" in str(names[1].get("transform"))


def test_a_users_matplotlibrc_changes_nothing(tmp_path: Any) -> None:
    """The same bytes again, also where someone draws on black, with TeX or with glyphs as paths."""
    import matplotlib

    before = inline_svg.draw("a", sample)
    with matplotlib.rc_context({"svg.fonttype": "path", "font.size": 30, "lines.markersize": 20, "axes.grid": False}):
        assert inline_svg.draw("a", sample) == before
    assert inline_svg.draw("a", sample) == before


def test_without_matplotlib_a_page_says_so(monkeypatch: Any) -> None:
    assert inline_svg.missing() is None
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "[plots]" in str(inline_svg.missing())


def test_importing_draws_nothing_and_pyplot_is_never_imported() -> None:
    program = (
        "import sys; from tf1_models.output import inline_svg, pages; "
        "assert not {'matplotlib', 'jinja2'} & set(sys.modules); inline_svg.draw('a', lambda drawing: None); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)

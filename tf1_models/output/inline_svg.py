"""Charts for pages: matplotlib draws them, the page's style colours them.

Of matplotlib's SVG only the geometry and the texts are kept: no ids (so that any number of drawings shares a page), no
fonts, no colours, no clip paths, no metadata. An artist gets its look by a class of `page.css`, so that dark mode and
print follow, and its tooltip as a `<title>`; both are the caller's, and neither goes through matplotlib, which would
read a stranger's `$` as mathematics. Importing this imports no matplotlib.
"""

from __future__ import annotations

import io
import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple
from xml.etree import ElementTree

from tf1_models.errors import install_command

WIDTH_PX, HEIGHT_PX = 560, 300
N_COLORS = 8  # .c0 … .c7 in page.css
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 54, 12, 12, 42
_SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "tf1_models", "font.size": 11.0, "axes.axisbelow": True}
_PX_PER_INCH = 72.0  # of matplotlib's SVG, whatever the figure's dpi


class Chart(NamedTuple):
    """A drawing for `figure` of parts.html.j2.

    Attributes:
        svg: The element; markup, the only one that a page does not escape.
        caption: Below it; "" none.
        legend: (classes of page.css, label).
    """

    svg: str
    caption: str = ""
    legend: Tuple[Tuple[str, str], ...] = ()


class Drawing:
    """Axes of a figure of its own, and what its artists are on the page."""

    def __init__(self, axes: Any) -> None:
        self.axes = axes
        self.tags: Dict[str, Tuple[str, str]] = {}  # id in matplotlib's file -> classes, tooltip

    def tag(self, artist: Any, classes: str, tooltip: str = "") -> None:
        """Gives an artist its classes of page.css and its tooltip; what has no tag is not shown."""
        name = f"tag{len(self.tags)}"
        artist.set_gid(name)
        self.tags[name] = (classes, tooltip)

    def label(self, x: str, y: str) -> None:
        """Names the axes, with units."""
        self.axes.set_xlabel(x)
        self.axes.set_ylabel(y, rotation_mode="anchor")  # anchored, so that the reader's font stays centred


def missing() -> Optional[str]:
    """What a page says in place of its charts; None where matplotlib is there."""
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError:
        return f"No charts: matplotlib is missing; {install_command('plots')}"
    return None


def draw(title: str, artists: Callable[[Drawing], None], width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> str:
    """One svg element.

    Args:
        title: For screen readers and the tooltip.
        artists: Puts tagged artists on a drawing.
        width_px, height_px: Of the view box; on a page it is as wide as its place.

    Returns:
        Markup; needs matplotlib. The same artists give the same text.
    """
    from matplotlib import style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with style.context(["default", _SETTINGS]):  # whatever the user's matplotlibrc says
        figure = Figure(figsize=(width_px / _PX_PER_INCH, height_px / _PX_PER_INCH))
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        axes = figure.add_subplot(1, 1, 1)
        figure.subplots_adjust(
            left=_LEFT_PX / width_px,
            right=1.0 - _RIGHT_PX / width_px,
            bottom=_BOTTOM_PX / height_px,
            top=1.0 - _TOP_PX / height_px,
        )
        axes.patch.set_visible(False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.grid(True)
        axes.tick_params(left=False, bottom=False)
        drawing = Drawing(axes)
        artists(drawing)
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return _cleaned(stream.getvalue(), title, drawing.tags)


def set_axis(axis: Any, values: List[float], log: bool = False) -> None:
    """About five round ticks, whole ones where all values are whole; on a log axis 1, 2 and 5 of each decade.

    Args:
        axis: `axes.xaxis` or `axes.yaxis`.
        values: What lies on it.
        log: Of a y axis: logarithmic.
    """
    from matplotlib import ticker

    if log:
        axis.axes.set_yscale("log")
        axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0), numticks=30))
        axis.set_minor_locator(ticker.NullLocator())
    else:
        whole = all(float(value).is_integer() for value in values)
        axis.set_major_locator(ticker.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=whole))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:.6g}"))


def _cleaned(content: bytes, title: str, tags: Dict[str, Tuple[str, str]]) -> str:
    """Matplotlib's file as an element for a page: the tagged artists, grid lines and texts, and nothing else of it."""
    file = ElementTree.fromstring(content)
    for element in file.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    markers = {str(path.get("id")): path for defs in file.iter("defs") for path in defs if path.tag == "path"}
    svg = ElementTree.Element("svg", {"viewBox": _short(file.get("viewBox")), "role": "img", "aria-label": title})
    ElementTree.SubElement(svg, "title").text = title

    def copy(element: Any, place: Any, line: str, text: str) -> None:
        """Copies what a group holds; `line` and `text` are the classes that lines and texts in it get."""
        name = str(element.get("id"))
        if element.tag == "defs":
            return
        if name in tags:
            classes, tooltip = tags[name]
            place = ElementTree.SubElement(place, "g", {"class": classes})
            if tooltip:
                ElementTree.SubElement(place, "title").text = tooltip
        elif name.startswith("matplotlib.axis"):
            text = "axis"
        elif name.startswith(("xtick", "ytick")):
            line, text = "grid", "tick"
        if element.tag == "text":
            _copy_text(element, place, text)
        elif element.tag in ("path", "use") and (line or place is not svg):
            marker = markers[element.get(_HREF)[1:]] if element.tag == "use" else element
            kept = {"class": line} if line else {}
            kept["d"] = _short(marker.get("d"))
            if element.tag == "use":
                kept["transform"] = _short(f"translate({element.get('x')} {element.get('y')})")
            ElementTree.SubElement(place, "path", kept)
        for inner in element:
            copy(inner, place, line, text)

    copy(file, svg, "", "")
    return ElementTree.tostring(svg, encoding="unicode")


_HREF = "{http://www.w3.org/1999/xlink}href"


def _copy_text(element: Any, place: Any, classes: str) -> None:
    keys = ("x", "y") if (element.get("transform") or "").startswith("rotate(-0") else ("x", "y", "transform")
    kept = {"class": classes, **{key: _short(element.get(key)) for key in keys if element.get(key)}}
    anchor = re.search(r"text-anchor: *(\w+)", element.get("style") or "")
    if anchor:
        kept["text-anchor"] = anchor.group(1)
    ElementTree.SubElement(place, "text", kept).text = element.text


def _short(numbers: Any) -> str:
    """An attribute's numbers to a tenth of a pixel, on one line."""
    return re.sub(r"-?\d+\.\d+", lambda found: f"{float(found.group()):.1f}", " ".join(str(numbers).split()))

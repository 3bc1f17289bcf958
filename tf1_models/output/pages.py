"""HTML pages: jinja2 templates over one layout, one style and one script. Importing this imports no jinja2.

A template is a file `NAME.html.j2` beside the module that fills it, named by its path below the package; it extends
`output/page.html.j2`, which takes in `output/page.css` and `output/page.js`. A page is one file that fetches nothing
(its content security policy says so), and every value is escaped: only `inline_svg`'s drawings are markup.
"""

from __future__ import annotations

import functools
import os
from typing import Any

from tf1_models.errors import MachineError, one_line

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@functools.lru_cache(maxsize=1)
def _environment() -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise MachineError(f"an HTML page needs jinja2 ({one_line(error)}): pip install jinja2") from error
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PACKAGE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,  # a name that nobody gave is an error, not an empty place
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, **values: Any) -> str:
    """A page.

    Args:
        template: Path below the package, e.g. "reproduce/page/results.html.j2".
        values: What the template names; texts may be anybody's, they are escaped.

    Returns:
        One HTML document; the same values give the same text.

    Raises:
        MachineError: jinja2 is not installed.
    """
    return str(_environment().get_template(template).render(**values))

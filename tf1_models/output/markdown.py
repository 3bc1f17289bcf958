"""Markdown tables, and the blocks of the README that commands write: `<!-- NAME:begin -->` to `<!-- NAME:end -->`."""

from __future__ import annotations

import re
from typing import Any, Mapping, Optional, Sequence, Tuple

from tf1_models.errors import InputError
from tf1_models.storage.files import write_bytes, writing_output

_SPECIAL = "\\`*_{}[]<>#|~"


def escape(text: str) -> str:
    """A stranger's text, with nothing that Markdown or HTML would interpret."""
    text = text.replace("&", "&amp;")
    text = "".join("\\" + c if c in _SPECIAL else c for c in text)
    return text.replace("\\<", "&lt;").replace("\\>", "&gt;")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()) -> str:
    """A Markdown table.

    Args:
        head: Names of the columns.
        rows: Cells are made strings; bars in them are escaped where they are not yet, as by `escape`.
        right: Names of the columns that are aligned right.
    """
    lines = [head, ["---:" if name in right else "---" for name in head], *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: Any) -> str:
    return re.sub(r"(\\.)|\|", lambda found: found.group(1) or "\\|", str(text).replace("\n", " "))


def percent(value: Optional[float], digits: int = 2) -> str:
    """A fraction as a percentage; a dash for None."""
    return "-" if value is None else f"{100 * value:.{digits}f}"


def markers(name: str) -> Tuple[str, str]:
    """The two lines that a block stands between."""
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def find_block(text: str, name: str) -> Optional[str]:
    """What stands between the markers, without the line ends around it; None without markers."""
    begin, end = markers(name)
    start, stop = text.find(begin), text.find(end)
    return None if start < 0 or stop < start else text[start + len(begin) : stop].strip("\r\n")


def write_block(path: str, name: str, content: str) -> bool:
    """Rewrites a block.

    Args:
        path: The README.
        name: The block's name, e.g. "results".
        content: Markdown without the markers.

    Returns:
        Whether the file changed.

    Raises:
        InputError: it cannot be read or lacks the markers.
    """
    begin, end = markers(name)
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if find_block(text, name) is None:
        raise InputError(f"{path} has no block; put a line {begin} and, below it, a line {end} where it belongs")
    new = text[: text.find(begin) + len(begin)] + "\n" + content + "\n" + text[text.find(end) :]
    if new == text:
        return False
    with writing_output(path):
        write_bytes(path, new.encode("utf-8"))
    return True


def write_blocks(path: str, contents: Mapping[str, str]) -> bool:
    """Rewrites those of several blocks that a page has.

    Args:
        path: The page.
        contents: Name -> Markdown.

    Returns:
        Whether the file changed.

    Raises:
        InputError: it cannot be read, or has none of them.
    """
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    there = [name for name in contents if find_block(text, name) is not None] or list(contents)[:1]
    return any([write_block(path, name, contents[name]) for name in there])

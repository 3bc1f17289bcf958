"""Writes the results' renderings beside the run folders, all from one document."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional

from tf1_models.reproduce import reported_logs
from tf1_models.reproduce.page import overview, results_page, tables
from tf1_models.reproduce.verdicts import folders, summary
from tf1_models.storage.files import to_json, write_bytes, writing_output


def document_of(root: str) -> "tuple[Dict[str, Any], folders.Folders]":
    """Reads and judges everything below a results folder.

    Raises:
        InputError: no such folder.
    """
    found = folders.read_all(root)
    return summary.build([one.run for one in found.finished], found.failures, found.damaged), found


def picture_of(document: Dict[str, Any]) -> Optional[bytes]:
    """The overview as PNG; None without matplotlib, which the page then does without."""
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError:
        return None
    return overview.png(document)


def write_pages(root: str) -> Dict[str, Any]:
    """Writes report.json, report.csv, report.md, report.html and, with matplotlib, report.png into a results folder.

    Returns:
        The document.

    Raises:
        InputError: no such folder.
        MachineError: it cannot be written; for report.html alone, jinja2 is missing.
    """
    with writing_output(root):
        os.makedirs(root, exist_ok=True)
    document, found = document_of(root)
    picture = picture_of(document)
    contents = {
        "report.json": to_json(document) + "\n",
        "report.csv": tables.csv_text(document),
        "report.md": tables.markdown(document),
    }
    files = {name: text.encode("utf-8") for name, text in contents.items()}
    if picture is not None:
        files["report.png"] = picture
    _write(root, files)
    page = results_page.render(document, found.finished, reported_logs.read(), picture)
    _write(root, {"report.html": page.encode("utf-8")})  # last: where jinja2 is missing, the others are there
    return document


def _write(root: str, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        with writing_output(os.path.join(root, name)):
            write_bytes(os.path.join(root, name), content)

"""What was handed in: files, folders, zips and standard input become named sources, in one stable order.

A source is read only when its turn comes: a folder of 10,000 files costs the memory of one. A submission's name is
its path below the argument, because three hundred of them are all called `result.npy`.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import os
import time
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from tf1_models.errors import Refused
from tf1_models.grading.submissions import names
from tf1_models.grading.submissions.opening import open_regular, read_regular, read_stdin
from tf1_models.grading.submissions.zip_walk import OpenZips, ZipHandle, walk_zip

READABLE = (".npy", ".npz", ".csv", ".tsv", ".txt", ".json")
# Handed in as predictions in a form that is never read: they get a reason instead of being passed over.
REFUSED_FORMS = {
    ".pkl": "a pickle is a program and is never loaded; save a .npy or a .csv",
    ".pickle": "a pickle is a program and is never loaded; save a .npy or a .csv",
    ".pt": "a PyTorch file is a pickle and is never loaded; save a .npy or a .csv",
    ".pth": "a PyTorch file is a pickle and is never loaded; save a .npy or a .csv",
    ".xlsx": "a spreadsheet is not read; save it as CSV (UTF-8)",
    ".xls": "a spreadsheet is not read; save it as CSV (UTF-8)",
    ".mat": "a MATLAB file is not read; save a .npy or a .csv",
    ".h5": "an HDF5 file is not read; save a .npy or a .csv",
    ".hdf5": "an HDF5 file is not read; save a .npy or a .csv",
    ".rar": "a RAR archive is not read; use .zip",
    ".7z": "a 7z archive is not read; use .zip",
    ".gz": "a gzip archive is not read; use .zip",
    ".tar": "a tar archive is not read; use .zip",
}
METADATA_NAME = "submission_metadata.yml"  # Gradescope's export
_MAX_METADATA_BYTES = 16 * 1024 * 1024
_CLUTTER = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclasses.dataclass
class Source:
    """One candidate submission.

    Attributes:
        name: Path below the argument, cleaned; unique in a grading.
        form: Lower-case extension with its dot ('' unknown: the content decides).
        read: Returns the bytes, or raises Refused with the reason.
        modified: When it was last changed, as a sortable text, '' unknown; orders the repeats of one student.
        explicit: It was named itself, not found in a folder or a zip.
    """

    name: str
    form: str
    read: Callable[[], bytes]
    modified: str = ""
    explicit: bool = False


@dataclasses.dataclass
class Collected:
    """Everything found below the arguments.

    Attributes:
        sources: The candidate submissions, by name.
        skipped: Names of files of other kinds, which are not graded.
        metadata: Folder -> content of a Gradescope `submission_metadata.yml` found there.
        zips: Those that reading left open; close them at the end.
    """

    sources: List[Source] = dataclasses.field(default_factory=list)
    skipped: List[str] = dataclasses.field(default_factory=list)
    metadata: Dict[str, bytes] = dataclasses.field(default_factory=dict)
    zips: OpenZips = dataclasses.field(default_factory=OpenZips)


def collect(arguments: Sequence[str], only: Optional[str] = None) -> Collected:
    """Finds every candidate submission below the arguments.

    Args:
        arguments: Files, folders, zips, or `-` for standard input.
        only: Shell pattern for file names inside folders and zips, e.g. `result.npy`; None takes every readable form.

    Returns:
        The sources sorted by name, each name once.
    """
    collector = _Collector(only)
    for argument, name, below in _named(arguments):
        collector.argument(argument, name, below)
    out = collector.out
    out.sources.sort(key=lambda source: source.name)  # stable: equal names keep the arguments' order
    for source, name in zip(out.sources, names.make_unique([source.name for source in out.sources])):
        source.name = name
    out.skipped.sort()
    return out


def _named(arguments: Sequence[str]) -> Iterator[Tuple[str, str, str]]:
    """(argument, name in reports, prefix of what lies below it): as short as the arguments allow."""
    files = [a for a in arguments if a != "-" and not os.path.isdir(a)]
    common = os.path.commonpath([os.path.dirname(os.path.abspath(a)) for a in files]) if len(files) > 1 else None
    tops: Dict[str, int] = {}
    for argument in arguments:
        if argument == "-":
            yield argument, "stdin", ""
            continue
        full = os.path.abspath(argument)
        name = os.path.relpath(full, common) if common and not os.path.isdir(argument) else os.path.basename(full)
        name = names.clean_name(names.file_system_name(name)).replace(os.sep, "/")
        if len(arguments) == 1:
            yield argument, name, ""
            continue
        tops[name] = tops.get(name, 0) + 1  # two folders of one name stay apart
        yield argument, name, (name if tops[name] == 1 else f"{name} #{tops[name]}") + "/"


def _refusing(reason: str) -> Callable[[], bytes]:
    """A reader that says why the source cannot be one."""

    def read() -> bytes:
        raise Refused(reason)

    return read


def _form(name: str) -> str:
    base, form = os.path.splitext(name.lower())
    inner = os.path.splitext(base)[1]
    return inner if form == ".gz" and inner in (".csv", ".tsv", ".txt", ".json") else form


def _modified(path: str) -> str:
    """Time of the last change in UTC, '' when it cannot be told; the link itself, not what it points to."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(os.lstat(path).st_mtime))
    except (OSError, ValueError, OverflowError):
        return ""


def _walk(folder: str) -> Iterator[Tuple[str, str, str]]:
    """(path, path below the folder, reason it cannot be read or '') of every file, sorted; links are not followed."""
    failed: List[str] = []
    for base, folders, files in os.walk(folder, onerror=lambda error: failed.append(str(error.filename))):
        folders.sort()
        below = os.path.relpath(base, folder)
        prefix = "" if below == "." else below.replace(os.sep, "/") + "/"
        for name in folders:
            if os.path.islink(os.path.join(base, name)):
                yield os.path.join(base, name), prefix + name, "a symbolic link to a folder; links are not followed"
        for name in sorted(files):
            yield os.path.join(base, name), prefix + name, ""
    for path in failed:
        relative = os.path.relpath(path, folder)
        yield path, os.path.basename(folder) if relative == "." else relative, "a folder that cannot be read"


class _Collector:
    """Sorts what is found into submissions, skipped files and platform metadata."""

    def __init__(self, only: Optional[str]) -> None:
        self.out = Collected()
        self._only = only

    def argument(self, path: str, name: str, below: str) -> None:
        """One argument; `below` is the prefix of what lies in it."""
        if path == "-":
            self.out.sources.append(Source(name, "", read_stdin, explicit=True))
        elif os.path.isdir(path):
            for found, relative, reason in _walk(path):
                relative = names.clean_name(names.file_system_name(relative))
                if reason:
                    self._refuse(below + relative, reason)
                elif _form(relative) == ".zip":
                    self._zip(found, below + relative, below + relative + "/")
                else:
                    self._file(below + relative, lambda p=found: read_regular(p), _modified(found))  # type: ignore[misc]
        elif _form(path) == ".zip":
            self._zip(path, name, below)
        else:
            self._file(name, lambda: read_regular(path), _modified(path), explicit=True)

    def _zip(self, path: str, name: str, below: str) -> None:
        for member in walk_zip(ZipHandle(lambda: open_regular(path), 1, self.out.zips), name, below):
            if member.read is None:
                self._refuse(member.name, member.reason)
            else:
                self._file(member.name, member.read, member.modified)

    def _refuse(self, name: str, reason: str) -> None:
        self.out.sources.append(Source(name, _form(name), _refusing(reason)))

    def _file(self, name: str, read: Callable[[], bytes], modified: str, explicit: bool = False) -> None:
        parts, form = name.split("/"), _form(name)
        if not explicit:
            if parts[-1].startswith(".") or any(part in _CLUTTER for part in parts):
                return
            if parts[-1] == METADATA_NAME:
                self._metadata(name, read)
                return
            if self._only is not None and not fnmatch.fnmatchcase(parts[-1], self._only):
                self.out.skipped.append(name)
                return
        if form in REFUSED_FORMS:
            read = _refusing(REFUSED_FORMS[form])
        elif form not in READABLE:
            if not explicit:
                self.out.skipped.append(name)
                return
            form = ""
        self.out.sources.append(Source(name, form, read, modified, explicit))

    def _metadata(self, name: str, read: Callable[[], bytes]) -> None:
        try:
            content = read()
        except Refused:
            return  # it only names the students; the submissions are graded without it
        if len(content) <= _MAX_METADATA_BYTES:
            self.out.metadata[name.rsplit("/", 1)[0] if "/" in name else ""] = content

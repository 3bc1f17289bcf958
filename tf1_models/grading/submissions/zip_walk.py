"""Going through a zip and the students' zips inside it: what is there, under which name, and how to read it later.

Archives are opened when needed and at most one of each depth stays open: 10,000 students' zips cost neither 10,000
file descriptors nor the memory of their contents.
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
from typing import IO, Callable, Dict, Iterator, List, Optional

from tf1_models.errors import Refused
from tf1_models.grading.submissions import archives, names
from tf1_models.grading.submissions.limits import (
    MAX_EXPORT_MEMBERS,
    MAX_STUDENT_MEMBERS,
    MAX_STUDENT_ZIP_BYTES,
    MAX_ZIP_DEPTH,
)


@dataclasses.dataclass
class Member:
    """A zip member: readable (`read`), or refused (`reason`)."""

    name: str
    read: Optional[Callable[[], bytes]] = None
    modified: str = ""
    reason: str = ""


class OpenZips:
    """The zips of one grading that are open now, one of each depth."""

    def __init__(self) -> None:
        self._by_depth: Dict[int, "ZipHandle"] = {}

    def take_turn(self, handle: "ZipHandle") -> None:
        """`handle` is about to be opened: closes the other one of its depth."""
        other = self._by_depth.pop(handle.depth, None)
        if other is not None:
            other.close()
        self._by_depth[handle.depth] = handle

    def close(self) -> None:
        """Closes whatever is open, at the end of a grading; a later read opens it again."""
        while self._by_depth:
            self._by_depth.popitem()[1].close()

    def __len__(self) -> int:
        return len(self._by_depth)


class ZipHandle:
    """A zip that is opened on demand; opening one closes the other of its depth."""

    def __init__(self, opener: Callable[[], IO[bytes]], depth: int, zips: OpenZips) -> None:
        self._opener = opener
        self.depth = depth
        self.zips = zips
        self._archive: Optional[zipfile.ZipFile] = None
        self._stream: Optional[IO[bytes]] = None

    def archive(self) -> zipfile.ZipFile:
        """The opened zip.

        Raises:
            Refused: see `archives.open_zip`.
        """
        if self._archive is None:
            self.zips.take_turn(self)
            self._stream = self._opener()
            try:
                self._archive = archives.open_zip(
                    self._stream, MAX_EXPORT_MEMBERS if self.depth == 1 else MAX_STUDENT_MEMBERS
                )
            except Refused:
                self.close()
                raise
        return self._archive

    def close(self) -> None:
        """Closes the zip and what it was read from."""
        for opened in (self._archive, self._stream):
            if opened is not None:
                opened.close()
        self._archive = self._stream = None

    def read(self, info: zipfile.ZipInfo) -> bytes:
        """One member's content (see `archives.read_member`)."""
        return archives.read_member(self.archive(), info)


def walk_zip(handle: ZipHandle, name: str, below: str) -> Iterator[Member]:
    """Every file of a zip, students' zips looked into.

    Args:
        handle: The zip.
        name: Its name in reports, for reasons that concern it as a whole.
        below: Prefix of its members' names.

    Yields:
        Members; hostile ones refused under their cleaned names.
    """
    try:
        infos: List[zipfile.ZipInfo] = handle.archive().infolist()
    except Refused as reason:
        yield Member(name, reason=str(reason))
        return
    if archives.overlapping(infos):
        yield Member(name, reason="a zip whose members overlap: a zip bomb")
        return
    unpacked = sum(info.file_size for info in infos)
    if handle.depth > 1 and unpacked > MAX_STUDENT_ZIP_BYTES:
        yield Member(name, reason=f"a zip of {unpacked:,} bytes unpacked; at most {MAX_STUDENT_ZIP_BYTES:,} are read")
        return
    for info in infos:
        raw = names.zip_member_name(info)
        member = below + names.clean_name(raw)
        hostile = names.is_hostile(raw)
        if hostile:
            yield Member(member, reason=f"a zip member is refused: {hostile}")
        elif raw.endswith("/"):
            continue
        elif raw.lower().endswith(".zip") and "__MACOSX" not in raw.split("/"):
            yield from _inner(handle, info, member)
        else:
            modified = "{:04d}-{:02d}-{:02d} {:02d}:{:02d}:{:02d}".format(*info.date_time)
            yield Member(member, lambda i=info: handle.read(i), modified)  # type: ignore[misc]


def _inner(handle: ZipHandle, info: zipfile.ZipInfo, member: str) -> Iterator[Member]:
    """A zip inside the zip: a student who zipped the result, inside the platform's export."""
    if handle.depth >= MAX_ZIP_DEPTH:
        yield Member(member, reason="a zip inside a zip inside a zip; hand in one zip or none")
        return
    inner = ZipHandle(lambda: io.BytesIO(handle.read(info)), handle.depth + 1, handle.zips)
    yield from walk_zip(inner, member, member + "/")

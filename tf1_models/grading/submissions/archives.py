"""Zips from strangers: listed and streamed member by member, never extracted.

What a zip may not do here: step out of itself, hold links or encrypted members, let members overlap (the trick of
the small bombs), decompress past the caps, or make its directory so long that listing it eats the memory.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from typing import IO, List

from tf1_models.errors import Refused, one_line
from tf1_models.grading.submissions.limits import MAX_BYTES, MAX_ZIP_RATIO_BYTES
from tf1_models.grading.submissions.opening import too_large

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_LOCAL_HEADER_BYTES = 30
_DIRECTORY_ENTRY_BYTES = 46


def _directory_size(stream: IO[bytes]) -> int:
    """Bytes of the central directory, from the end record (ZIP64 too), before zipfile builds an object per entry."""
    size = stream.seek(0, 2)
    tail_from = max(0, size - _END.size - 65_535)
    stream.seek(tail_from)
    tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise Refused("not a zip, or cut short (no end record)")
    directory = int(_END.unpack_from(tail, at)[5])
    locator = at - _END64_LOCATOR.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\6\7":
        offset = int(_END64_LOCATOR.unpack_from(tail, locator)[2])
        if offset > size - 56:
            raise Refused("not a readable zip: its ZIP64 record lies outside the file")
        stream.seek(offset)
        record = stream.read(56)
        if record[:4] == b"PK\6\6":
            directory = max(directory, int(struct.unpack("<Q", record[40:48])[0]))
    if directory > size:
        raise Refused("not a readable zip: its directory is longer than the file")
    return directory


def open_zip(stream: IO[bytes], max_members: int) -> zipfile.ZipFile:
    """Opens a zip for listing.

    Args:
        stream: Seekable binary file.
        max_members: Entries allowed.

    Raises:
        Refused: not a zip, damaged, or too many entries.
    """
    try:
        # names and extra fields make an entry longer than its fixed part: 512 bytes is a generous mean
        if _directory_size(stream) > max_members * (_DIRECTORY_ENTRY_BYTES + 512):
            raise Refused(f"a zip with a directory for more than {max_members:,} files")
        stream.seek(0)
        archive = zipfile.ZipFile(stream)
    except Refused:
        raise
    except Exception as error:  # zipfile raises whatever its parsing runs into
        raise Refused(f"not a readable zip: {one_line(error)}") from None
    if len(archive.infolist()) > max_members:
        raise Refused(f"a zip of {len(archive.infolist()):,} files; at most {max_members:,} are read")
    return archive


def overlapping(infos: List[zipfile.ZipInfo]) -> bool:
    """True when two members share bytes of the archive: no zip program writes that, small bombs do."""
    spans = sorted((info.header_offset, info.compress_size) for info in infos)
    end = 0
    for offset, size in spans:
        if offset < end:
            return True
        end = offset + _LOCAL_HEADER_BYTES + size
    return False


def is_link(info: zipfile.ZipInfo) -> bool:
    """True for a member stored as a symbolic link (Unix mode in the upper half of the attributes)."""
    return stat.S_ISLNK(info.external_attr >> 16)


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, cap: int = MAX_BYTES) -> bytes:
    """One member's content, streamed under the cap; the declared size is checked, then not trusted.

    Raises:
        Refused: link, encrypted, unsupported method, too large, or damaged.
    """
    if is_link(info):
        raise Refused("a symbolic link inside the zip; links are not followed")
    if info.flag_bits & 0x1:
        raise Refused("an encrypted zip member; hand it in without a password")
    if info.compress_type not in _METHODS:
        raise Refused(f"zip compression method {info.compress_type}; only stored and deflated members are read")
    if info.file_size > cap:
        raise Refused(too_large(info.file_size))
    if info.file_size > 1024 + info.compress_size * MAX_ZIP_RATIO_BYTES:
        raise Refused("a zip member that promises more bytes than its compressed form can hold")
    try:
        with archive.open(info) as stream:
            data = stream.read(cap + 1)
    except MemoryError:
        raise Refused("a zip member too large for the memory") from None
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Refused(f"a damaged zip member: {one_line(error)}") from None
    except Exception as error:
        raise Refused(f"an unreadable zip member: {one_line(error)}") from None
    if len(data) > cap:
        raise Refused(f"a zip member of more than {cap:,} bytes")
    if len(data) != info.file_size:
        raise Refused(f"a damaged zip member: {len(data):,} bytes where {info.file_size:,} are promised")
    return data

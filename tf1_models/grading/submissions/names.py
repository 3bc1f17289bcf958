"""Names that strangers chose: decoded, cleaned, made unique. A name is shown and compared, never opened."""

from __future__ import annotations

import os
import struct
import unicodedata
import zipfile
import zlib
from typing import Dict, List

from tf1_models.errors import printable
from tf1_models.grading.submissions.limits import MAX_NAME_CHARS

_UTF8_FLAG = 0x800
_UNICODE_PATH_FIELD = 0x7075  # Info-ZIP: the name in UTF-8 beside the legacy one


def clean_name(name: str) -> str:
    """A name for reports: NFC (macOS zips hand in decomposed Hangul), no control characters, 255 characters at most."""
    name = unicodedata.normalize("NFC", printable(name))
    return name if len(name) <= MAX_NAME_CHARS else "…" + name[-(MAX_NAME_CHARS - 1) :]


def decode_bytes(raw: bytes) -> str:
    """Bytes of a name without a declared encoding: UTF-8 when valid, else CP949 (Korean Windows), else CP437."""
    for encoding in ("utf-8", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """The Info-ZIP Unicode path of an extra field when it belongs to this raw name, else an empty string."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        body, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH_FIELD and len(body) > 5:
            version, checksum = struct.unpack("<BL", body[:5])
            if version == 1 and checksum == zlib.crc32(raw):
                try:
                    return body[5:].decode("utf-8")
                except UnicodeDecodeError:
                    return ""
    return ""


def zip_member_name(info: zipfile.ZipInfo) -> str:
    """A zip member's name as its author wrote it; Windows' backslashes become slashes. Not cleaned, not trusted."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_FLAG:
        try:
            raw = name.encode("cp437")  # zipfile decoded it so
        except UnicodeEncodeError:  # a newer zipfile has already applied the Unicode path
            raw = b""
        if raw:
            name = _unicode_path(info.extra, raw) or decode_bytes(raw)
    return name.replace("\\", "/")


def file_system_name(name: str) -> str:
    """A path from os.walk: bytes that are no UTF-8 (a CP949 zip unpacked on Linux) are decoded like a zip's."""
    try:
        name.encode("utf-8")
        return name
    except UnicodeEncodeError:
        return decode_bytes(os.fsencode(name))


def is_hostile(member: str) -> str:
    """Why a member name may not be used as a path ('' when it may): absolute, a drive, a step upwards, a NUL."""
    if "\0" in member:
        return "its name contains a NUL byte"
    if member.startswith("/") or (len(member) > 1 and member[1] == ":"):
        return "its path is absolute"
    if ".." in member.split("/"):
        return "its path steps out of the archive with '..'"
    return ""


def make_unique(names: List[str]) -> List[str]:
    """The names, repeated ones with ` #2`, ` #3`… in their order."""
    seen: Dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return unique

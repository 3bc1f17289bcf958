"""Reading .npy and .npz bytes: own header check, no pickle, nothing allocated that the bytes do not hold."""

from __future__ import annotations

import io
import re
import zipfile
from typing import List, Optional, Tuple

import numpy as np

from tf1_models.errors import Refused
from tf1_models.grading.submissions import archives
from tf1_models.grading.submissions.array_labels import labels_of_array
from tf1_models.grading.submissions.findings import Findings, shown
from tf1_models.grading.submissions.limits import MAX_STUDENT_MEMBERS, MAX_STUDENT_ZIP_BYTES
from tf1_models.grading.submissions.rows import Rows
from tf1_models.storage import npy_header

_DESCR = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|[SU][0-9]{1,4})", re.ASCII)
_PREFERRED = ("result", "predictions", "prediction", "pred", "y_pred", "labels", "y", "arr_0")


def parse_header(data: bytes) -> Tuple[str, bool, Tuple[int, ...], int]:
    """The header of .npy bytes.

    Returns:
        (dtype text, Fortran order, shape, offset of the values).

    Raises:
        Refused: not a .npy, or a header that is not one plain array of numbers or text.
    """
    if data[:6] != npy_header.MAGIC:
        raise Refused(_looks_like(data))
    if len(data) < 12:
        raise Refused("a .npy cut short in its header")
    major, minor = data[6], data[7]
    if (major, minor) not in ((1, 0), (2, 0)):
        raise Refused(f".npy format version {major}.{minor}; 1.0 and 2.0 are read")
    start = 10 if major == 1 else 12
    length = int.from_bytes(data[8:start], "little")
    if length > npy_header.MAX_HEADER_BYTES:
        raise Refused(f"a .npy header of {length:,} bytes; at most {npy_header.MAX_HEADER_BYTES:,} are read")
    if start + length > len(data):
        raise Refused("a .npy cut short in its header")
    return (*npy_header.parse(data[start : start + length]), start + length)


def _looks_like(data: bytes) -> str:
    """What bytes that are no .npy seem to be."""
    if not data:
        return "an empty file"
    if data[:4] == b"PK\3\4":
        return "a zip (or .npz) under the name .npy; save it with numpy.save or rename it"
    if data[:1] == b"\x80" and data[1:2] and data[1] <= 5:
        return "a pickle, not a .npy; pickles are programs and are never loaded"
    return "not a .npy file: it does not begin with the NUMPY mark"


def read_array(data: bytes) -> np.ndarray:
    """The array in .npy bytes, a read-only view of them.

    Raises:
        Refused: see `parse_header`; objects; or the bytes are not exactly as many as the header promises.
    """
    descr, fortran, shape, offset = parse_header(data)
    if "O" in descr:
        raise Refused("an array of Python objects (a pickle); convert it with .astype(int) before saving")
    if not _DESCR.fullmatch(descr):
        raise Refused(f"an array of type {shown(descr)}; class ids are integers, scores are floats")
    dtype = np.dtype(descr)
    if len(shape) > 3 or (len(shape) == 3 and shape[1] != 1):
        raise Refused(f"shape {_shape(shape)}; expected (N,) class ids or (N, 10) scores")
    count = 1
    for size in shape:
        count *= size
    if count == 0 or dtype.itemsize == 0:
        raise Refused(f"an empty array, shape {_shape(shape)} of {dtype.name}")
    promised, held = count * dtype.itemsize, len(data) - offset
    if promised != held:
        raise Refused(
            f"the header promises shape {_shape(shape)} of {dtype.name}: {_amount(promised)}; the file holds {held:,}"
        )
    flat = np.frombuffer(data, dtype=dtype, offset=offset, count=count)
    return flat.reshape(shape, order="F" if fortran else "C")


def _shape(shape: Tuple[int, ...]) -> str:
    return "(" + ", ".join(str(size) for size in shape[:8]) + (", …" if len(shape) > 8 else "") + ")"


def _amount(count: int) -> str:
    return f"{count:,} bytes" if count < 10**15 else "more bytes than any disk holds"


def npy_rows(data: bytes, findings: Findings) -> Optional[Rows]:
    """Rows of .npy bytes; problems go into the findings."""
    try:
        return labels_of_array(read_array(data), findings)
    except Refused as reason:
        findings.problem(str(reason))
        return None


def npz_rows(data: bytes, findings: Findings) -> Optional[Rows]:
    """Rows of .npz bytes: its only array, or the one whose name says that it is the result."""
    if data[:4] != b"PK\3\4":
        findings.problem("not an .npz: it does not begin as a zip does")
        return None
    try:
        archive = archives.open_zip(io.BytesIO(data), MAX_STUDENT_MEMBERS)
        infos = archive.infolist()
        if not all(info.filename.endswith(".npy") for info in infos):
            raise Refused("an .npz with a member that is no array")
        if archives.overlapping(infos):
            raise Refused("an .npz whose members overlap: a zip bomb")
        if sum(info.file_size for info in infos) > MAX_STUDENT_ZIP_BYTES:
            raise Refused("an .npz that is too large when unpacked")
        info, note = _choose(infos)
        if note:
            findings.note(note)
        return npy_rows(archives.read_member(archive, info), findings)
    except Refused as reason:
        findings.problem(str(reason).replace("not a zip,", "not an .npz,"))
        return None


def _choose(infos: "List[zipfile.ZipInfo]") -> "Tuple[zipfile.ZipInfo, str]":
    names = [info.filename[: -len(".npy")] for info in infos]
    if not names:
        raise Refused("an .npz without an array")
    if len(set(names)) != len(names):
        raise Refused("an .npz with two arrays of one name")
    if len(names) == 1:
        return infos[0], ""
    wanted = [name for name in _PREFERRED if name in names]
    if len(wanted) == 1:
        return infos[names.index(wanted[0])], f"of {len(names)} arrays, '{wanted[0]}' was graded"
    listed = ", ".join(shown(name) for name in sorted(names)[:8])
    raise Refused(f"an .npz with {len(names)} arrays ({listed}); keep one, or call it 'result'")

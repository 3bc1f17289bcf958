"""Python, packages, memory and disk: what is known without TensorFlow."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from typing import Any, Dict, List, Optional, Tuple

from tf1_models.doctor import pins
from tf1_models.doctor.line import FAILED, OK, WARNING, Line

GIB = 1 << 30
# nine_conv's training step at batch 128 takes about 1.5 GiB beside TensorFlow's own half
_LOW_MEMORY = 2 * GIB
_LOW_DISK = 2 * GIB


def python() -> Tuple[Line, Dict[str, Any]]:
    """The interpreter against the range of its lane."""
    lane = pins.lane()
    version, minor = platform.python_version(), sys.version_info[1]
    facts = {"version": version, "executable": sys.executable, "tested": f"3.{lane.tested}"}
    text = f"{version} at {sys.executable}"
    if sys.version_info[0] != 3 or not lane.pythons[0] <= minor <= lane.pythons[1]:
        return Line(
            "python",
            FAILED,
            f"{text}: TensorFlow 2.21 needs 3.10 to 3.13, TensorFlow 1.15.5 needs 3.7",
            pins.new_environment(pins.TF221),
        ), facts
    if minor != lane.tested:
        return Line(
            "python", WARNING, f"{text}: should do, but the tests run on 3.{lane.tested}", pins.new_environment(lane)
        ), facts
    return Line("python", OK, text), facts


def installed() -> Dict[str, str]:
    """Installed distributions, normalised name -> version, by their metadata folders' names (nothing is imported)."""
    found: Dict[str, str] = {}
    for root in sys.path:
        try:
            names = os.listdir(root or ".")
        except OSError:
            continue
        for name in names:
            match = re.match(r"(.+?)-([^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info$", name)
            if match:
                found.setdefault(re.sub(r"[-_.]+", "-", match.group(1)).lower(), match.group(2))
    return found


def packages(found: Optional[Dict[str, str]] = None) -> Tuple[List[Line], Dict[str, Any]]:
    """Installed packages against the tested pins; one line when all agree, else a line for each that does not.

    Args:
        found: Normalised name -> version; what is installed when None.

    Returns:
        The lines, and package -> {installed, tested}.
    """
    lane, have = pins.lane(), installed() if found is None else found
    facts: Dict[str, Any] = {}
    lines: List[Line] = []
    agreeing: List[str] = []
    for name, tested in lane.pins.items():
        names = pins.TENSORFLOW_NAMES if name == "tensorflow" else (name,)
        actual = next((n for n in names if n in have), None)
        version = None if actual is None else have[actual]
        facts[name] = {"installed": version, "tested": tested, "distribution": actual}
        if version is None and name in lane.optional:
            lines.append(
                Line(
                    "packages", WARNING, f"{name} is not installed (only some verbs want it)", pins.install(name, lane)
                )
            )
        elif version is None:
            lines.append(Line("packages", FAILED, f"{name} is not installed", pins.install(name, lane)))
        elif version.split("+")[0] != tested:
            moved = "; its version can move the last digits of a result" if name in lane.numbers else ""
            lines.append(
                Line(
                    "packages",
                    WARNING,
                    f"{actual} {version}, tested with {tested}{moved}",
                    f"pip install '{name}=={tested}'",
                )
            )
        else:
            agreeing.append(f"{actual} {version}")
    if agreeing:
        lines.insert(0, Line("packages", OK, f"as tested: {', '.join(agreeing)}"))
    return lines, facts


def memory() -> Tuple[Line, Dict[str, Any]]:
    """Memory that this process may still use: the machine's, or what the container's limit leaves."""
    total, available = memory_bytes()
    limit = _container_limit()
    if limit is not None and limit < total:
        total, available = limit, min(available, limit)
    facts = {"total_bytes": total, "available_bytes": available, "container_limit_bytes": limit}
    text = f"{available / GIB:.1f} of {total / GIB:.1f} GiB available"
    if available < _LOW_MEMORY:
        return Line(
            "memory",
            WARNING,
            f"{text}; nine_conv trains in 2 GiB at batch 128",
            "end other programs, or train with a smaller batch_size=N",
        ), facts
    return Line("memory", OK, text), facts


def memory_bytes() -> Tuple[int, int]:
    """Bytes of the machine and bytes that may still be used."""
    values: Dict[str, int] = {}
    try:
        with open("/proc/meminfo") as stream:
            for row in stream:
                name, _, rest = row.partition(":")
                values[name] = int(rest.split()[0]) * 1024
        return values["MemTotal"], values["MemAvailable"]
    except (OSError, ValueError, KeyError, IndexError):  # no Linux
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        return pages * size, pages * size


def _container_limit() -> Optional[int]:
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path) as stream:
                word = stream.read().strip()
            if word.isdigit():
                return int(word)
        except OSError:
            continue
    return None


def disk() -> Tuple[Line, Dict[str, Any]]:
    """Room and leave to write where `train` puts its run folders."""
    folder = "runs" if os.path.isdir("runs") else "."
    path = os.path.abspath(folder)
    usage = shutil.disk_usage(folder)
    writable = os.access(folder, os.W_OK | os.X_OK)
    facts = {"folder": path, "free_bytes": usage.free, "total_bytes": usage.total, "writable": writable}
    if not writable:
        owner = f"{os.getuid()}:{os.getgid()}"
        return Line(
            "disk",
            WARNING,
            f"{path} cannot be written by user {owner}: run folders need another place",
            f"sudo chown {owner} {path}, or train with --out DIR",
        ), facts
    text = f"{usage.free / GIB:.1f} of {usage.total / GIB:.1f} GiB free at {path}"
    if usage.free < _LOW_DISK:
        return Line("disk", WARNING, f"{text}; a run of nine_conv keeps about 0.5 GiB", "train with --out DIR"), facts
    return Line("disk", OK, text), facts

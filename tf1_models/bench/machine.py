"""The machine that a benchmark ran on, in words that tell two machines apart, but not whose they are."""

from __future__ import annotations

import os
import platform
import re
from typing import Any, Dict, Optional

from tf1_models.doctor.machine import memory_bytes
from tf1_models.session.tensorflow_setup import usable_cpus

_GOVERNOR = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"


def _first_line(path: str) -> Optional[str]:
    try:
        with open(path) as stream:
            return stream.readline().strip() or None
    except OSError:
        return None


def cpu_model() -> str:
    """As the kernel names it."""
    try:
        with open("/proc/cpuinfo") as stream:
            for row in stream:
                if row.startswith("model name"):
                    return re.sub(r"\s+", " ", row.partition(":")[2]).strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def busy_s() -> Optional[float]:
    """Processor seconds that all programs together have taken since the machine started; None where nobody counts."""
    line = _first_line("/proc/stat")
    if line is None:
        return None
    user, nice, system, _, _, irq, soft_irq = (int(word) for word in line.split()[1:8])
    return (user + nice + system + irq + soft_irq) / os.sysconf("SC_CLK_TCK")


def process_s(pid: int) -> Optional[float]:
    """Processor seconds that one process, all threads of it, has taken; None where nobody counts."""
    line = _first_line(f"/proc/{pid}/stat")
    if line is None:
        return None
    words = line.rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def describe() -> Dict[str, Any]:
    """CPU, cores, load, governor, memory, system; load at the start tells how quiet it was."""
    total, available = memory_bytes()
    return {
        "cpu": cpu_model(),
        "cores": usable_cpus(),
        "cores_of_machine": os.cpu_count(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "governor": _first_line(_GOVERNOR),  # None: not known, as in most virtual machines
        "memory_gb": round(total / 1e9, 1),
        "memory_available_gb": round(available / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }

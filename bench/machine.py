"""What the machine is, and what a process takes of it."""

import os
import platform
from typing import Any

import psutil  # type: ignore[import-untyped]

MIB = 2**20


def machine() -> dict[str, Any]:
    """The machine, for readers who compare; `load_at_end` warns them of a busy one."""
    return {
        "cpus": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_at_end": [round(x, 1) for x in os.getloadavg()],
    }


def resident_mib(pid: int) -> float:
    """Resident memory of a process and its children."""
    process = psutil.Process(pid)
    return float(sum(p.memory_info().rss for p in [process, *process.children(recursive=True)])) / MIB


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used so far, in user mode and in the kernel."""
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)

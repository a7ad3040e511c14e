"""How many processors this program may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

from ingressd.settings import FEWEST_WORKERS, MAX_WORKERS

_QUOTA_OF_CONTAINER = Path("/sys/fs/cgroup/cpu.max")


def default_workers(processors: float) -> int:
    """Return the number of workers for so many processors: one each, and never so few that one alone serves."""
    return max(FEWEST_WORKERS, min(MAX_WORKERS, math.ceil(processors)))


def usable_processors(quota: Path = _QUOTA_OF_CONTAINER) -> float:
    """Return the processors that the scheduler gives to this process, or fewer when its container has a quota."""
    usable = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    return min(usable, _quota(quota) or usable)


def _quota(file: Path) -> float | None:
    """Read ``cpu.max`` of cgroup v2: microseconds allowed in each period (``200000 100000``), or ``max``."""
    try:
        allowed, period = file.read_text(encoding="ascii").split()
        return int(allowed) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None

"""How busy each processor was, whoever kept it busy, from ``/proc/stat`` (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

_IDLE, _WAITING = 3, 4
_COUNTED = 8  # guest time, which follows, is in user time already
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class CoreTime(NamedTuple):
    """In seconds, since the machine began."""

    busy: float
    total: float


def core_time(core: int) -> CoreTime:
    return parse_core_time(Path("/proc/stat").read_text(encoding="ascii"), core)


def parse_core_time(text: str, core: int) -> CoreTime:
    """Raises LookupError for a processor that is not in ``text``."""
    for line in text.splitlines():
        name, *values = line.split()
        if name == f"cpu{core}":
            ticks = [int(value) for value in values[:_COUNTED]]
            total = sum(ticks)
            return CoreTime((total - ticks[_IDLE] - ticks[_WAITING]) / _TICKS_PER_SECOND, total / _TICKS_PER_SECOND)
    raise LookupError(f"the kernel knows no processor {core}")


def busy_share(before: CoreTime, after: CoreTime) -> float:
    """Return which part of the time between was not idle: 0 to 1, and 0 when no time has passed."""
    total = after.total - before.total
    return (after.busy - before.busy) / total if total > 0 else 0.0

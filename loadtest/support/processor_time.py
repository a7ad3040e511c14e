"""Where a process may run, and how long it has run, from ``/proc/PID/stat`` (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_USER_TIME, _SYSTEM_TIME = 11, 12  # counted from behind the name, which may hold anything
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """Return the seconds of all threads of the process, in its own code and in the kernel's."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])) / _TICKS_PER_SECOND


@contextmanager
def starting_on(core: int) -> Iterator[None]:
    """Keep every process that is started inside, with all its threads, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

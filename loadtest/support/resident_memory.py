"""How much memory another process really holds, from ``/proc/PID/status`` (proc(5))."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

SAMPLE_SECONDS = 0.05
_CLEAR_PEAK = "5"

MIB = 1 << 20


def resident_bytes(pid: int) -> int:
    return _status_bytes(pid, "VmRSS")


def peak_resident_bytes(pid: int) -> int:
    """The most since the process began, or since ``clear_peak``. The kernel keeps it, so no spike gets past it."""
    return _status_bytes(pid, "VmHWM")


def clear_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text(_CLEAR_PEAK, encoding="ascii")


class MemoryWatch:
    """Use as a context manager around a load. All values are in bytes.

    ``samples`` are taken every 50 ms and show the course; ``growth`` is judged by the kernel's own peak.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="memory samples", daemon=True)
        self.before = resident_bytes(pid)
        self.peak = self.before
        self.samples: list[int] = []

    @property
    def growth(self) -> int:
        return max(0, max(self.peak, *self.samples, self.before) - self.before)

    def __enter__(self) -> MemoryWatch:
        clear_peak(self._pid)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        if error is None:
            self.peak = peak_resident_bytes(self._pid)

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            try:
                self.samples.append(resident_bytes(self._pid))
            except (OSError, LookupError):
                return  # the process has ended; whoever talks to it says so better


def _status_bytes(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise LookupError(f"/proc/{pid}/status has no {field}: the process has ended")

"""The pool as it is now, as plain data."""

from __future__ import annotations

import msgspec


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``generation`` is the table that it serves from, 0 for none yet. ``retiring``: it finishes what it has, and ends.
    ``silent_seconds`` is the time since anything was heard of it: above a second or two, its event loop is blocked.
    ``resident_bytes`` is None where the system does not tell."""

    pid: int
    serving: bool
    retiring: bool
    generation: int
    alive_seconds: float
    silent_seconds: float
    resident_bytes: int | None
    in_flight: int
    connections: int
    tunnels: int


class PoolStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``respawns`` counts workers that replaced one that died; ``generation`` the differences published so far."""

    workers: tuple[WorkerStatus, ...]
    respawns: int
    generation: int
    dropped_log_lines: int

    @property
    def in_flight(self) -> int:
        """Requests being served, those of retiring workers among them."""
        return sum(worker.in_flight for worker in self.workers)

    @property
    def connections(self) -> int:
        return sum(worker.connections for worker in self.workers)

    @property
    def tunnels(self) -> int:
        return sum(worker.tunnels for worker in self.workers)

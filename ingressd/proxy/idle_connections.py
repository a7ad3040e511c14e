"""Client connections that wait for their next request, and when they have waited enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Closable(Protocol):
    def close_if_idle(self) -> None: ...


class IdleConnections:
    """Those that wait longest come first, so that a look costs what has to be closed, and not what is open."""

    def __init__(self, idle_seconds: float, clock: Callable[[], float]) -> None:
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._last_look = clock()
        self._since: dict[Closable, float] = {}

    def add(self, connection: Closable) -> None:
        """``connection`` waits from now on; it must not be in here already.

        What is kept is the time of the look before: asking the clock would cost as much as all the rest.
        """
        self._since[connection] = self._last_look

    def discard(self, connection: Closable) -> None:
        self._since.pop(connection, None)

    def close_expired(self) -> None:
        """Close what has waited too long. To be called about once a second."""
        oldest = self._last_look - self._idle_seconds
        self._last_look = self._clock()
        expired = []
        for connection, since in self._since.items():
            if since >= oldest:
                break
            expired.append(connection)
        for connection in expired:
            del self._since[connection]
            connection.close_if_idle()

    def __len__(self) -> int:
        return len(self._since)

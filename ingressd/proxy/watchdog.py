"""One timer for every timeout: cheaper than arming one for each request, and late by at most its interval."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

_log = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.5


class Watched(Protocol):
    def check(self, now: float) -> None: ...


class Watchdog:
    """Calls ``check`` of everything added to it, and ``sweep``, every half second on the monotonic clock."""

    def __init__(
        self,
        clock: Callable[[], float],
        sweep: Callable[[], None],
        *,
        also: Callable[[], Iterable[Watched]] = tuple,
    ) -> None:
        """``also`` returns more to be watched at each look: what comes and goes with every request is cheaper to find
        twice a second than to add and discard."""
        self._clock = clock
        self._sweep = sweep
        self._also = also
        self._watched: set[Watched] = set()

    def add(self, watched: Watched) -> None:
        self._watched.add(watched)

    def discard(self, watched: Watched) -> None:
        self._watched.discard(watched)

    def __len__(self) -> int:
        return len(self._watched)

    def tick(self) -> None:
        now = self._clock()
        for watched in (*self._watched, *self._also()):
            try:
                watched.check(now)
            except Exception:
                # One defect must not end every other timeout of the process.
                _log.exception("checking %r failed", watched)
                self._watched.discard(watched)
        try:
            self._sweep()
        except Exception:
            # Nor may one of the sweep.
            _log.exception("sweeping failed")

    async def run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            self.tick()

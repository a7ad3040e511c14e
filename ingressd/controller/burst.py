"""The end of a burst of changes."""

from __future__ import annotations

import asyncio

import msgspec


class Coalescing(msgspec.Struct, frozen=True):
    """Seconds. A burst ends when ``quiet`` passes without a change, and at the latest ``ceiling`` after it began."""

    quiet: float
    ceiling: float

    def __post_init__(self) -> None:
        if not 0 <= self.quiet <= self.ceiling:
            raise ValueError("the quiet period must be between 0 and the ceiling")


CLUSTER = Coalescing(quiet=0.005, ceiling=0.02)
"""A rollout touches one object after another, and each endpoint that goes should be out of use at once: what a change
costs depends on what it touches, so there is little to save by waiting. In a storm of changes without a pause, the
ceiling is what each of them waits."""
FILES = Coalescing(quiet=0.02, ceiling=1.0)
"""One person saves one file, and waits for it."""


class Burst:
    """Told of every change; waits until there was one and the burst that it began is over."""

    def __init__(self, coalescing: Coalescing) -> None:
        self._coalescing = coalescing
        self._changed = asyncio.Event()
        self._hurried = asyncio.Event()

    def extend(self, *, hurry: bool = False) -> None:
        """Something changed; ``hurry`` when nothing more is to be waited for."""
        self._changed.set()
        if hurry:
            self._hurried.set()

    async def end(self, timeout_seconds: float) -> None:
        """Wait until a burst is over, or until ``timeout_seconds`` have passed without one."""
        if not await _happens(self._changed, timeout_seconds):
            return
        now = asyncio.get_running_loop().time
        ceiling = now() + self._coalescing.ceiling
        while not self._hurried.is_set():
            self._changed.clear()
            if not await _happens(self._changed, min(self._coalescing.quiet, ceiling - now())):
                break
        self._changed.clear()
        self._hurried.clear()


async def _happens(event: asyncio.Event, timeout_seconds: float) -> bool:
    try:
        async with asyncio.timeout(timeout_seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True

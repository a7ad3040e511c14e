"""Waiting until something has happened that several others may bring about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class News:
    """Whoever changes something tells; whoever waits for something looks again."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def tell(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until ``happened`` is true, which is looked at now and whenever somebody tells."""
        while not happened():
            await self._next.wait()

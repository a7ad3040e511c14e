"""The end of an outage of the API server, noticed early.

Each reflector waits longer and longer before it tries again. While nobody answers, one small question every few
seconds is asked for all of them, and they go on when it is answered: a change made during the outage is then live
soon.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable

import msgspec

from ingressd.kube.api import Api
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.tasks import OwnedTasks

_GONE = frozenset({ApiFault.UNREACHABLE, ApiFault.SERVER})


class OutageSettings(msgspec.Struct, frozen=True):
    """Seconds. Who fails again less than ``trust`` after an outage ended is not called back early another time."""

    between_questions: float = 2.0
    longest_question: float = 5.0
    trust: float = 60.0


DEFAULTS = OutageSettings()


class Outage:
    """Where reflectors wait; shared by all of one API server."""

    def __init__(
        self,
        api: Api,
        settings: OutageSettings = DEFAULTS,
        *,
        draw: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._settings = settings
        self._draw = draw
        self._clock = clock
        self._tasks = OwnedTasks()
        self._waiting = 0
        self._returned = asyncio.Event()
        self._returned_at: float | None = None

    async def rest(self, seconds: float, error: ApiError | None) -> None:
        """Wait for so many seconds; when nobody answered, at the longest until somebody does."""
        if error is None or error.fault not in _GONE or error.retry_after_seconds or self._is_just_over():
            await asyncio.sleep(seconds)
            return
        self._waiting += 1
        if not self._tasks:
            self._tasks.start(self._ask(), "asking whether the API server is back")
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._returned.wait()
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        await self._tasks.close()

    def _is_just_over(self) -> bool:
        return self._returned_at is not None and self._clock() - self._returned_at < self._settings.trust

    async def _ask(self) -> None:
        """Ask until there is an answer, or nobody waits for one any more."""
        while True:
            await asyncio.sleep(self._settings.between_questions * (0.5 + self._draw()))
            if not self._waiting:
                return
            if await self._is_there():
                break
        self._returned_at = self._clock()
        self._returned.set()
        self._returned = asyncio.Event()

    async def _is_there(self) -> bool:
        # API servers answer this to everybody who is authenticated, and not before they can serve lists.
        try:
            await self._api.request("GET", "/readyz", timeout_seconds=self._settings.longest_question)
        except ApiError as error:
            return error.fault not in _GONE
        return True

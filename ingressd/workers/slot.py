"""The place of one worker in the pool: who is there, and who comes next."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ingressd.workers.news import News
from ingressd.workers.process import WorkerProcess
from ingressd.workers.respawn import Respawn

_log = logging.getLogger(__name__)


class RollError(Exception):
    """A new worker did not come to serve, so the old one goes on; what was replaced before it stays replaced.

    Asking again is safe.
    """


class Slot:
    """Its keeper alone puts workers in.

    ``spawn`` starts a worker, and returns None when the system refuses; ``retire`` lets one finish what it has.
    ``respawns`` counts the workers that died here and were to be replaced.
    """

    def __init__(
        self,
        number: int,
        news: News,
        *,
        spawn: Callable[[], Awaitable[WorkerProcess | None]],
        retire: Callable[[WorkerProcess], None],
        clock: Callable[[], float],
    ) -> None:
        self.number = number
        self.worker: WorkerProcess | None = None
        self.respawns = 0
        self.kept = False
        self._news = news
        self._spawn = spawn
        self._retire = retire
        self._clock = clock
        self._respawn = Respawn()
        self._replacement: asyncio.Future[None] | None = None
        self._ending = False

    def serves(self, generation: int) -> bool:
        """Whether its worker serves from this generation of the table, or a later one."""
        return self.worker is not None and self.worker.applied is not None and self.worker.applied >= generation

    async def keep(self) -> None:
        """Have a worker here until the end."""
        self.kept = True
        try:
            while not self._ending:
                await self._next_step()
        finally:
            self.kept = False
            if self._replacement is not None and not self._replacement.done():
                self._replacement.set_exception(RollError("ingressd is ending"))
            self._news.tell()

    async def replace(self) -> None:
        """Have another worker here, and let the old one retire once the new one serves. Raises RollError.

        To be called by one at a time, while there is a table to serve from.
        """
        if self._ending:
            raise RollError("ingressd is ending")
        self._replacement = replacement = asyncio.get_running_loop().create_future()
        self._news.tell()
        await replacement

    def end(self) -> None:
        """Put nobody in any more."""
        self._ending = True
        self._news.tell()

    async def _next_step(self) -> None:
        worker = self.worker
        if self._replacement is not None:
            await self._swap(self._replacement)
        elif worker is None:
            self.worker = await self._spawn()
            if self.worker is None:
                await self._pause(self._respawn.delay_seconds(0.0))
        elif worker.ended:
            self.worker = None
            self.respawns += 1
            await self._pause(self._respawn.delay_seconds(self._clock() - worker.started))
        else:
            await self._news.until(lambda: self._interrupted or worker.ended)

    @property
    def _interrupted(self) -> bool:
        return self._ending or self._replacement is not None

    async def _swap(self, replacement: asyncio.Future[None]) -> None:
        newcomer = await self._spawn()
        if newcomer is not None:
            await self._news.until(lambda: newcomer.serving or newcomer.ended or self._ending)
        if self._ending:
            return
        self._replacement = None
        if newcomer is not None and newcomer.serving:
            old, self.worker = self.worker, newcomer
            if old is not None:
                self._retire(old)
            if not replacement.done():
                replacement.set_result(None)
        elif not replacement.done():
            replacement.set_exception(
                RollError(f"a new worker in the place of worker {self.number} did not start: the log says why")
            )

    async def _pause(self, seconds: float) -> None:
        """Wait before the next attempt, unless somebody asks for it."""
        if seconds:
            _log.warning("worker %d keeps failing: the next attempt is in %.1f s", self.number, seconds)
        try:
            async with asyncio.timeout(seconds):
                await self._news.until(lambda: self._interrupted)
        except TimeoutError:
            return

"""All workers, as the supervisor sees them: started, fed, watched, replaced, drained."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence

from ingressd.routing.difference import TableDifference
from ingressd.routing.table import RoutingTable
from ingressd.tasks import OwnedTasks
from ingressd.telemetry.metrics import Metrics
from ingressd.workers.messages import Drain, Report, Start
from ingressd.workers.news import News
from ingressd.workers.pool_settings import PoolSettings
from ingressd.workers.process import WorkerProcess, describe_exit, worker_command
from ingressd.workers.slot import RollError, Slot
from ingressd.workers.status import PoolStatus
from ingressd.workers.watch import watch

__all__ = ["RefusalError", "RollError", "WorkerPool"]

_log = logging.getLogger(__name__)

REPORT_DEADLINE_SECONDS = 1.0


class RefusalError(Exception):
    """Workers cannot serve with what they are told at their start; the text is for whoever started the program."""


class WorkerPool:
    """Starts ``settings.workers`` processes, and keeps as many until it drains or is closed.

    ``http`` and ``https`` are bound sockets, which the pool owns from now on. They need not listen: a worker makes
    them, when it has the first table, so that until then clients are refused. ``metrics`` is what all workers have
    counted, also those that are gone. To be made and used on one event loop.
    """

    def __init__(
        self,
        start: Start,
        settings: PoolSettings,
        *,
        http: socket.socket,
        https: socket.socket,
        metrics: Metrics | None = None,
        command: Sequence[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.metrics = metrics if metrics is not None else Metrics()
        self.dropped_log_lines = 0
        self.generation = 0
        self._start = start
        self._settings = settings
        self._listening = (http, https)
        self._command = tuple(command) if command is not None else worker_command()
        self._clock = clock
        self._table = RoutingTable()
        self._news = News()
        self._slots = tuple(
            Slot(number, self._news, spawn=self._spawn, retire=self._retire, clock=clock)
            for number in range(settings.workers)
        )
        self._workers: set[WorkerProcess] = set()
        self._ending: Drain | None = None
        self._closing = False
        self._unclean_ends = 0
        self._refusal = ""
        self._report_serial = 0
        self._rolls_asked = 0
        self._rolls_done = 0
        self._rolling = asyncio.Lock()
        self._keepers = OwnedTasks()
        self._lives = OwnedTasks()

    def start(self) -> None:
        """Start the workers. They serve from the first difference on that is published."""
        for slot in self._slots:
            self._keepers.start(slot.keep(), f"keep worker {slot.number}")
        self._lives.start(watch(self._workers, self._settings, self._clock), "watch workers")

    # Feeding.

    def publish(self, difference: TableDifference) -> int:
        """Send ``difference`` to every worker, and return the generation that it leads to. It never waits."""
        self._table.apply(difference)
        self.generation += 1
        for worker in self._workers:
            worker.update(self.generation, difference)
        return self.generation

    async def applied(self, generation: int) -> None:
        """Wait until every slot has a worker that serves from ``generation`` or a later one, or until the pool ends."""
        await self._news.until(lambda: self._ending is not None or all(slot.serves(generation) for slot in self._slots))

    @property
    def serving(self) -> bool:
        """Whether at least one worker has the table and accepts connections."""
        return any(worker.serving and not worker.retiring for worker in self._workers)

    async def wait_until_serving(self) -> None:
        """Wait until the pool serves, or ends. Raises RefusalError when a worker cannot serve at all."""
        await self._news.until(lambda: self.serving or self._ending is not None or bool(self._refusal))
        if self._refusal:
            raise RefusalError(self._refusal)

    # Looking.

    @property
    def respawns(self) -> int:
        """How many workers have died and were to be replaced."""
        return sum(slot.respawns for slot in self._slots)

    async def report(self) -> None:
        """Bring ``metrics`` and ``status`` up to date, as far as the workers answer within a second."""
        self._report_serial += 1
        serial = self._report_serial
        asked = tuple(worker for worker in self._workers if worker.greeted)
        for worker in asked:
            worker.ask_for_report(serial)
        try:
            async with asyncio.timeout(REPORT_DEADLINE_SECONDS):
                await self._news.until(lambda: all(worker.answered >= serial or worker.ended for worker in asked))
        except TimeoutError:
            return

    def status(self) -> PoolStatus:
        """Return what there is now; counts are as of each worker's latest report."""
        now = self._clock()
        return PoolStatus(
            workers=tuple(worker.status(now) for worker in sorted(self._workers, key=lambda worker: worker.started)),
            respawns=self.respawns,
            generation=self.generation,
            dropped_log_lines=self.dropped_log_lines,
        )

    # Replacing and ending.

    async def roll(self) -> None:
        """Replace every worker by a new process, one after the other; no request is lost, and never do fewer serve.

        An old worker finishes what it has, within the drain grace, while the next ones are replaced already. Whoever
        asks during a roll waits for one that begins after it, together with everybody else who asked. Without a
        published table there is nothing to replace. Raises RollError.
        """
        self._rolls_asked += 1
        asked = self._rolls_asked
        async with self._rolling:
            if self._rolls_done >= asked or not self.generation:
                return
            covered = self._rolls_asked
            # Those that the roll before left: so there are never more than twice the workers, and one.
            await self._news.until(lambda: not any(worker.retiring for worker in self._workers))
            for slot in self._slots:
                await slot.replace()
            self._rolls_done = covered

    async def drain(self, grace_seconds: float, *, idle_seconds: float = 1.0) -> bool:
        """Stop accepting, let every worker finish what it has, and wait for their ends.

        Returns whether all of them ended by themselves and without an error. The pool cannot be used any more.
        """
        self._ending = Drain(grace_seconds, min(idle_seconds, grace_seconds))
        # Before any worker closes its own: connections that come when all have closed theirs must be refused.
        self._close_listening()
        self._unclean_ends = 0
        for worker in self._workers:
            self._drain(worker, self._ending)
        for slot in self._slots:
            slot.end()
        try:
            async with asyncio.timeout(grace_seconds + self._settings.end_slack_seconds):
                await self._news.until(lambda: not self._workers and not any(slot.kept for slot in self._slots))
        except TimeoutError:
            _log.warning("%d workers did not end within the grace and are killed", len(self._workers))
        await self.close()
        return self._unclean_ends == 0

    async def close(self) -> None:
        """End everything at once; nothing happens the second time."""
        self._closing = True
        self._ending = self._ending or Drain(0.0, 0.0)
        for slot in self._slots:
            slot.end()
        self._close_listening()
        await self._keepers.close()
        for worker in tuple(self._workers):
            worker.kill()
        await self._news.until(lambda: not self._workers)
        await self._lives.close()

    def _close_listening(self) -> None:
        for listening in self._listening:
            listening.close()

    # One worker.

    async def _spawn(self) -> WorkerProcess | None:
        """Start a worker, which is to serve from the table as it is now; None when the system refuses."""
        try:
            worker = await WorkerProcess.spawn(
                self._command,
                self._start,
                self._listening,
                clock=self._clock,
                count=self._count,
                changed=self._news.tell,
            )
        except Exception as error:
            # Whatever it is (no process, no thread, no memory): a keeper that ends leaves its place empty for good.
            _log.error("a worker cannot be started: %s", error, exc_info=not isinstance(error, OSError))
            return None
        self._workers.add(worker)
        if self.generation:
            worker.update(self.generation, self._table.whole())
        if self._ending is not None:
            self._drain(worker, self._ending)
        _log.info("worker process %d started", worker.pid)
        self._lives.start(self._live(worker), f"worker process {worker.pid}")
        return worker

    async def _live(self, worker: WorkerProcess) -> None:
        try:
            await worker.run()
        finally:
            self._workers.discard(worker)
            self._news.tell()
        status = worker.exit_status
        if worker.retiring and status == 0:
            _log.info("worker process %d has drained", worker.pid)
            return
        self._unclean_ends += 1
        if self._closing:
            return
        if worker.refusal:
            self._refusal = worker.refusal
            self._news.tell()
            _log.error("worker process %d cannot serve: %s", worker.pid, worker.refusal)
            return
        alive_seconds = self._clock() - worker.started
        _log.warning("worker process %d ended after %.1f s: %s", worker.pid, alive_seconds, describe_exit(status))

    def _retire(self, worker: WorkerProcess) -> None:
        grace_seconds = self._settings.drain_grace_seconds
        self._drain(worker, Drain(grace_seconds, min(self._settings.idle_seconds, grace_seconds)))

    def _drain(self, worker: WorkerProcess, order: Drain) -> None:
        worker.drain(order, must_end_at=self._clock() + order.grace_seconds + self._settings.end_slack_seconds)

    def _count(self, report: Report) -> None:
        self.metrics.add(report.counted)
        self.dropped_log_lines += report.dropped_log_lines

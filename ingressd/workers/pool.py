"""All workers, as the supervisor sees them: started, fed, watched, replaced, drained."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence

from ingressd.routing.table import RoutingTable, TableDifference
from ingressd.tasks import OwnedTasks
from ingressd.telemetry.metrics import Metrics
from ingressd.workers.messages import Drain, Report, Start
from ingressd.workers.pool_settings import PoolSettings
from ingressd.workers.process import WorkerProcess, describe_exit, resident_bytes, worker_command
from ingressd.workers.respawn import Respawn
from ingressd.workers.silence import Silence, judge_silence
from ingressd.workers.status import PoolStatus, WorkerStatus

_log = logging.getLogger(__name__)

REPORT_DEADLINE_SECONDS = 1.0
LATE_SECONDS = 1.0
"""How late the supervisor's own loop may be before it mistrusts its clock."""


class RollError(Exception):
    """A new worker did not come to serve, so the old one goes on; what was replaced before it stays replaced.

    Asking again is safe.
    """


class _Slot:
    """The place of one worker. Its keeper alone puts workers in."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.worker: WorkerProcess | None = None
        self.replacement: asyncio.Future[None] | None = None
        """Somebody wants another worker here, and is told when it serves."""
        self.changed = asyncio.Event()


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
        self.respawns = 0
        self.dropped_log_lines = 0
        self.generation = 0
        self._start = start
        self._settings = settings
        self._listening = (http, https)
        self._command = tuple(command) if command is not None else worker_command()
        self._clock = clock
        self._table = RoutingTable()
        self._slots = tuple(_Slot(number) for number in range(settings.workers))
        self._workers: set[WorkerProcess] = set()
        self._news = asyncio.Event()
        self._ending: Drain | None = None
        self._unclean_ends = 0
        self._kept = 0
        self._report_serial = 0
        self._rolls_asked = 0
        self._rolls_done = 0
        self._rolling = asyncio.Lock()
        self._keepers = OwnedTasks()
        self._lives = OwnedTasks()

    def start(self) -> None:
        """Start the workers. They serve from the first difference on that is published."""
        for slot in self._slots:
            self._keepers.start(self._keep(slot), f"keep worker {slot.number}")
        self._lives.start(self._watch(), "watch workers")

    # Feeding.

    def publish(self, difference: TableDifference) -> int:
        """Send ``difference`` to every worker, and return the generation that it leads to. It never waits."""
        self._table.apply(difference)
        self.generation += 1
        for worker in self._workers:
            worker.update(self.generation, difference)
        return self.generation

    async def applied(self, generation: int) -> None:
        """Wait until every slot has a worker that serves from ``generation`` or a later one."""
        await self._until(
            lambda: all(slot.worker is not None and (slot.worker.applied or 0) >= generation for slot in self._slots)
        )

    @property
    def serving(self) -> bool:
        """Whether at least one worker has the table and accepts connections."""
        return any(worker.serving and not worker.retiring for worker in self._workers)

    async def wait_until_serving(self) -> None:
        await self._until(lambda: self.serving)

    # Looking.

    async def report(self) -> None:
        """Bring ``metrics`` and ``status`` up to date, as far as the workers answer within a second."""
        self._report_serial += 1
        serial = self._report_serial
        asked = tuple(worker for worker in self._workers if worker.greeted)
        for worker in asked:
            worker.ask_for_report(serial)
        try:
            async with asyncio.timeout(REPORT_DEADLINE_SECONDS):
                await self._until(lambda: all(worker.answered >= serial or worker.ended for worker in asked))
        except TimeoutError:
            return

    def status(self) -> PoolStatus:
        """Return what there is now; counts are as of each worker's latest report."""
        now = self._clock()
        return PoolStatus(
            workers=tuple(
                WorkerStatus(
                    pid=worker.pid,
                    serving=worker.serving,
                    retiring=worker.retiring,
                    generation=worker.applied or 0,
                    alive_seconds=now - worker.started,
                    silent_seconds=now - worker.heard,
                    resident_bytes=resident_bytes(worker.pid),
                    in_flight=worker.latest.in_flight,
                    connections=worker.latest.connections,
                    tunnels=worker.latest.tunnels,
                )
                for worker in sorted(self._workers, key=lambda worker: worker.started)
            ),
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
            await self._until(lambda: not any(worker.retiring for worker in self._workers))
            for slot in self._slots:
                if self._ending is not None:
                    raise RollError("ingressd is ending")
                await self._replace(slot)
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
            slot.changed.set()
        self._tell_news()
        try:
            async with asyncio.timeout(grace_seconds + self._settings.end_slack_seconds):
                await self._until(lambda: not self._workers and not self._kept)
        except TimeoutError:
            _log.warning("%d workers did not end within the grace and are killed", len(self._workers))
        await self.close()
        return self._unclean_ends == 0

    async def close(self) -> None:
        """End everything at once; nothing happens the second time."""
        self._ending = self._ending or Drain(0.0, 0.0)
        self._close_listening()
        await self._keepers.close()
        for worker in tuple(self._workers):
            worker.kill()
        await self._until(lambda: not self._workers)
        await self._lives.close()

    def _close_listening(self) -> None:
        for listening in self._listening:
            listening.close()

    # One slot.

    async def _keep(self, slot: _Slot) -> None:
        """Have a worker in the slot until the pool ends."""
        respawn = Respawn()
        self._kept += 1
        try:
            while self._ending is None:
                if slot.replacement is not None:
                    await self._swap(slot, slot.replacement)
                elif slot.worker is None:
                    slot.worker = await self._spawn(slot)
                    if slot.worker is None:
                        await self._pause(slot, respawn.delay_seconds(0.0))
                elif slot.worker.ended:
                    alive_seconds = self._clock() - slot.worker.started
                    slot.worker = None
                    self.respawns += 1
                    await self._pause(slot, respawn.delay_seconds(alive_seconds))
                else:
                    await slot.changed.wait()
                    slot.changed.clear()
        finally:
            self._kept -= 1
            if slot.replacement is not None and not slot.replacement.done():
                slot.replacement.set_exception(RollError("ingressd is ending"))
            self._tell_news()

    async def _swap(self, slot: _Slot, replacement: asyncio.Future[None]) -> None:
        newcomer = await self._spawn(slot)
        if newcomer is not None:
            await self._until(lambda: newcomer.serving or newcomer.ended or self._ending is not None)
        slot.replacement = None
        if newcomer is not None and newcomer.serving:
            old, slot.worker = slot.worker, newcomer
            if old is not None and self._ending is None:
                grace_seconds = self._settings.drain_grace_seconds
                self._drain(old, Drain(grace_seconds, min(self._settings.idle_seconds, grace_seconds)))
            if not replacement.done():
                replacement.set_result(None)
        elif not replacement.done():
            replacement.set_exception(RollError(f"a new worker in the place of worker {slot.number} did not start"))

    async def _replace(self, slot: _Slot) -> None:
        slot.replacement = replacement = asyncio.get_running_loop().create_future()
        slot.changed.set()
        self._tell_news()
        await replacement

    async def _pause(self, slot: _Slot, seconds: float) -> None:
        """Wait before the next attempt, unless somebody asks for it."""
        if seconds:
            _log.warning("worker %d keeps failing: the next attempt is in %.1f s", slot.number, seconds)
        try:
            async with asyncio.timeout(seconds):
                await self._until(lambda: self._ending is not None or slot.replacement is not None)
        except TimeoutError:
            return

    # One worker.

    async def _spawn(self, slot: _Slot) -> WorkerProcess | None:
        """Start a worker, which is to serve from the table as it is now; None when the system refuses."""

        def changed() -> None:
            slot.changed.set()
            self._tell_news()

        try:
            worker = await WorkerProcess.spawn(
                self._command, self._start, self._listening, clock=self._clock, count=self._count, changed=changed
            )
        except OSError as error:
            _log.error("worker %d cannot be started: %s", slot.number, error)
            return None
        self._workers.add(worker)
        if self.generation:
            worker.update(self.generation, self._whole_table())
        if self._ending is not None:
            self._drain(worker, self._ending)
        self._lives.start(self._live(worker), f"worker process {worker.pid}")
        return worker

    async def _live(self, worker: WorkerProcess) -> None:
        try:
            await worker.run()
        finally:
            self._workers.discard(worker)
            self._tell_news()
        status = worker.exit_status
        if worker.retiring and status == 0:
            _log.info("worker process %d has drained", worker.pid)
            return
        self._unclean_ends += 1
        alive_seconds = self._clock() - worker.started
        _log.warning("worker process %d ended after %.1f s: %s", worker.pid, alive_seconds, describe_exit(status))

    def _drain(self, worker: WorkerProcess, order: Drain) -> None:
        worker.drain(order, must_end_at=self._clock() + order.grace_seconds + self._settings.end_slack_seconds)

    def _whole_table(self) -> TableDifference:
        table = self._table
        return TableDifference(dict(table.hosts), dict(table.upstreams), dict(table.certificates))

    def _count(self, report: Report) -> None:
        self.metrics.add(report.counted)
        self.dropped_log_lines += report.dropped_log_lines

    async def _watch(self) -> None:
        """Look after workers that say nothing, and after those that should have ended."""
        pause_seconds = min(1.0, self._settings.dump_after_seconds / 4)
        looked = self._clock()
        while True:
            await asyncio.sleep(pause_seconds)
            now = self._clock()
            if now - looked > 2 * pause_seconds + LATE_SECONDS:
                # It was this process that did not run: what the workers said meanwhile has not been read yet.
                for worker in self._workers:
                    worker.heard = now
            looked = now
            for worker in tuple(self._workers):
                self._look_after(worker, now)

    def _look_after(self, worker: WorkerProcess, now: float) -> None:
        silent_seconds = now - worker.heard
        silence = judge_silence(silent_seconds, self._settings, greeted=worker.greeted)
        if worker.killed:
            return
        if worker.must_end_at is not None and now > worker.must_end_at:
            _log.error("worker process %d did not end within its grace: killed", worker.pid)
            worker.kill()
        elif silence is Silence.HOPELESS:
            _log.error("worker process %d has said nothing for %.1f s: killed", worker.pid, silent_seconds)
            worker.kill()
        elif silence is Silence.WORRYING and not worker.stacks_dumped:
            _log.warning(
                "worker process %d has said nothing for %.1f s: here are its stacks", worker.pid, silent_seconds
            )
            worker.dump_stacks()

    # Waiting.

    def _tell_news(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _until(self, happened: Callable[[], bool]) -> None:
        while not happened():
            await self._news.wait()

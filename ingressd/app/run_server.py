"""The composition root of ``run``: a control plane in this process, and workers that serve."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterable, Callable, Sequence
from typing import NamedTuple, Protocol

from aiohttp import web

from ingressd import __version__
from ingressd.admin.application import admin_application
from ingressd.admin.host_guard import HostGuard
from ingressd.admin.problem_document import Locate
from ingressd.app.controller_view import ControllerView
from ingressd.compilation import describe
from ingressd.controller.burst import Coalescing
from ingressd.controller.controller import Controller
from ingressd.controller.problem_log import ProblemLog
from ingressd.resources.change import Change
from ingressd.routing.difference import TableDifference
from ingressd.settings import RunSettings
from ingressd.tasks import first_of
from ingressd.telemetry.control_plane import ControlPlane, ControlPlaneCollector, WorkerFigures
from ingressd.telemetry.exposition import Inventory, metrics_registry
from ingressd.telemetry.metrics import Metrics
from ingressd.workers.messages import Start
from ingressd.workers.pool import RollError, WorkerPool
from ingressd.workers.pool_settings import PoolSettings
from ingressd.workers.status import PoolStatus
from tls.self_signed import self_signed

_log = logging.getLogger(__name__)

NAMES_OF_NOBODY = ("ingressd.invalid",)
"""What the certificate is for that a client gets whose host has none: no browser trusts it (RFC 6761, "invalid")."""
ADMIN_CLOSE_SECONDS = 1.0
"""How long the end waits, twice, for a client of the admin port that does not read its answer."""
NO_WORKERS = PoolStatus(workers=(), respawns=0, generation=0, dropped_log_lines=0)


class ControlPlaneError(Exception):
    """Nothing can be followed any more, because of a defect that the log tells; requests in flight have finished."""


class TrafficSockets(NamedTuple):
    """Bound and listening."""

    http: socket.socket
    https: socket.socket


class Source(NamedTuple):
    """Where objects come from.

    ``waiting_for`` says, a sentence each, why not everything has been read yet. ``locate`` finds the line of a JSON
    path in an object, where objects come from files.
    """

    changes: Callable[[], AsyncIterable[Sequence[Change]]]
    coalescing: Coalescing
    waiting_for: Callable[[], tuple[str, ...]] = lambda: ()
    locate: Locate = lambda key, path: None


class Cluster(Protocol):
    """What a controller owes its cluster beside serving: statuses and Events."""

    async def run(self) -> None:
        """See to them, until cancelled."""
        ...

    def look(self) -> None:
        """Something may differ. Returns at once."""
        ...

    async def leave(self) -> None:
        """Hand over to other replicas, and take back what only this one stands for."""
        ...

    def figures(self, now: ControlPlane) -> ControlPlane:
        """Add what there is to tell of the cluster."""
        ...


class RunServer(ControllerView):
    """The supervisor. To be made and used on one event loop.

    ``open_sockets`` is called once everything has been read: before that, clients are refused.
    """

    def __init__(
        self,
        settings: RunSettings,
        controller: Controller,
        source: Source,
        *,
        cluster: Cluster | None,
        open_sockets: Callable[[], TrafficSockets],
    ) -> None:
        super().__init__(controller, source.locate)
        self._accepts = self._served = self._failed = False
        self._settings = settings
        self._source = source
        self._cluster = cluster
        self._open_sockets = open_sockets
        self._translated = asyncio.Event()
        self._pool: WorkerPool | None = None
        self._workers = NO_WORKERS
        self._problems_logged = -1
        self._problem_log = ProblemLog(logging.getLogger("ingressd.problems"))
        self._metrics = Metrics()
        registry = metrics_registry(self._metrics, self._inventory, version=__version__)
        registry.register(ControlPlaneCollector(self._figures))
        self._admin = web.AppRunner(
            admin_application(self, registry, HostGuard(settings.serving.listen.admin_address)),
            access_log=None,
            shutdown_timeout=ADMIN_CLOSE_SECONDS,
        )

    async def run(self, admin: socket.socket, stop: asyncio.Event, roll: asyncio.Event) -> None:
        """Follow the source, serve once everything has been read, and drain once ``stop`` is set.

        Whenever ``roll`` is set, it is cleared and all workers are replaced. Raises ControlPlaneError, and in a group
        RefusalError.
        """
        await self._admin.setup()
        await web.SockSite(self._admin, admin).start()
        _log.info("admin port on %s", _address(admin))
        # A source that was read before says nothing until something changes.
        self._settled()
        try:
            async with asyncio.TaskGroup() as group:
                beside = [group.create_task(self._follow(stop), name="follow the source")]
                leaving = None
                if self._cluster is not None:
                    beside.append(group.create_task(self._cluster.run(), name="see to the cluster"))
                    leaving = group.create_task(_leave(self._cluster, stop), name="leave the cluster")
                await first_of(self._translated.wait(), stop.wait())
                if not stop.is_set():
                    await self._serve(stop, roll)
                elif not self._translated.is_set():
                    _log.info("ending before everything was read; it was waiting for: %s", " ".join(self.waiting_for()))
                if leaving is not None:
                    await leaving
                for task in beside:
                    task.cancel()
        finally:
            await self._admin.cleanup()
        if self._failed:
            raise ControlPlaneError

    async def _follow(self, stop: asyncio.Event) -> None:
        changes = self._source.changes()
        try:
            await self._controller.run(changes, coalescing=self._source.coalescing, settled=self._settled)
        except Exception:
            # Whoever started this starts it again; until then, what is being served is finished.
            _log.exception("the control plane failed")
            self._failed = True
            stop.set()
        # Files that nobody watches are all there ever is.
        await asyncio.Event().wait()

    async def _serve(self, stop: asyncio.Event, roll: asyncio.Event) -> None:
        serving = self._settings.serving
        sockets = self._open_sockets()
        self._pool = pool = WorkerPool(
            Start(
                proxy=serving.proxy,
                lane=serving.lane,
                default_certificate=self_signed(NAMES_OF_NOBODY),
                trusted_proxies=tuple(map(str, serving.trusted_proxies)),
                programs=serving.programs,
                access_log=self._settings.access_log,
                log_level=self._settings.log_level,
            ),
            PoolSettings(workers=self._settings.workers, drain_grace_seconds=serving.proxy.drain_grace_seconds),
            http=sockets.http,
            https=sockets.https,
            metrics=self._metrics,
        )
        try:

            def publish(difference: TableDifference) -> None:
                pool.publish(difference)

            self._controller.publish_to(publish)
            if not pool.generation:
                # Workers serve from the first difference on, also where there is nothing to serve.
                pool.publish(TableDifference())
            pool.start()
            addresses = _address(sockets.http), _address(sockets.https)
            await first_of(pool.wait_until_serving(), stop.wait())
            if not stop.is_set():
                self._accepts = self._served = True
                _log.info(
                    "ready: HTTP on %s, HTTPS on %s, workers: %d, data plane: %s",
                    *addresses,
                    self._settings.workers,
                    describe(),
                )
                gc.freeze()
            async with asyncio.TaskGroup() as group:
                rolling = group.create_task(_roll_whenever(roll, pool), name="roll")
                await stop.wait()
                rolling.cancel()
                await self._drain(pool)
        finally:
            await pool.close()

    async def _drain(self, pool: WorkerPool) -> None:
        self._accepts = False
        wait_seconds = self._settings.drain_wait_seconds
        _log.info("ending: not ready, and accepting for %g s more", wait_seconds)
        await asyncio.sleep(wait_seconds)
        grace_seconds = self._settings.serving.proxy.drain_grace_seconds
        _log.info("ending: requests in flight have %g s to finish", grace_seconds)
        if await pool.drain(grace_seconds):
            _log.info("ended")
        else:
            _log.warning("ended, with requests that did not finish")

    # What happens.

    def _settled(self) -> None:
        if not self._controller.synced:
            return
        if self._problems_logged != self._controller.problem_version:
            self._problems_logged = self._controller.problem_version
            self._problem_log.look(self.problems())
        if self._cluster is not None:
            self._cluster.look()
        self._translated.set()

    # What the admin port shows (AdminView).

    @property
    def ready(self) -> bool:
        return self._accepts and self._pool is not None and self._pool.serving

    def waiting_for(self) -> tuple[str, ...]:
        if not self._controller.synced:
            return self._source.waiting_for()
        return () if self._served else ("The workers are being started.",)

    async def refresh(self) -> None:
        if self._pool is not None:
            await self._pool.report()
            self._workers = self._pool.status()

    def _inventory(self) -> Inventory:
        return self.inventory(
            self._metrics,
            in_flight=self._workers.in_flight,
            connections=self._workers.connections,
            tunnels=self._workers.tunnels,
            dropped_log_lines=self._workers.dropped_log_lines,
        )

    def _figures(self) -> ControlPlane:
        pool = self._workers
        now = ControlPlane(
            ready=self.ready,
            workers=tuple(
                WorkerFigures(
                    pid=worker.pid,
                    behind=pool.generation - worker.generation,
                    silent_seconds=worker.silent_seconds,
                    resident_bytes=worker.resident_bytes,
                )
                for worker in pool.workers
            ),
            respawns=pool.respawns,
            generation=pool.generation,
        )
        return self._cluster.figures(now) if self._cluster is not None else now


async def _leave(cluster: Cluster, stop: asyncio.Event) -> None:
    """While requests drain: what others may take over now, they need not wait for."""
    await stop.wait()
    await cluster.leave()


async def _roll_whenever(asked: asyncio.Event, pool: WorkerPool) -> None:
    while True:
        await asked.wait()
        asked.clear()
        _log.info("replacing the workers")
        try:
            await pool.roll()
        except RollError as error:
            _log.error("the workers were not all replaced: %s", error)
        else:
            _log.info("the workers are replaced")


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

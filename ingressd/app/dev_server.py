"""The composition root of ``dev`` and ``demo``: one process that reads files and serves them."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Protocol

from aiohttp import web

from ingressd import __version__
from ingressd.admin.application import admin_application
from ingressd.admin.host_guard import HostGuard
from ingressd.app.controller_view import ControllerView
from ingressd.controller.burst import FILES
from ingressd.controller.changes import describe
from ingressd.controller.controller import Controller
from ingressd.controller.routes import RouteRow
from ingressd.proxy.answers import Hints
from ingressd.proxy.certificates import CertificateChooser
from ingressd.proxy.programs import Programs
from ingressd.proxy.proxy import Proxy
from ingressd.resources.problem import Problem
from ingressd.routing.difference import TableDifference
from ingressd.routing.table import RoutingTable
from ingressd.settings import ServingSettings
from ingressd.sources.files import FileSource
from ingressd.telemetry.exposition import Inventory, metrics_registry
from ingressd.telemetry.metrics import Metrics
from ingressd.telemetry.record import ExchangeRecord
from tls.acceptor import TlsFailure
from tls.authority import LocalAuthority
from tls.key_pair import KeyPair

_log = logging.getLogger(__name__)

NAMES_WITHOUT_A_HOST = ("localhost", "127.0.0.1", "::1")
"""What the certificate is for that a client gets who names no host, as one does who connects to an address."""


class Screen(Protocol):
    """Where a developer sees what happens."""

    def started(self, rows: Sequence[RouteRow], problems: Sequence[Problem]) -> None: ...

    def changed(self, changes: Sequence[str], problems: Sequence[Problem]) -> None: ...

    def finished(self, record: ExchangeRecord) -> None: ...

    def draining(self, in_flight: int) -> None: ...


class DevServer(ControllerView):
    """One process: files, translation, data plane and admin port. To be made and used on one event loop.

    It serves what ``controller`` has translated of ``source``, and what becomes of it.
    """

    def __init__(
        self,
        settings: ServingSettings,
        controller: Controller,
        *,
        programs: Programs,
        source: FileSource,
        authority: LocalAuthority,
        hints: Hints,
        screen: Screen,
        dropped_log_lines: Callable[[], int],
    ) -> None:
        super().__init__(controller, source.origins.locate)
        self.ready = False
        self._settings = settings
        self._source = source
        self._authority = authority
        self._screen = screen
        self._dropped_log_lines = dropped_log_lines
        self._metrics = Metrics()
        self._changes: list[str] = []
        self._proxy = Proxy(
            RoutingTable(),
            settings.proxy,
            lane=settings.lane,
            trusted_proxies=settings.trusted_proxies,
            hints=hints,
            metrics=self._metrics,
            observers=(screen.finished,),
            programs=programs,
        )
        self._certificates = CertificateChooser(self._proxy.table, self._issue)
        self._admin = web.AppRunner(
            admin_application(
                self,
                metrics_registry(self._metrics, self._inventory, version=__version__),
                HostGuard(settings.listen.admin_address),
            ),
            access_log=None,
        )

    async def run(self, sockets: tuple[socket.socket, socket.socket, socket.socket], stop: asyncio.Event) -> None:
        """Serve on the HTTP, HTTPS and admin sockets, follow the source, and drain once ``stop`` is set."""
        http, https, admin = sockets
        self._controller.publish_to(self._publish)
        await self._proxy.listen_http(http)
        self._proxy.listen_https(https, self._certificates.choose, _handshake_failed)
        await self._admin.setup()
        await web.SockSite(self._admin, admin).start()
        self._changes.clear()
        self.ready = True
        self._screen.started(self.routes(), self.problems())
        # What exists now mostly stays: looking through all of it for garbage would stop every request for a moment.
        gc.freeze()
        try:
            async with asyncio.TaskGroup() as group:
                following = group.create_task(
                    self._controller.run(self._source.changes(), coalescing=FILES, settled=self._show_changes),
                    name="follow files",
                )
                await stop.wait()
                self.ready = False
                self._screen.draining(self._proxy.in_flight)
                await self._proxy.close(self._settings.proxy.drain_grace_seconds)
                following.cancel()
        finally:
            await self._proxy.close(0)
            await self._admin.cleanup()

    # What the admin port shows (AdminView).

    def waiting_for(self) -> tuple[str, ...]:
        """Nothing: the files were read before this was made."""
        return ()

    async def refresh(self) -> None:
        """Nothing to do: the data plane counts in this process."""

    # What happens.

    def _publish(self, difference: TableDifference) -> None:
        self._changes += describe(self._proxy.apply(difference), difference)

    def _show_changes(self) -> None:
        changes, self._changes = self._changes, []
        self._screen.changed(changes, self.problems())

    def _issue(self, server_name: str | None) -> KeyPair:
        return self._authority.issue((server_name,) if server_name is not None else NAMES_WITHOUT_A_HOST)

    def _inventory(self) -> Inventory:
        return self.inventory(
            self._metrics,
            in_flight=self._proxy.in_flight,
            connections=self._proxy.open_connections,
            tunnels=self._proxy.tunnels,
            dropped_log_lines=self._dropped_log_lines(),
        )


def _handshake_failed(failure: TlsFailure) -> None:
    _log.debug("TLS handshake failed: %s", failure)

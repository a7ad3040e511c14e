"""The data plane as one object: give it a table and listening sockets, and it serves."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import cast

from ingressd.event_loop import stop_accepting
from ingressd.proxy.admission import Admission
from ingressd.proxy.aiohttp_lane import AiohttpLane
from ingressd.proxy.answers import Hints
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.connection_owner import ConnectionOwner
from ingressd.proxy.exchange import UpstreamSide
from ingressd.proxy.exchange_timeouts import ExchangeTimeouts
from ingressd.proxy.forwarding import Network
from ingressd.proxy.programs import Programs
from ingressd.proxy.progress import Observer, Recorder
from ingressd.proxy.relay_lane import RelayLane
from ingressd.proxy.request_line import HeadLimits
from ingressd.proxy.upstreams.pool import Pool, PoolLimits
from ingressd.proxy.upstreams.registry import UpstreamRegistry
from ingressd.proxy.watchdog import Watchdog
from ingressd.routing.difference import TableDifference
from ingressd.routing.table import RoutingTable
from ingressd.settings import LaneName, ProxySettings
from ingressd.tasks import OwnedTasks
from ingressd.telemetry.metrics import Metrics
from tls.acceptor import TlsAcceptor, TlsFailure

MAX_IDLE_PER_ENDPOINT = 256
BACKLOG = 4096
DRAIN_POLL_SECONDS = 0.05
LAST_SECONDS = 0.1
"""For handlers that are cancelled, to end. aiohttp takes 0 for no limit."""

ChooseContext = Callable[[str | None], ssl.SSLContext]
NewConnection = Callable[[], asyncio.Protocol]


class Proxy:
    """Serves from ``table``; to be made, used and closed on one event loop."""

    def __init__(
        self,
        table: RoutingTable,
        settings: ProxySettings,
        *,
        lane: LaneName = LaneName.RELAY,
        trusted_proxies: Sequence[Network] = (),
        hints: Hints | None = None,
        metrics: Metrics | None = None,
        observers: tuple[Observer, ...] = (),
        programs: Programs | None = None,
    ) -> None:
        self.clock = time.monotonic
        self.table = table
        head_limits = HeadLimits(
            line=settings.header_line_bytes, total=settings.header_block_bytes, fields=settings.header_fields
        )
        self._settings = settings
        self._pool = Pool(
            PoolLimits(
                idle_seconds=settings.upstream_idle_seconds,
                idle_per_endpoint=MAX_IDLE_PER_ENDPOINT,
                open_per_endpoint=settings.upstream_connections_per_endpoint,
                queued_per_endpoint=settings.queued_requests_per_endpoint,
            ),
            self.clock,
        )
        self._registry = UpstreamRegistry(self.clock)
        self.watchdog = Watchdog(self.clock, self._sweep, also=self._pool.watched)
        self._side = UpstreamSide(self._pool, self._registry, self.watchdog, self.clock)
        self._recorder = Recorder(self.clock, metrics, observers)
        self._admission = Admission(
            table,
            self._side,
            self._recorder,
            timeouts=ExchangeTimeouts.of(settings),
            tunnel_idle_seconds=settings.tunnel_idle_seconds,
            trusted_proxies=trusted_proxies,
            hints=hints or {},
        )
        relay = RelayLane(self._admission)
        attached = programs or Programs()
        self._aiohttp_lane = AiohttpLane(self._admission, relay, head_limits, attached)
        relay.programmed = self._aiohttp_lane
        relays = lane is LaneName.RELAY and not attached.everywhere
        self._owner = ConnectionOwner(
            relay if relays else self._aiohttp_lane,
            self.watchdog,
            head_limits,
            self.clock,
            header_read_seconds=settings.header_read_seconds,
            keep_alive_seconds=settings.keep_alive_seconds,
            send_idle_seconds=settings.send_idle_seconds,
            read_ahead_bytes=settings.read_ahead_bytes,
            lingering_seconds=settings.lingering_seconds,
            lingering_bytes=settings.lingering_bytes,
        )
        self._connections = self._owner.connections
        self._plain: list[tuple[asyncio.Server, socket.socket, NewConnection]] = []
        self._encrypted: list[TlsAcceptor] = []
        self._tasks = OwnedTasks()
        self._tasks.start(self.watchdog.run(), "watchdog")

    async def listen_http(self, listening: socket.socket) -> None:
        """Serve plain HTTP on a bound socket, which the proxy owns from now on."""
        queue = listening.dup()
        new_connection = self._connections_on(listening, "http")
        server = await asyncio.get_running_loop().create_server(new_connection, sock=listening, backlog=BACKLOG)
        self._plain.append((server, queue, new_connection))

    def listen_https(
        self, listening: socket.socket, choose: ChooseContext, on_failure: Callable[[TlsFailure], None]
    ) -> None:
        """Serve HTTPS on a bound socket; ``choose`` picks the TLS context for the host that a client names."""
        new_connection = self._connections_on(listening, "https")
        acceptor = TlsAcceptor(
            listening,
            choose,
            lambda _: new_connection(),
            on_failure=on_failure,
            handshake_timeout_seconds=self._settings.handshake_seconds,
            max_pending=self._settings.pending_handshakes,
        )
        acceptor.start()
        self._encrypted.append(acceptor)

    @property
    def in_flight(self) -> int:
        """Requests whose last byte has not gone yet; a tunnel is one."""
        return self._recorder.in_flight

    @property
    def tunnels(self) -> int:
        return self._recorder.tunnels

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    async def close(self, grace_seconds: float, *, idle_seconds: float = 0.0) -> None:
        """Stop accepting, let what is in flight finish for as long as the grace lasts, then end everything.

        For ``idle_seconds`` an idle connection may still send a request, whose answer closes it: a client that uses
        the connection then never finds it closed under a request that is on its way.
        """
        self._admission.draining = True
        idle_until = self.clock() + idle_seconds
        while self._plain:
            # Taken out first: a second call, when the first was cancelled, must not find a closed socket.
            server, queue, new_connection = self._plain.pop()
            with queue:
                await stop_accepting(server)
                await self._accept_queued(queue, new_connection)
        for acceptor in self._encrypted:
            acceptor.stop_accepting()
        try:
            async with asyncio.timeout(grace_seconds):
                while self._connections or any(acceptor.pending for acceptor in self._encrypted):
                    # First a moment for what clients have sent already and nobody has read.
                    await asyncio.sleep(DRAIN_POLL_SECONDS)
                    if self.clock() < idle_until:
                        continue
                    for connection in tuple(self._connections):
                        connection.close_if_idle()
        except TimeoutError:
            pass
        for acceptor in self._encrypted:
            await acceptor.close()
        await self._aiohttp_lane.close(LAST_SECONDS)
        for connection in tuple(self._connections):
            connection.give_up()
        await self._side.connecting.close()
        await self._tasks.close()
        self._pool.close()

    def _connections_on(self, listening: socket.socket, scheme: str) -> NewConnection:
        # All of them come in on this port, so none has to ask the kernel for it.
        port = int(listening.getsockname()[1])
        return lambda: cast(asyncio.Protocol, ClientConnection(self._owner, scheme, port))

    async def _accept_queued(self, queue: socket.socket, new_connection: NewConnection) -> None:
        """Take over the clients that are connected, as far as they know: closing the socket would reset them."""
        loop = asyncio.get_running_loop()
        queue.setblocking(False)
        for _ in range(BACKLOG):
            try:
                accepted, _ = queue.accept()
            except OSError:
                return
            accepted.setblocking(False)
            try:
                await loop.connect_accepted_socket(new_connection, accepted)
            except OSError:
                accepted.close()

    def _sweep(self) -> None:
        self._owner.close_expired()
        self._pool.close_idle()
        self._registry.sweep()

    def apply(self, difference: TableDifference) -> TableDifference:
        """Serve from the changed table from the next request on; requests in flight keep what they matched.

        Returns the difference that takes this one back.
        """
        before = self.table.apply(difference)
        self._registry.forget(key for key, upstream in difference.upstreams.items() if upstream is None)
        return before

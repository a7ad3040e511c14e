"""One data-plane process: it does what the supervisor says, and ends when the supervisor does."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import logging
import socket

from ingressd import __version__
from ingressd.proxy.certificates import CertificateChooser
from ingressd.proxy.programs import ProgramError, Programs, load_programs
from ingressd.proxy.progress import Observer
from ingressd.proxy.proxy import BACKLOG, Proxy
from ingressd.routing.difference import TableDifference
from ingressd.routing.table import RoutingTable
from ingressd.telemetry.access_log import AccessLog
from ingressd.telemetry.log_handler import set_level
from ingressd.telemetry.log_writer import LogWriter
from ingressd.telemetry.metrics import Metrics
from ingressd.workers.backlog import merge
from ingressd.workers.channel import Channel, ChannelError
from ingressd.workers.codec import NoticeCodec, OrderCodec
from ingressd.workers.messages import (
    Applied,
    Drain,
    Hello,
    Notice,
    Order,
    Refusal,
    Report,
    ReportRequest,
    Start,
    TablePart,
)
from tls.acceptor import TlsFailure
from tls.key_pair import KeyPair

_log = logging.getLogger(__name__)

STANDARD_OUTPUT = 1
LAST_NOTICE_SECONDS = 1.0


class Supervisor:
    """The worker's view of who started it: orders come from it, and notices go to it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._orders = OrderCodec()
        self._notices = NoticeCodec()

    @property
    def listens(self) -> bool:
        """Whether it has taken every notice so far."""
        return self._channel.idle

    async def next_order(self) -> Order | None:
        """Wait for the next order; None when the supervisor is gone."""
        frame = await self._channel.receive()
        return None if frame is None else self._orders.decode(frame)

    def tell(self, notice: Notice) -> None:
        self._channel.send(self._notices.encode(notice))

    async def leave(self) -> None:
        """Wait a moment for the last notices to be taken, and close the channel."""
        try:
            async with asyncio.timeout(LAST_NOTICE_SECONDS):
                await self._channel.close()
        except TimeoutError:
            await self._channel.abort()


async def work(connected: socket.socket, http: socket.socket, https: socket.socket) -> None:
    """Serve on the two bound sockets until the supervisor, at the other end of ``connected``, ends it or is gone.

    Raises ChannelError and msgspec.DecodeError when what the supervisor sends makes no sense.
    """
    supervisor = Supervisor(await Channel.open(connected))
    supervisor.tell(Hello(__version__))
    start = await supervisor.next_order()
    if start is None:
        return
    if not isinstance(start, Start):
        raise ChannelError(f"the first order is {type(start).__name__} and not Start")
    set_level(start.log_level)
    try:
        programs = load_programs(start.programs)
    except ProgramError as error:
        supervisor.tell(Refusal(str(error)))
        await supervisor.leave()
        return
    access_log = LogWriter(STANDARD_OUTPUT) if start.access_log else None
    worker = Worker(start, supervisor, access_log, programs)
    await worker.run(http, https)
    if access_log is not None:
        access_log.close()
    worker.report()
    await supervisor.leave()


class Worker:
    """Holds the proxy, and applies orders to it. To be made and used on one event loop."""

    def __init__(self, start: Start, supervisor: Supervisor, access_log: LogWriter | None, programs: Programs) -> None:
        self._start = start
        self._supervisor = supervisor
        self._access_log = access_log
        self._metrics = Metrics()
        observers: tuple[Observer, ...] = ()
        if access_log is not None:
            observers = (AccessLog(access_log.write_encoded).finished,)
        self._proxy = Proxy(
            RoutingTable(),
            start.proxy,
            lane=start.lane,
            trusted_proxies=tuple(ipaddress.ip_network(text) for text in start.trusted_proxies),
            metrics=self._metrics,
            observers=observers,
            programs=programs,
        )
        self._certificates = CertificateChooser(self._proxy.table, self._default_certificate)
        self._staged = TableDifference({}, {}, {})
        self._serving = False
        self._draining: asyncio.Future[Drain] = asyncio.get_running_loop().create_future()
        self._latest_request = 0
        self._dropped_reported = 0
        self._dropping = False

    async def run(self, http: socket.socket, https: socket.socket) -> None:
        """Do what the supervisor says until it says drain, or is gone; then drain."""
        async with asyncio.TaskGroup() as group:
            obeying = group.create_task(self._obey(http, https), name="obey the supervisor")
            reporting = group.create_task(self._report_regularly(), name="report")
            drain = await self._draining
            await self._proxy.close(drain.grace_seconds, idle_seconds=drain.idle_seconds)
            obeying.cancel()
            reporting.cancel()
        if not self._serving:
            http.close()
            https.close()

    def report(self) -> None:
        """Tell what was counted since the last report, and how much there is now."""
        dropped = self._access_log.dropped if self._access_log is not None else 0
        self._tell_of_dropped(dropped - self._dropped_reported)
        self._supervisor.tell(
            Report(
                serial=self._latest_request,
                counted=self._metrics.take(),
                dropped_log_lines=dropped - self._dropped_reported,
                in_flight=self._proxy.in_flight,
                connections=self._proxy.open_connections,
                tunnels=self._proxy.tunnels,
            )
        )
        self._dropped_reported = dropped

    def _tell_of_dropped(self, lines: int) -> None:
        """Say that lines are lost, once for as long as they are."""
        if lines and not self._dropping:
            _log.warning(
                "lines of the access log are dropped: standard output is not read, or not fast enough; "
                "the metric ingressd_log_lines_dropped_total counts them"
            )
        self._dropping = lines > 0

    async def _obey(self, http: socket.socket, https: socket.socket) -> None:
        while True:
            order = await self._supervisor.next_order()
            match order:
                case TablePart():
                    merge(self._staged, order.difference)
                    if order.last:
                        await self._serve_from(order.generation, http, https)
                case ReportRequest():
                    self._latest_request = order.serial
                    self.report()
                case Drain():
                    self._drain(order)
                case None:
                    self._drain(Drain(self._start.proxy.drain_grace_seconds, 0.0))
                    return
                case Start():
                    raise ChannelError("a second Start came")

    async def _serve_from(self, generation: int, http: socket.socket, https: socket.socket) -> None:
        staged, self._staged = self._staged, TableDifference({}, {}, {})
        self._proxy.apply(staged)
        if not self._serving and not self._draining.done():
            self._serving = True
            https.listen(BACKLOG)
            await self._proxy.listen_http(http)
            self._proxy.listen_https(https, self._certificates.choose, _handshake_failed)
            # What exists now mostly stays: looking through all of it for garbage would stop every request for a moment.
            gc.collect()
            gc.freeze()
        self._supervisor.tell(Applied(generation))

    def _drain(self, order: Drain) -> None:
        if not self._draining.done():
            self._draining.set_result(order)

    async def _report_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._start.report_seconds)
            # What is not taken stays here, as numbers, and goes with a later report.
            if self._supervisor.listens:
                self.report()

    def _default_certificate(self, server_name: str | None) -> KeyPair:
        return self._start.default_certificate


def _handshake_failed(failure: TlsFailure) -> None:
    _log.debug("TLS handshake failed: %s", failure)

"""The lane of ordinary aiohttp handlers; the innermost one, here, forwards the request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage

from ingressd.proxy.aiohttp_client_side import AiohttpClientSide
from ingressd.proxy.aiohttp_responses import ForwardedResponse, LocalResponse, TunnelResponse, cancelled_failure
from ingressd.proxy.answers import Hints, failure_page, hint_for
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.decision import Decision, decide
from ingressd.proxy.exchange import Exchange, UpstreamSide
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.forwarding import Network, identify_client, request_id, upstream_request_head
from ingressd.proxy.incoming import Incoming
from ingressd.proxy.progress import Observer, Progress
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.target import ASTERISK
from ingressd.proxy.tunnel import Tunnel
from ingressd.routing.table import RoutingTable
from ingressd.tasks import OwnedTasks
from ingressd.telemetry.record import ExchangeRecord

_log = logging.getLogger(__name__)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ProxyRequest(web.BaseRequest):
    """An aiohttp request that knows the head it was made from, in ``incoming``: what it means is there alone."""

    def __init__(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        connection: ClientConnection,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> None:
        self.incoming: Incoming = connection.take_incoming()
        self.connection = connection
        super().__init__(message, payload, connection, writer, task, asyncio.get_running_loop())
        self.incoming.payload = payload
        if self.incoming.failure is not None:
            payload.set_exception(self.incoming.failure)


class AiohttpLane:
    """One handler for every request of every connection."""

    def __init__(
        self,
        table: RoutingTable,
        side: UpstreamSide,
        *,
        body_idle_seconds: float,
        trusted_proxies: Sequence[Network],
        hints: Hints,
        observers: tuple[Observer, ...],
    ) -> None:
        self._table = table
        self._side = side
        self._body_idle_seconds = body_idle_seconds
        self._trusted_proxies = trusted_proxies
        self._hints = hints
        self._observers = (*observers, self._count_end)
        self._bodies = OwnedTasks()
        self.draining = False
        self.in_flight = 0
        self.tunnels = 0

    async def handle(self, request: Any) -> web.StreamResponse:
        """Answer one request; it is what aiohttp's server calls."""
        connection: ClientConnection = request.connection
        incoming: Incoming = request.incoming
        progress = Progress(connection.peer.address, connection.peer.scheme, self._side.clock, self._observers)
        self.in_flight += 1
        progress.head = head = incoming.head
        progress.sketch = incoming.sketch
        if head is None:
            failure = incoming.failure or Failure(Reason.INTERNAL_ERROR)
            return self._answer_failure(failure, None, connection, progress, last=True)
        try:
            return await self._answer(request, head, progress)
        except asyncio.CancelledError:
            cancelled = cancelled_failure(connection)
            progress.finish(cancelled.answer.status, cancelled.reason)
            raise
        except Exception:
            _log.exception("request %s failed", progress.request_id)
            return self._answer_failure(Failure(Reason.INTERNAL_ERROR), head, connection, progress, last=True)

    async def close(self) -> None:
        await self._bodies.close()

    async def _answer(self, request: ProxyRequest, head: RequestHead, progress: Progress) -> web.StreamResponse:
        connection = request.connection
        progress.request_id = (identifier := request_id(head)).decode("ascii")
        if head.target is ASTERISK:
            return LocalResponse(204, None, connection, progress, last=head.upgrade is not None)
        decision = decide(self._table, head)
        progress.route = decision.route
        if decision.failure is not None:
            last = not request.content.is_eof()
            return self._answer_failure(decision.failure, head, connection, progress, last=last)
        return await self._forward(request, head, decision, progress, identifier)

    async def _forward(
        self, request: ProxyRequest, head: RequestHead, decision: Decision, progress: Progress, identifier: bytes
    ) -> web.StreamResponse:
        route, upstream = decision.route, decision.upstream
        if route is None or upstream is None:
            raise RuntimeError("a decision without a failure has a route and an upstream")
        connection = request.connection
        identity = identify_client(head, connection.peer, self._trusted_proxies)
        progress.client = identity.address
        host = head.authority.text or str(upstream.endpoints[0]).encode("ascii")
        side = AiohttpClientSide(connection, head, progress, self._side.watchdog)
        exchange = Exchange(
            head,
            upstream_head=upstream_request_head(head, identity, decision.target, identifier, host),
            route=route,
            upstream=upstream,
            client=side,
            side=self._side,
            progress=progress,
            body_idle_seconds=self._body_idle_seconds,
        )
        side.attach(exchange)
        if head.has_body:
            try:
                first = await self._first_piece(request, head)
            except Failure as failure:
                side.close()
                return self._answer_failure(failure, head, connection, progress, last=True)
            except BaseException:
                side.close()
                raise
            side.begin_body(first)
        exchange.start()
        if not side.request_sent:
            pump = self._bodies.start(side.pump_body(request.content), f"body of request {progress.request_id}")
            side.on_close(pump.cancel)
        return await self._await_answer(side, head, connection, progress)

    async def _first_piece(self, request: ProxyRequest, head: RequestHead) -> bytes:
        """Wait for the start of the body: a client that only promises one must not hold an endpoint.

        Empty when the body is. Raises Failure.
        """
        if head.expects_continue and not request.content.total_bytes:
            request.connection.write(CONTINUE)
        try:
            async with asyncio.timeout(self._body_idle_seconds):
                return await request.content.readany()
        except TimeoutError:
            raise Failure(Reason.REQUEST_TIMEOUT, f"no body byte came for {self._body_idle_seconds:g} s") from None

    async def _await_answer(
        self, side: AiohttpClientSide, head: RequestHead, connection: ClientConnection, progress: Progress
    ) -> web.StreamResponse:
        try:
            answer = await side.answer()
        except BaseException:
            side.close()
            raise
        if isinstance(answer, Tunnel):
            side.close()
            self.tunnels += 1
            progress.upgraded = True
            return TunnelResponse(answer, progress)
        if isinstance(answer, Failure):
            side.close()
            return self._answer_failure(answer, head, connection, progress, last=not side.request_sent)
        return ForwardedResponse(answer, head, side, connection, progress, draining=self.draining)

    def _count_end(self, record: ExchangeRecord) -> None:
        self.in_flight -= 1
        self.tunnels -= record.upgraded

    def _answer_failure(
        self,
        failure: Failure,
        head: RequestHead | None,
        connection: ClientConnection,
        progress: Progress,
        *,
        last: bool,
    ) -> LocalResponse:
        accept = b",".join(head.values(b"accept")) if head is not None else b""
        hint = hint_for(failure, head, progress.route, progress.endpoint, self._hints)
        page = failure_page(failure, accept, hint, progress.request_id)
        # What came behind an upgrade request belongs to no request that can be told.
        last = last or self.draining or (head is not None and head.upgrade is not None)
        return LocalResponse(failure.answer.status, page, connection, progress, failure=failure, last=last)

"""The lane of ordinary aiohttp handlers; the innermost one, here, forwards the request."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from aiohttp import web

from ingressd.proxy.admission import Admission, given_up
from ingressd.proxy.aiohttp_bridge import BridgeRequest, BridgeServer
from ingressd.proxy.aiohttp_client_side import PIECE_BYTES, AiohttpClientSide
from ingressd.proxy.aiohttp_responses import ForwardedResponse, LocalResponse, TunnelResponse
from ingressd.proxy.answering import Lane
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.decision import Decision
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.program_request import RequestFacts, program_request
from ingressd.proxy.program_run import ProgramRun
from ingressd.proxy.program_writer import ProgramWriter
from ingressd.proxy.programs import ProgramError, Programs
from ingressd.proxy.progress import Progress
from ingressd.proxy.relay_lane import RelayLane
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.request_line import HeadLimits
from ingressd.proxy.request_sketch import RequestSketch
from ingressd.proxy.target import ASTERISK
from ingressd.proxy.tunnel import Tunnel
from ingressd.tasks import OwnedTasks

_log = logging.getLogger(__name__)


class AiohttpLane(Lane):
    """One handler for every request of every connection.

    What has no valid head is no request to aiohttp: ``relay`` refuses it.
    """

    def __init__(self, admission: Admission, relay: RelayLane, limits: HeadLimits, programs: Programs) -> None:
        self._admission = admission
        self._relay = relay
        self._programs = programs
        self._server = BridgeServer(self.handle, limits)
        self._bodies = OwnedTasks()

    def answer(self, connection: ClientConnection, head: RequestHead) -> None:
        bridge = self._server.bridge(connection)
        progress = self._admission.begin(connection, head)
        connection.answer_with(bridge)
        bridge.answer(head, progress)

    def take_over(
        self, connection: ClientConnection, head: RequestHead, progress: Progress, decision: Decision
    ) -> None:
        """Answer a request that another lane has counted and decided."""
        bridge = self._server.bridge(connection)
        connection.answer_with(bridge)
        bridge.answer(head, progress, decision)

    def refuse(self, connection: ClientConnection, failure: Failure, sketch: RequestSketch) -> None:
        self._relay.refuse(connection, failure, sketch)

    async def handle(self, request: Any) -> web.StreamResponse:
        """Answer one request; it is what aiohttp's server calls."""
        try:
            return await self._answer(request)
        except asyncio.CancelledError:
            cancelled = given_up(request.connection)
            request.progress.finish(cancelled.answer.status, cancelled.reason)
            raise
        except Exception:
            _log.exception("request %s failed", request.progress.request_id.decode())
            return self.answer_failure(Failure(Reason.INTERNAL_ERROR), request, last=True)

    async def close(self, grace_seconds: float) -> None:
        """Cancel every handler, and wait until they have ended; those that take longer are left alone."""
        await self._server.shutdown(grace_seconds)
        await self._bodies.close()

    async def _answer(self, request: BridgeRequest) -> web.StreamResponse:
        head, progress = request.head, request.progress
        if head.target is ASTERISK:
            return LocalResponse(204, None, request.connection, progress, last=head.upgrade is not None)
        decision = request.bridge.decision or self._admission.decide(head, progress)
        try:
            run = self._run(request, decision)
        except ProgramError as error:
            failure = Failure(Reason.ROUTE_DENIED, str(error))
            return self.answer_failure(failure, request, last=not request.content.is_eof())
        if run is not None:
            return await run.answer()
        if decision.failure is not None:
            return self.answer_failure(decision.failure, request, last=not request.content.is_eof())
        response = await self.forward(request, head, decision)
        if isinstance(response, ForwardedResponse):
            # Not left to aiohttp: a head that we fail to write can be answered with 500 from here.
            try:
                response.begin()
            except Exception:
                response.drop()
                raise
        return response

    def _run(self, request: BridgeRequest, decision: Decision) -> ProgramRun | None:
        """Return the way through the Python code of the request's route; None when it has none. Raises ProgramError."""
        route = decision.route
        if route is None or route.denied:
            return None
        code = self._programs.code_for(route.program)
        if not code.links and code.handler is None:
            return None
        head, connection, progress = request.head, request.connection, request.progress
        writer = ProgramWriter(request.bridge, head, partial(self._may_keep_alive, request))
        facts = RequestFacts(
            request_id=progress.request_id.decode("ascii"),
            rule=str(route.origin),
            namespace=route.origin.namespace,
            ingress=route.origin.ingress,
            service=route.service,
            service_port=route.service_port,
        )
        remote = self._admission.identify(head, connection, progress)
        scheme = self._admission.scheme(head, connection)
        seen = program_request(request, writer, facts, remote=remote, scheme=scheme)
        return ProgramRun(
            code,
            request,
            seen,
            writer=writer,
            decision=decision,
            lane=self,
            watchdog=self._admission.side.watchdog,
            timeouts=self._admission.timeouts_of(route),
        )

    def _may_keep_alive(self, request: BridgeRequest) -> bool:
        """Whether the client may send another request after an answer that is not the upstream's."""
        return (
            request.head.keep_alive
            and request.head.upgrade is None
            and not self._admission.draining
            and request.connection.more_requests_follow
            and request.content.is_eof()
        )

    async def forward(
        self, request: BridgeRequest, head: RequestHead, decision: Decision
    ) -> ForwardedResponse | LocalResponse | TunnelResponse:
        """Forward the request with ``head``, which may have other fields than its own."""
        admission, progress = self._admission, request.progress
        side = AiohttpClientSide(request.bridge, head, progress, admission.side, admission.tunnel_idle_seconds)
        exchange = admission.exchange(head, decision, request.connection, progress, side)
        side.attach(exchange)
        body = request.bridge.body
        if body is not None and head.has_body:
            side.give_whole_body(body)
        elif head.has_body:
            try:
                # Not kept here: this coroutine lasts as long as its request.
                side.begin_body(await self._first_piece(request))
            except Failure as failure:
                side.close()
                return self.answer_failure(failure, request, last=True)
            except BaseException:
                side.close()
                raise
        exchange.start()
        if not side.request_sent:
            pump = self._bodies.start(
                side.pump_body(request.content), f"body of request {progress.request_id.decode()}"
            )
            side.on_close(pump.cancel)
        return await self._await_answer(side, request)

    async def _first_piece(self, request: BridgeRequest) -> bytes:
        """Wait for the start of the body: a client that only promises one must not hold an endpoint.

        Empty when the body is. Raises Failure.
        """
        request.bridge.ask_for_body()
        limit = self._admission.timeouts.body_idle
        try:
            async with asyncio.timeout(limit):
                return await request.content.read(PIECE_BYTES)
        except TimeoutError:
            raise Failure(Reason.REQUEST_TIMEOUT, f"no body byte came for {limit:g} s") from None

    async def _await_answer(
        self, side: AiohttpClientSide, request: BridgeRequest
    ) -> ForwardedResponse | LocalResponse | TunnelResponse:
        head, connection, progress = request.head, request.connection, request.progress
        try:
            answer = await side.answer()
        except BaseException:
            side.close()
            raise
        if isinstance(answer, Tunnel):
            side.close()
            progress.begin_tunnel()
            return TunnelResponse(answer, progress)
        if isinstance(answer, Failure):
            side.close()
            return self.answer_failure(answer, request, last=not side.request_sent)
        return ForwardedResponse(answer, head, side, connection, progress, draining=self._admission.draining)

    def answer_failure(self, failure: Failure, request: BridgeRequest, *, last: bool) -> LocalResponse:
        head, progress = request.head, request.progress
        page = self._admission.page(failure, head, progress)
        # What came behind an upgrade request belongs to no request that can be told.
        last = last or self._admission.draining or head.upgrade is not None
        return LocalResponse(failure.answer.status, page, request.connection, progress, failure=failure, last=last)

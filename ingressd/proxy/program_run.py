"""One request's way through the Python code of its route."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from functools import partial
from typing import Protocol

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from ingressd.proxy.aiohttp_bridge import BridgeRequest
from ingressd.proxy.aiohttp_responses import ForwardedResponse, LocalResponse, TunnelResponse
from ingressd.proxy.changed_request import changed_decision, changed_head
from ingressd.proxy.decision import Decision
from ingressd.proxy.exchange_timeouts import ExchangeTimeouts
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.program_request import ProgramRequest
from ingressd.proxy.program_writer import ProgramWriter
from ingressd.proxy.programs import Code
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.unsent import unsent_bytes
from ingressd.proxy.watchdog import Watchdog

_log = logging.getLogger(__name__)

ANSWERED_BY_MIDDLEWARE = "middleware"
ANSWERED_BY_HANDLER = "handler"
"""The reasons, in records, of answers that Python code gives without having failed."""

_ERRORS = (Exception, SystemExit)
"""What fails one request. A handler that calls ``sys.exit`` must not end the process of all others."""


class Forwarding(Protocol):
    """What the lane does for a run."""

    async def forward(
        self, request: BridgeRequest, head: RequestHead, decision: Decision
    ) -> ForwardedResponse | LocalResponse | TunnelResponse: ...

    def answer_failure(self, failure: Failure, request: BridgeRequest, *, last: bool) -> LocalResponse: ...


class ProgramRun:
    """Calls the middlewares, each around the next, and innermost the handler or the upstream; sends what comes back.

    Whatever the code does, one answer goes to the client, or the connection ends.
    """

    def __init__(
        self,
        code: Code,
        inner: BridgeRequest,
        request: ProgramRequest,
        *,
        writer: ProgramWriter,
        decision: Decision,
        lane: Forwarding,
        watchdog: Watchdog,
        timeouts: ExchangeTimeouts,
    ) -> None:
        self._code = code
        self._inner = inner
        self._request = request
        self._writer = writer
        self._decision = decision
        self._lane = lane
        self._watchdog = watchdog
        self._task: asyncio.Task[object] | None = None
        self._timeouts = timeouts
        self._moved = (-1, 0, 0)
        self._idle_since = 0.0
        self._forwarded: ForwardedResponse | LocalResponse | TunnelResponse | None = None
        self._of_handler: object = None
        self._culprit: tuple[BaseException, Reason, str] | None = None

    async def answer(self) -> web.StreamResponse:
        """Return what aiohttp is to send, or has nothing left to do for."""
        self._task = asyncio.current_task()
        self._watchdog.add(self)
        try:
            return await self._send(await self._call(0, self._request))
        except web.HTTPException as answer:
            try:
                return await self._send(answer)
            except _ERRORS as error:
                return self._fail(error)
        except asyncio.CancelledError as error:
            if _cancelled():
                self._drop()
                raise
            return self._fail(error)
        except _ERRORS as error:
            return self._fail(error)
        finally:
            self._watchdog.discard(self)
            self._culprit = self._task = None

    # What the watchdog calls.

    def check(self, now: float) -> None:
        """End what waits for a client that does nothing. While the upstream is asked, the exchange sees to that."""
        inner, connection = self._inner, self._inner.connection
        unsent = unsent_bytes(connection.transport) if connection.writing_paused else 0
        moved = (self._writer.output_size, inner.content.total_bytes, unsent)
        if moved != self._moved or inner.bridge.forwards:
            self._moved, self._idle_since = moved, now
            return
        idle, timeouts = now - self._idle_since, self._timeouts
        if connection.writing_paused:
            if idle > timeouts.send_idle:
                self._give_up(f"the client took nothing for {timeouts.send_idle:g} s")
                connection.abort(reset=True)
        elif _body_is_awaited(inner):
            if idle > timeouts.body_idle:
                detail = f"no body byte came for {timeouts.body_idle:g} s"
                inner.bridge.body_failed(Failure(Reason.REQUEST_TIMEOUT, detail))
        elif connection.half_closed and self._task is not None and idle > self._answer_limit:
            # Whether a client that has sent FIN is gone shows only when it is sent something.
            self._give_up(f"the client sends no more, and there was no answer for {self._answer_limit:g} s")
            self._task.cancel()

    @property
    def _answer_limit(self) -> float:
        """The longest pause of code, which is that of an endpoint."""
        return self._timeouts.answer_idle if self._writer.begun else self._timeouts.response_head

    def _give_up(self, detail: str) -> None:
        failure = Failure(Reason.CLIENT_CLOSED, detail)
        self._inner.progress.finish(failure.answer.status, failure.reason, failure.detail)

    # Through the code.

    async def _call(self, position: int, request: web.Request) -> web.StreamResponse:
        links = self._code.links
        if position < len(links):
            link = links[position]
            return await self._guarded(
                Reason.MIDDLEWARE_FAILED, link.name, partial(link.call, request, partial(self._call, position + 1))
            )
        if not isinstance(request, ProgramRequest):
            raise TypeError("the handler is called with something else than the request, or a clone of it")
        handler = self._code.handler
        if handler is None:
            return await self._forward(request)
        try:
            response = await self._guarded(Reason.HANDLER_FAILED, handler.name, partial(handler.call, request))
        except web.HTTPException as answer:
            self._of_handler = answer
            raise
        self._of_handler = response
        return response

    async def _guarded(
        self, reason: Reason, name: str, call: partial[Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Remember who failed: the error may yet pass through other middlewares, which may as well handle it."""
        try:
            response = await call()
            if not isinstance(response, web.StreamResponse):
                raise TypeError(f"{name} returned {type(response).__name__} in place of a response")
        except (*_ERRORS, asyncio.CancelledError) as error:
            if self._culprit is None or self._culprit[0] is not error:
                self._culprit = (error, reason, name)
            raise
        return response

    async def _forward(self, request: ProgramRequest) -> web.StreamResponse:
        inner, decision = self._inner, self._decision
        if self._forwarded is not None:
            if inner.head.has_body and inner.bridge.body is None:
                raise RuntimeError("the body is forwarded already: read() it first, to be able to forward it twice")
            self._drop()
        if decision.failure is not None:
            self._forwarded = self._lane.answer_failure(decision.failure, inner, last=not inner.content.is_eof())
            return self._forwarded
        if inner.head.has_body and inner.bridge.body is None and _taken_bytes(inner):
            raise RuntimeError("a part of the body has been taken out of request.content: read() keeps it")
        head = changed_head(inner.head, self._request, request)
        decision = changed_decision(decision, self._request, request)
        self._forwarded = await self._lane.forward(inner, head, decision)
        return self._forwarded

    # To the client.

    async def _send(self, response: web.StreamResponse) -> web.StreamResponse:
        forwarded = self._forwarded
        if response is not forwarded:
            if isinstance(forwarded, TunnelResponse):
                # The client has been told of the tunnel: there is no other answer any more.
                return forwarded
            if isinstance(forwarded, ForwardedResponse) and forwarded.prepared:
                raise RuntimeError("the upstream's answer has begun, and another one is returned")
            self._drop()
        await response.prepare(self._request)
        if self._writer.closes:
            response.force_close()
        if response is forwarded:
            return response
        await response.write_eof()
        if not self._writer.begun:
            raise RuntimeError("the response has been sent before: return a new one for each request")
        if self._writer.missing_bytes and not isinstance(response, web.FileResponse):
            raise ValueError(f"the body is {self._writer.missing_bytes} bytes shorter than its Content-Length")
        progress = self._inner.progress
        progress.bytes_sent = self._writer.body_bytes
        handled = response is self._of_handler
        progress.finish(response.status, ANSWERED_BY_HANDLER if handled else ANSWERED_BY_MIDDLEWARE)
        return await self._sent(response.status)

    async def _sent(self, status: int) -> web.StreamResponse:
        # Bytes that were not written by this writer (sendfile) may have been too few.
        closes = self._writer.closes or bool(self._writer.missing_bytes)
        if closes and not self._inner.content.is_eof():
            await self._inner.connection.linger()
        return SentResponse(status, closes=closes)

    def _fail(self, error: BaseException) -> web.StreamResponse:
        inner, progress = self._inner, self._inner.progress
        failure = self._failure_of(error)
        forwarded = self._forwarded
        relayed = isinstance(forwarded, TunnelResponse) or (
            isinstance(forwarded, ForwardedResponse) and forwarded.prepared
        )
        status = forwarded.status if forwarded is not None and relayed else 0
        self._drop()
        if not self._writer.begun and not relayed and not inner.connection.client_is_gone:
            return self._lane.answer_failure(failure, inner, last=not inner.content.is_eof())
        progress.finish(status or failure.answer.status, failure.reason, failure.detail)
        inner.connection.abort(reset=True)
        return SentResponse(failure.answer.status, closes=True)

    def _failure_of(self, error: BaseException) -> Failure:
        connection, progress = self._inner.connection, self._inner.progress
        transport = connection.transport
        if isinstance(error, ConnectionError) and (transport is None or transport.is_closing()):
            return Failure(Reason.CLIENT_CLOSED)
        if isinstance(error, Failure):
            return error
        _, reason, name = self._culprit or (error, *self._outermost)
        what = "handler" if reason is Reason.HANDLER_FAILED else "middleware"
        origin = self._decision.route.origin if self._decision.route is not None else ""
        request_id = progress.request_id.decode()
        _log.error("request %s: the %s %s of %s failed", request_id, what, name, origin, exc_info=error)
        return Failure(reason, f"{what} {name}: {type(error).__name__}")

    @property
    def _outermost(self) -> tuple[Reason, str]:
        """Who is answerable for what was returned."""
        links, handler = self._code.links, self._code.handler
        if handler is not None and (self._of_handler is not None or not links):
            return Reason.HANDLER_FAILED, handler.name
        return Reason.MIDDLEWARE_FAILED, links[0].name

    def _drop(self) -> None:
        """Nobody will get the upstream's answer."""
        forwarded, self._forwarded = self._forwarded, None
        if isinstance(forwarded, ForwardedResponse | TunnelResponse):
            forwarded.drop()


class SentResponse(web.StreamResponse):
    """The client has got its answer, or will never get one: nothing is left to send."""

    def __init__(self, status: int, *, closes: bool) -> None:
        super().__init__(status=status)
        self._keep_alive = not closes

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """There is nothing to write."""


def _taken_bytes(request: BridgeRequest) -> int:
    content = request.content
    # What has been fed to the stream, without what is still in it; aiohttp counts only these two.
    return content.total_bytes - content._size  # noqa: SLF001


def _body_is_awaited(request: BridgeRequest) -> bool:
    """Whether somebody waits for the body's next bytes, rather than that there is room for them."""
    content = request.content
    return not content.is_eof() and content._waiter is not None  # noqa: SLF001


def _cancelled() -> bool:
    """Whether it is this task that is to end, and not one that the code has waited for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0

"""aiohttp's own request handler, made for a client's connection when its first request takes the aiohttp lane."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

import aiohttp.http_parser
from aiohttp import EMPTY_PAYLOAD, StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage, StreamWriter

from ingressd.proxy.admission import given_up
from ingressd.proxy.answers import CONTINUE
from ingressd.proxy.canonical_head import canonical_head
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.decision import Decision
from ingressd.proxy.failures import Failure
from ingressd.proxy.framing import LAST_CHUNK, chunk
from ingressd.proxy.progress import Progress
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.request_line import HeadLimits

_log = logging.getLogger(__name__)

READ_BUFFER_BYTES = 8192
"""aiohttp reads on until it holds twice as much of a body."""
NO_KEEP_ALIVE_TIMER = 0.0
"""Idle connections are closed by their owner, who also knows of the requests that aiohttp does not see."""


def require_compiled_parser() -> None:
    """aiohttp falls back silently to a parser in Python that has accepted smuggled requests (CVE-2023-47641)."""
    compiled = getattr(aiohttp.http_parser, "HttpRequestParserC", None)
    if compiled is None or aiohttp.http_parser.HttpRequestParser is not compiled:
        raise RuntimeError(
            "aiohttp runs on its pure-Python HTTP parser, which ingressd refuses to serve with: install an aiohttp "
            "wheel for this platform, and unset AIOHTTP_NO_EXTENSIONS"
        )


class ClientListener(Protocol):
    """Who is told of the client while a handler forwards its request."""

    def client_paused(self) -> None: ...

    def client_resumed(self) -> None: ...

    def client_half_closed(self) -> None: ...


class AiohttpBridge(web.RequestHandler):
    """Gives aiohttp one request at a time, in canonical bytes. Implements ``Answering`` and ``Attachment``.

    aiohttp thus sees only requests that mean one thing. ``decision`` is there when another lane has made it. ``body``
    is the request's body when Python code has read it: it can be forwarded still.
    """

    __slots__ = (
        "_body_asked_for",
        "_chunked",
        "_client",
        "_forwarding",
        "body",
        "decision",
        "failure",
        "head",
        "payload",
        "progress",
    )

    def __init__(self, server: web.Server, client: ClientConnection, **limits: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **limits)
        self._client = client
        self._chunked = False
        self.head: RequestHead | None = None
        self.progress: Progress | None = None
        self.decision: Decision | None = None
        self.body: bytes | None = None
        self._body_asked_for = False
        self.failure: Failure | None = None
        self.payload: StreamReader | None = None
        self._forwarding: ClientListener | None = None

    @property
    def client(self) -> ClientConnection:
        return self._client

    def answer(self, head: RequestHead, progress: Progress, decision: Decision | None = None) -> None:
        """Have the request answered by aiohttp's handler."""
        self.head = head
        self.progress = progress
        self.decision = decision
        self.body = None
        self._body_asked_for = False
        self.failure = self.payload = self._forwarding = None
        self._chunked = head.framing.chunked
        if self._force_close or self._parser is None:
            return
        (request,), _, _ = self._parser.feed_data(canonical_head(head))
        self._parser.message_consumed()
        # Kept in the attribute by which aiohttp cancels it.
        self._task_handler = self._loop.create_task(self._respond(*request))

    def forward_to(self, listener: ClientListener | None) -> None:
        """From now on, tell ``listener`` how the client takes the answer."""
        self._forwarding = listener
        if listener is not None and self._client.half_closed:
            listener.client_half_closed()

    @property
    def forwards(self) -> bool:
        """Whether an exchange goes on, which watches the client itself."""
        return self._forwarding is not None

    def ask_for_body(self) -> None:
        """Somebody wants the body: tell the client, if it waits to be told (RFC 9110 section 10.1.1)."""
        head, payload = self.head, self.payload
        if head is None or payload is None or self._body_asked_for:
            return
        self._body_asked_for = True
        if head.expects_continue and not payload.total_bytes:
            self._client.write(CONTINUE)

    # What the client's connection calls.

    def body_received(self, data: bytes, *, complete: bool) -> None:
        if data:
            super().data_received(chunk(data) if self._chunked else data)
        if complete and self._chunked:
            super().data_received(LAST_CHUNK)

    def body_failed(self, failure: Failure) -> None:
        self.failure = failure
        if self.payload is not None:
            self.payload.set_exception(failure)

    def client_paused(self) -> None:
        if self._forwarding is not None:
            self._forwarding.client_paused()

    def client_resumed(self) -> None:
        if self._forwarding is not None:
            self._forwarding.client_resumed()

    def client_half_closed(self) -> None:
        if self._forwarding is not None:
            self._forwarding.client_half_closed()

    def give_up(self) -> None:
        """aiohttp cancels the handler, when the connection is lost or the server ends. One that has not begun then
        never does, so it cannot record that itself."""
        if self.progress is not None and self.payload is None:
            failure = given_up(self._client)
            self.progress.finish(failure.answer.status, failure.reason)

    # What aiohttp calls.

    async def start(self) -> None:
        """Nothing: there is a task for each request, and none that waits for requests in between."""

    async def _respond(self, message: RawRequestMessage, payload: StreamReader) -> None:
        """Have one request answered, as aiohttp's ``start`` does with one after another."""
        server, task = self._manager, self._task_handler
        if server is None or task is None:
            return
        server.requests_count += 1
        request = BridgeRequest(message, payload, self, StreamWriter(self, self._loop), task)
        try:
            response, reset = await self._handle_request(request, None, server.request_handler)
        except asyncio.CancelledError:
            self.force_close()
            raise
        except Exception:
            _log.exception("request %s failed", request.progress.request_id.decode())
            self.force_close()
            return
        finally:
            # The request refers to its task, which refers to it.
            request.forget_task()
            self.head = self.progress = self.payload = self._forwarding = self.decision = self.body = None
            self._task_handler = None
        keep_alive = bool(response.keep_alive) and not reset and payload.is_eof()
        if payload is not EMPTY_PAYLOAD:
            payload.set_exception(web.PayloadAccessError())
        self._client.end_answer(keep_alive=keep_alive)


class BridgeRequest(web.BaseRequest):
    """An aiohttp request that knows the head it was made from, which alone says what it means."""

    def __init__(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        bridge: AiohttpBridge,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> None:
        if bridge.head is None or bridge.progress is None:
            raise RuntimeError("aiohttp found a request that nobody gave it")
        self.bridge = bridge
        self.connection = bridge.client
        self.parsed = message
        self.head: RequestHead = bridge.head
        self.progress: Progress = bridge.progress
        super().__init__(message, payload, bridge, writer, task, asyncio.get_running_loop())
        bridge.payload = payload
        if bridge.failure is not None:
            payload.set_exception(bridge.failure)

    def forget_task(self) -> None:
        """The request has been answered."""
        self._task = None  # type: ignore[assignment]  # as aiohttp's own loop does


class BridgeServer(web.Server):
    """aiohttp's low-level server, without listening sockets: connections come from the proxy.

    The head's limits are enforced before aiohttp sees a request, so aiohttp's own stay out of the way.
    """

    def __init__(self, handle: Callable[[Any], Awaitable[web.StreamResponse]], limits: HeadLimits) -> None:
        require_compiled_parser()
        super().__init__(handle, handler_cancellation=True, loop=asyncio.get_running_loop())
        self._limits: dict[str, Any] = {
            "keepalive_timeout": NO_KEEP_ALIVE_TIMER,
            "tcp_keepalive": False,
            "access_log": None,
            "auto_decompress": False,
            "lingering_time": 0,
            "read_bufsize": READ_BUFFER_BYTES,
            "max_line_size": 2 * limits.total,
            "max_field_size": 2 * limits.total,
            "max_headers": 2 * limits.fields,
        }

    def bridge(self, client: ClientConnection) -> AiohttpBridge:
        """Return the bridge of a connection, made at its first use."""
        if client.attachment is None:
            bridge = AiohttpBridge(self, client, **self._limits)
            client.attachment = bridge
            if client.transport is not None:
                bridge.connection_made(client.transport)
            if client.writing_paused:
                bridge.pause_writing()
        return cast(AiohttpBridge, client.attachment)

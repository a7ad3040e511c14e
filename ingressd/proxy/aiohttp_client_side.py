"""The client of an exchange, seen through an aiohttp response that is not sent yet.

The exchange speaks first and does not wait; aiohttp sends an answer only once the handler has returned it. In
between, this object holds what has come (one read at most) and keeps the upstream paused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import StreamReader

from ingressd.proxy.aiohttp_bridge import AiohttpBridge
from ingressd.proxy.answers import WITHOUT_BODY, AnswerFraming, interim_head
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.client_side import ClientSide
from ingressd.proxy.exchange import Exchange, UpstreamSide
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.framing import chunk, last_chunk
from ingressd.proxy.progress import Progress
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.response_head import ResponseHead
from ingressd.proxy.tunnel import Tunnel
from ingressd.proxy.unsent import unsent_bytes
from ingressd.proxy.upstreams.connection import UpstreamConnection

PIECE_BYTES = 16384
"""The most of a request's body that is taken from aiohttp at a time, and so the most that waits for an endpoint."""


class AiohttpClientSide(ClientSide):
    """Implements the part of ``Answering`` that is about the answer as well."""

    def __init__(
        self,
        bridge: AiohttpBridge,
        head: RequestHead,
        progress: Progress,
        side: UpstreamSide,
        tunnel_idle_seconds: float,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._bridge = bridge
        self._connection: ClientConnection = bridge.client
        self._head = head
        self._progress = progress
        self._watchdog = side.watchdog
        self._clock = side.clock
        self._tunnel_idle_seconds = tunnel_idle_seconds
        self._exchange: Exchange | None = None
        self._body_may_flow = asyncio.Event() if head.has_body else None
        self._answer: asyncio.Future[ResponseHead | Failure | Tunnel] = loop.create_future()
        self._has_ended = False
        self._ending: Failure | None = None
        self._end_awaited: asyncio.Future[None] | None = None
        self._framing = WITHOUT_BODY
        self._open = False
        self._early: list[bytes] = []
        self._trailer_lines = b""
        self._on_close: Callable[[], object] | None = None
        self.request_sent = not head.has_body

    # What the lane calls.

    def attach(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._bridge.forward_to(self)

    def begin_body(self, first: bytes) -> None:
        """Give the exchange the first piece of the request's body; empty means that the body is."""
        if first:
            self._progress.bytes_received += len(first)
            self._attached.request_data(first)
        else:
            self._finish_body()

    def give_whole_body(self, body: bytes) -> None:
        """The same for a body that has been read already."""
        self.begin_body(body)
        if body:
            self._finish_body()

    async def answer(self) -> ResponseHead | Failure | Tunnel:
        """Wait for what the exchange comes to."""
        return await self._answer

    async def pump_body(self, content: StreamReader) -> None:
        """Give the request's body to the exchange, as fast as the endpoint takes it."""
        exchange = self._attached
        try:
            while True:
                if self._body_may_flow is not None:
                    await self._body_may_flow.wait()
                data = await content.read(PIECE_BYTES)
                if not data:
                    break
                self._progress.bytes_received += len(data)
                exchange.request_data(data)
        except Failure as failure:
            exchange.request_failed(failure)
        except ConnectionError:
            exchange.request_failed(Failure(Reason.CLIENT_CLOSED))
        else:
            self._finish_body()

    def open(self, head: bytes, framing: AnswerFraming) -> None:
        """Send the answer's head, with what has come of the body, and let the rest follow."""
        self._framing = framing
        self._open = True
        early, self._early = self._early, []
        # In one write: each is a call of the system, and a packet.
        pieces = [head]
        if framing.body:
            for data in early:
                self._progress.bytes_sent += len(data)
                pieces.append(chunk(data) if framing.chunked else data)
        if self._has_ended:
            pieces.append(self._end_bytes())
        self._connection.write(b"".join(pieces))
        if not self._has_ended and not self._connection.writing_paused:
            self._attached.client_resumed()

    async def ended(self) -> Failure | None:
        """Wait for the end of the answer; a failure means that it is incomplete."""
        if not self._has_ended:
            self._end_awaited = asyncio.get_running_loop().create_future()
            await self._end_awaited
        return self._ending

    def on_close(self, callback: Callable[[], object]) -> None:
        self._on_close = callback

    def close(self) -> None:
        """Nobody will use the rest of the exchange."""
        self._bridge.forward_to(None)
        if self._on_close is not None:
            self._on_close()
            self._on_close = None
        if self._exchange is not None:
            self._exchange.cancel()
            # The two refer to each other: without this, only the garbage collector would free them.
            self._exchange = None

    # What the exchange calls (ClientSide).

    def send_informational(self, head: ResponseHead) -> None:
        if self._head.version >= (1, 1):
            self._connection.write(interim_head(head))

    def begin_answer(self, head: ResponseHead, data: bytes, *, complete: bool) -> None:
        self._attached.client_paused()
        if not self._answer.done():
            self._answer.set_result(head)
        if head.whole:
            data = head.body
        if data:
            self._early.append(data)
        if complete:
            self.finish()

    def send_data(self, data: bytes) -> None:
        if self._open:
            self._write(data)
        else:
            self._early.append(data)

    def send_view(self, data: memoryview) -> None:
        if self._open and self._framing.body and not self._framing.chunked:
            self._progress.bytes_sent += len(data)
            self._connection.write_view(data)
        else:
            self.send_data(bytes(data))

    def finish(self, trailer_lines: bytes = b"") -> None:
        if not self._has_ended:
            self._trailer_lines = trailer_lines
            self._end(None)
            if self._open and self._framing.chunked:
                self._connection.write(self._end_bytes())

    def fail(self, failure: Failure) -> None:
        if not self._answer.done():
            self._answer.set_result(failure)
        if not self._has_ended:
            self._end(failure)

    def tunnel(self, head: ResponseHead, upstream: UpstreamConnection, early_data: bytes) -> None:
        transport = self._connection.transport
        if transport is None or self._answer.done():
            upstream.close()
            self.fail(Failure(Reason.CLIENT_CLOSED))
            return
        tunnel = Tunnel(transport, upstream, self._clock, self._tunnel_idle_seconds)
        self._watchdog.add(tunnel)
        tunnel.closed.add_done_callback(lambda _: self._watchdog.discard(tunnel))
        transport.write(interim_head(head))
        upstream.enter_tunnel(tunnel)
        if early_data:
            tunnel.write(early_data)
        self._connection.start_tunnel(tunnel)
        self._answer.set_result(tunnel)

    def pause_body(self) -> None:
        if self._body_may_flow is not None:
            self._body_may_flow.clear()

    def resume_body(self) -> None:
        if self._body_may_flow is not None:
            self._body_may_flow.set()

    def unsent_bytes(self) -> int:
        return unsent_bytes(self._connection.transport)

    def room(self) -> int:
        return self._connection.room() if self._open else 0

    # What the client's connection calls (Answering).

    def client_paused(self) -> None:
        self._attached.client_paused()

    def client_resumed(self) -> None:
        if self._open:
            self._attached.client_resumed()

    def client_half_closed(self) -> None:
        self._attached.client_half_closed()

    @property
    def _attached(self) -> Exchange:
        if self._exchange is None:
            raise RuntimeError("no exchange is attached")
        return self._exchange

    def _finish_body(self) -> None:
        self.request_sent = True
        self._attached.request_finished()

    def _write(self, data: bytes) -> None:
        if self._framing.body:
            self._progress.bytes_sent += len(data)
            self._connection.write(chunk(data) if self._framing.chunked else data)

    def _end(self, failure: Failure | None) -> None:
        self._has_ended = True
        self._ending = failure
        if self._end_awaited is not None and not self._end_awaited.done():
            self._end_awaited.set_result(None)

    def _end_bytes(self) -> bytes:
        """What goes behind the body of a whole answer."""
        return last_chunk(self._trailer_lines) if self._framing.chunked and self._ending is None else b""

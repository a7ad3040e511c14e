"""A client's connection: an aiohttp request handler that sees every byte before aiohttp does."""

from __future__ import annotations

import asyncio
import enum
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from aiohttp import web

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.forwarding import Peer
from ingressd.proxy.framing import LAST_CHUNK, BodyReader, ChunkedReader, FramingError, LengthReader, chunk
from ingressd.proxy.incoming import Incoming, canonical_head
from ingressd.proxy.partial_head import incomplete_head_failure
from ingressd.proxy.request_head import HeadLimits, RequestHead, parse_request_head
from ingressd.proxy.request_sketch import sketch_request
from ingressd.proxy.tunnel import Tunnel
from ingressd.proxy.watchdog import Watchdog

MAX_HELD_BYTES = 65536
MAX_EMPTY_LINES = 2

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_REFUSED_REQUEST = b"GET / HTTP/1.1\r\nHost: refused.invalid\r\nConnection: close\r\n\r\n"


class _Reading(enum.Enum):
    """What the next byte from the client belongs to."""

    HEAD = enum.auto()
    BODY = enum.auto()
    HELD = enum.auto()  # behind an upgrade request whose answer is not known yet
    NOTHING = enum.auto()  # behind the last request of this connection


class Answering(Protocol):
    """Whoever writes the current answer to the client."""

    def client_paused(self) -> None: ...

    def client_resumed(self) -> None: ...

    def client_half_closed(self) -> None: ...


class ConnectionSettings(Protocol):
    """What a connection needs from the proxy that owns it."""

    watchdog: Watchdog
    head_limits: HeadLimits
    clock: Callable[[], float]
    header_read_seconds: float
    pipelined_requests: int
    lingering_seconds: float
    lingering_bytes: int


class ClientConnection(web.RequestHandler):
    """Validates each request head, gives aiohttp its canonical bytes, and keeps bodies and tunnels apart.

    aiohttp thus sees only requests that mean one thing. What is refused still goes through its queue, as a request
    of ours with the failure attached, so that answers keep the order of the requests.
    """

    __slots__ = (
        "_answering",
        "_discarded_bytes",
        "_empty_lines",
        "_end_seen",
        "_head_started",
        "_incoming",
        "_input",
        "_input_paused",
        "_lingering",
        "_reader",
        "_reading",
        "_receiving",
        "_scanned",
        "_settings",
        "_tunnel",
        "_unanswered",
        "client_is_gone",
        "half_closed",
        "peer",
    )

    def __init__(
        self,
        server: web.Server,
        settings: ConnectionSettings,
        scheme: str,
        **limits: Any,
    ) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **limits)
        self._settings = settings
        self.peer = Peer("", scheme, 0)
        self._incoming: deque[Incoming] = deque()
        self._reading = _Reading.HEAD
        self._reader: BodyReader | None = None
        self._receiving: Incoming | None = None
        self._input = b""
        self._input_paused = False
        self._scanned = 0
        self._empty_lines = 0
        self._head_started: float | None = None
        self._answering: Answering | None = None
        self._tunnel: Tunnel | None = None
        self._lingering: asyncio.Future[None] | None = None
        self._discarded_bytes = 0
        self._unanswered = 0
        self.half_closed = False
        self.client_is_gone = False
        self._end_seen = False

    # What a lane calls.

    def take_incoming(self) -> Incoming:
        """Return what stands behind aiohttp's next request."""
        incoming = self._incoming.popleft()
        if self._input_paused and len(self._incoming) <= self._settings.pipelined_requests // 2:
            asyncio.get_running_loop().call_soon(self._resume_input)
        return incoming

    def answer_with(self, answering: Answering | None) -> None:
        """From now on, tell ``answering`` when the client takes no more bytes."""
        self._answering = answering
        if answering is not None and self.half_closed:
            answering.client_half_closed()

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def abort(self, *, reset: bool) -> None:
        """End the connection so that the client cannot take the answer for whole.

        ``reset``: the answer lasts until the end of the connection, so an orderly end would look like its own. TLS
        says so itself, by what it leaves out.
        """
        if self.transport is None:
            return
        connection = self.transport.get_extra_info("socket")
        if reset and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self.transport.abort()

    def close_if_idle(self) -> None:
        """Close the connection unless a request is being read or answered."""
        if not self._unanswered and not self._input and self.transport is not None:
            self.transport.close()

    @property
    def more_requests_follow(self) -> bool:
        """Whether the connection should outlive the current answer."""
        return self._unanswered > 1 or not self.half_closed

    def start_tunnel(self, tunnel: Tunnel) -> None:
        """Pass on what came behind the upgrade request, and from now on every byte."""
        self._tunnel = tunnel
        held, self._input = self._input, b""
        self._resume_transport()
        if held:
            tunnel.client_data(held)
        if self.half_closed:
            tunnel.client_eof()
        if self.writing_paused:
            tunnel.client_paused()

    async def linger(self) -> None:
        """Read and drop what the client still sends, for a while, before the connection closes.

        Closing with unread bytes makes the kernel send a reset, and a reset can take away from the client the
        answer that it has not read yet (RFC 9112 section 9.6).
        """
        transport = self.transport
        if transport is None or self._end_seen:
            return
        self._reading = _Reading.NOTHING
        self._input = b""
        if transport.can_write_eof():
            transport.write_eof()
        self._resume_transport()
        self._lingering = self._loop.create_future()
        try:
            async with asyncio.timeout(self._settings.lingering_seconds):
                await self._lingering
        except TimeoutError:
            pass
        finally:
            self._lingering = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self.peer = Peer(
            address=str(peer[0]) if isinstance(peer, tuple) else "",
            scheme=self.peer.scheme,
            port=int(own[1]) if isinstance(own, tuple) else 0,
        )

    def connection_lost(self, exc: BaseException | None) -> None:
        self._settings.watchdog.discard(self)
        self.client_is_gone = self._end_seen = True
        self._end_lingering()
        if self._tunnel is not None:
            self._tunnel.close()
        if self._receiving is not None:
            self._receiving.fail_body(Failure(Reason.CLIENT_CLOSED))
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not data:
            # aiohttp asks itself to go on with what its parser holds back.
            super().data_received(data)
        elif self._tunnel is not None:
            self._tunnel.client_data(data)
        elif self._reading is _Reading.NOTHING:
            self._discard(data)
        else:
            self._input = self._input + data if self._input else data
            if self._input_paused:
                self._pause_transport()
            else:
                self._advance()

    def eof_received(self) -> bool | None:  # type: ignore[override] # asyncio gives the result a meaning
        """A client that has sent its request may close its sending half and still wants the answer."""
        self.half_closed = self._end_seen = True
        self._end_lingering()
        if self.peer.scheme == "https":
            return None
        if self._tunnel is not None:
            self._tunnel.client_eof()
            return True
        if self._reading is _Reading.BODY and self._receiving is not None:
            self._receiving.fail_body(Failure(Reason.CLIENT_CLOSED, "the client closed before the end of its body"))
        if self._answering is not None:
            self._answering.client_half_closed()
        return self._unanswered > 0

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._tunnel is not None:
            self._tunnel.client_paused()
        elif self._answering is not None:
            self._answering.client_paused()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._tunnel is not None:
            self._tunnel.client_resumed()
        elif self._answering is not None:
            self._answering.client_resumed()

    # What aiohttp calls.

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._unanswered -= 1
            if self.half_closed:
                self.close_if_idle()

    # What the watchdog calls, while a head is incomplete.

    def check(self, now: float) -> None:
        if self._head_started is not None and now - self._head_started > self._settings.header_read_seconds:
            self._refuse(Failure(Reason.REQUEST_TIMEOUT, "the request's header did not arrive in time"), self._input)

    # Reading.

    def _advance(self) -> None:
        while self._input:
            if self._reading is _Reading.HEAD:
                if len(self._incoming) >= self._settings.pipelined_requests:
                    self._input_paused = True
                    self._pause_transport()
                    return
                if not self._read_head():
                    return
            elif self._reading is _Reading.BODY:
                self._read_body()
            elif self._reading is _Reading.HELD:
                if len(self._input) > MAX_HELD_BYTES:
                    self._pause_transport()
                return
            else:
                rest, self._input = self._input, b""
                self._discard(rest)

    def _read_head(self) -> bool:
        """Take one head from the input; False while it is incomplete."""
        while self._empty_lines < MAX_EMPTY_LINES and self._input.startswith(b"\r\n"):
            self._empty_lines += 1
            self._input = self._input[2:]
        end = self._input.find(b"\r\n\r\n", max(0, self._scanned - 3))
        if end < 0:
            failure = incomplete_head_failure(self._input, self._settings.head_limits, self._scanned)
            self._scanned = len(self._input)
            if failure is not None:
                self._refuse(failure, self._input)
            elif self._input and self._head_started is None:
                self._head_started = self._settings.clock()
                self._settings.watchdog.add(self)
            return False
        self._end_head_timer()
        self._scanned = self._empty_lines = 0
        data, self._input = self._input[: end + 4], self._input[end + 4 :]
        try:
            head = parse_request_head(data, self._settings.head_limits)
        except Failure as failure:
            self._refuse(failure, data)
            return False
        self._accept(head)
        return True

    def _accept(self, head: RequestHead) -> None:
        incoming = Incoming(head)
        self._queue(incoming)
        if head.upgrade is not None:
            self._reading = _Reading.HELD
        elif head.has_body:
            self._reading = _Reading.BODY
            self._receiving = incoming
            self._reader = ChunkedReader() if head.framing.chunked else LengthReader(head.framing.length or 0)
        else:
            self._reading = _Reading.HEAD if head.keep_alive else _Reading.NOTHING
        super().data_received(canonical_head(head))

    def _read_body(self) -> None:
        reader, receiving = self._reader, self._receiving
        if reader is None or receiving is None or receiving.head is None:
            raise RuntimeError("a body is read without a request")
        data, self._input = self._input, b""
        try:
            piece, self._input = reader.feed(data)
        except FramingError as error:
            self._reading = _Reading.NOTHING
            receiving.fail_body(Failure(Reason.MALFORMED_BODY, str(error)))
            return
        chunked = receiving.head.framing.chunked
        if piece:
            super().data_received(chunk(piece) if chunked else piece)
        if reader.complete:
            if chunked:
                super().data_received(LAST_CHUNK)
            self._reader = self._receiving = None
            self._reading = _Reading.HEAD if receiving.head.keep_alive else _Reading.NOTHING

    def _refuse(self, failure: Failure, head: bytes) -> None:
        self._end_head_timer()
        self._reading = _Reading.NOTHING
        self._input = b""
        self._queue(Incoming(None, failure, sketch_request(head)))
        super().data_received(_REFUSED_REQUEST)

    def _queue(self, incoming: Incoming) -> None:
        self._unanswered += 1
        self._incoming.append(incoming)

    def _discard(self, data: bytes) -> None:
        self._discarded_bytes += len(data)
        if self._discarded_bytes > self._settings.lingering_bytes:
            self._end_lingering()
            self._pause_transport()

    def _end_head_timer(self) -> None:
        if self._head_started is not None:
            self._head_started = None
            self._settings.watchdog.discard(self)

    def _end_lingering(self) -> None:
        if self._lingering is not None and not self._lingering.done():
            self._lingering.set_result(None)

    # Flow control. aiohttp pauses for its own buffers; a resume must not undo the other's pause.

    def _pause_transport(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def _resume_transport(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def _resume_input(self) -> None:
        self._input_paused = False
        if not self._reading_paused and not self._buffer_paused:
            self._resume_transport()
        self._advance()

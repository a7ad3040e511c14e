"""A client's connection: it reads requests one after another, and has each answered by a lane."""

from __future__ import annotations

import asyncio
import enum
import os
import socket
import struct
from typing import Final, cast

from ingressd.proxy.answering import Answering, Attachment
from ingressd.proxy.bounded_reads import CopiedReads
from ingressd.proxy.compiled import COMPILED
from ingressd.proxy.connection_owner import LONG_REST_BYTES, MOST_LONG_RESTS, ConnectionOwner
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.forwarding import Peer
from ingressd.proxy.framing import BodyReader, ChunkedReader, FramingError, LengthReader
from ingressd.proxy.header_section import NO_SECTION
from ingressd.proxy.partial_head import incomplete_head_failure
from ingressd.proxy.request_head import RequestHead, leading_request_head, parse_request_head
from ingressd.proxy.request_sketch import sketch_request
from ingressd.proxy.tunnel import Tunnel
from ingressd.proxy.unsent import room_to_send, unsent_bytes
from tls.stream import TlsStream

MAX_EMPTY_LINES = 2

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class _Reading(enum.Enum):
    """What the next byte from the client belongs to."""

    HEAD = enum.auto()
    BODY = enum.auto()
    AHEAD = enum.auto()  # behind a request that is not answered yet: the next one, or what an upgrade leads to
    NOTHING = enum.auto()  # behind the last request of this connection


# Looked up for every request, and slow to look up in the class.
_HEAD: Final = _Reading.HEAD
_BODY: Final = _Reading.BODY
_AHEAD: Final = _Reading.AHEAD
_NOTHING: Final = _Reading.NOTHING


class ClientConnection:
    """Validates each head before anybody else sees it, and frames bodies, so that a lane gets only their bytes.

    One request is answered at a time. What the client sends ahead waits in ``_input``, and once that is
    ``read_ahead_bytes`` long, in the kernel. No request is begun while the client does not take the answers before
    it: whoever sends and never reads could fill the memory. It is an ``asyncio.Protocol`` in all but name
    (``bounded_reads``).
    """

    __slots__ = (
        "_advancing",
        "_answering",
        "_discarded_bytes",
        "_empty_lines",
        "_end_seen",
        "_head_started",
        "_input",
        "_last_section",
        "_linger_ended",
        "_linger_until",
        "_offset",
        "_owner",
        "_reader",
        "_reading",
        "_reads_bounded",
        "_scanned",
        "_tunnel",
        "_unsent_bytes",
        "_unsent_since",
        "attachment",
        "client_is_gone",
        "half_closed",
        "idle_since",
        "peer",
        "transport",
        "writing_paused",
    )

    def __init__(self, owner: ConnectionOwner, scheme: str, port: int) -> None:
        """``port`` is the one that the client connected to."""
        self._owner = owner
        self.peer = Peer("", scheme, port)
        self.transport: asyncio.Transport | None = None
        self.attachment: Attachment | None = None
        self._reading = _HEAD
        self._reader: BodyReader | None = None
        self._input = b""
        self._last_section = NO_SECTION
        self._offset = 0
        self._scanned = 0
        self._empty_lines = 0
        self._advancing = False
        self._head_started: float | None = None
        self._answering: Answering | None = None
        self._tunnel: Tunnel | None = None
        self._linger_until: float | None = None
        self._linger_ended: asyncio.Future[None] | None = None
        self._discarded_bytes = 0
        self._unsent_since: float | None = None
        self._unsent_bytes = 0
        self.writing_paused = False
        self.half_closed = False
        self.client_is_gone = False
        self.idle_since = 0.0
        """0 while a request is read or answered."""
        self._end_seen = False
        # The stream of TLS bounds its reads itself.
        self._reads_bounded = scheme == "https"

    # What a lane calls.

    def answer_with(self, answering: Answering) -> None:
        """Give ``answering`` the body of the current request, and tell it how the client takes the answer."""
        self._answering = answering
        if self.half_closed:
            answering.client_half_closed()

    def end_answer(self, *, keep_alive: bool) -> None:
        """The whole answer has been written. Read the next request, or close."""
        self._answering = None
        if keep_alive:
            self._reading = _HEAD
            if not self._advancing:
                self._read_on()
        elif self._linger_until is None:
            if self._reading is _BODY or self._offset < len(self._input):
                self.begin_lingering()
            else:
                self._close()

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def write_view(self, data: memoryview) -> None:
        """Write what lies in a buffer that the next read overwrites. Only what the kernel does not take is copied."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        sent = 0
        # What waits in the transport goes first, and a stream of TLS encrypts.
        if self.peer.scheme == "http" and not transport.get_write_buffer_size():
            try:
                sent = os.write(transport.get_extra_info("socket").fileno(), data)
            except OSError:
                sent = 0  # the transport meets what it is, and deals with it
        rest = len(data) - sent
        if not rest:
            return
        transport.write(bytes(data[sent:]))
        if rest > LONG_REST_BYTES and self.writing_paused:
            self._owner.long_rests.add(self)

    def room(self) -> int:
        """How many bytes ``write_view`` has the kernel take at once, as far as that is known; 0 when it is not."""
        transport = self.transport
        if self.peer.scheme != "http" or self.writing_paused or len(self._owner.long_rests) >= MOST_LONG_RESTS:
            return 0
        if transport is None or transport.is_closing() or transport.get_write_buffer_size():
            return 0
        return room_to_send(transport)

    def expect_end(self) -> None:
        """The next ``write`` is the last, and ``end_answer`` follows it at once."""
        transport: object = self.transport
        if isinstance(transport, TlsStream):
            transport.expect_end()

    def abort(self, *, reset: bool) -> None:
        """End the connection so that the client cannot take the answer for whole.

        ``reset``: the answer lasts until the end of the connection, so an orderly end would look like its own. TLS
        says so itself, by what it leaves out.
        """
        self._answering = None
        self._reading = _NOTHING
        if self.transport is None:
            return
        connection = self.transport.get_extra_info("socket")
        if reset and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        self.transport.abort()

    @property
    def more_requests_follow(self) -> bool:
        """Whether the connection should outlive the current answer."""
        return not self.half_closed or self._offset < len(self._input)

    @property
    def body_bytes(self) -> int:
        """How much has come behind the current request's head before anybody read it: of its body, and what follows."""
        return len(self._input) - self._offset

    def take_whole_body(self, most_bytes: int) -> bytes:
        """Return the current request's body, if all of it has come with the head and it is not longer. Else return
        nothing: then who answers is given the body as it comes."""
        reader = self._reader
        if self._reading is not _BODY or not isinstance(reader, LengthReader):
            return b""
        begin = self._offset
        end = begin + reader.remaining
        if end - begin > most_bytes or end > len(self._input):
            return b""
        self._offset = end
        self._reader = None
        self._reading = _AHEAD
        return self._input[begin:end]

    def skip_body(self) -> bool:
        """Drop what has come of the current request's body, which nobody wants; return whether that is all of it."""
        reader = self._reader
        if self._reading is _BODY and reader is not None:
            data, self._input, self._offset = self._input[self._offset :], b"", 0
            try:
                _, self._input = reader.feed(data)
            except FramingError:
                return False
            if not reader.complete:
                return False
            self._reader = None
            self._reading = _AHEAD
        return self._reading is _AHEAD

    def pause_body(self) -> None:
        if self._reading is _BODY:
            self._pause_transport()

    def resume_body(self) -> None:
        if self._reading is _BODY:
            self._resume_transport()

    def start_tunnel(self, tunnel: Tunnel) -> None:
        """Pass on what came behind the upgrade request, and from now on every byte."""
        self._tunnel = tunnel
        self._bound_reads()
        held, self._input, self._offset = self._input[self._offset :], b"", 0
        self._resume_transport()
        if held:
            tunnel.client_data(held)
        if self.half_closed:
            tunnel.client_eof()
        if self.writing_paused:
            tunnel.client_paused()

    def begin_lingering(self) -> None:
        """Read and drop what the client still sends, for a while, and close.

        Closing with unread bytes makes the kernel send a reset, and a reset can take away from the client the
        answer that it has not read yet (RFC 9112 section 9.6).
        """
        self._reading = _NOTHING
        self._input, self._offset = b"", 0
        if self.transport is None or self._end_seen:
            self._close()
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._resume_transport()
        self._linger_until = self._owner.clock() + self._owner.lingering_seconds
        self._owner.watchdog.add(self)

    async def linger(self) -> None:
        """``begin_lingering``, and wait for its end."""
        self.begin_lingering()
        if self._linger_until is not None:
            self._linger_ended = asyncio.get_running_loop().create_future()
            await self._linger_ended

    # What the proxy calls.

    def close_if_idle(self) -> None:
        """Close the connection unless a request is being read or answered."""
        if self._answering is None and not self._input and self._linger_until is None:
            self._close()

    def give_up(self) -> None:
        """End whatever goes on."""
        if self._answering is not None:
            self._answering.give_up()
        if self._tunnel is not None:
            self._tunnel.close()
        self._close()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.peer = Peer(str(peer[0]), self.peer.scheme, self.peer.port)
        # Whatever the kernel does not take at once holds back the endpoint.
        self.transport.set_write_buffer_limits(high=1)
        self._owner.connections.add(self)
        self.idle_since = self._owner.last_look

    def connection_lost(self, exc: BaseException | None) -> None:
        self.client_is_gone = self._end_seen = True
        self.transport = None
        self._reading = _NOTHING
        owner = self._owner
        owner.watchdog.discard(self)
        owner.connections.discard(self)
        owner.long_rests.discard(self)
        self._end_lingering()
        if self._tunnel is not None:
            self._tunnel.close()
        answering, self._answering = self._answering, None
        if answering is not None:
            answering.give_up()
        attachment, self.attachment = self.attachment, None
        if attachment is not None:
            attachment.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._tunnel is not None:
            self._tunnel.client_data(data)
        elif self._reading is _NOTHING:
            self._discard(data)
        else:
            if self._input:
                self._input += data
            elif self._reading is _HEAD:
                self.idle_since = 0.0
                if COMPILED and not self.writing_paused and self._take_leading_head(data):
                    return
                self._input = data
            else:
                self._input = data
            if self._reading is not _AHEAD:
                self._advance()
            else:
                self._bound_reads()
                if len(self._input) > self._owner.read_ahead_bytes:
                    self._pause_transport()

    def eof_received(self) -> bool | None:
        """A client that has sent its request may close its sending half and still wants the answer."""
        self.half_closed = self._end_seen = True
        if self._linger_until is not None:
            self._end_lingering()
            return None
        if self._tunnel is not None:
            self._tunnel.client_eof()
            return True
        if self._reading is _BODY and self._answering is not None:
            self._reading = _NOTHING
            self._answering.body_failed(Failure(Reason.CLIENT_CLOSED, "the client closed before the end of its body"))
        if self._answering is not None:
            self._answering.client_half_closed()
        return self._answering is not None or self._unsent_since is not None

    def pause_writing(self) -> None:
        self.writing_paused = True
        if self.attachment is not None:
            self.attachment.pause_writing()
        if self._tunnel is not None:
            self._tunnel.client_paused()
        elif self._answering is not None:
            self._answering.client_paused()

    def resume_writing(self) -> None:
        self.writing_paused = False
        self._owner.long_rests.discard(self)
        if self.attachment is not None:
            self.attachment.resume_writing()
        if self._tunnel is not None:
            self._tunnel.client_resumed()
        elif self._answering is not None:
            self._answering.client_resumed()
        elif self._unsent_since is not None:
            self._unsent_since = None
            if self._head_started is None:
                self._owner.watchdog.discard(self)
            if self._reading is _HEAD:
                self._read_on()

    # What the watchdog calls, while a head is incomplete, the connection lingers, or nothing can be done before the
    # client takes what was written.

    def check(self, now: float) -> None:
        if self._unsent_since is not None:
            self._check_unsent(self._unsent_since, now)
        elif self._linger_until is not None:
            if now > self._linger_until:
                self._end_lingering()
        elif self._head_started is not None and now - self._head_started > self._owner.header_read_seconds:
            self._refuse(Failure(Reason.REQUEST_TIMEOUT, "the request's header did not arrive in time"), self._input)

    # Reading.

    def _read_on(self) -> None:
        """Go on with what came while a request was answered."""
        if self._input:
            self._resume_transport()
            self._advance()
        else:
            self._await_request()

    def _await_request(self) -> None:
        if self.writing_paused and self._input:
            self._pause_transport()
            self._watch_unsent()
        elif self.half_closed:
            self._close()
        elif not self._input:
            self.idle_since = self._owner.last_look

    def _advance(self, head: RequestHead | None = None) -> None:
        """Go on with the input; ``head`` has been taken from it already."""
        self._advancing = True
        try:
            if head is not None:
                self._answer(head)
            while self._offset < len(self._input):
                if self._reading is _HEAD:
                    if self.writing_paused or not self._read_head():
                        break
                elif self._reading is _BODY:
                    self._read_body()
                else:
                    break
        finally:
            self._advancing = False
            if self._offset:
                self._input = self._input[self._offset :]
                self._offset = 0
        if self._reading is _HEAD:
            self._await_request()

    def _read_head(self) -> bool:
        """Take one head from the input; False while it is incomplete."""
        data = self._input
        while data.startswith(b"\r\n", self._offset) and self._empty_lines < MAX_EMPTY_LINES:
            self._empty_lines += 1
            self._offset += 2
        begin = self._offset
        end = data.find(b"\r\n\r\n", max(begin, begin + self._scanned - 3))
        if end < 0:
            rest = self._input = data[begin:]
            self._offset = 0
            failure = incomplete_head_failure(rest, self._owner.head_limits, self._scanned)
            self._scanned = len(rest)
            if failure is not None:
                self._refuse(failure, rest)
            elif rest and self._head_started is None:
                self._head_started = self._owner.clock()
                self._owner.watchdog.add(self)
            return False
        if self._head_started is not None:
            self._end_head_timer()
        self._scanned = 0
        end += 4
        self._offset = end
        if begin or end != len(data):
            data = data[begin:end]
        return self._head_received(data)

    def _take_leading_head(self, data: bytes) -> bool:
        """Have the request answered if ``data`` begins with its head, whole and plain; most reads do."""
        try:
            head = leading_request_head(data, self._owner.head_limits, self._last_section)
        except Failure as failure:
            self._refuse(failure, data)
            return True
        if head is None:
            return False
        length = head.length
        if length == len(data):
            self._answer(head)
        else:
            self._input, self._offset = data, length
            self._advance(head)
        return True

    def _head_received(self, data: bytes) -> bool:
        """Have the request answered whose head this is; False when it is none."""
        try:
            head = parse_request_head(data, self._owner.head_limits)
        except Failure as failure:
            self._refuse(failure, data)
            return False
        self._answer(head)
        return True

    def _answer(self, head: RequestHead) -> None:
        self._empty_lines = 0
        self._last_section = head.section if head.section.repeatable else NO_SECTION
        if head.has_body and head.upgrade is None:
            self._reading = _BODY
            length = head.framing.length
            self._reader = ChunkedReader() if length is None else LengthReader(length)
        else:
            self._reading = _AHEAD
        self._owner.lane.answer(self, head)
        if self._reading is _AHEAD:
            self._expect_answer()

    def _expect_answer(self) -> None:
        """The whole request has been read."""
        transport: object = self.transport
        if isinstance(transport, TlsStream):
            transport.expect_answer()

    def _read_body(self) -> None:
        reader, answering = self._reader, self._answering
        if reader is None or answering is None:
            raise RuntimeError("a body is read without a request")
        data, self._input, self._offset = self._input[self._offset :] if self._offset else self._input, b"", 0
        try:
            piece, self._input = reader.feed(data)
        except FramingError as error:
            self._reading = _NOTHING
            answering.body_failed(Failure(Reason.MALFORMED_BODY, str(error)))
            return
        complete = reader.complete
        if complete:
            self._reader = None
            self._reading = _AHEAD
            self._expect_answer()
        else:
            self._bound_reads()
        if piece or complete:
            answering.body_received(piece, complete=complete)

    def _bound_reads(self) -> None:
        if not self._reads_bounded and self.transport is not None:
            self._reads_bounded = True
            self.transport.set_protocol(CopiedReads(self, self._owner.read_buffer))

    def _refuse(self, failure: Failure, head: bytes) -> None:
        self._end_head_timer()
        self._reading = _NOTHING
        self._input, self._offset = b"", 0
        self._owner.lane.refuse(self, failure, sketch_request(head))

    def _discard(self, data: bytes) -> None:
        self._discarded_bytes += len(data)
        if self._discarded_bytes > self._owner.lingering_bytes:
            self._end_lingering()
            self._pause_transport()

    def _end_head_timer(self) -> None:
        if self._head_started is not None:
            self._head_started = None
            self._owner.watchdog.discard(self)

    def _end_lingering(self) -> None:
        if self._linger_until is None:
            return
        self._linger_until = None
        self._owner.watchdog.discard(self)
        if self._linger_ended is not None and not self._linger_ended.done():
            self._linger_ended.set_result(None)
        self._close()

    def _close(self) -> None:
        self._reading = _NOTHING
        if self.transport is not None:
            self.transport.close()
            if self.writing_paused:
                self._watch_unsent()

    def _watch_unsent(self) -> None:
        """See to it that the client takes what was written: a transport would wait for that for ever."""
        if self._unsent_since is None:
            self._unsent_since = self._owner.clock()
            self._unsent_bytes = unsent_bytes(self.transport)
            self._owner.watchdog.add(self)

    def _check_unsent(self, since: float, now: float) -> None:
        unsent = unsent_bytes(self.transport)
        if unsent != self._unsent_bytes:
            self._unsent_bytes = unsent
            self._unsent_since = now
        elif now - since > self._owner.send_idle_seconds:
            self.abort(reset=False)

    def _pause_transport(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def _resume_transport(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

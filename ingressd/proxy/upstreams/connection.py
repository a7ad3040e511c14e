"""One connection to an endpoint, carrying one exchange at a time."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import Final, cast

from ingressd.proxy.bounded_reads import SizedReads
from ingressd.proxy.compiled import COMPILED
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.fields import Field
from ingressd.proxy.framing import BodyReader, ChunkedReader, FramingError, LengthReader, UntilEndReader
from ingressd.proxy.response_head import (
    ResponseHead,
    find_response_head_end,
    has_body,
    leading_response_head,
    parse_response_head,
)
from ingressd.proxy.unsent import unsent_bytes
from ingressd.proxy.upstreams.answer_receiver import AnswerReceiver, ByteReceiver, ConnectionOwner
from ingressd.proxy.upstreams.read_sizes import ReadSizes
from ingressd.routing.endpoint import Endpoint

MAX_INFORMATIONAL = 10
FLUSH_SECONDS = 30.0


class UpstreamConnection:
    """Reads answers strictly; what does not belong to an answer makes the connection unfit for another request.

    It is an ``asyncio.Protocol`` in all but name (``bounded_reads``).
    """

    __slots__ = (
        "_body",
        "_buffer",
        "_flushing",
        "_informational",
        "_method",
        "_owner",
        "_poll",
        "_read_sizes",
        "_reading_paused",
        "_reads_bounded",
        "_scanned",
        "_transport",
        "_tunnel",
        "_turn_ended",
        "_upgrade",
        "_writing_paused",
        "bytes_received",
        "endpoint",
        "idle_since",
        "receiver",
        "requests",
        "usable",
    )

    def __init__(self, endpoint: Endpoint, owner: ConnectionOwner) -> None:
        self.endpoint = endpoint
        self._owner = owner
        self.requests = 0
        self.idle_since = 0.0
        self.bytes_received = 0
        self.usable = True
        """False once it must not carry another exchange: the answer said so, or something unexpected came."""
        self._transport: asyncio.Transport | None = None
        self.receiver: AnswerReceiver | None = None
        self._method = ""
        self._buffer = b""
        self._scanned = 0
        self._poll: Callable[[int], object] | None = None
        self._body: BodyReader | None = None
        self._informational = 0
        self._upgrade: bytes | None = None
        self._tunnel: ByteReceiver | None = None
        self._writing_paused = False
        self._reading_paused = False
        self._reads_bounded = False
        self._read_sizes: Final = ReadSizes()
        self._turn_ended = False
        self._flushing: asyncio.TimerHandle | None = None

    # What the exchange calls.

    def begin(self, receiver: AnswerReceiver, method: str, upgrade: bytes | None) -> None:
        """Carry the exchange of ``receiver`` from now until its answer has ended or failed."""
        self.receiver = receiver
        self._method = method
        self._upgrade = upgrade
        self._body = None
        self._informational = 0
        self._scanned = 0
        self.bytes_received = 0
        self.requests += 1

    def send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def reusable(self) -> bool:
        """Whether it may carry another exchange, as far as is known: it may be about to close for an error."""
        return self.usable and self._transport is not None

    @property
    def has_unread_input(self) -> bool:
        """Whether the endpoint has closed an idle connection, or talks on it, and the loop has not come to it yet."""
        return self._transport is None or self._poll is None or bool(self._poll(0))

    def unsent_bytes(self) -> int:
        return unsent_bytes(self._transport)

    @property
    def writing_paused(self) -> bool:
        return self._writing_paused

    def pause_reading(self) -> None:
        if self._transport is not None and not self._reading_paused and self.open:
            self._reading_paused = True
            if not self._turn_ended:
                self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None and self._reading_paused and self.open:
            self._reading_paused = False
            if not self._turn_ended:
                self._transport.resume_reading()

    def close(self) -> None:
        """Give up the connection and whatever it carries; its receiver hears no more."""
        self.usable = False
        self.receiver = None
        self._tunnel = None
        if self._transport is not None:
            self._transport.abort()
        self._owner.closed(self)

    # What a tunnel calls.

    def finish(self) -> None:
        """Close once what was sent has been delivered, for which the endpoint has a while."""
        self.usable = False
        self._tunnel = None
        if self._transport is not None:
            self._transport.close()
            self._flushing = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._transport.abort)

    def enter_tunnel(self, other_end: ByteReceiver) -> None:
        """From now on pass every byte to ``other_end``."""
        self._tunnel = other_end
        self._bound_reads()
        self.resume_reading()

    def write(self, data: bytes) -> None:
        self.send(data)

    def write_eof(self) -> None:
        if self._transport is not None and self.open:
            self._transport.write_eof()

    def abort(self) -> None:
        self.close()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        # Whatever the kernel does not take at once holds back the client.
        self._transport.set_write_buffer_limits(high=1)
        poll = select.poll()
        poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._poll = poll.poll

    def data_received(self, data: bytes) -> None:
        self.bytes_received += len(data)
        if self._tunnel is not None:
            self._tunnel.write(data)
            return
        if self.receiver is None:
            # Bytes that answer nothing would be taken for the next request's answer.
            self.close()
            return
        self._buffer = self._buffer + data if self._buffer else data
        try:
            self._advance()
        except Failure as failure:
            self._fail(failure)

    def buffer_for_read(self) -> memoryview:
        sizes, room = self._read_sizes, 0
        if sizes.may_be_long and self.receiver is not None and isinstance(self._body, LengthReader):
            room = self.receiver.room()
        return self._owner.read_buffer[: sizes.next(room)]

    def buffer_filled(self, count: int) -> None:
        had_its_turn = self._read_sizes.took(count)
        data = self._owner.read_buffer[:count]
        body = self._body
        if self.receiver is None or not isinstance(body, LengthReader) or not body.pass_by(count):
            self.data_received(bytes(data))
            return
        self.bytes_received += count
        self.receiver.view_received(data)
        if body.complete:
            self._finish()
        elif had_its_turn:
            self._end_turn()

    def eof_received(self) -> bool:
        if self._tunnel is not None:
            self._tunnel.write_eof()
            return True
        if self.receiver is not None and self._body is not None:
            try:
                self._body.feed_end()
            except FramingError as error:
                self._fail(Failure(Reason.UPSTREAM_CLOSED, str(error)))
            else:
                self._finish()
        self.usable = False
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = self._poll = None
        self.usable = False
        if self._flushing is not None:
            # It would keep the transport until then.
            self._flushing.cancel()
        self._owner.closed(self)
        if self._tunnel is not None:
            self._tunnel.abort()
            self._tunnel = None
        elif self.receiver is not None:
            self._fail(Failure(Reason.UPSTREAM_CLOSED, str(exc or "the connection closed")))

    def pause_writing(self) -> None:
        self._writing_paused = True
        if self._tunnel is not None:
            self._tunnel.pause_reading()
        elif self.receiver is not None:
            self.receiver.sending_paused()

    def resume_writing(self) -> None:
        self._writing_paused = False
        if self._tunnel is not None:
            self._tunnel.resume_reading()
        elif self.receiver is not None:
            self.receiver.sending_resumed()

    # The answer, piece by piece.

    def _advance(self) -> None:
        while self._body is None:
            if COMPILED and self._scanned == 0 and self._take_leading_head():
                return
            end = find_response_head_end(self._buffer, self._scanned)
            if end < 0:
                self._scanned = len(self._buffer)
                return
            self._scanned = 0
            head = parse_response_head(self._buffer[:end], self._method)
            self._buffer = self._buffer[end:]
            if head.status == 101:
                self._switch(head)
                return
            if head.informational:
                self._receive_informational(head)
            else:
                self._receive_head(head)
                return
            if self.receiver is None:
                return
        data, self._buffer = self._buffer, b""
        self._receive_body(self._body, data)

    def _take_leading_head(self) -> bool:
        """Take the final head of an answer, if all of it has come and it is plain; most reads begin with one."""
        data = self._buffer
        head = leading_response_head(data, self._method)
        if head is None or head.informational:
            return False
        if head.whole:
            self._buffer = b""
            self.usable = self.usable and head.keep_alive
            self._take_receiver().head_received(head, b"", complete=True)
        else:
            self._buffer = data[head.end :]
            self._receive_head(head)
        return True

    def _switch(self, head: ResponseHead) -> None:
        if self._upgrade is None or head.upgrade != self._upgrade:
            raise Failure(Reason.UPSTREAM_INVALID, "the endpoint switched to a protocol that was not asked for")
        early_data, self._buffer = self._buffer, b""
        self.usable = False
        self._take_receiver().upgraded(head, early_data)

    def _receive_informational(self, head: ResponseHead) -> None:
        self._informational += 1
        if self._informational > MAX_INFORMATIONAL:
            raise Failure(Reason.UPSTREAM_INVALID, f"the endpoint sent more than {MAX_INFORMATIONAL} interim answers")
        # ingressd has answered 100 itself, when it began to read the body.
        if head.status != 100 and self.receiver is not None:
            self.receiver.informational_received(head)

    def _receive_head(self, head: ResponseHead) -> None:
        self.usable = self.usable and head.keep_alive
        if not has_body(head.status, self._method):
            self._body = LengthReader(0)
            if self._method != "HEAD" and (head.framing.chunked or head.framing.length):
                # A body may follow all the same, and would be taken for the next request's answer.
                self.usable = False
        elif head.framing.chunked:
            self._body = ChunkedReader()
        elif head.framing.length is not None:
            self._body = LengthReader(head.framing.length)
        else:
            self._body = UntilEndReader()
        data, self._buffer = self._buffer, b""
        try:
            data, behind = self._body.feed(data) if data and not self._body.complete else (b"", data)
        except FramingError as error:
            raise Failure(Reason.UPSTREAM_INVALID, str(error)) from None
        if self._body.complete and behind:
            self.usable = False
        if self._body.complete and not _trailers_of(self._body):
            self._take_receiver().head_received(head, data, complete=True)
            return
        self._bound_reads()
        if self.receiver is not None:
            self.receiver.head_received(head, data, complete=False)
        if self._body.complete:
            self._finish()

    def _receive_body(self, body: BodyReader, data: bytes) -> None:
        if data and not body.complete:
            try:
                piece, data = body.feed(data)
            except FramingError as error:
                raise Failure(Reason.UPSTREAM_INVALID, str(error)) from None
            if piece and self.receiver is not None:
                self.receiver.data_received(piece)
        if body.complete:
            if data:
                self.usable = False
            self._finish()

    def _bound_reads(self) -> None:
        if not self._reads_bounded and self._transport is not None:
            self._reads_bounded = True
            self._transport.set_protocol(SizedReads(self))

    def _end_turn(self) -> None:
        """Read on when the event loop has looked at the other connections."""
        if self._transport is not None and self.open and not self._turn_ended:
            self._turn_ended = True
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._turn_ended = False
        if self._transport is not None and self.open and not self._reading_paused:
            self._transport.resume_reading()

    def _finish(self) -> None:
        if self.receiver is not None:
            self._take_receiver().answer_finished(_trailers_of(self._body))

    def _fail(self, failure: Failure) -> None:
        if self.receiver is None:
            return
        any_byte_received = self.bytes_received > 0
        receiver = self._take_receiver()
        self.close()
        receiver.answer_failed(failure, any_byte_received=any_byte_received)

    def _take_receiver(self) -> AnswerReceiver:
        receiver = self.receiver
        if receiver is None:
            raise RuntimeError("the connection carries no exchange")
        self.receiver = None
        return receiver

    def __repr__(self) -> str:
        state = "busy" if self.receiver else "tunnel" if self._tunnel else "idle" if self.open else "closed"
        return f"<UpstreamConnection {self.endpoint} {state}, {self.requests} requests>"


_NO_TRAILERS: list[Field] = []


def _trailers_of(body: BodyReader | None) -> list[Field]:
    return body.trailers if isinstance(body, ChunkedReader) else _NO_TRAILERS

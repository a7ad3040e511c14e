"""A TLS connection whose handshake is over: a protocol for the transport below, a transport for the protocol above."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Final, cast

from tls.attempts import write_close_notify
from tls.bounded_reads import BoundedReads

READ_BYTES: Final = 32 * 1024
"""The most ciphertext that one read takes while much comes, and that OpenSSL is given at once. A protocol that pauses
leaves at most that in memory, unless it pauses at the first read that brings much, which nobody has bounded yet."""

_RECORD_BYTES: Final = 1 << 14  # RFC 8446 section 5.1: the plaintext of one record
_FLUSH_BYTES: Final = 32 * 1024
_STALLED_SECONDS = 10.0


class TlsStream:
    """Encrypts and decrypts where it stands, without a task. Belongs to the event loop of its transport.

    What asyncio's own TLS transport cannot do: after the client's ``close_notify`` the protocol may go on writing, and
    ``write_eof`` sends ours while the protocol goes on reading (RFC 8446 section 6.1). A connection that ends without
    a ``close_notify`` was cut off: the protocol hears no ``eof_received``.

    Back-pressure holds in both directions. While the protocol pauses reading, bytes stay in the kernel. While the
    transport below is full, plaintext waits as it was given, and the protocol is paused.

    Its reads are bounded as soon as one of them brings more than a record, or the protocol pauses (``BoundedReads``).

    It is an ``asyncio.Protocol`` and an ``asyncio.Transport`` in all but name: a compiled class cannot inherit from
    one.
    """

    __slots__ = (
        "_answer_expected",
        "_backlog",
        "_backlog_bytes",
        "_closing",
        "_end_expected",
        "_eof_wanted",
        "_eof_written",
        "_error",
        "_fin_received",
        "_incoming",
        "_input_ended",
        "_loop",
        "_lost",
        "_outgoing",
        "_peer_address",
        "_protocol",
        "_protocol_paused",
        "_read_buffer",
        "_reading_paused",
        "_reads_bounded",
        "_tickets_held",
        "_tls",
        "_transport",
        "_transport_full",
        "_unflushed",
        "_unread",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        tls: ssl.SSLObject,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        *,
        peer_address: object,
        read_buffer: memoryview,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """``tls`` reads from ``incoming`` and writes to ``outgoing``. Bounded reads go to ``read_buffer``, which may be
        shared by all streams of the loop: it is copied out of before the next read."""
        self._transport = transport
        self._tls = tls
        self._incoming = incoming
        self._outgoing = outgoing
        self._peer_address = peer_address
        self._read_buffer = read_buffer
        self._loop = loop
        self._protocol: asyncio.Protocol = asyncio.Protocol()
        self._backlog: deque[bytes | memoryview] = deque()
        self._backlog_bytes = 0
        self._unflushed = 0
        self._unread = b""
        self._transport_full = False
        self._protocol_paused = False
        self._reading_paused = False
        self._reads_bounded = False
        self._answer_expected = False
        self._tickets_held = False
        self._input_ended = False
        self._fin_received = False
        self._end_expected = False
        self._eof_wanted = False
        self._eof_written = False
        self._closing = False
        self._lost = False
        self._error: Exception | None = None

    def start(self, protocol: asyncio.Protocol, *, transport_full: bool) -> None:
        """Tell ``protocol`` of the connection, and give it what came with the end of the handshake.

        To be called once, when the stream is the transport's protocol. ``transport_full``: the transport has paused
        the protocol before this one.
        """
        self._protocol = protocol
        self._transport_full = transport_full
        protocol.connection_made(cast(asyncio.Transport, self))
        self._tell_fullness()
        # Tickets leave with the first answer, if its request is whole within two turns of the loop. What ends a
        # handshake of TLS 1.2 does not wait.
        self._tickets_held = self._tls.version() == "TLSv1.3"
        self._receive()
        if self._answer_expected:
            self._tickets_held = False
        elif self._tickets_held:
            # The loop polls between the two turns.
            self._loop.call_soon(self._loop.call_soon, self._release_tickets)

    # What the protocol above calls: the methods of asyncio.Transport.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self._lost or not data:
            return
        if self._eof_wanted or self._eof_written:
            raise RuntimeError("a TLS stream cannot be written to after write_eof()")
        if self._transport_full or self._backlog or len(data) > _RECORD_BYTES:
            self._append(data if isinstance(data, bytes) else bytes(data))
            self._drain()
            return
        try:
            written = self._tls.write(data)
        except ssl.SSLWantReadError:
            written = 0  # a handshake of TLS 1.2 goes on inside of the connection
        except ssl.SSLError as error:
            self._fail(error)
            return
        if written < len(data):
            self._append(bytes(data)[written:])
            self._drain()
        elif not self._end_expected:
            self._transport.write(self._outgoing.read())

    def expect_answer(self) -> None:
        """The client has sent all that the next ``write`` answers."""
        self._answer_expected = True

    def expect_end(self) -> None:
        """``close`` or ``write_eof`` will follow the next ``write`` at once: what is small then leaves with its
        ``close_notify``, in one system call and one packet."""
        self._end_expected = True

    def writelines(self, list_of_data: list[bytes]) -> None:
        self.write(b"".join(list_of_data))

    @property
    def _sendfile_compatible(self) -> object:
        """asyncio looks here in ``loop.sendfile``. Its answer to a transport that it does not know is a RuntimeError;
        this error is what aiohttp takes, as uvloop's, for the request to write the file itself."""
        raise NotImplementedError("the bytes of a file have to be encrypted")

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """Send ``close_notify`` behind what was written. Reading goes on."""
        if self._closing or self._lost or self._eof_wanted:
            return
        self._eof_wanted = True
        if not self._backlog:
            self._write_close_notify()

    def close(self) -> None:
        """Send what was written and ``close_notify``, and close. A client that takes nothing of it is cut off."""
        if self._closing or self._lost:
            return
        self._closing = True
        if self._backlog:
            self._transport.pause_reading()
        else:
            self._close_transport()
        if self.get_write_buffer_size():
            self._watch_flushing()

    def abort(self) -> None:
        """Close at once, without ``close_notify``: what the client has got so far counts as cut off."""
        self._closing = True
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._closing or self._lost or self._transport.is_closing()

    def pause_reading(self) -> None:
        self._reading_paused = True
        if not self.is_closing():
            self._bound_reads()
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._reading_paused:
            return
        self._reading_paused = False
        if self.is_closing():
            return
        self._transport.resume_reading()
        if self._has_rest():
            self._loop.call_soon(self._receive_after_pause)

    def is_reading(self) -> bool:
        return not self._reading_paused and not self.is_closing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high=high, low=low)

    def get_write_buffer_size(self) -> int:
        if self._lost:
            return 0
        return self._transport.get_write_buffer_size() + self._backlog_bytes

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._transport.get_write_buffer_limits()

    def get_extra_info(self, name: str, default: object = None) -> object:
        if name == "peername":
            return self._peer_address
        if name == "ssl_object":
            return self._tls
        if name == "sslcontext":
            return self._tls.context
        if name == "peercert":
            return self._tls.getpeercert()
        if name == "cipher":
            return self._tls.cipher()
        found: object = self._transport.get_extra_info(name, default)
        return found

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = cast(asyncio.Protocol, protocol)

    # What the transport below calls.

    def data_received(self, data: bytes | memoryview) -> None:
        if self._input_ended:
            return
        if len(data) <= _RECORD_BYTES and not self._unread:
            self._incoming.write(data)
            self._receive()
        else:
            self._bound_reads()
            data = self._unread + data if self._unread else data
            self._receive_in_pieces(memoryview(data))
        if self._backlog:
            self._drain()

    def eof_received(self) -> bool:
        """FIN. A client that has sent ``close_notify`` before it may still want the rest of its answer; a protocol that
        pauses gets what came before it first."""
        self._fin_received = True
        self._receive_rest()
        if self._closing:
            return len(self._backlog) > 0
        return self._input_ended or (self._reading_paused and self._has_rest())

    def pause_writing(self) -> None:
        self._transport_full = True
        self._tell_fullness()

    def resume_writing(self) -> None:
        self._transport_full = False
        self._drain()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._backlog.clear()
        self._backlog_bytes = 0
        self._protocol.connection_lost(self._error or exc)

    # Reading.

    def _bound_reads(self) -> None:
        if not self._reads_bounded and not self._lost:
            self._reads_bounded = True
            self._transport.set_protocol(BoundedReads(self, self._read_buffer))

    def _receive_in_pieces(self, data: memoryview) -> None:
        """A BIO keeps, until the connection ends, the memory that it once needed: what a protocol that pauses does not
        take waits outside of it."""
        start = 0
        self._unread = b""
        while start < len(data) and not (self._reading_paused or self._input_ended or self._closing or self._lost):
            self._incoming.write(data[start : start + READ_BYTES])
            start += READ_BYTES
            self._receive()
        self._unread = bytes(data[start:])

    def _receive_rest(self) -> None:
        """Go on with what came before the protocol paused."""
        self._receive()
        if self._unread:
            self._receive_in_pieces(memoryview(self._unread))

    def _receive_after_pause(self) -> None:
        self._receive_rest()
        if self._fin_received and not (self._reading_paused or self._input_ended or self._closing):
            # Cut off. What is being written must not end as if it were whole: no close_notify.
            self._transport.close()

    def _has_rest(self) -> bool:
        """Whether there is more that has been read and not given to the protocol."""
        return self._incoming.pending > 0 or len(self._unread) > 0 or self._tls.pending() > 0

    def _receive(self) -> None:
        """Give the protocol what can be decrypted, while it takes it."""
        tls, incoming = self._tls, self._incoming
        while not (self._reading_paused or self._input_ended or self._closing or self._lost):
            # No record holds more than its ciphertext: room for a whole one would be made and given back.
            size = min(incoming.pending or _RECORD_BYTES, _RECORD_BYTES)
            try:
                data = tls.read(size)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                data = b""
            except ssl.SSLError as error:
                self._fail(error)
                return
            if not data:
                self._end_input()
                break
            self._protocol.data_received(data)
            # Asking once more than needed would cost an exception for each read.
            if not incoming.pending and (len(data) < size or not tls.pending()):
                break
        # Tickets, answers to key updates, alerts.
        if self._outgoing.pending and not self._tickets_held and not self._lost:
            self._flush()

    def _release_tickets(self) -> None:
        """A client with Nagle's algorithm sends the rest of its request only when something acknowledges what came
        before, and the kernel alone may take 40 ms for that."""
        self._tickets_held = False
        if self._outgoing.pending and not self._answer_expected and not self._lost:
            self._flush()

    def _end_input(self) -> None:
        self._input_ended = True
        if not self._protocol.eof_received():
            self.close()

    # Writing.

    def _append(self, data: bytes) -> None:
        # A view, so that cutting it copies nothing.
        self._backlog.append(memoryview(data) if len(data) > _RECORD_BYTES else data)
        self._backlog_bytes += len(data)

    def _drain(self) -> None:
        """Encrypt what waits, for as long as the transport takes it."""
        backlog, outgoing = self._backlog, self._outgoing
        # Record by record: SSL_write encrypts all that it is given, and a BIO keeps, until the connection ends, the
        # memory that it once needed.
        records: list[bytes] = []
        size = 0
        while backlog and not self._transport_full and not self._lost:
            data = backlog[0]
            try:
                written = self._tls.write(data[:_RECORD_BYTES])
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError as error:
                if records:
                    self._transport.writelines(records)
                self._fail(error)
                return
            self._backlog_bytes -= written
            if written == len(data):
                backlog.popleft()
            else:
                backlog[0] = data[written:]
            records.append(outgoing.read())
            size += written
            if size >= _FLUSH_BYTES:
                self._transport.writelines(records)
                records, size = [], 0
        if records and not self._lost:
            self._transport.writelines(records)
        if backlog and self._transport_full and len(backlog[0]) <= _FLUSH_BYTES:
            # A view would keep all that it was cut out of, for as long as the client takes nothing.
            backlog[0] = bytes(backlog[0])
        if outgoing.pending and not self._lost:
            self._flush()
        self._tell_fullness()
        if not backlog and not self._lost:
            if self._closing:
                # Not at once: asyncio's transport, which may be telling that it takes more, would end twice.
                self._loop.call_soon(self._close_transport)
            elif self._eof_wanted:
                self._write_close_notify()

    def _flush(self) -> None:
        self._transport.write(self._outgoing.read())

    def _tell_fullness(self) -> None:
        full = self._transport_full or bool(self._backlog)
        if full == self._protocol_paused or self._lost:
            return
        self._protocol_paused = full
        if full:
            self._protocol.pause_writing()
        else:
            self._protocol.resume_writing()

    # The end.

    def _write_close_notify(self) -> None:
        if self._eof_written:
            return
        self._eof_written = True
        if not write_close_notify(self._tls):
            self._input_ended = True
        if self._outgoing.pending:
            self._flush()

    def _close_transport(self) -> None:
        if not self._transport.is_closing():
            self._write_close_notify()
            self._transport.close()

    def _fail(self, error: ssl.SSLError) -> None:
        """The client broke the protocol, or a record was changed under way. It is told, by the alert."""
        self._error = error
        self._closing = True
        self._backlog.clear()
        self._backlog_bytes = 0
        if self._outgoing.pending:
            self._flush()
        self._transport.close()
        if self.get_write_buffer_size():
            self._watch_flushing()

    def _watch_flushing(self) -> None:
        self._unflushed = self.get_write_buffer_size()
        self._loop.call_later(_STALLED_SECONDS, self._check_flushing)

    def _check_flushing(self) -> None:
        left = self.get_write_buffer_size()
        if self._lost or not left:
            return
        if left >= self._unflushed:
            self._transport.abort()
        else:
            self._watch_flushing()

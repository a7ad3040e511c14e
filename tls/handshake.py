"""From a connection's first byte to the end of its TLS handshake."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

from tls.attempts import resume, shake_hands
from tls.client_hello import Incomplete, NotTls, parse_client_hello
from tls.failure import TlsFailure, TlsFailureReason, openssl_reason
from tls.key_pair import KeyPairError
from tls.plaintext import HTTPS_EXPECTED, LINGER_BYTES, LINGER_SECONDS, looks_like_http
from tls.stream import READ_BYTES, TlsStream


class HandshakeOwner(Protocol):
    """What a handshake needs from the acceptor that owns it."""

    choose: Callable[[str | None], ssl.SSLContext]
    protocol_factory: Callable[[str | None], asyncio.Protocol]
    read_buffer: memoryview

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...

    def hello_received(self, handshake: TlsHandshake) -> None:
        """The client has said what it wants."""

    def handshake_over(self, handshake: TlsHandshake, failure: TlsFailure | None) -> None:
        """Called once. Without a failure the connection belongs to its protocol now."""


class TlsHandshake:
    """Reads the client's first message, has the context chosen for it, and shakes hands, where the bytes come in.

    The first message is held back from OpenSSL until it is whole, so that the context is chosen before TLS begins.
    The transport then gets a ``TlsStream`` as its protocol, and this object is done.
    """

    __slots__ = (
        "_adoption",
        "_held",
        "_incoming",
        "_left_to_discard",
        "_needed",
        "_outgoing",
        "_over",
        "_owner",
        "_peer_address",
        "_server_name",
        "_stream",
        "_tls",
        "_transport",
        "_transport_full",
    )

    def __init__(self, owner: HandshakeOwner, peer_address: object) -> None:
        """``peer_address`` is as the socket module has it, for what is reported and for the stream."""
        self._owner = owner
        self._peer_address = peer_address
        self._server_name: str | None = None
        self._adoption: Coroutine[Any, Any, object] | None = None
        self._transport: asyncio.Transport | None = None
        self._transport_full = False
        self._held = bytearray()
        self._needed = 1
        self._tls: ssl.SSLObject | None = None
        self._stream: TlsStream | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._left_to_discard = 0
        self._over = False

    # What the acceptor calls.

    def adopt(self, adoption: Coroutine[Any, Any, object]) -> None:
        """Have the event loop take the connection over; ``adoption`` is its ``connect_accepted_socket``. Raises
        ``OSError``.

        That opens a transport at once, and then only waits until it has called ``connection_made``. A task to wait with
        it would cost as much as a small request: what happens next to the connection resumes it instead.
        """
        adoption.send(None)
        self._adoption = adoption

    def expire(self) -> None:
        """The deadline has passed."""
        silent = self._tls is None
        self._drop(TlsFailureReason.HELLO_TIMEOUT if silent else TlsFailureReason.HANDSHAKE_TIMEOUT)

    def crowd_out(self) -> None:
        self._drop(TlsFailureReason.CROWDED_OUT)

    def lose(self, error: OSError) -> None:
        """The connection could not be taken over."""
        self._finish(TlsFailureReason.CONNECTION_LOST, error.strerror or "")

    def cancel(self) -> None:
        """Drop the connection without a report."""
        self._over = True
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def itself(self) -> TlsHandshake:
        """A protocol factory that makes none: the handshake is there before its transport."""
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        if self._over:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._end_adoption()
        if self._over:
            self._discard(len(data))
        elif self._tls is not None:
            self._receive(self._tls, data)
        else:
            self._held += data
            if len(self._held) >= self._needed:
                self._read_hello()

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._transport_full = True

    def resume_writing(self) -> None:
        self._transport_full = False

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_adoption()
        self._transport = None
        silent = self._tls is None
        detail = (exc.strerror or "") if isinstance(exc, OSError) else ""
        self._finish(TlsFailureReason.CLOSED_BEFORE_HELLO if silent else TlsFailureReason.CONNECTION_LOST, detail)

    # The steps.

    def _end_adoption(self) -> None:
        adoption, self._adoption = self._adoption, None
        if adoption is not None:
            resume(adoption)

    def _read_hello(self) -> None:
        hello = parse_client_hello(bytes(self._held))
        if isinstance(hello, Incomplete):
            self._needed = hello.needed
        elif isinstance(hello, NotTls):
            self._refuse(hello)
        else:
            self._server_name = hello.server_name
            self._owner.hello_received(self)
            self._begin()

    def _begin(self) -> None:
        try:
            context = self._owner.choose(self._server_name)
        except (KeyPairError, ssl.SSLError) as error:
            self._drop(TlsFailureReason.NO_CONTEXT, str(error))
            return
        tls = self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(self._held)
        self._held.clear()
        self._advance(tls)

    def _receive(self, tls: ssl.SSLObject, data: bytes) -> None:
        """Much may come behind the end of the handshake, and a BIO keeps the memory that it once needed: that much is
        for the stream to divide."""
        while data and not self._over:
            self._incoming.write(data[:READ_BYTES])
            data = data[READ_BYTES:]
            self._advance(tls)
        if data and self._stream is not None:
            self._stream.data_received(data)

    def _advance(self, tls: ssl.SSLObject) -> None:
        try:
            over = shake_hands(tls)
        except ssl.SSLError as error:
            self._flush()  # the alert that tells the client why
            self._finish(TlsFailureReason.HANDSHAKE_FAILED, openssl_reason(error, "unknown"))
            if self._transport is not None:
                self._transport.close()
            return
        if over:
            self._hand_over(tls)
        else:
            self._flush()

    def _hand_over(self, tls: ssl.SSLObject) -> None:
        owner, transport = self._owner, self._transport
        if transport is None:
            return
        self._over = True
        owner.handshake_over(self, None)
        stream = self._stream = TlsStream(
            transport,
            tls,
            self._incoming,
            self._outgoing,
            peer_address=self._peer_address,
            read_buffer=owner.read_buffer,
            loop=owner.loop,
        )
        transport.set_protocol(cast(asyncio.BaseProtocol, stream))
        self._transport = None
        stream.start(owner.protocol_factory(self._server_name), transport_full=self._transport_full)

    def _refuse(self, hello: NotTls) -> None:
        transport = self._transport
        if transport is None or not looks_like_http(hello.start):
            self._drop(TlsFailureReason.NOT_TLS, hello.why)
            return
        self._finish(TlsFailureReason.PLAINTEXT_HTTP, hello.why)
        self._left_to_discard = LINGER_BYTES
        transport.write(HTTPS_EXPECTED)
        transport.write_eof()
        self._owner.loop.call_later(LINGER_SECONDS, transport.abort)

    def _discard(self, count: int) -> None:
        self._left_to_discard -= count
        if self._left_to_discard <= 0 and self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self._outgoing.pending and self._transport is not None:
            self._transport.write(self._outgoing.read())

    def _drop(self, reason: TlsFailureReason, detail: str = "") -> None:
        self._finish(reason, detail)
        if self._transport is not None:
            self._transport.abort()

    def _finish(self, reason: TlsFailureReason, detail: str) -> None:
        if not self._over:
            self._over = True
            peer = _text_of(self._peer_address)
            self._owner.handshake_over(self, TlsFailure(reason, peer, self._server_name, detail))


def _text_of(address: object) -> str:
    match address:
        case (str(host), int(port), *_):
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        case _:
            return ""
